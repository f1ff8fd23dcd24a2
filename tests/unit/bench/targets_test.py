"""Figures, ratios and verdicts of bench/compare/targets.py."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'bench' / 'compare'))

from targets import LOSS, Target, cpu, judge, lost, median_of, of, p99, ratio  # noqa: E402


def run(cpu_seconds, p99_ms=1.0):
    return {'server_cpu_per_million': cpu_seconds, 'latency_ms': {'p99': p99_ms}}


class JudgeTest(unittest.TestCase):
    def test_a_ratio_at_its_bound_passes(self):
        verdict = judge(Target('CPU', ratio(cpu, 'stampede', 'nchan'), at_most=1.0),
                        {'stampede': run(6.0), 'nchan': run(6.0)})
        self.assertEqual((verdict.figure, verdict.word, verdict.allowed), (1.0, 'pass', 'at most 1'))

    def test_a_ratio_above_its_bound_falls_short(self):
        verdict = judge(Target('CPU', ratio(cpu, 'stampede', 'rabbitmq'), at_most=1 / 6),
                        {'stampede': run(7.0), 'rabbitmq': run(38.0)})
        self.assertEqual((verdict.word, verdict.allowed), ('falls short', 'at most 0.167'))

    def test_a_lower_bound_is_held_from_below(self):
        target = Target('rate', of('stampede', lambda r: r['rate']), at_least=100)
        self.assertEqual(judge(target, {'stampede': {'rate': 99}}).word, 'falls short')
        self.assertEqual(judge(target, {'stampede': {'rate': 100}}).word, 'pass')

    def test_a_bound_of_nothing_is_a_bound(self):
        target = Target('missing', of('stampede', lambda r: r['missing']), at_most=0)
        self.assertEqual(judge(target, {'stampede': {'missing': 1}}).word, 'falls short')
        self.assertEqual(judge(target, {'stampede': {'missing': 0}}).word, 'pass')

    def test_beside_a_peer_that_failed_or_did_not_run_nothing_is_judged(self):
        target = Target('p99', ratio(p99, 'stampede', 'nchan'), at_most=1.0)
        for runs in ({'stampede': run(1)}, {'stampede': run(1), 'nchan': {'error': 'no port'}}, {'nchan': run(1)}):
            verdict = judge(target, runs)
            self.assertEqual((verdict.figure, verdict.word), (None, 'not measured'))

    def test_a_judged_server_that_failed_falls_short(self):
        target = Target('p99', ratio(p99, 'stampede', 'nchan'), at_most=1.0)
        for runs in ({'stampede': {'error': 'ended'}, 'nchan': run(1)}, {'stampede': {'error': 'ended'}}):
            verdict = judge(target, runs)
            self.assertEqual((verdict.figure, verdict.word, verdict.reason), (None, 'falls short', 'did not finish'))

    def test_a_good_figure_of_what_was_left_of_the_work_falls_short(self):
        target = Target('p99', of('stampede', p99), at_most=5)
        for flaw, reason in (({'missing': 1200}, '1,200 messages missing'), ({'broken': 3}, '3 connections lost'),
                             ({'members': 9, 'publishers': 1, 'delivered': 0}, 'nothing was delivered')):
            verdict = judge(target, {'stampede': {**run(1), **flaw}})
            self.assertEqual((verdict.figure, verdict.word, verdict.reason), (1.0, 'falls short', reason))

    def test_idle_members_are_delivered_nothing(self):
        target = Target('KiB', of('stampede', lambda r: r['kib']), at_most=4)
        self.assertEqual(judge(target, {'stampede': {
            'kib': 1, 'members': 9, 'publishers': 0, 'delivered': 0}}).word, 'pass')

    def test_another_servers_loss_is_not_that_of_the_judged(self):
        target = Target('p99', of('stampede-cluster', p99), at_most=5, judged='stampede-cluster')
        runs = {'stampede': {'error': 'ended'}, 'stampede-cluster': run(1)}
        self.assertEqual(judge(target, runs).word, 'pass')

    def test_where_too_much_is_asked_for_loss_is_no_failure(self):
        target = Target('p99', of('stampede', p99), at_most=5, lossless=False)
        self.assertEqual(judge(target, {'stampede': {**run(1), 'missing': 7}}).word, 'pass')

    def test_a_figure_below_zero_falls_short(self):
        target = Target('CPU', of('stampede', cpu), at_most=5)
        self.assertEqual(judge(target, {'stampede': run(-1)}).word, 'falls short')

    def test_every_kind_of_loss_counts(self):
        whole = {'missing': 0, 'gaps': 0, 'duplicated_or_disordered': 0, 'broken': 0}
        target = Target(LOSS, of('stampede', lost), at_most=0)
        self.assertEqual(judge(target, {'stampede': whole}).word, 'pass')
        for kind in whole:
            self.assertEqual(judge(target, {'stampede': {**whole, kind: 1}}).word, 'falls short', kind)

    def test_a_ratio_to_nothing_is_not_judged(self):
        target = Target('CPU', ratio(cpu, 'stampede', 'nchan'), at_most=1.0)
        self.assertEqual(judge(target, {'stampede': run(1), 'nchan': run(0)}).word, 'not measured')


class MedianTest(unittest.TestCase):
    def test_each_figure_is_a_median_of_its_own(self):
        combined = median_of([run(1, 9), run(2, 7), run(3, 8)])
        self.assertEqual(combined, run(2, 8))

    def test_what_must_not_happen_is_that_of_the_worst_round(self):
        self.assertEqual(median_of([{'missing': 0}, {'missing': 7}, {'missing': 0}])['missing'], 7)

    def test_a_round_that_failed_is_the_error_of_all(self):
        self.assertEqual(median_of([run(1), {'error': 'ended'}, run(1)]), {'error': 'ended'})

    def test_text_is_that_of_the_first(self):
        self.assertEqual(median_of([{'protocol': 'stomp'}, {'protocol': 'stomp'}]), {'protocol': 'stomp'})


if __name__ == '__main__':
    unittest.main()
