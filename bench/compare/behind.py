"""How far storage is behind what was confirmed, by asking the metrics while messages are sent."""

import threading
import time
from dataclasses import dataclass

CONFIRMED = 'stampede_rabbitmq_confirms_total'
STORED = 'stampede_worker_stored_total'
UNACKNOWLEDGED = 'stampede_rabbitmq_unacknowledged'
#: Asking costs the servers little at this pace, and what is behind changes by a few hundred in between.
PERIOD_SECONDS = 0.2


@dataclass(frozen=True)
class Sample:
    at: float  #: seconds
    stored: float
    confirmed: float
    in_hand: float = 0  #: deliveries that workers have not acked, each a parcel


class Sampler:
    """A thread that samples `cluster`'s metrics from `__enter__` to `__exit__`, counted from the former."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failure = None
        self._samples = []

    def __enter__(self):
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def samples(self):
        """After the end; raises what kept the thread from asking."""
        if self._failure:
            raise self._failure
        first = self._samples[0]
        return [Sample(s.at - first.at, s.stored - first.stored, s.confirmed - first.confirmed, s.in_hand)
                for s in self._samples]

    def _run(self):
        try:
            while not self._ended.wait(PERIOD_SECONDS):
                self._sample()
            self._sample()
        except Exception as failure:
            self._failure = failure

    def _sample(self):
        stored, confirmed, in_hand = self._cluster.metrics(STORED, CONFIRMED, UNACKNOWLEDGED)
        self._samples.append(Sample(time.monotonic(), stored, confirmed, in_hand))


def summary(samples, messages):
    """`most` and `at_end`: messages that were confirmed and not stored; at the end is the greater of the samples
    before and after the last of `messages` was confirmed. `in_hand`: the most deliveries that workers had at once.
    `drain_seconds`: from that last one until the last was stored, exact to a period. None where that never came."""
    place = next((i for i, sample in enumerate(samples) if sample.confirmed >= messages), None)
    stored = next((sample for sample in samples if sample.stored >= messages), None)
    if place is None or stored is None:
        return None
    behind = [max(0, sample.confirmed - sample.stored) for sample in samples]
    return {'most': max(behind), 'at_end': max(behind[max(0, place - 1):place + 1]),
            'in_hand': max(sample.in_hand for sample in samples),
            'drain_seconds': max(0, stored.at - samples[place].at)}
