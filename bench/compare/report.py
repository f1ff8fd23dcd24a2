"""A run as text: tables, ratios and verdicts. Pure functions."""

from targets import judge, number

#: name -> (title, report -> figure, format)
COLUMNS = {
    'cpu': ('CPU s per 1M', lambda r: r['server_cpu_per_million'], '.2f'),
    'p50': ('p50 ms', lambda r: r['latency_ms']['p50'], '.2f'),
    'p99': ('p99 ms', lambda r: r['latency_ms']['p99'], '.2f'),
    'p9999': ('p99.99 ms', lambda r: r['latency_ms']['p99.99'], '.2f'),
    'rate': ('deliveries/s', lambda r: r['deliveries_per_second'], ',.0f'),
    'missing': ('missing', lambda r: r['missing'], ',.0f'),
    'connect_cpu': ('CPU µs a connect', lambda r: r['connect_cpu_us'], '.0f'),
    'idle_kib': ('KiB a connection', lambda r: r['idle_bytes_per_connection'] / 1024, '.1f'),
    'idle_cpu': ('idle CPU %', lambda r: r['idle_cpu_percent'], '.1f'),
    'connections': ('connections', lambda r: r['connections'], ',.0f'),
    'connecting': ('s until all are in', lambda r: r['connecting_seconds'], '.2f'),
    'connect_p99': ('connect p99 ms', lambda r: r['connect_ms']['p99'], '.0f'),
    'resume': ('s until all have all', lambda r: r['seconds'], '.2f'),
    'resume_cpu': ('CPU µs a member', lambda r: r['server_cpu_seconds'] * 1e6 / r['members'], '.0f'),
    'seconds': ('s until all have all', lambda r: r['seconds'], '.3f'),
    'load_cpu': ('load generator\'s CPU s per 1M', lambda r: r['load_cpu_per_million'], '.2f'),
    'stored_rate': ('stored/s', lambda r: r['stored_per_second'], ',.0f'),
    'bare_rate': ('bare publish+confirm/s', lambda r: r['bare_per_second'], ',.0f'),
    'most_behind': ('most behind (messages)', lambda r: r['most_behind'], ',.0f'),
    'in_hand': ('most in the worker\'s hands (deliveries)', lambda r: r['in_hand'], ',.0f'),
    'drain': ('s behind at the end', lambda r: r['drain_seconds'], '.2f'),
    'own_us': ('gateway+worker CPU µs a message', lambda r: r['own_cpu_us'], '.1f'),
    'servers_us': ('RabbitMQ+Redis+PostgreSQL CPU µs', lambda r: r['servers_cpu_us'], '.1f'),
    'page_p50': ('p50 ms', lambda r: r['page_ms']['p50'], '.2f'),
    'page_p99': ('p99 ms', lambda r: r['page_ms']['p99'], '.2f'),
    'page_max': ('max ms', lambda r: r['page_ms']['max'], '.2f'),
    'rows': ('rows', lambda r: r['rows'], ',.0f'),
    'load_rows': ('rows/s made', lambda r: r['rows_per_second_made'], ',.0f'),
}


#: Columns of latencies, which only a message that arrives has.
LATENCIES = ('p50', 'p99', 'p9999')
ARRIVED = r'\* only of the messages that arrived: others are missing.'


def table(columns, runs):
    """Markdown. Beside the first column stands how many times the first Stampede's figure that is."""
    shown = [COLUMNS[name] for name in columns]
    base = next((shown[0][1](report) for name, report in runs.items()
                 if name.startswith('stampede') and 'error' not in report), None)
    compared = len(runs) > 1
    titles = ['server', shown[0][0], *(['× Stampede'] if compared else []), *(c[0] for c in shown[1:])]
    lines = ['| ' + ' | '.join(titles) + ' |', '|---' + '|---:' * (len(titles) - 1) + '|']
    for name, report in runs.items():
        if 'error' in report:
            cells = [name, f'did not finish: {last_line(report["error"])}']
            cells += [''] * (len(titles) - 2)
        else:
            cells = [name, *(cell(column, report) for column in columns)]
            if compared:
                cells.insert(2, times(shown[0][1](report), base))
        lines.append('| ' + ' | '.join(cells) + ' |')
    if any(column in LATENCIES and report.get('missing') for column in columns for report in runs.values()):
        lines += ['', ARRIVED]
    return '\n'.join(lines)


def cell(column, report):
    _, figure, style = COLUMNS[column]
    return format(figure(report), style) + (r'\*' if column in LATENCIES and report.get('missing') else '')


def times(figure, base):
    return f'{figure / base:.2f}' if base else '-'


def last_line(text):
    """A table's cell is one line without bars."""
    return (text.strip().splitlines() or ['no reason given'])[-1].replace('|', '/')


def verdicts(workload, runs):
    return [judge(target, runs) for target in workload.targets]


def verdict_line(verdict):
    figure = '' if verdict.figure is None else f' {number(verdict.figure)}'
    return f'- {verdict.text}:{figure} ({verdict.allowed}): **{verdict.word}**{because(verdict)}'


def because(verdict):
    return f' ({verdict.reason})' if verdict.reason else ''


def sections(results, plots):
    """`results`: list of (workload, {server: report}); `plots`: workload name -> file name."""
    parts = []
    for workload, runs in results:
        parts += [f'### {workload.title}', '', table(workload.columns, runs), '']
        judged = [verdict_line(verdict) for verdict in verdicts(workload, runs)]
        if judged:
            parts += [*judged, '']
        if workload.name in plots:
            parts += [f'![{workload.title}]({plots[workload.name]})', '']
    return '\n'.join(parts)


def summary(results):
    """All targets in one table."""
    lines = ['| work | target | allowed | measured | |', '|---|---|---|---:|---|']
    for workload, runs in results:
        for verdict in verdicts(workload, runs):
            figure = '-' if verdict.figure is None else number(verdict.figure)
            lines.append(f'| {workload.name} | {verdict.text} | {verdict.allowed} | {figure} |'
                         f' {verdict.word}{because(verdict)} |')
    return '\n'.join(lines)


BEGIN = '<!-- generated by scripts/bench compare -->'
END = '<!-- end of what is generated -->'


def replace_generated(document, text):
    """`document` with what stands between its two markers replaced."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f'the document has no "{BEGIN}" followed by "{END}"')
    return f'{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}'
