// SIGTERM: a gateway sends its clients away in good order.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, query } from './support/cluster.mjs';
import { memberNames } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

// What a failed test left down is none of the next one's business.
afterEach(() => cluster('up'));

test('a stopped gateway closes sessions with 1001 and its members vanish after the grace', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('stop');
  const stays = await connected(gateways[0], { login: 'stays' });
  const leaves = await connected(gateways[1], { login: 'leaves' });
  await Promise.all([stays.subscribe(room), leaves.subscribe(room)]);
  assert.deepEqual((await memberNames(workers[0], room)).sort(), ['leaves', 'stays']);

  await cluster('stop', 'gateway-2');
  await eventually('the client is told', () => leaves.closes.length === 1);
  assert.equal(leaves.closes[0].code, 1001);
  // The other gateway takes it out after --presence-grace.
  await eventually('the member is gone', async () => (await memberNames(workers[0], room)).join() === 'stays', {
    seconds: 40,
  });
  assert.equal(stays.closes.length, 0, 'the other gateway\'s client notices nothing');
  await Promise.all([stays.close(), leaves.close()]);
});

test('a stopped worker finishes what it holds', async () => {
  const { gateways } = clusterEnv();
  const room = freshRoom('drain');
  const client = await connected(gateways[0]);
  const bodies = Array.from({ length: 3000 }, (_, i) => `${i}`);
  const sending = sendAll(client, room, bodies, 500);
  await cluster('stop', 'worker-1');
  await cluster('restart', 'worker-2');
  const positions = await sending;
  const rows = () => query(`SELECT seq FROM messages WHERE room = '${room}' ORDER BY seq`).map(([seq]) => Number(seq));
  await eventually('all are stored', () => rows().length >= bodies.length, { seconds: 30 });
  assert.deepEqual(rows(), positions);
  await client.close();
});
