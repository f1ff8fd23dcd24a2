"""Tables and documents of bench/compare/report.py, and that the list of workloads fits them."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'bench' / 'compare'))

import history  # noqa: E402
import report  # noqa: E402
from targets import Target, cpu, of  # noqa: E402
from workloads import WORKLOADS, Workload  # noqa: E402


def run(cpu_seconds, p99_ms):
    return {'server_cpu_per_million': cpu_seconds, 'latency_ms': {'p99': p99_ms}}


class TableTest(unittest.TestCase):
    def test_figures_and_how_many_times_stampedes_they_are(self):
        lines = report.table(('cpu', 'p99'), {'nchan': run(8, 1.25), 'stampede': run(4, 1)}).splitlines()
        self.assertEqual(lines, [
            '| server | CPU s per 1M | × Stampede | p99 ms |',
            '|---|---:|---:|---:|',
            '| nchan | 8.00 | 2.00 | 1.25 |',
            '| stampede | 4.00 | 1.00 | 1.00 |'])

    def test_one_server_is_compared_with_nothing(self):
        self.assertNotIn('×', report.table(('cpu',), {'stampede': run(4, 1)}))

    def test_a_server_that_failed_says_why_in_one_cell(self):
        line = report.table(('cpu', 'p99'), {
            'stampede': run(4, 1), 'nchan': {'error': 'nchan does not listen\nbind() | failed'}}).splitlines()[-1]
        self.assertEqual(line, '| nchan | did not finish: bind() / failed |  |  |')

    def test_latencies_of_what_arrived_are_marked_where_messages_are_missing(self):
        lossy = {**run(1, 3), 'missing': 5}
        lines = report.table(('cpu', 'p99'), {'stampede': run(4, 1), 'nchan': lossy}).splitlines()
        self.assertEqual(lines[2:], ['| stampede | 4.00 | 1.00 | 1.00 |', r'| nchan | 1.00 | 0.25 | 3.00\* |',
                                     '', report.ARRIVED])
        self.assertNotIn('*', report.table(('cpu',), {'nchan': lossy}))

    def test_without_stampede_there_is_no_ratio(self):
        self.assertIn('| a | 1.00 | - |', report.table(('cpu',), {'a': run(1, 1), 'b': run(2, 1)}))


class DocumentTest(unittest.TestCase):
    WORKLOAD = Workload('fanout', 'Many', ('stampede',), ('cpu',),
                        targets=(Target('CPU', of('stampede', cpu), at_most=3),))

    def test_a_section_has_table_verdict_and_plot(self):
        text = report.sections([(self.WORKLOAD, {'stampede': run(4, 1)})], {'fanout': 'x.svg'})
        self.assertIn('### Many', text)
        self.assertIn('- CPU: 4 (at most 3): **falls short**', text)
        self.assertIn('![Many](x.svg)', text)

    def test_the_summary_has_a_row_for_each_target(self):
        self.assertEqual(report.summary([(self.WORKLOAD, {'stampede': run(2, 1)})]).splitlines()[-1],
                         '| fanout | CPU | at most 3 | 2 | pass |')

    def test_a_verdict_says_why_where_the_figure_does_not(self):
        results = [(self.WORKLOAD, {'stampede': {**run(2, 1), 'missing': 5}})]
        self.assertIn('- CPU: 2 (at most 3): **falls short** (5 messages missing)', report.sections(results, {}))
        self.assertIn('| 2 | falls short (5 messages missing) |', report.summary(results))

    def test_only_what_is_between_the_markers_is_replaced(self):
        document = f'before\n{report.BEGIN}\nold\n{report.END}\nafter\n'
        once = report.replace_generated(document, 'new')
        self.assertEqual(once, f'before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n')
        self.assertEqual(report.replace_generated(once, 'new'), once)

    def test_a_document_without_markers_is_refused(self):
        with self.assertRaises(ValueError):
            report.replace_generated('no markers', 'new')

    def test_the_real_document_has_its_markers(self):
        document = Path(__file__).resolve().parents[3] / 'docs' / 'performance.md'
        self.assertIn('new', report.replace_generated(document.read_text(), 'new'))


class WorkloadsTest(unittest.TestCase):
    def test_names_are_their_own_and_columns_exist(self):
        names = [workload.name for workload in WORKLOADS]
        self.assertEqual(len(names), len(set(names)))
        for workload in WORKLOADS:
            self.assertLessEqual(set(workload.columns + workload.plotted), set(report.COLUMNS),
                                 workload.name)

    def test_targets_of_a_workload_that_did_not_run_are_not_measured(self):
        for workload in WORKLOADS:
            words = {verdict.word for verdict in report.verdicts(workload, {})}
            self.assertLessEqual(words, {'not measured'}, workload.name)


    def test_what_a_target_judges_does_its_work(self):
        for workload in WORKLOADS:
            for target in workload.targets:
                self.assertIn(target.judged, workload.servers, workload.name)
                verdict, = [v for v in report.verdicts(workload, {target.judged: {'error': 'ended'}})
                            if v.text == target.text]
                self.assertEqual(verdict.word, 'falls short', f'{workload.name}: {target.text}')

    def test_history_is_judged_by_ten_million_messages(self):
        history_pages, = [workload for workload in WORKLOADS if workload.name == 'history']
        for rows, word in ((2_000_000, 'not measured'), (10_000_000, 'pass')):
            verdict, = report.verdicts(history_pages, {'stampede-cluster': {'rows': rows, 'page_ms': {'p99': 1}}})
            self.assertEqual(verdict.word, word)

    def test_a_server_does_a_workload_once_and_quick_does_no_more_than_full(self):
        for workload in WORKLOADS:
            full = workload.served_by(quick=False)
            self.assertEqual(len(full), len(set(full)), workload.name)
            self.assertLessEqual(set(workload.served_by(quick=True)), set(full))


class SmallThingsTest(unittest.TestCase):
    def test_percentiles_of_few_pages_are_pages(self):
        self.assertEqual(history.percentiles([3, 1, 2]), {'p50': 2, 'p90': 3, 'p99': 3, 'max': 3})


if __name__ == '__main__':
    unittest.main()
