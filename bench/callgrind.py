"""How many instructions a delivery and a SEND take in the embedded gateway, counted by callgrind.

Counts do not depend on what else the machine does. Work is done twice, once with twice the messages, and with
few members and with many: what the differences leave is what one message costs, and what one delivery adds to
it. One publisher sends the next message when the last one is receipted, so nothing is gathered: every delivery
pays its own write, as in a quiet room.

Called by scripts/bench callgrind [MEMBERS [MESSAGES]].
"""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / 'compare'))

import load  # noqa: E402
from server import RELEASE, ROOT, Server, end_on_signals, free_port  # noqa: E402
from stampede import LIMITS  # noqa: E402

FOLDER = ROOT / 'build' / 'bench' / 'callgrind'
FEW = 10


class Counted(Server):
    """The embedded gateway with one shard under callgrind, one count for each thread."""

    protocol = 'stomp'

    def __init__(self, name):
        super().__init__(FOLDER, '')
        self.name = name
        self.folder = FOLDER / name

    def launch(self):
        port, metrics = free_port(), free_port()
        self.run(['valgrind', '--tool=callgrind', '--separate-threads=yes',
                  f'--callgrind-out-file={self.folder}/out',
                  RELEASE / 'gateway/stampede-gateway', '--listen', f'127.0.0.1:{port}', '--shards', 1,
                  '--metrics-listen', f'127.0.0.1:{metrics}', '--data-dir', self.folder / 'data', *LIMITS], port)
        self.ports = (port,)

    def thread_names(self):
        """By callgrind's numbers, which count from 1 in the order in which threads began."""
        tasks = sorted(Path(f'/proc/{self.pids()[0]}/task').iterdir(), key=lambda task: int(task.name))
        # The main thread's name is the tool's.
        return ['main', *((task / 'comm').read_text().strip() for task in tasks[1:])]

    def counts(self, names):
        """{thread name: instructions}, once it has ended."""
        counted = defaultdict(int)
        for number, name in enumerate(names, 1):
            text = (self.folder / f'out-{number:02}').read_text(errors='replace')
            counted[name] += int(re.search(r'^totals: (\d+)$', text, re.M)[1])
        return counted


def work(members, messages):
    """{thread name: instructions} of one server's life."""
    server = Counted(f'{members}-members-{messages}-messages')
    print(f'-- {members} members, {messages} messages', file=sys.stderr, flush=True)
    try:
        server.start()
        report = load.run(server, '', {'members': members, 'publishers': 1, 'rooms': 1, 'messages': messages,
                                       'window': 1, 'settle': 0, 'patience': 300})
        if report['missing']:
            raise load.Failed(f'{report["missing"]} messages did not arrive')
        names = server.thread_names()
    finally:
        server.stop()
    return server.counts(names)


def per_message(members, messages):
    once, twice = work(members, messages), work(members, 2 * messages)
    return {name: (twice[name] - once[name]) / messages for name in twice}


def main():
    end_on_signals()
    given = sys.argv[1:] + ['100', '300'][len(sys.argv) - 1:]
    if len(given) > 2 or not all(word.isdecimal() for word in given) or int(given[0]) <= FEW or int(given[1]) < 1:
        sys.exit(f'callgrind: allowed are two numbers: members, more than {FEW}, and messages, at least 1')
    many, messages = map(int, given)
    shutil.rmtree(FOLDER, ignore_errors=True)
    few_members, many_members = per_message(FEW, messages), per_message(many, messages)
    print(f'{"thread":<18} {"a SEND":>12} {"a delivery":>12}   instructions')
    for name in many_members:
        delivery = (many_members[name] - few_members[name]) / (many - FEW)
        print(f'{name:<18} {few_members[name] - FEW * delivery:>12,.0f} {delivery:>12,.0f}')
    last = FOLDER / f'{many}-members-{2 * messages}-messages'
    print(f'\nby function: callgrind_annotate --inclusive=yes {os.path.relpath(last)}/out-NN')


if __name__ == '__main__':
    try:
        main()
    except (load.Failed, subprocess.SubprocessError) as failure:
        sys.exit(f'callgrind: {failure}')
