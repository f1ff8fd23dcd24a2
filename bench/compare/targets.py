"""What Stampede is held to, as numbers: pure functions of the reports of one run.

A target measures one figure from {server: report} and says how great or small it may be. Where a server is
missing that the figure needs, nothing is judged.
"""

import statistics
from dataclasses import dataclass
from typing import Callable, Optional


@dataclass(frozen=True)
class Target:
    text: str
    #: {server: report} -> the figure, None where it cannot be said.
    figure: Callable
    at_most: Optional[float] = None
    at_least: Optional[float] = None
    #: Whose work this is about: where that failed the target is missed, whatever the figure.
    judged: str = 'stampede'
    #: False where more is asked for than anyone can do, so that loss is no failure.
    lossless: bool = True


@dataclass(frozen=True)
class Verdict:
    text: str
    figure: Optional[float]
    allowed: str
    word: str  #: pass, falls short or not measured
    reason: str = ''  #: why it falls short, where the figure alone does not say so


def number(figure):
    """Three digits that count, and no exponent."""
    return f'{figure:,.0f}' if abs(figure) >= 1000 else f'{figure:.3g}'


def failure(target, report):
    """Why no figure of a report counts, '' where it does."""
    if 'error' in report:
        return 'did not finish'
    if report.get('publishers') and report.get('members') and not report.get('delivered', 1):
        return 'nothing was delivered'
    if target.lossless and report.get('broken'):
        return f'{number(report["broken"])} connections lost'
    if target.lossless and report.get('missing'):
        return f'{number(report["missing"])} messages missing'
    return ''


def judge(target, runs):
    finished = {name: report for name, report in runs.items() if 'error' not in report}
    figure = target.figure(finished)
    reason = failure(target, runs[target.judged]) if target.judged in runs else ''
    if not reason and figure is not None and figure < 0:
        reason = 'a figure below zero is a wrong measurement'
    bounds = (('at most', target.at_most), ('at least', target.at_least))
    allowed = ' and '.join(f'{word} {number(bound)}' for word, bound in bounds if bound is not None)
    if reason:
        return Verdict(target.text, figure, allowed, 'falls short', reason)
    if figure is None:
        return Verdict(target.text, None, allowed, 'not measured')
    well = ((target.at_most is None or figure <= target.at_most)
            and (target.at_least is None or figure >= target.at_least))
    return Verdict(target.text, figure, allowed, 'pass' if well else 'falls short')


def of(server, measure):
    """The figure of one server."""
    return lambda runs: measure(runs[server]) if server in runs else None


def ratio(measure, one, other):
    """One server's figure divided by another's; None also where the other's is nothing, or less."""
    def figure(runs):
        if one not in runs or other not in runs or measure(runs[other]) <= 0:
            return None
        return measure(runs[one]) / measure(runs[other])
    return figure


def cpu(report):
    """Seconds for a million deliveries."""
    return report['server_cpu_per_million']


def p99(report):
    return report['latency_ms']['p99']


def connect_cpu(report):
    return report['connect_cpu_us']


LOSS = 'messages missing, out of order or twice, and connections lost'


def lost(report):
    """A message may count twice, as missing and as a gap: what is asked for is nothing at all."""
    return sum(report[name] for name in ('missing', 'gaps', 'duplicated_or_disordered', 'broken'))


def rate(report):
    return report['deliveries_per_second']


def idle_kib(report):
    return report['idle_bytes_per_connection'] / 1024


#: What must not happen counts as often as in the worst round.
WORST = {'missing', 'gaps', 'duplicated_or_disordered', 'refused', 'broken'}


def median_of(reports):
    """Of several rounds: each number's median. A round that failed is the error of all, because a server
    that sometimes fails has not done the work."""
    for report in reports:
        if 'error' in report:
            return report
    return {key: _combined(key, [report[key] for report in reports if key in report])
            for key in reports[0]}


def _combined(key, values):
    if isinstance(values[0], dict):
        return median_of(values)
    if isinstance(values[0], (int, float)):
        return max(values) if key in WORST else statistics.median(values)
    return values[0]
