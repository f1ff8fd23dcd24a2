"""What the servers are made to do, and what Stampede is held to. Targets are ratios between servers of
one run, or bounds that hold on any machine of two cores."""

import os
import resource
from dataclasses import dataclass, field
from typing import Callable, Optional

import history
import stored
from targets import LOSS, Target, connect_cpu, cpu, idle_kib, lost, of, p99, rate, ratio

EVERYONE = ('floor', 'stampede', 'stampede-cluster', 'nchan', 'socketio', 'rabbitmq-web-stomp')
WITHOUT_RABBITMQ = ('stampede', 'nchan', 'socketio')
CHATS = (*WITHOUT_RABBITMQ, 'rabbitmq-web-stomp')


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    servers: tuple
    #: Columns of the table, names in report.COLUMNS; the first is what ratios are about.
    columns: tuple
    #: bench_load's.
    options: dict = field(default_factory=dict)
    #: Those that differ with --quick.
    quick: dict = field(default_factory=dict)
    targets: tuple = ()
    #: Columns that are drawn as bars.
    plotted: tuple = ('cpu', 'p99')
    #: Workloads of one group that follow each other share a server that runs on, and one plot of their first
    #: columns.
    group: Optional[str] = None
    #: Instead of bench_load: function of (server, cores, quick) -> report. `server` has started.
    measure: Optional[Callable] = None
    #: Servers may use every core, because everything is to share them.
    all_cores: bool = False
    #: Left out of --quick.
    full_only: bool = False
    #: Servers that do it as well without --quick.
    full_servers: tuple = ()
    #: With --quick: more than one where ratios between servers are judged.
    quick_rounds: int = 1

    def served_by(self, quick):
        return self.servers if quick else self.servers + self.full_servers


#: What a process has open besides its connections.
SPARE_FILES = 100


def open_files():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def most_connections():
    """As many as open files and memory allow: a connection takes about 20 KiB of the machine's, nearly all
    of it in the kernel and at its other end."""
    by_memory = os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // (40 * 1024)
    return min(open_files() - SPARE_FILES, by_memory, 200_000)


def two_shards(runs):
    """On fewer cores the load generator takes what the second shard would need."""
    if len(os.sched_getaffinity(0)) < 4:
        return None
    return ratio(rate, 'stampede-two-shards', 'stampede-one-shard')(runs)


def page_p99(runs):
    report = runs.get('stampede-cluster')
    return report['page_ms']['p99'] if report and report['rows'] >= 10_000_000 else None


RATE = {'settle': 2, 'warm-up': 2, 'duration': 10}
QUICK = {'settle': 1, 'warm-up': 1, 'duration': 4}
FANOUT = ('cpu', 'p50', 'p99', 'p9999', 'rate', 'missing', 'connect_cpu', 'idle_kib', 'load_cpu')

WORKLOADS = [
    Workload(
        'fanout', '1,000 members in 10 rooms, 200 messages/s', EVERYONE, FANOUT,
        {'members': 1000, 'rooms': 10, 'publishers': 10, 'rate': 200, **RATE}, QUICK, quick_rounds=2,
        targets=(
            Target('CPU a delivery, of nchan\'s', ratio(cpu, 'stampede', 'nchan'), at_most=1.0),
            Target('CPU a delivery, of RabbitMQ Web STOMP\'s',
                   ratio(cpu, 'stampede', 'rabbitmq-web-stomp'), at_most=1 / 6),
            Target('p99, of nchan\'s', ratio(p99, 'stampede', 'nchan'), at_most=1.0),
            Target('CPU a connect, of RabbitMQ Web STOMP\'s',
                   ratio(connect_cpu, 'stampede', 'rabbitmq-web-stomp'), at_most=1 / 20),
            Target(LOSS, of('stampede', lost), at_most=0))),
    Workload(
        'fanout-1000', '1,000 members in 10 rooms, 1,000 messages/s', EVERYONE, FANOUT,
        {'members': 1000, 'rooms': 10, 'publishers': 10, 'rate': 1000, **RATE}, full_only=True),
    # Without RabbitMQ Web STOMP: at two million deliveries a second it would send its backlog for minutes.
    Workload(
        'hot-room', 'one room of 1,000 members, 2,000 messages/s', ('stampede', 'stampede-cluster'), FANOUT,
        {'members': 1000, 'rooms': 1, 'publishers': 4, 'rate': 2000, **RATE}, QUICK,
        full_servers=('floor', 'nchan', 'socketio'),
        targets=(
            Target('deliveries/s of the 2,000,000 asked for', of('stampede', rate), at_least=1_900_000),
            Target(LOSS, of('stampede', lost), at_most=0),
            Target('CPU s per million deliveries', of('stampede', cpu), at_most=0.6),
            Target('p99, ms', of('stampede', p99), at_most=15))),
    Workload(
        'small-rooms', '1,000 members in 100 rooms, 2,000 messages/s', CHATS, FANOUT,
        {'members': 1000, 'rooms': 100, 'publishers': 100, 'rate': 2000, **RATE}, QUICK,
        full_servers=('stampede-cluster',),
        targets=(
            Target(LOSS, of('stampede', lost), at_most=0),
            Target('p99, ms', of('stampede', p99), at_most=2))),
    Workload(
        'cross-gateway', 'senders on one gateway, 1,000 members of 10 rooms on another, 200 messages/s',
        ('stampede-cross', 'rabbitmq-web-stomp'), FANOUT,
        {'members': 1000, 'rooms': 10, 'publishers': 10, 'rate': 200, **RATE}, QUICK,
        targets=(
            Target('p99, of RabbitMQ Web STOMP\'s',
                   ratio(p99, 'stampede-cross', 'rabbitmq-web-stomp'), at_most=1.0,
                   judged='stampede-cross'),
            Target(LOSS, of('stampede-cross', lost), at_most=0, judged='stampede-cross'))),
    Workload(
        'idle', 'members of 200 rooms that hear nothing: 20,000, or as many files as may be open',
        ('stampede', 'stampede-cluster', 'nchan', 'socketio'),
        ('idle_kib', 'connections', 'idle_cpu', 'connect_cpu'),
        {'members': min(20_000, open_files() - SPARE_FILES), 'rooms': 200, 'publishers': 0, 'settle': 5},
        {'settle': 2}, plotted=('idle_kib', 'connect_cpu'), full_servers=('rabbitmq-web-stomp',),
        targets=(
            Target('KiB of process memory a connection', of('stampede', idle_kib), at_most=4),)),
    Workload(
        'idle-most', 'as many idle members as open files and memory allow', ('stampede',),
        ('idle_kib', 'connections', 'idle_cpu', 'connect_cpu'),
        {'members': most_connections(), 'rooms': 1000, 'publishers': 0, 'settle': 5, 'connecting': 256},
        full_only=True),
    Workload(
        'connect-storm', 'members come at once, 512 connections in the making at a time', CHATS,
        ('connecting', 'connections', 'connect_p99', 'connect_cpu'),
        {'members': 5000, 'rooms': 50, 'publishers': 0, 'settle': 0, 'connecting': 512},
        {'members': 2000}, plotted=('connecting', 'connect_cpu'), full_servers=('stampede-cluster',)),
    Workload(
        'resume-storm', '2,000 members of 20 rooms lose their connections, miss 100 messages each and come'
        ' back with since', ('stampede', 'stampede-cluster'), ('resume', 'missing', 'resume_cpu'),
        {'members': 2000, 'rooms': 20, 'publishers': 20, 'messages': 100, 'window': 20, 'settle': 0,
         'connecting': 512, 'resume': True}, plotted=('resume', 'resume_cpu'),
        targets=(
            Target(f'{LOSS}, after the storm', of('stampede', lost), at_most=0),
            Target(f'{LOSS}, after the storm, cluster', of('stampede-cluster', lost), at_most=0,
                   judged='stampede-cluster'))),
    *[Workload(
        f'ladder-{publishers}-{members}',
        f'{publishers} publishers, {members} subscribers: until everyone has 10 messages of each', servers,
        ('seconds', 'rate', 'missing', 'p99'),
        {'members': members, 'rooms': 1, 'publishers': publishers, 'messages': 10, 'window': 10,
         'settle': 0}, group='ladder', plotted=(), full_servers=('stampede-cluster', *full_servers))
      # RabbitMQ Web STOMP takes a minute and three for the last two.
      for publishers, members, servers, full_servers in (
          (10, 1, CHATS, ()), (100, 5, CHATS, ()), (1000, 10, CHATS, ()),
          (1000, 50, WITHOUT_RABBITMQ, CHATS[-1:]), (1500, 100, WITHOUT_RABBITMQ, CHATS[-1:]))],
    Workload(
        'shards', 'one room of 1,000 members, 12,000 messages/s, which is more than a core can do',
        ('stampede-one-shard', 'stampede-two-shards'), ('rate', 'load_cpu', 'cpu', 'missing'),
        {'members': 1000, 'rooms': 1, 'publishers': 12, 'rate': 12_000, 'threads': 2, **RATE}, QUICK,
        all_cores=True,
        plotted=(),
        targets=(
            Target('deliveries/s with two shards, of those with one (judged where the load generator has'
                   ' two more cores)', two_shards, at_least=1.7, judged='stampede-two-shards',
                   lossless=False),)),
    Workload(
        'stored', 'messages into PostgreSQL as fast as they are confirmed, everything on the same'
        ' cores', ('stampede-cluster',),
        ('stored_rate', 'bare_rate', 'most_behind', 'in_hand', 'drain', 'own_us', 'servers_us'),
        measure=stored.measure, all_cores=True, plotted=(),
        targets=(
            Target('stored/s, of the bare publish+confirm loop\'s',
                   of('stampede-cluster', lambda r: r['stored_per_second'] / r['bare_per_second']),
                   at_least=0.5, judged='stampede-cluster'),
            Target('messages confirmed and not stored at the end of the send: no more than a worker\'s prefetch',
                   of('stampede-cluster', lambda r: r['behind_at_end']), at_most=stored.PREFETCH,
                   judged='stampede-cluster'),
            Target('most deliveries in the worker\'s hands: while all are fewer than it takes from one queue, none'
                   ' waits in a queue', of('stampede-cluster', lambda r: r['in_hand']),
                   at_most=stored.PREFETCH_OF_A_QUEUE - 1, judged='stampede-cluster'),
            Target('s until the last is stored after the last was confirmed',
                   of('stampede-cluster', lambda r: r['drain_seconds']), at_most=1.0,
                   judged='stampede-cluster'),
            Target('CPU of gateway and worker, of that of RabbitMQ, Redis and PostgreSQL',
                   of('stampede-cluster', lambda r: r['own_cpu_us'] / r['servers_cpu_us']),
                   at_most=1 / 3, judged='stampede-cluster'))),
    Workload(
        'history', 'pages of 50 over REST from random places of all messages',
        ('stampede-cluster',), ('page_p50', 'page_p99', 'page_max', 'rows', 'load_rows'),
        measure=history.measure, all_cores=True, plotted=(),
        targets=(
            Target('p99 of a page out of 10,000,000 messages, ms (not measured with fewer)', page_p99,
                   at_most=5, judged='stampede-cluster'),)),
]
