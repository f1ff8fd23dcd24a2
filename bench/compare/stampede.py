"""Stampede in the ways that it is run. Limits on how much one client may do are lifted, because a load
generator is one client; everything else is as in production."""

import re
import shlex
import subprocess
import time
import urllib.request
from pathlib import Path

from server import RELEASE, ROOT, NotStarted, Server, core_list, descendants, environment, free_port, pinned

LIMITS = ['--max-rate', '0', '--max-user-rate', '0', '--max-address-connections', '0',
          '--max-connections', '1000000', '--log-level', 'warn']


class Embedded(Server):
    """One gateway by itself, with SQLite."""

    name, protocol = 'stampede', 'stomp'

    def launch(self):
        port, metrics = free_port(), free_port()
        self.run([RELEASE / 'gateway/stampede-gateway', '--listen', f'127.0.0.1:{port}',
                  '--metrics-listen', f'127.0.0.1:{metrics}', '--data-dir', self.folder / 'data',
                  '--shards', self.shards(), *LIMITS], port)
        self.ports = (port,)

    def shards(self):
        return len(core_list(self.cores)) if self.cores else 0


class OneShard(Embedded):
    """One core for the gateway, and all of them for whoever else wants them."""

    name = 'stampede-one-shard'

    def shards(self):
        return 1


class TwoShards(Embedded):
    name = 'stampede-two-shards'

    def shards(self):
        return 2


class Cluster(Server):
    """Two gateways and a worker with their RabbitMQ, Redis and PostgreSQL; all of their CPU time counts."""

    name, protocol = 'stampede-cluster', 'stomp'

    def clear(self):
        """Ends the processes of a run that was killed, too."""
        self._cluster('down', '--clean')

    def launch(self):
        self._cluster('up', '--no-build', '--gateways', '2', '--workers', '1')
        words = shlex.split(self._cluster('env'))
        self.env = dict(word.split('=', 1) for word in words)
        self.ports = tuple(int(url.rsplit(':', 1)[1]) for url in self.env['STAMPEDE_GATEWAYS'].split())
        self._members = {path.name: int(path.read_text().split()[0])
                         for path in (self.folder / 'pids').iterdir()}

    def pids(self):
        return [pid for name in self._members for pid in self.pids_of(name)]

    def load_options(self):
        # Of the others' memory nothing belongs to a connection, and Erlang's comes and goes.
        return [word for pid in self.pids_of('gateway') for word in ('--memory-pid', pid)]

    def pids_of(self, *names):
        """Processes of the members whose names begin so."""
        return [one for member, pid in self._members.items() if member.startswith(names)
                for one in descendants(pid)]

    def shut_down(self):
        if (self.folder / 'cluster.state').exists():
            self._cluster('down', '--clean')

    def sql(self, command):
        """What psql prints for it."""
        return check(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', self.env['STAMPEDE_DATABASE_URL'],
                      '-c', command], self.cores)

    def metrics(self, *names):
        """Their sums over all gateways and workers, each asked once: workers first, so that a message which moves on
        meanwhile counts as not stored yet."""
        totals = dict.fromkeys(names, 0.0)
        for url in reversed(self.env['STAMPEDE_METRICS'].split()):
            with urllib.request.urlopen(url, timeout=10) as answer:
                text = answer.read().decode()
            for name in names:
                totals[name] += sum(map(float, re.findall(rf'^{name}(?:{{[^}}]*}})? (\S+)$', text, re.M)))
        return tuple(totals.values())

    def metric(self, name):
        return self.metrics(name)[0]

    def _cluster(self, *words):
        return check([ROOT / 'scripts/cluster', *words], self.cores, {
            'STAMPEDE_RUN_DIR': str(self.folder), 'STAMPEDE_PRESET': 'release',
            'STAMPEDE_GATEWAY_FLAGS': ' '.join(['--shards', '1', *LIMITS])})


class CrossGateway(Cluster):
    """The same, with senders on one gateway and members on the other."""

    name = 'stampede-cross'

    def launch(self):
        super().launch()
        self.publish_ports, self.ports = self.ports[:1], self.ports[1:]


def check(command, cores, env=None):
    done = subprocess.run(pinned(cores, command), env={**environment(), **(env or {})},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotStarted(f'{Path(command[0]).name} {command[1]}: {done.stderr[-2000:]}')
    return done.stdout


def await_metric(cluster, name, value, seconds):
    """Waits until the sum of a metric is at least `value`; how long that took, None if it did not."""
    start = time.monotonic()
    while cluster.metric(name) < value:
        if time.monotonic() - start > seconds:
            return None
        time.sleep(0.05)
    return time.monotonic() - start
