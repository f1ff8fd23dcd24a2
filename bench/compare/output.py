"""Files that a comparison leaves: .json, .md, plots, and the section of docs/performance.md."""

import datetime
import itertools
import json
import os
import platform
from pathlib import Path

import plots
import report
from server import ROOT
from workloads import WORKLOADS

DOCUMENT = ROOT / 'docs' / 'performance.md'


def stem(given):
    """What the names of all files of a run begin with. A part's do not replace those of the whole."""
    return f'{datetime.date.today().isoformat()}-{"quick" if given.quick else "full"}{"-part" if given.part else ""}'


def machine(given, seconds):
    """`seconds` is what the run took so far."""
    model = next((line.split(':', 1)[1].strip() for line in Path('/proc/cpuinfo').read_text().splitlines()
                  if line.startswith('model name')), platform.machine())
    memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30
    return (f'{len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}. '
            f'Servers on core {given.server_cores}, load on core {given.load_cores}; medians of '
            f'{said_rounds(given)}{", short runs (--quick)" if given.quick else ""}; took {seconds / 60:.0f} min.')


def said_rounds(given):
    more = sorted({workload.quick_rounds for workload in WORKLOADS} - {1}) if given.quick and not given.rounds else []
    count = given.rounds or (1 if given.quick else 3)
    text = f'{count} round{"s" if count > 1 else ""}'
    for several in more:
        names = [workload.name for workload in WORKLOADS if workload.quick_rounds == several]
        text += f' ({", ".join(names)}: {several})'
    return text


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


def replace(path, text):
    """The old text or the new, whenever we are ended."""
    beside = path.with_suffix(path.suffix + '.new')
    beside.write_text(text)
    beside.replace(path)


def write(given, stem, about, results, rounds, drawn):
    """.json with all rounds, and .md; its path."""
    replace(given.results / f'{stem}.json', json.dumps({'machine': about, 'rounds': rounds}, indent=1) + '\n')
    path = given.results / f'{stem}.md'
    replace(path, f'# Comparison of {stem}\n\n{head(about, results)}{report.sections(results, drawn)}')
    return path


def head(about, results):
    return f'{about}\n\n{report.summary(results)}\n\n'


def publish(folder, about, results, drawn):
    beside = {name: os.path.relpath(folder / file, DOCUMENT.parent) for name, file in drawn.items()}
    replace(DOCUMENT, report.replace_generated(
        DOCUMENT.read_text(), head(about, results) + report.sections(results, beside)))
