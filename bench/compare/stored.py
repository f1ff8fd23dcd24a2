"""Stored messages a second: SENDs with receipts through a whole cluster until the worker has committed
them, beside what a bare publish+confirm loop reaches against the same broker alone."""

import re
import subprocess

import load
from behind import STORED, Sampler, summary
from server import RELEASE, NotStarted, cpu_seconds, pinned
from stampede import await_metric

PUBLISHERS = 50
#: A worker's --prefetch by default, and its share for each of the four storage queues: so many deliveries, which are
#: parcels of messages, it takes from one at once; more wait there.
PREFETCH = 4_000
PREFETCH_OF_A_QUEUE = PREFETCH // 4
DRIVE = RELEASE / 'bench/rabbitmq_drive/bench_rabbitmq_drive'
OURS = ('gateway', 'worker')
SERVERS = ('rabbitmq', 'redis', 'postgres')


def measure(cluster, cores, quick):
    messages = 30_000 if quick else 100_000
    # Each once before, as code and caches of every server are cold.
    _bare_rate(cluster, cores, messages // 10)
    bare = _bare_rate(cluster, cores, messages)
    _send(cluster, cores, 'warm-up-', messages // 10)
    before = {name: cpu_seconds(cluster.pids_of(name)) for name in OURS + SERVERS}
    sent, behind = _send(cluster, cores, 'stored-', messages)
    us = {name: (cpu_seconds(cluster.pids_of(name)) - before[name]) * 1e6 / messages for name in before}
    rows = int(cluster.sql("SELECT count(*) FROM messages WHERE room LIKE 'stored-%'"))
    if rows != messages:
        raise load.Failed(f'{rows} rows in PostgreSQL after {messages} confirmed messages')
    return {
        'messages': messages,
        'confirmed_per_second': messages / sent['seconds'],
        'stored_per_second': messages / (sent['seconds'] + behind['drain_seconds']),
        'bare_per_second': bare,
        'drain_seconds': behind['drain_seconds'],
        'most_behind': behind['most'],
        'behind_at_end': behind['at_end'],
        'in_hand': behind['in_hand'],
        'cpu_us': us,
        'own_cpu_us': sum(us[name] for name in OURS),
        'servers_cpu_us': sum(us[name] for name in SERVERS),
        'confirm_ms': sent['confirm_ms'],
    }


def _send(cluster, cores, prefix, messages):
    """bench_load's report, and how far storage was behind."""
    before = cluster.metric(STORED)
    with Sampler(cluster) as sampler:
        report = load.run(cluster, cores, {
            'members': 0, 'publishers': PUBLISHERS, 'rooms': PUBLISHERS, 'room-prefix': prefix, 'settle': 0,
            'messages': messages // PUBLISHERS, 'window': 40, 'patience': 60})
        if report['confirmed'] != messages:
            raise load.Failed(f'{report["confirmed"]} of {messages} messages were confirmed')
        if await_metric(cluster, STORED, before + messages, 120) is None:
            raise load.Failed(f'{cluster.metric(STORED) - before:.0f} of {messages} messages stored after 120 s')
    behind = summary(sampler.samples(), messages)
    if behind is None:
        raise load.Failed(f'the gateways\' metrics do not count {messages} confirmed messages')
    return report, behind


def _bare_rate(cluster, cores, messages):
    command = [DRIVE, cluster.env['STAMPEDE_AMQP_URL'], messages, 1, '', 'codec']
    done = subprocess.run(pinned(cores, command), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=load.TIMEOUT_SECONDS)
    found = re.search(r'codec with Asio\s+([\d.]+)/s', done.stdout)
    if done.returncode != 0 or not found:
        raise NotStarted(f'bench_rabbitmq_drive: {done.stderr.strip() or done.stdout}')
    return float(found[1])
