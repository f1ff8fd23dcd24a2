import assert from 'node:assert/strict';
import test from 'node:test';
import { HistorySync, type Arrival, type SyncStatus } from '../src/history_sync';
import { Timeline } from '../src/timeline';
import { FakeClock, FakeStorage, message, messages, settle } from './support';

function make() {
  const clock = new FakeClock();
  const storage = new FakeStorage();
  const timeline = new Timeline();
  const statuses: SyncStatus[] = [];
  const arrivals: Array<[Arrival, number]> = [];
  const sync = new HistorySync('lobby', timeline, storage, clock.sleep, () => 0.5, {
    changed: (added, arrival) => added.forEach(({ seq }) => arrivals.push([arrival, seq])),
    status: (status) => statuses.push(status),
  });
  const seqs = () => timeline.messages.map(({ seq }) => seq);
  const range = (from: number, to: number) => messages(from, to).map(({ seq }) => seq);
  return { clock, storage, timeline, sync, statuses, arrivals, seqs, range };
}

test('enters with the newest page', async () => {
  const { storage, sync, statuses, seqs, range, arrivals } = make();
  storage.stored = messages(1, 120);
  sync.live(120);
  await settle();
  assert.deepEqual(seqs(), range(71, 120));
  assert.equal(sync.older, true);
  assert.equal(statuses.at(-1)?.kind, 'complete');
  assert.ok(arrivals.every(([arrival]) => arrival === 'history'));
});

test('an empty room is complete at once', async () => {
  const { storage, sync, statuses } = make();
  sync.live(0);
  await settle();
  assert.equal(statuses.at(-1)?.kind, 'complete');
  assert.equal(storage.queries.length, 1);
  assert.equal(sync.older, false);
});

test('asks again while storage lags behind the position of the receipt', async () => {
  const { clock, storage, sync, statuses, seqs, range } = make();
  storage.stored = messages(1, 8);
  sync.live(10);
  await settle();
  assert.equal(statuses.at(-1)?.kind, 'loading');
  sync.message(message(11));
  storage.stored = messages(1, 10);
  await clock.advance(500);
  assert.equal(statuses.at(-1)?.kind, 'complete');
  assert.deepEqual(seqs(), range(1, 11));
});

test('believes storage after a bounded number of tries', async () => {
  const { clock, storage, sync, statuses, seqs, range } = make();
  storage.stored = messages(1, 8);
  sync.live(10);
  await clock.advance(60_000);
  assert.equal(statuses.at(-1)?.kind, 'complete');
  assert.deepEqual(seqs(), range(1, 8));
  assert.ok(storage.queries.length < 12, `${storage.queries.length} requests`);
});

test('fetches everything missed after a reconnect, page by page, without duplicates', async () => {
  const { storage, sync, seqs, range, arrivals } = make();
  storage.stored = messages(1, 10);
  sync.live(10);
  await settle();
  sync.message(message(11));
  sync.lost();
  storage.stored = messages(1, 700);
  sync.live(700);
  sync.message(message(701));
  await settle();
  await settle();
  assert.deepEqual(seqs(), range(1, 701));
  assert.deepEqual(
    storage.queries.slice(1).map(({ after }) => after),
    [11, 211, 411, 611],
  );
  assert.deepEqual(
    arrivals.find(([, seq]) => seq === 12),
    ['missed', 12],
  );
  assert.deepEqual(
    arrivals.find(([, seq]) => seq === 701),
    ['live', 701],
  );
});

test('messages that follow one another ask for nothing', async () => {
  const { storage, sync } = make();
  storage.stored = messages(1, 3);
  sync.live(3);
  await settle();
  for (const next of messages(4, 200)) sync.message(next);
  await settle();
  assert.equal(storage.queries.length, 1);
});

test('heals a hole in the chain of live messages', async () => {
  const { storage, sync, seqs, range } = make();
  storage.stored = messages(1, 3);
  sync.live(3);
  await settle();
  storage.stored = messages(1, 8);
  sync.message(message(8));
  await settle();
  assert.deepEqual(seqs(), range(1, 8));
  assert.equal(storage.queries.at(-1)?.after, 3);
});

test('a message whose predecessor is unknown is no hole', async () => {
  const { storage, sync } = make();
  storage.stored = messages(1, 3);
  sync.live(3);
  await settle();
  sync.message(message(9, { prev: 0 }));
  sync.message(message(0, { id: 'unplaced' }));
  await settle();
  assert.equal(storage.queries.length, 1);
});

test('messages without a position go to the place that storage gave them', async () => {
  const { storage, sync, timeline } = make();
  storage.stored = messages(1, 3);
  sync.live(3);
  await settle();
  sync.message(message(0, { id: 'x', timestamp: 9 }));
  sync.message(message(0, { id: 'y', timestamp: 8 }));
  storage.stored.push(message(4, { id: 'x' }), message(5, { id: 'y' }), message(6));
  sync.message(message(6, { prev: 3 }));
  await settle();
  const ids = timeline.messages.map(({ id }) => id);
  assert.deepEqual(ids, ['m1', 'm2', 'm3', 'x', 'y', 'm6']);
  sync.message(message(7));
  assert.equal(storage.queries.length, 2);
});

test('tries again while history is unavailable and keeps the live messages', async () => {
  const { clock, storage, sync, statuses, seqs, range } = make();
  storage.stored = messages(1, 5);
  storage.failure = new Error('The store is away.');
  sync.live(5);
  await settle();
  sync.message(message(6));
  assert.deepEqual(statuses.at(-1), { kind: 'unavailable', reason: 'The store is away.' });
  assert.deepEqual(seqs(), [6]);
  storage.failure = null;
  await clock.advance(20_000);
  assert.equal(statuses.at(-1)?.kind, 'complete');
  assert.deepEqual(seqs(), range(1, 6));
});

test('a connection lost during the catching up loses nothing', async () => {
  const { clock, storage, sync, seqs, range } = make();
  storage.stored = messages(1, 5);
  sync.live(5);
  await settle();
  sync.lost();
  storage.failure = new Error('away');
  sync.live(8);
  await settle();
  sync.message(message(9));
  sync.lost();
  storage.failure = null;
  storage.stored = messages(1, 12);
  sync.live(12);
  await clock.advance(20_000);
  assert.deepEqual(seqs(), range(1, 12));
});

test('who was away for very long starts from the newest page', async () => {
  const { storage, sync, seqs, range } = make();
  storage.stored = messages(1, 5);
  sync.live(5);
  await settle();
  sync.lost();
  storage.stored = messages(1, 9_000);
  sync.live(9_000);
  sync.message(message(9_001));
  for (let turn = 0; turn < 50; turn += 1) await settle();
  assert.deepEqual(
    seqs().filter((seq) => seq <= 9_000),
    range(8_951, 9_000),
  );
  assert.equal(sync.older, true);
  assert.ok(storage.queries.length < 30);
});

test('loads the page before the oldest, until there is none', async () => {
  const { storage, sync, seqs, range } = make();
  storage.stored = messages(1, 120);
  sync.live(120);
  await settle();
  await Promise.all([sync.load_older(), sync.load_older()]);
  assert.deepEqual(seqs(), range(21, 120));
  await sync.load_older();
  assert.deepEqual(seqs(), range(1, 120));
  assert.equal(sync.older, false);
  assert.equal(storage.queries.length, 3);
});

test('nothing is told after the end', async () => {
  const { storage, sync, statuses } = make();
  storage.stored = messages(1, 5);
  sync.live(5);
  sync.stop();
  await settle();
  assert.deepEqual(
    statuses.map(({ kind }) => kind),
    ['loading'],
  );
});
