// A client that comes back with the last position it has gets what it missed, once and in order, on any gateway.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom } from './support/cluster.mjs';
import { historyAfter } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

const bodies = (name, count) => Array.from({ length: count }, (_, i) => `${name} ${i}`);

function assertChain(messages, from) {
  let last = from;
  for (const message of messages) {
    assert.equal(message.prev, last, `nothing is missing before ${message.seq}`);
    last = message.seq;
  }
}

test('since gives what came after it, then what comes, on another gateway', async () => {
  const { gateways } = clusterEnv();
  const room = freshRoom('since');
  const writer = await connected(gateways[0]);
  const before = await sendAll(writer, room, bodies('before', 50), 1);
  const reader = await connected(gateways[1]);
  const record = await reader.subscribe(room, { since: String(before[19]) });
  assert.equal(record.position, before.at(-1));
  assert.equal(record.headers.recovered, 'true');
  assert.deepEqual(record.messages.map((m) => m.seq), before.slice(20), 'all of the replay is there with the receipt');
  assert.ok(record.messages.every((m) => m.headers.replay === 'true'));
  const after = await sendAll(writer, room, bodies('after', 5), 1);
  await eventually('the live ones arrive', () => record.messages.length >= 35);
  assert.deepEqual(record.messages.map((m) => m.seq), [...before.slice(20), ...after]);
  assert.ok(record.messages.slice(30).every((m) => !m.headers.replay));

  const newest = await reader.subscribe(room, { history: '7' });
  assert.deepEqual(newest.messages.map((m) => m.seq), [...before, ...after].slice(-7));
  await Promise.all([writer.close(), reader.close()]);
});

test('what the recent list does not reach comes from history', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('long');
  const writer = await connected(gateways[0]);
  const sent = await sendAll(writer, room, bodies('long', 2500));
  await eventually('all is stored', async () => (await historyAfter(workers[0], room, Math.max(...sent) - 1)).length === 1);
  const order = [...sent].sort((a, b) => a - b);
  const reader = await connected(gateways[1]);
  const record = await reader.subscribe(room, { since: String(order[99]) });
  assert.equal(record.headers.recovered, 'true');
  assert.deepEqual(record.messages.map((m) => m.seq), order.slice(100));
  assertChain(record.messages, order[99]);
  await Promise.all([writer.close(), reader.close()]);
});

test('a client of a gateway that is killed misses nothing on another', async () => {
  const { gateways } = clusterEnv();
  const room = freshRoom('killed');
  const writer = await connected(gateways[1]);
  const doomed = await connected(gateways[0]);
  const first = await doomed.subscribe(room);
  const sending = sendAll(writer, room, bodies('going on', 400), 4);
  await eventually('some have arrived', () => first.messages.length >= 50);
  await cluster('kill', 'gateway-1');
  try {
    await eventually('the connection ends', () => doomed.closes.length > 0);
    const last = first.messages.at(-1).seq;
    const back = await connected(gateways[1]);
    const record = await back.subscribe(room, { since: String(last) });
    assert.equal(record.headers.recovered, 'true');
    const sent = (await sending).sort((a, b) => a - b);
    await eventually('all have arrived', () => record.messages.at(-1)?.seq === sent.at(-1));
    const got = [...first.messages, ...record.messages];
    assert.deepEqual(got.map((m) => m.seq), sent, 'each once, in order, over both connections');
    assertChain(record.messages, last);
    await Promise.all([writer.close(), back.close()]);
  } finally {
    await cluster('start', 'gateway-1');
  }
});
