"""One server that is compared: how it is started, which processes are its own, how it ends.

Every server listens on loopback on ports of its own, keeps its files under a folder of the run, and is
ended by the processes that it was started as. Nothing system-wide is touched.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / 'bench' / 'peers'
RELEASE = ROOT / 'build' / 'release'
START_SECONDS = 90
STOP_SECONDS = 20


class NotStarted(Exception):
    """Why a server does not run, with the end of what it printed."""


class Server:
    """`start` waits until clients can connect; `stop` may be called at any time, and twice."""

    name = ''
    #: What bench_load speaks to it.
    protocol = ''
    #: Members connect here; publishers too, unless `publish_ports` says otherwise.
    ports = ()
    publish_ports = ()

    def __init__(self, folder, cores):
        """`cores` is a list as taskset takes it; '' leaves the scheduler free."""
        self.folder = Path(folder) / self.name
        self.cores = cores
        self._processes = []

    def start(self):
        try:
            self.clear()
            self.folder.mkdir(parents=True)
            self.launch()
        except BaseException:
            self.stop()
            raise

    def clear(self):
        """Forgets what an earlier run left behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def launch(self):
        raise NotImplementedError

    def pids(self):
        """All processes whose CPU time and memory are the server's."""
        return [pid for process in self._processes for pid in descendants(process.pid)]

    def load_options(self):
        """What bench_load needs to know beyond the ports."""
        return []

    def stop(self):
        with undisturbed():
            self.shut_down()

    def shut_down(self):
        while self._processes:
            end(self._processes.pop())

    def run(self, command, port, env=None):
        """Starts a process and waits until `port` answers."""
        log = self.folder / 'log'
        with open(log, 'ab') as out:
            process = subprocess.Popen(
                pinned(self.cores, command), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, env={**environment(), **(env or {})}, cwd=self.folder)
        self._processes.append(process)
        deadline = time.monotonic() + START_SECONDS
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(f'{self.name} does not listen on {port}:\n{tail(log)}')
            time.sleep(0.05)


@contextlib.contextmanager
def undisturbed():
    """Signals that would end us wait until what we started has ended. Children inherit that."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def end_on_signals():
    """Makes signals that end us leave through `finally`, where servers are ended."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))


def end(process):
    """Asks it, and takes down whatever of its process group is there afterwards."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def environment():
    """Ours, without the settings of a Stampede or RabbitMQ that the caller works with."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(('STAMPEDE_', 'RABBITMQ_', 'ERL_'))}


def pinned(cores, command):
    return (['taskset', '-c', cores] if cores else []) + [str(word) for word in command]


def tail(path):
    return path.read_text(errors='replace')[-2000:]


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(('127.0.0.1', port)) == 0


def descendants(pid):
    """`pid` and all its children's children. One that ends meanwhile is left out."""
    found = [pid]
    try:
        for task in Path(f'/proc/{pid}/task').iterdir():
            for child in (task / 'children').read_text().split():
                found += descendants(int(child))
    except OSError:
        pass
    return found


def cpu_seconds(pids):
    """User and system time so far, fields 14 and 15 of proc(5)'s stat."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def core_list(cores):
    """The numbers in a list as taskset takes it, such as 0-2,4."""
    numbers = []
    for part in cores.split(','):
        first, _, last = part.partition('-')
        numbers += range(int(first), int(last or first) + 1)
    return numbers
