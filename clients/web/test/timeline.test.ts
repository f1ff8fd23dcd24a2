import assert from 'node:assert/strict';
import test from 'node:test';
import { Timeline } from '../src/timeline';
import { message, messages } from './support';

const seqs = (timeline: Timeline) => timeline.messages.map(({ seq }) => seq);

test('orders by seq, whatever the order of arrival', () => {
  const timeline = new Timeline();
  timeline.merge([message(5), message(3)]);
  timeline.merge([message(4), message(1)]);
  assert.deepEqual(seqs(timeline), [1, 3, 4, 5]);
  assert.equal(timeline.firstSeq, 1);
  assert.equal(timeline.lastSeq, 5);
});

test('takes each message once and says what is new', () => {
  const timeline = new Timeline();
  timeline.merge(messages(1, 3));
  assert.deepEqual(timeline.merge(messages(2, 4)), [message(4)]);
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4]);
});

test('takes a position once, also under another id', () => {
  const timeline = new Timeline();
  timeline.merge([message(1)]);
  assert.deepEqual(timeline.merge([message(1, { id: 'other' })]), []);
});

test('places a message without a position by its time', () => {
  const timeline = new Timeline();
  timeline.merge([message(1_000_000), message(3_000_000)]);
  timeline.merge([message(0, { id: 'unplaced', timestamp: 2_000 })]);
  assert.deepEqual(seqs(timeline), [1_000_000, 0, 3_000_000]);
});

test('moves a message when its position becomes known', () => {
  const timeline = new Timeline();
  timeline.merge([message(1_000_000), message(3_000_000)]);
  timeline.merge([message(0, { id: 'late', timestamp: 2_000 })]);
  assert.deepEqual(timeline.merge([message(4_000_000, { id: 'late', timestamp: 2_000 })]), []);
  assert.deepEqual(seqs(timeline), [1_000_000, 3_000_000, 4_000_000]);
});

test('forgets the oldest, remembers the last position, takes them again', () => {
  const timeline = new Timeline();
  timeline.merge(messages(1, 10));
  timeline.keep_newest(3);
  assert.deepEqual(seqs(timeline), [8, 9, 10]);
  timeline.keep_newest(0);
  assert.equal(timeline.lastSeq, 10);
  assert.equal(timeline.merge(messages(1, 2)).length, 2);
});

test('stays ordered under every permutation of arrivals', () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let run = 0; run < 200; run += 1) {
    const arriving = [...messages(1, 20), ...messages(5, 15)].sort(() => random() - 0.5);
    const timeline = new Timeline();
    while (arriving.length > 0) timeline.merge(arriving.splice(0, 1 + Math.floor(random() * 4)));
    assert.deepEqual(
      seqs(timeline),
      messages(1, 20).map(({ seq }) => seq),
    );
  }
});
