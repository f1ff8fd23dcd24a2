"""Compares Stampede with what people use instead: the same work, one server after the other.

Called by scripts/bench, which builds and installs what is needed.
"""

import argparse
import fcntl
import itertools
import os
import resource
import sys
import time
import traceback
from pathlib import Path

from server import ROOT, NotStarted, core_list, end_on_signals

FOLDER = ROOT / 'build' / 'bench'


def raise_file_limit():
    """Servers and load inherit it. Without the right to raise it the idle workloads get smaller."""
    wanted = 1_000_000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (max(wanted, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return
        except (ValueError, OSError):
            continue


raise_file_limit()  # workloads ask for it when they are made

import load  # noqa: E402
import output  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import stampede  # noqa: E402
from targets import median_of  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

SERVERS = {server.name: server for server in (
    peers.Floor, stampede.Embedded, stampede.Cluster, stampede.CrossGateway, stampede.OneShard,
    stampede.TwoShards, peers.Nchan, peers.SocketIo, peers.WebStomp)}


def arguments():
    cores = sorted(os.sched_getaffinity(0))
    half = max(1, len(cores) // 2)
    parser = argparse.ArgumentParser(prog='scripts/bench compare', description=__doc__.splitlines()[0])
    parser.add_argument('--quick', action='store_true',
                        help='shorter runs, mostly one round of each; under ten minutes in all')
    parser.add_argument('--only', metavar='WORKLOAD,…', help='of ' + ', '.join(w.name for w in WORKLOADS))
    parser.add_argument('--servers', metavar='NAME,…', help='of ' + ', '.join(SERVERS))
    parser.add_argument('--rounds', type=int, help='medians of so many (default 3; with --quick 1, or what the work needs)')
    parser.add_argument('--server-cores', default=','.join(map(str, cores[:half])), metavar='LIST')
    parser.add_argument('--load-cores', default=','.join(map(str, cores[half:] or cores)), metavar='LIST')
    parser.add_argument('--results', type=Path, default=ROOT / 'bench' / 'results', metavar='DIR')
    parser.add_argument('--publish', action='store_true',
                        help=f'put the tables into {output.DOCUMENT.relative_to(ROOT)}, too')
    given = parser.parse_args()
    given.part = bool(given.only or given.servers)
    if given.publish and given.part:
        parser.error(f'--publish replaces all results in {output.DOCUMENT.relative_to(ROOT)}; allowed: '
                     'without --only and --servers')
    if given.rounds is not None and given.rounds < 1:
        parser.error(f'--rounds: {given.rounds} is too few; allowed: 1 and more')
    check_cores(parser, '--server-cores', given.server_cores, cores)
    check_cores(parser, '--load-cores', given.load_cores, cores)
    groups = list(dict.fromkeys(w.group for w in WORKLOADS if w.group))
    given.only = chosen(parser, '--only', given.only, [w.name for w in WORKLOADS] + groups)
    given.servers = chosen(parser, '--servers', given.servers, list(SERVERS))
    return given


def check_cores(parser, option, words, allowed):
    try:
        unknown = set(core_list(words)) - set(allowed)
    except ValueError:
        parser.error(f'{option}: \'{words}\' is no list of cores such as 0-2,4')
    if unknown:
        parser.error(f'{option}: this machine has cores {", ".join(map(str, allowed))}, not {min(unknown)}')


def chosen(parser, option, words, allowed):
    if not words:
        return set(allowed)
    unknown = [word for word in words.split(',') if word not in allowed]
    if unknown:
        parser.error(f'{option}: {", ".join(unknown)} is unknown; allowed: {", ".join(allowed)}')
    return set(words.split(','))


def wanted(given):
    return [workload for workload in WORKLOADS if given.only & {workload.name, workload.group}
            and not (workload.full_only and given.quick)]


def once(workload, server, given, cores):
    try:
        if workload.measure:
            return workload.measure(server, cores, given.quick)
        options = {'room-prefix': workload.name + '-', **workload.options,
                   **(workload.quick if given.quick else {})}
        return load.run(server, cores, options)
    except Exception as failure:  # what others have measured must not be lost
        return {'error': said(failure)}


def said(failure):
    """What goes into the table. An exception that nobody foresaw is told in full on stderr."""
    if isinstance(failure, (NotStarted, load.Failed)):
        return str(failure)
    traceback.print_exception(failure)
    return f'{type(failure).__name__}: {failure}'


def round_of(group, name, given):
    """Starts a server and has it do those workloads of a group that it serves: {workload name: report}."""
    free = group[0].all_cores
    group = [workload for workload in group if name in workload.served_by(given.quick)]
    server = SERVERS[name](FOLDER, '' if free else given.server_cores)
    reports = {}
    try:
        server.start()
        for workload in group:
            reports[workload.name] = once(workload, server, given, '' if free else given.load_cores)
    except Exception as failure:
        reports = {workload.name: {'error': said(failure)} for workload in group}
    finally:
        reports.update(stopped(server, reports))
    return reports


def stopped(server, reports):
    """The reports once it has ended: errors where it does not, as it would be in the way of the next."""
    try:
        server.stop()
        return reports
    except Exception as failure:
        return {name: report if 'error' in report else {'error': f'does not end: {said(failure)}'}
                for name, report in reports.items()}


def rounds_of(workload, given):
    return given.rounds or (workload.quick_rounds if given.quick else 3)


def measure(group, given):
    """[(workload, {server: median report})], and the reports of every round. A round goes through all
    servers before the next begins: what the machine does meanwhile hits all alike."""
    rounds = {}
    names = [name for name in dict.fromkeys(itertools.chain(*(w.served_by(given.quick) for w in group)))
             if name in given.servers]
    for number in range(rounds_of(group[0], given)):
        for name in names:
            print(f'-- {group[0].group or group[0].name}: {name}, round {number + 1}', file=sys.stderr, flush=True)
            for workload, result in round_of(group, name, given).items():
                rounds.setdefault(workload, {}).setdefault(name, []).append(result)
    medians = [(workload, {name: median_of(reports) for name, reports in rounds.get(workload.name, {}).items()})
               for workload in group]
    return medians, rounds


def measure_all(given, stem, started):
    """[(workload, {server: median report})], and the reports of every round. Written after each group, so that
    what ends the run does not take what was measured with it."""
    results, rounds = [], {}
    for _, group in itertools.groupby(wanted(given), key=lambda workload: workload.group or workload.name):
        medians, reports = measure(list(group), given)
        rounds.update(reports)
        new = [(workload, runs) for workload, runs in medians if runs]
        results += new
        for result in new:
            print(report.sections([result], {}), flush=True)
        if new:
            output.write(given, stem, output.machine(given, time.monotonic() - started), results, rounds, {})
    return results, rounds


def unfinished(results):
    """Stampede's own servers that have not done their work, as 'workload: server'."""
    return [f'{workload.name}: {name}' for workload, runs in results for name, done in runs.items()
            if name.startswith('stampede') and 'error' in done]


def main():
    end_on_signals()
    started = time.monotonic()
    given = arguments()
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = open(FOLDER / 'lock', 'w')  # until we end
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f'another comparison is running in {FOLDER}')
    given.results.mkdir(parents=True, exist_ok=True)
    stem = output.stem(given)
    results, rounds = measure_all(given, stem, started)
    if not results:
        sys.exit('none of the chosen servers does any of the chosen workloads')
    about = output.machine(given, time.monotonic() - started)
    drawn = output.draw(given.results, stem, results)
    path = output.write(given, stem, about, results, rounds, drawn)
    if given.publish:
        output.publish(given.results, about, results, drawn)
    print(report.summary(results))
    print(f'\nwritten to {os.path.relpath(path)}')
    if unfinished(results):
        sys.exit(f'did not finish: {"; ".join(unfinished(results))}')


if __name__ == '__main__':
    main()
