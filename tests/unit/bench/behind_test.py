"""What bench/compare/behind.py makes of metrics."""

import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'bench' / 'compare'))

from behind import CONFIRMED, STORED, UNACKNOWLEDGED, Sample, Sampler, summary  # noqa: E402


class SummaryTest(unittest.TestCase):
    def test_what_is_confirmed_and_not_stored_is_behind(self):
        samples = [Sample(0, 0, 0), Sample(1, 20, 70), Sample(2, 60, 100), Sample(3, 90, 100), Sample(4, 100, 100)]
        self.assertEqual(summary(samples, 100), {'most': 50, 'at_end': 50, 'in_hand': 0, 'drain_seconds': 2})

    def test_what_was_caught_up_before_the_end_is_not_behind_at_the_end(self):
        samples = [Sample(0, 0, 0), Sample(1, 10, 90), Sample(2, 85, 95), Sample(3, 99, 100), Sample(4, 100, 100)]
        self.assertEqual(summary(samples, 100), {'most': 80, 'at_end': 10, 'in_hand': 0, 'drain_seconds': 1})

    def test_the_most_that_workers_had_in_hand(self):
        samples = [Sample(0, 0, 0, 0), Sample(1, 10, 90, 7), Sample(2, 100, 100, 2)]
        self.assertEqual(summary(samples, 100), {'most': 80, 'at_end': 80, 'in_hand': 7, 'drain_seconds': 0})

    def test_storage_that_keeps_up_is_never_ahead(self):
        self.assertEqual(summary([Sample(0, 0, 0), Sample(1, 60, 50), Sample(2, 100, 100)], 100),
                         {'most': 0, 'at_end': 0, 'in_hand': 0, 'drain_seconds': 0})

    def test_an_end_that_was_not_seen_is_not_made_up(self):
        self.assertIsNone(summary([Sample(0, 0, 0), Sample(1, 100, 99)], 100))
        self.assertIsNone(summary([Sample(0, 0, 0), Sample(1, 99, 100)], 100))


class Counting:
    """A cluster whose every answer is ten more than the one before of that name."""

    def __init__(self, answers=None):
        self.values = {STORED: 1000, CONFIRMED: 5000, UNACKNOWLEDGED: 0}
        self.left = answers
        self.asked = threading.Event()

    def metrics(self, *names):
        if self.left == 0:
            self.asked.set()
            raise OSError('refused')
        if self.left:
            self.left -= 1
        for name in names:
            self.values[name] += 10
        return tuple(self.values[name] for name in names)


class SamplerTest(unittest.TestCase):
    def test_samples_count_from_the_beginning_and_there_is_one_at_the_end(self):
        with Sampler(Counting()) as sampler:
            pass
        first, *_, last = sampler.samples()
        self.assertEqual(first, Sample(0, 0, 0, 10), "what is in hand is a level, the others count")
        self.assertGreaterEqual(last.stored, 10)
        self.assertEqual(last.stored, last.confirmed)

    def test_a_question_that_fails_is_not_kept_quiet(self):
        cluster = Counting(answers=2)
        with Sampler(cluster) as sampler:
            self.assertTrue(cluster.asked.wait(30))
        with self.assertRaisesRegex(OSError, 'refused'):
            sampler.samples()


if __name__ == '__main__':
    unittest.main()
