"""A workload as bars: CPU and p99 of each server side by side."""

OURS, OTHERS = '#c2410c', '#64748b'


def plot(path, runs):
    """Writes an SVG; False where fewer than two servers delivered anything."""
    import matplotlib
    matplotlib.use('svg')
    # The same run gives the same file.
    matplotlib.rcParams['svg.hashsalt'] = 'stampede'
    from matplotlib import pyplot

    shown = {name: report for name, report in runs.items() if report.get('delivered', 0) > 0}
    if len(shown) < 2:
        return False
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 0.6 + 0.45 * len(shown)))
    _bars(axes[0], shown, 'CPU seconds per million deliveries', lambda r: r['server_cpu_per_million'])
    _bars(axes[1], shown, 'p99 latency, ms', lambda r: r['latency_ms']['p99'])
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})
    pyplot.close(figure)
    return True


def _bars(axis, shown, title, measure):
    names = list(shown)[::-1]
    colours = [OURS if name.startswith('stampede') else OTHERS for name in names]
    bars = axis.barh(names, [measure(shown[name]) for name in names], color=colours)
    axis.bar_label(bars, fmt='%.2f', padding=3)
    axis.set_title(title, fontsize=10)
    axis.margins(x=0.18)
    axis.spines[['top', 'right']].set_visible(False)
