"""Figures of a run as bars, in SVG files that are the same for the same run."""

from report import COLUMNS

OURS, OTHERS = '#c2410c', '#64748b'
SHADES = ('#c2410c', '#64748b', '#0f766e', '#a16207', '#7c3aed', '#334155')


def plot(path, columns, runs):
    """One chart for each of the columns; False where fewer than two servers did the work."""
    shown = {name: report for name, report in runs.items() if 'error' not in report}
    if len(shown) < 2 or not columns:
        return False
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(1, len(columns), figsize=(4.5 * len(columns), 0.6 + 0.45 * len(shown)),
                                   squeeze=False)
    names = list(shown)[::-1]
    for axis, column in zip(axes[0], columns):
        title, measure, _ = COLUMNS[column]
        colours = [OURS if name.startswith('stampede') else OTHERS for name in names]
        bars = axis.barh(names, [measure(shown[name]) for name in names], color=colours)
        axis.bar_label(bars, fmt='%.2f', padding=3)
        axis.margins(x=0.18)
        _finish(axis, title)
    return _save(pyplot, figure, path)


def plot_steps(path, column, steps):
    """`steps`: label -> {server: report}. Groups of bars on a logarithmic axis, a colour for each server."""
    servers = list(dict.fromkeys(name for runs in steps.values() for name, report in runs.items()
                                 if 'error' not in report))
    if len(servers) < 2:
        return False
    pyplot = _pyplot()
    title, measure, _ = COLUMNS[column]
    figure, axis = pyplot.subplots(figsize=(9, 3.2))
    width = 0.8 / len(servers)
    for number, server in enumerate(servers):
        done = [(place, measure(runs[server])) for place, runs in enumerate(steps.values())
                if 'error' not in runs.get(server, {'error': ''})]
        axis.bar([place + (number + 0.5) * width - 0.4 for place, _ in done], [value for _, value in done],
                 width, label=server, color=SHADES[number % len(SHADES)])
    axis.set_yscale('log')
    axis.set_xticks(range(len(steps)), list(steps))
    axis.legend(frameon=False, fontsize=8)
    _finish(axis, title)
    return _save(pyplot, figure, path)


def _pyplot():
    import matplotlib
    matplotlib.use('svg')
    matplotlib.rcParams['svg.hashsalt'] = 'stampede'
    from matplotlib import pyplot
    return pyplot


def _finish(axis, title):
    axis.set_title(title, fontsize=10)
    axis.spines[['top', 'right']].set_visible(False)


def _save(pyplot, figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})
    pyplot.close(figure)
    return True
