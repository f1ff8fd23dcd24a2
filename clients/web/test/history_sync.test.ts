import assert from 'node:assert/strict';
import test from 'node:test';
import { HistorySync, type Arrival, type SyncStatus } from '../src/history_sync';
import { Timeline } from '../src/timeline';
import { FakeClock, FakeStorage, message, messages } from './support';

function make() {
  const clock = new FakeClock();
  const storage = new FakeStorage();
  const timeline = new Timeline();
  const arrivals: Array<[Arrival, number[]]> = [];
  const statuses: SyncStatus[] = [];
  const sync = new HistorySync('lobby', timeline, storage, clock.sleep, () => 1, {
    changed: (added, arrival) => {
      if (added.length > 0) arrivals.push([arrival, added.map(({ seq }) => seq)]);
    },
    status: (status) => statuses.push(status),
  });
  return { clock, storage, timeline, arrivals, statuses, sync };
}

const seqs = (timeline: Timeline) => timeline.messages.map(({ seq }) => seq);

test('a replay with all there is leaves nothing to load', () => {
  const { sync, statuses } = make();
  sync.entered(3, true);
  assert.equal(sync.older, false);
  assert.deepEqual(statuses, [{ kind: 'complete' }]);
});

test('a full replay, or one that lacks something, has more above it', () => {
  for (const [count, recovered] of [
    [50, true],
    [7, false],
  ] as const) {
    const { sync } = make();
    sync.entered(count, recovered);
    assert.equal(sync.older, true);
  }
});

test('when the server could replay nothing the newest page comes from storage', async () => {
  const { sync, storage, clock, timeline, arrivals } = make();
  storage.stored = messages(1, 120);
  sync.gap(0, 121);
  sync.entered(0, false);
  await clock.advance(0);
  assert.deepEqual(seqs(timeline), messages(71, 120).map(({ seq }) => seq));
  assert.equal(arrivals[0]![0], 'history');
  assert.equal(sync.older, true);
  assert.deepEqual(sync.gaps, []);
});

test('loads older pages until the first message, one request at a time', async () => {
  const { sync, storage, timeline, clock } = make();
  storage.stored = messages(1, 120);
  timeline.merge(messages(71, 120));
  sync.entered(50, true);
  const both = [sync.load_older(), sync.load_older()];
  await clock.advance(0);
  await Promise.all(both);
  assert.equal(storage.queries.length, 1);
  await sync.load_older();
  assert.deepEqual(seqs(timeline), messages(1, 120).map(({ seq }) => seq));
  assert.equal(sync.older, false);
  await sync.load_older();
  assert.equal(storage.queries.length, 2);
});

test('a gap is filled from storage and gone', async () => {
  const { sync, storage, timeline, clock, arrivals } = make();
  storage.stored = messages(1, 500);
  timeline.merge([...messages(1, 10), ...messages(450, 460)]);
  sync.gap(10, 450);
  assert.deepEqual(sync.gaps, [{ after: 10, before: 450, state: 'looking' }]);
  await clock.advance(0);
  assert.deepEqual(sync.gaps, []);
  assert.deepEqual(seqs(timeline).slice(0, 460), messages(1, 460).map(({ seq }) => seq));
  assert.ok(arrivals.every(([arrival]) => arrival === 'missed'));
});

test('storage that lags is asked again', async () => {
  const { sync, storage, timeline, clock } = make();
  storage.stored = messages(1, 12);
  timeline.merge([...messages(1, 10), message(15)]);
  sync.gap(10, 15);
  await clock.advance(50);
  assert.equal(sync.gaps.length, 1);
  storage.stored = messages(1, 15);
  await clock.advance(200);
  assert.deepEqual(sync.gaps, []);
  assert.deepEqual(seqs(timeline), messages(1, 15).map(({ seq }) => seq));
});

test('a gap behind which nothing has come yet is closed by its last position', async () => {
  const { sync, storage, timeline, clock } = make();
  storage.stored = messages(1, 15);
  timeline.merge(messages(1, 10));
  sync.gap(10, 16);
  await clock.advance(0);
  assert.deepEqual(sync.gaps, []);
  assert.equal(timeline.lastSeq, 15);
});

test('what storage does not have is said to be missing, until it has it', async () => {
  const { sync, storage, timeline, clock, statuses } = make();
  storage.stored = [...messages(1, 10), message(15)];
  timeline.merge([...messages(1, 10), message(15)]);
  sync.gap(10, 15);
  await clock.advance(60_000);
  const [gap] = sync.gaps;
  assert.deepEqual(gap, { after: 10, before: 15, state: 'missing' });
  assert.deepEqual(statuses.at(-1), { kind: 'complete' });
  const asked = storage.queries.length;
  await clock.advance(600_000);
  assert.equal(storage.queries.length, asked);
  storage.stored = messages(1, 15);
  sync.look_again(gap!);
  await clock.advance(0);
  assert.deepEqual(sync.gaps, []);
  assert.equal(timeline.messages.length, 15);
});

test('a gap of thousands is left to scrolling back', async () => {
  const { sync, storage, timeline, clock } = make();
  storage.stored = messages(1, 20_000);
  timeline.merge([...messages(1, 10), ...messages(15_000, 20_000)]);
  sync.gap(10, 15_000);
  await clock.advance(0);
  for (let turn = 0; turn < 30 && sync.gaps.length > 0; turn += 1) await clock.advance(0);
  assert.deepEqual(sync.gaps, []);
  assert.equal(timeline.firstSeq, 15_000);
  assert.equal(sync.older, true);
  assert.ok(storage.queries.length <= 20);
});

test('storage that is away is told and asked until it is back', async () => {
  const { sync, storage, timeline, clock, statuses } = make();
  timeline.merge([...messages(1, 10), message(15)]);
  storage.failure = new Error('The store is away.');
  sync.gap(10, 15);
  await clock.advance(0);
  assert.deepEqual(statuses.at(-1), { kind: 'unavailable', reason: 'The store is away.' });
  storage.failure = null;
  storage.stored = messages(1, 15);
  await clock.advance(1_000);
  assert.deepEqual(statuses.at(-1), { kind: 'complete' });
  assert.deepEqual(sync.gaps, []);
});

test('an older page that cannot be had is told, and can be asked for again', async () => {
  const { sync, storage, timeline, statuses } = make();
  storage.stored = messages(1, 100);
  timeline.merge(messages(51, 100));
  sync.entered(50, true);
  storage.failure = new Error('The store is away.');
  await sync.load_older();
  assert.equal(statuses.at(-1)!.kind, 'unavailable');
  storage.failure = null;
  await sync.load_older();
  assert.equal(statuses.at(-1)!.kind, 'complete');
  assert.equal(timeline.firstSeq, 1);
});

test('after stop nothing is asked any more', async () => {
  const { sync, storage, clock } = make();
  storage.failure = new Error('away');
  sync.gap(1, 5);
  await clock.advance(0);
  sync.stop();
  const asked = storage.queries.length;
  await clock.advance(600_000);
  assert.equal(storage.queries.length, asked);
});
