// A gateway dies with messages that have their place in the room and have reached its members, but not
// storage. Nobody has a receipt for them; the history gets them all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDropProxy } from './support/amqp_drops.mjs';
import { connected } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { wholeHistory } from './support/history.mjs';
import { scrape, total } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

const kMessages = 20;

test('what members saw is in the history although its gateway died before storing it', async (t) => {
  const env = clusterEnv();
  const proxy = await startDropProxy(t, env.amqpUrl, 1);
  const gateway = await startGateway(t, ['--allow-anonymous', '--history-url', env.url],
    { STAMPEDE_AMQP_URL: proxy.url, STAMPEDE_REDIS_URL: env.redisUrl });
  await eventually('the gateway is ready', async () => (await fetch(`${gateway.ops}/readyz`)).status === 200);
  const room = freshRoom('swept');
  const sender = await connected(gateway.url, { login: 'sender' });
  const here = await sender.subscribe(room);
  const reader = await connected(env.gateways[0], { login: 'reader' });
  const elsewhere = await reader.subscribe(room);

  await sender.send(room, 'stored');
  proxy.silent = true;
  const bodies = Array.from({ length: kMessages }, (_, i) => `unstored ${i}`);
  const receipts = bodies.map((body) => sender.send(room, body).then(() => 'receipt', () => 'none'));
  await eventually('members on its gateway see them', () => here.messages.length === kMessages + 1);
  await gateway.end('SIGKILL');
  assert.deepEqual(new Set(await Promise.all(receipts)), new Set(['none']), 'nobody was promised anything');

  const everything = ['stored', ...bodies];
  await eventually('members elsewhere have healed them', () => elsewhere.messages.length === kMessages + 1, { seconds: 30 });
  assert.deepEqual(elsewhere.messages.map(({ body }) => body), everything);
  const history = await eventually('the history is complete', async () => {
    const found = await wholeHistory(env.workers[0], room);
    return found.length === everything.length && found;
  }, { seconds: 90 });
  assert.deepEqual(history.map(({ seq }) => seq), elsewhere.messages.map(({ seq }) => seq), 'each where members saw it');
  assert.deepEqual(history.map(({ id }) => id), elsewhere.messages.map(({ id }) => id));
  // Counted by the look that finds them stored.
  await eventually('they are counted', async () => {
    const swept = await Promise.all(env.metrics.map(async (url) => total(await scrape(url), 'stampede_worker_swept_total') ?? 0));
    return swept.reduce((sum, count) => sum + count) >= kMessages;
  }, { seconds: 60 });
  await reader.close();
});
