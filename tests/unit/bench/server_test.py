"""Processes of bench/compare/server.py."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'bench' / 'compare'))

from server import (  # noqa: E402
    NotStarted, Server, answers, core_list, cpu_seconds, descendants, free_port, undisturbed)


class Listening(Server):
    """Python's own web server, in a shell so that there is a child."""

    name = 'listening'

    def launch(self):
        port = free_port()
        self.run(['sh', '-c', f'"{sys.executable}" -m http.server --bind 127.0.0.1 {port}; true'], port)
        self.ports = (port,)


class Ending(Server):
    name = 'ending'

    def launch(self):
        self.run(['sh', '-c', 'echo no such setting; exit 3'], free_port())


class ServerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_starts_counts_its_children_and_ends(self):
        server = Listening(self.folder, '')
        server.start()
        self.addCleanup(server.stop)
        pids = server.pids()
        self.assertEqual(len(pids), 2)
        self.assertGreater(cpu_seconds(pids), 0)
        server.stop()
        self.assertEqual(server.pids(), [])
        deadline = time.monotonic() + 10
        while answers(server.ports[0]) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(answers(server.ports[0]), 'its child goes on')

    def test_one_that_ends_at_once_says_why(self):
        with self.assertRaisesRegex(NotStarted, 'no such setting'):
            Ending(self.folder, '').start()

    def test_a_signal_waits_until_servers_are_ended(self):
        heard = []
        old = signal.signal(signal.SIGTERM, lambda *_: heard.append('signal'))
        self.addCleanup(signal.signal, signal.SIGTERM, old)
        with undisturbed():
            os.kill(os.getpid(), signal.SIGTERM)
            subprocess.run(['true'], check=True)
            heard.append('ended')
        self.assertEqual(heard, ['ended', 'signal'])


class SmallThingsTest(unittest.TestCase):
    def test_core_lists_are_tasksets(self):
        self.assertEqual(core_list('0-2,4'), [0, 1, 2, 4])
        self.assertEqual(core_list('3'), [3])

    def test_nobody_descends_from_a_process_that_is_gone(self):
        gone = subprocess.Popen(['true'])
        gone.wait()
        self.assertEqual(descendants(gone.pid), [gone.pid])


if __name__ == '__main__':
    unittest.main()
