// The checker is tested with a record in which everything is right, and then one thing is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOrder } from './support/order_checker.mjs';

/** Two clients in one room, ten messages each; the second loses its connection after the eighth message. */
function goodRun() {
  const rows = Array.from({ length: 20 }, (_, i) => ({ room: 'r', seq: 100 + 10 * i, body: `c${i % 2}/${i >> 1}` }));
  const events = [];
  for (const { body, seq } of rows) {
    const [client, n] = body.split('/');
    events.push({ t: 'send', client, body, n: Number(n) }, { t: 'receipt', client, body, seq });
  }
  const message = (sub) => ({ seq, body }, i) =>
    ({ t: 'message', sub, seq, prev: i ? rows[i - 1].seq : 0, body });
  events.push({ t: 'subscribe', sub: 'a', client: 'c0', room: 'r' }, { t: 'live', sub: 'a', seq: 0, recovered: true });
  events.push(...rows.map(message('a')));
  events.push({ t: 'subscribe', sub: 'b', client: 'c1', room: 'r' }, { t: 'live', sub: 'b', seq: 0, recovered: true });
  events.push(...rows.slice(0, 8).map(message('b')), { t: 'end', sub: 'b' });
  events.push({ t: 'subscribe', sub: 'c', client: 'c1', room: 'r', since: rows[7].seq });
  events.push(...rows.slice(8).map(message('c')), { t: 'live', sub: 'c', seq: rows[19].seq, recovered: true });
  return { events, rows };
}

const rules = ({ events, rows }) => [...new Set(checkOrder(events, rows).violations.map(({ rule }) => rule))].sort();
const place = (events, sub, seq) => events.findIndex((event) => event.t === 'message' && event.sub === sub && event.seq === seq);

test('a run in which everything is right has no violation', () => {
  const { violations, counts } = checkOrder(...Object.values(goodRun()));
  assert.deepEqual(violations, []);
  assert.deepEqual(counts, { sent: 20, repeated: 0, receipts: 20, delivered: 40, told: 0, subscriptions: 3, stored: 20 });
});

const broken = {
  'a message that one member did not get': ['G3', ({ events }) => events.splice(place(events, 'a', 150), 1)],
  'a last message that never came': ['G3', ({ events }) => events.splice(place(events, 'c', 290), 1)],
  'a message lost between two connections': ['G3', ({ events }) => events.splice(place(events, 'c', 180), 1)],
  'a message that came twice': ['G2', ({ events }) => {
    const at = place(events, 'a', 150);
    events.splice(at, 0, events[at]);
  }],
  'two messages that changed places': ['G2', ({ events }) => {
    const at = place(events, 'a', 150);
    events.splice(at, 2, events[at + 1], events[at]);
  }],
  'a position that the client had not reached': ['G3', ({ events }) => {
    events.find((event) => event.sub === 'c' && event.t === 'subscribe').since = 160;
  }],
  'a message that came again after the reconnect': ['G3', ({ events }) => {
    const at = place(events, 'c', 180);
    events.splice(at, 0, { ...events[place(events, 'b', 170)], sub: 'c' });
  }],
  'a receipt for what is not stored': ['G1', ({ events }) => {
    events.push({ t: 'send', client: 'c0', body: 'c0/10', n: 10 }, { t: 'receipt', client: 'c0', body: 'c0/10', seq: 300 });
  }],
  'a receipt that names another position': ['G1', ({ events }) => {
    events.find((event) => event.t === 'receipt').seq += 1;
  }],
  'a row that nobody sent': ['G1', (run) => {
    run.rows.push({ room: 'other', seq: 300, body: 'x/0' });
  }],
  'a message that members saw and history does not have': ['G3', ({ events }) => {
    events.push({ t: 'send', client: 'c0', body: 'c0/10', n: 10 }, { t: 'message', sub: 'a', seq: 300, prev: 290, body: 'c0/10' });
  }],
  'a sender whose messages changed places': ['G4', ({ events }) => {
    const sends = events.filter((event) => event.t === 'send' && event.client === 'c0');
    [sends[3].n, sends[4].n] = [sends[4].n, sends[3].n];
  }],
};
for (const [what, [rule, breakIt]] of Object.entries(broken)) {
  test(`found by ${rule}: ${what}`, () => {
    const run = goodRun();
    breakIt(run);
    assert.deepEqual(rules(run), [rule]);
  });
}

test('found by G7: a repeat that was stored and delivered as another message', () => {
  const { events, rows } = goodRun();
  const repeat = { room: 'r', seq: 300, body: 'c0/9' };
  events.push({ t: 'send', client: 'c0', body: 'c0/9', n: 9 }, { t: 'receipt', client: 'c0', body: 'c0/9', seq: 300 });
  events.push(...['a', 'c'].map((sub) => ({ t: 'message', sub, seq: 300, prev: 290, body: 'c0/9' })));
  assert.ok(rules({ events, rows: [...rows, repeat] }).includes('G7'));
});

test('a gap that the client was told of is none, and counted', () => {
  const { events, rows } = goodRun();
  const at = place(events, 'a', 150);
  events.splice(at, 1);
  events[at].recovered = false;
  const { violations, counts } = checkOrder(events, rows);
  assert.deepEqual(violations, []);
  assert.equal(counts.told, 1);
});
