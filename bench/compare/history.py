"""Pages of history out of millions of rows, as a client of the REST API gets them."""

import http.client
import json
import random
import subprocess
import time
from urllib.parse import urlsplit

from load import Failed
from server import environment

ROOMS = 100
LIMIT = 50
#: Positions are microseconds since 1970; these begin in 2024, long before those of a run.
FIRST_SEQ = 1_704_067_200_000_000
STEP = 1_000_000

# Ids grow as UUIDv7 does, so that the index on them grows as it does in production.
ROWS = """
INSERT INTO messages (room, seq, prev, id, sender, origin, sent_at_ms, key, content_type, headers, body)
SELECT 'history-' || room, {first} + n * {step}::bigint, CASE n WHEN 0 THEN 0 ELSE {first} + (n - 1) * {step}::bigint END,
  ('018c0000-' || lpad(to_hex(n >> 12), 4, '0') || '-7' || lpad(to_hex(n & 4095), 3, '0')
    || '-8000-' || lpad(to_hex(room), 12, '0'))::uuid,
  'user-' || n % 50, 'gateway-1', ({first} + n * {step}::bigint) / 1000, '', 'text/plain', '', repeat('x', 200)::bytea
FROM generate_series(0, {each} - 1) n, generate_series({room_from}, {room_to} - 1) room
"""


def measure(cluster, cores, quick):
    """The rows are made by SQL, half of them by each of two connections."""
    each = (2_000_000 if quick else 10_000_000) // ROOMS
    started = time.monotonic()
    _fill(cluster.env['STAMPEDE_DATABASE_URL'], each)
    filled = time.monotonic() - started
    cluster.sql('ANALYZE messages')
    rows = int(cluster.sql('SELECT count(*) FROM messages'))
    times = _ask(cluster.env['STAMPEDE_WORKERS'].split()[0], each, 1_000 if quick else 5_000)
    return {'rows': rows, 'rows_per_second_made': rows / filled, 'page_ms': percentiles(times)}


def _fill(url, each):
    halves = [subprocess.Popen(
        ['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', url, '-c', ROWS.format(
            first=FIRST_SEQ, step=STEP, each=each, room_from=start, room_to=start + ROOMS // 2)],
        env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for start in (0, ROOMS // 2)]
    for half in halves:
        _, complaint = half.communicate()
        if half.returncode != 0:
            raise Failed(f'psql: {complaint[-500:]}')


def _ask(url, each, pages):
    """Milliseconds of each page: a random room, from a random message backwards."""
    chance = random.Random(1)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    times = []
    for number in range(pages + pages // 10):
        before = FIRST_SEQ + chance.randrange(LIMIT, each) * STEP
        started = time.perf_counter()
        connection.request('GET', f'/api/v1/rooms/history-{chance.randrange(ROOMS)}/messages'
                           f'?before={before}&limit={LIMIT}')
        answer = connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - started
        if answer.status != 200 or len(json.loads(body)['messages']) != LIMIT:
            raise Failed(f'page {number}: HTTP {answer.status}, {body[:200]!r}')
        # The first ones warm connections and plans.
        if number >= pages // 10:
            times.append(took * 1e3)
    connection.close()
    return times


def percentiles(times):
    ordered = sorted(times)
    def at(fraction):
        return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]
    return {'p50': at(0.5), 'p90': at(0.9), 'p99': at(0.99), 'max': ordered[-1]}
