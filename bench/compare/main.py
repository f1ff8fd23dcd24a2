"""Compares Stampede with what people use instead: the same work, one server after the other.

Called by scripts/bench, which builds and installs what is needed.
"""

import argparse
import datetime
import fcntl
import itertools
import json
import os
import platform
import resource
import signal
import sys
from pathlib import Path

from server import ROOT, NotStarted, core_list

FOLDER = ROOT / 'build' / 'bench'
DOCUMENT = ROOT / 'docs' / 'performance.md'


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
import peers  # noqa: E402
import plots  # noqa: E402
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
                        help='shorter runs, one round of each; under ten minutes in all')
    parser.add_argument('--only', metavar='WORKLOAD,…', help='of ' + ', '.join(w.name for w in WORKLOADS))
    parser.add_argument('--servers', metavar='NAME,…', help='of ' + ', '.join(SERVERS))
    parser.add_argument('--rounds', type=int, help='medians of so many (default 3, with --quick 1)')
    parser.add_argument('--server-cores', default=','.join(map(str, cores[:half])), metavar='LIST')
    parser.add_argument('--load-cores', default=','.join(map(str, cores[half:] or cores)), metavar='LIST')
    parser.add_argument('--results', type=Path, default=ROOT / 'bench' / 'results', metavar='DIR')
    parser.add_argument('--publish', action='store_true',
                        help=f'put the tables into {DOCUMENT.relative_to(ROOT)}, too')
    given = parser.parse_args()
    if given.rounds is None:
        given.rounds = 1 if given.quick else 3
    if given.rounds < 1:
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
    except (NotStarted, load.Failed) as failure:
        return {'error': str(failure)}


def round_of(group, name, given):
    """Starts a server and has it do the workloads of a group: {workload name: report}."""
    free = group[0].all_cores
    server = SERVERS[name](FOLDER, '' if free else given.server_cores)
    try:
        server.start()
        return {workload.name: once(workload, server, given, '' if free else given.load_cores)
                for workload in group}
    except NotStarted as failure:
        return {workload.name: {'error': str(failure)} for workload in group}
    finally:
        server.stop()


def measure(group, given):
    """[(workload, {server: median report})], and the reports of every round."""
    rounds = {}
    for name in [name for name in group[0].servers if name in given.servers]:
        for number in range(given.rounds):
            print(f'-- {group[0].group or group[0].name}: {name}, round {number + 1}', file=sys.stderr, flush=True)
            for workload, result in round_of(group, name, given).items():
                rounds.setdefault(workload, {}).setdefault(name, []).append(result)
    medians = [(workload, {name: median_of(reports) for name, reports in rounds.get(workload.name, {}).items()})
               for workload in group]
    return medians, rounds


def machine(given):
    model = next((line.split(':', 1)[1].strip() for line in Path('/proc/cpuinfo').read_text().splitlines()
                  if line.startswith('model name')), platform.machine())
    memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30
    return (f'{len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}. '
            f'Servers on core {given.server_cores}, load on core {given.load_cores}; medians of '
            f'{given.rounds} round{"s" if given.rounds > 1 else ""}'
            f'{", short runs (--quick)" if given.quick else ""}.')


def draw(folder, stem, results):
    """{workload name: SVG file}; that of a group stands with its first."""
    drawn = {}
    for workload, runs in results:
        if plots.plot(folder / f'{stem}-{workload.name}.svg', workload.plotted, runs):
            drawn[workload.name] = f'{stem}-{workload.name}.svg'
    for group, members in itertools.groupby(results, key=lambda result: result[0].group):
        members = list(members)
        steps = {workload.name.removeprefix(f'{group}-'): runs for workload, runs in members}
        if group and plots.plot_steps(folder / f'{stem}-{group}.svg', members[0][0].columns[0], steps):
            drawn[members[0][0].name] = f'{stem}-{group}.svg'
    return drawn


def write(given, about, results, rounds):
    """<date>-full or <date>-quick: .json with all rounds, .md, and an SVG for each workload with bars."""
    given.results.mkdir(parents=True, exist_ok=True)
    stem = f'{datetime.date.today().isoformat()}-{"quick" if given.quick else "full"}'
    drawn = draw(given.results, stem, results)
    (given.results / f'{stem}.json').write_text(json.dumps({'machine': about, 'rounds': rounds}, indent=1) + '\n')
    head = f'{about}\n\n{report.summary(results)}\n\n'
    path = given.results / f'{stem}.md'
    path.write_text(f'# Comparison of {stem}\n\n{head}{report.sections(results, drawn)}')
    if given.publish:
        beside = {name: f'../bench/results/{file}' for name, file in drawn.items()}
        DOCUMENT.write_text(report.replace_generated(
            DOCUMENT.read_text(), head + report.sections(results, beside)))
    return path


def main():
    # Servers are ended on the way out, whichever way that is.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    given = arguments()
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = open(FOLDER / 'lock', 'w')  # until we end
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f'another comparison is running in {FOLDER}')
    results, rounds = [], {}
    for _, group in itertools.groupby(wanted(given), key=lambda workload: workload.group or workload.name):
        medians, reports = measure(list(group), given)
        rounds.update(reports)
        for workload, runs in medians:
            if not runs:
                continue
            results.append((workload, runs))
            print(report.sections([(workload, runs)], {}), flush=True)
    if not results:
        sys.exit('none of the chosen servers does any of the chosen workloads')
    path = write(given, machine(given), results, rounds)
    print(report.summary(results))
    print(f'\nwritten to {os.path.relpath(path)}')


if __name__ == '__main__':
    main()
