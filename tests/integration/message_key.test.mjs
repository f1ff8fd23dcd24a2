// A SEND repeated with the same message-key, on whichever gateway, is stored and delivered once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { wholeHistory } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

test('the same key through two gateways is one message with one position', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('key');
  const [here, there] = await Promise.all(gateways.slice(0, 2).map((url) => connected(url, { login: 'ada' })));
  const other = await connected(gateways[1], { login: 'bob' });
  const record = await other.subscribe(room);

  const key = { 'message-key': 'order 4711: paid' };
  const first = await here.send(room, 'paid', key);
  const repeats = await Promise.all([there, here, there].map((client) => client.send(room, 'paid', key)));
  assert.deepEqual(repeats, [first, first, first], 'every RECEIPT names the first position');
  const others = await other.send(room, 'paid', key);
  assert.notEqual(others, first, 'a key is the own of its sender');
  const last = await here.send(room, 'done');

  await eventually('the last message arrives', () => record.messages.at(-1)?.seq === last);
  assert.deepEqual(record.messages.map((m) => m.seq), [first, others, last]);
  assert.equal(record.messages[0].headers['message-key'], 'order 4711: paid');
  await eventually('history has the last message', async () => {
    const stored = await wholeHistory(workers[0], room);
    return stored.at(-1)?.seq === last;
  });
  const stored = await wholeHistory(workers[0], room);
  assert.deepEqual(stored.map((m) => m.seq), [first, others, last]);
  await Promise.all([here, there, other].map((client) => client.close()));
});
