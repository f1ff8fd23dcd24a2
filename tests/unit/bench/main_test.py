"""What bench/compare/main.py makes of rounds, failures and its command line, with servers that only pretend."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'bench' / 'compare'))

import main  # noqa: E402
import output  # noqa: E402
from workloads import Workload  # noqa: E402


class Pretending:
    """Starts and ends as told; `log` has what was done, of all of them in order."""

    log = []

    def __init__(self, name, starts=None, ends=None):
        self.name, self.starts, self.ends = name, starts, ends

    def __call__(self, folder, cores):
        return self

    def start(self):
        self.log.append(self.name)
        if self.starts:
            raise self.starts

    def stop(self):
        if self.ends:
            raise self.ends


def work(server, cores, quick):
    if server.name == 'broken':
        raise KeyError('a figure')
    return {'rate': 1}


def measure(group, *servers, **given):
    known = {server.name: server for server in servers}
    Pretending.log = []
    options = SimpleNamespace(**{'rounds': None, 'quick': True, 'servers': set(known), 'server_cores': '',
                                 'load_cores': '', **given})
    with mock.patch.object(main, 'SERVERS', known), contextlib.redirect_stderr(io.StringIO()):
        return main.measure(group, options)[0]


class RoundsTest(unittest.TestCase):
    def measure(self, *servers, **given):
        workload = Workload('work', 'Work', tuple(server.name for server in servers), (), measure=work,
                            quick_rounds=2)
        (_, medians), = measure([workload], *servers, **given)
        return medians

    def test_each_round_goes_through_all_servers(self):
        self.measure(Pretending('a'), Pretending('b'))
        self.assertEqual(Pretending.log, ['a', 'b', 'a', 'b'])

    def test_the_number_of_rounds_is_the_callers_or_that_of_the_kind_of_run(self):
        self.measure(Pretending('a'), rounds=1)
        self.assertEqual(len(Pretending.log), 1)
        self.measure(Pretending('a'), quick=False)
        self.assertEqual(len(Pretending.log), 3)

    def test_what_nobody_foresaw_is_the_error_of_one_server(self):
        medians = self.measure(Pretending('broken'), Pretending('a', starts=OSError('no memory')),
                               Pretending('b', ends=OSError('still there')), Pretending('c'))
        self.assertEqual(medians, {
            'broken': {'error': "KeyError: 'a figure'"}, 'a': {'error': 'OSError: no memory'},
            'b': {'error': 'does not end: OSError: still there'}, 'c': {'rate': 1}})

    def test_the_users_interrupt_ends_the_run(self):
        with self.assertRaises(KeyboardInterrupt):
            self.measure(Pretending('a', starts=KeyboardInterrupt()))


class GroupTest(unittest.TestCase):
    GROUP = [Workload('small', 'Small', ('a', 'slow'), (), measure=work, group='steps'),
             Workload('large', 'Large', ('a', 'b'), (), measure=work, group='steps', full_servers=('slow',))]

    def test_a_server_starts_once_and_does_what_it_serves(self):
        results = measure(self.GROUP, Pretending('a'), Pretending('b'), Pretending('slow'))
        self.assertEqual(Pretending.log, ['a', 'slow', 'b'])
        self.assertEqual([(workload.name, sorted(runs)) for workload, runs in results],
                         [('small', ['a', 'slow']), ('large', ['a', 'b'])])

    def test_what_is_left_out_of_a_quick_run_is_in_a_whole_one(self):
        results = measure(self.GROUP, Pretending('a'), Pretending('b'), Pretending('slow'), quick=False, rounds=1)
        self.assertEqual(sorted(results[1][1]), ['a', 'b', 'slow'])


class EndTest(unittest.TestCase):
    WORKLOAD = Workload('work', 'Work', (), ('rate',))

    def test_only_stampede_must_finish(self):
        failed, done = {'error': 'ended'}, {'rate': 1}
        self.assertEqual(main.unfinished([(self.WORKLOAD, {'stampede': done, 'nchan': failed})]), [])
        self.assertEqual(main.unfinished([(self.WORKLOAD, {'stampede': done, 'stampede-cluster': failed})]),
                         ['work: stampede-cluster'])

    def test_a_file_is_replaced_as_a_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'results.md'
            path.write_text('old')
            output.replace(path, 'new')
            self.assertEqual([(file.name, file.read_text()) for file in Path(folder).iterdir()],
                             [('results.md', 'new')])


class OutputTest(unittest.TestCase):
    def test_a_run_is_written_with_what_is_there_so_far_and_how_long_it_took(self):
        given = SimpleNamespace(quick=True, rounds=None, server_cores='0', load_cores='1')
        about = output.machine(given, 130)
        self.assertIn('1 round (fanout: 2), short runs (--quick); took 2 min.', about)
        with tempfile.TemporaryDirectory() as folder:
            given.results = Path(folder)
            path = output.write(given, 'today', about, [(EndTest.WORKLOAD, {})], {'work': {}}, {})
            self.assertIn('took 2 min', path.read_text())
            self.assertEqual(json.loads((given.results / 'today.json').read_text()),
                             {'machine': about, 'rounds': {'work': {}}})


class ArgumentsTest(unittest.TestCase):
    def test_a_part_is_not_published(self):
        for part in (['--only', 'fanout'], ['--servers', 'stampede']):
            complaint = io.StringIO()
            with (mock.patch.object(sys, 'argv', ['compare', '--publish', *part]),
                  contextlib.redirect_stderr(complaint), self.assertRaises(SystemExit)):
                main.arguments()
            self.assertIn('--publish replaces all results', complaint.getvalue())


if __name__ == '__main__':
    unittest.main()
