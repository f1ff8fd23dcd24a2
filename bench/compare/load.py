"""Runs bench_load against a server and gives back its report."""

import json
import subprocess

from server import RELEASE, pinned

BINARY = RELEASE / 'bench/load/bench_load'


#: The longest workload takes a few minutes.
TIMEOUT_SECONDS = 900


class Failed(Exception):
    """Why bench_load gave up."""


def run(server, cores, options):
    """`options` are bench_load's, as a dict without the dashes; True is a flag."""
    command = [BINARY, '--protocol', server.protocol]
    for port in server.ports:
        command += ['--target', f'127.0.0.1:{port}']
    for port in server.publish_ports:
        command += ['--publish-target', f'127.0.0.1:{port}']
    for pid in server.pids():
        command += ['--server-pid', pid]
    command += server.load_options()
    for name, value in options.items():
        command += [f'--{name}'] if value is True else [f'--{name}', value]
    try:
        done = subprocess.run(pinned(cores, command), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f'bench_load had not ended after {TIMEOUT_SECONDS} s') from None
    if done.returncode != 0:
        raise Failed(done.stderr.strip()[-500:] or f'bench_load ended with {done.returncode}')
    return json.loads(done.stdout)
