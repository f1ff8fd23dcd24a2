// A broker that restarts forgets the queues of gateways, and with them 10,000 rooms.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, webSocketUrl } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, opsUrl } from './support/cluster.mjs';
import { scrape, total } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { joined } from './support/raw_stomp.mjs';
import { eventually } from './support/wait.mjs';

const kRooms = 10_000;
const kHeard = 500;
const kReceived = 'stampede_rabbitmq_bus_received_total';

const isReady = async (url) => (await fetch(url)).status === 200;

test('10,000 rooms are bound again, one by one, after the broker has restarted', async (t) => {
  const env = clusterEnv();
  // So many in a partition that none is bound as a whole.
  const gateway = await startGateway(t, ['--max-subscriptions', `${kRooms}`, '--max-room-bindings', `${kRooms}`,
    '--bind-timeout', '60s', '--max-rate', '0', '--max-user-rate', '0'],
  { STAMPEDE_AMQP_URL: env.amqpUrl, STAMPEDE_REDIS_URL: env.redisUrl });
  const metrics = () => scrape(`${gateway.ops}/metrics`);
  await eventually('the gateway is ready', () => isReady(`${gateway.ops}/readyz`));
  const prefix = freshRoom('rebound');
  const client = await joined(webSocketUrl(gateway.url), Array.from({ length: kRooms }, (_, i) => `${prefix}.${i}`));

  await cluster('stop', 'rabbitmq');
  await eventually('the gateway misses it', async () => !(await isReady(`${gateway.ops}/readyz`)), { seconds: 60 });
  await cluster('start', 'rabbitmq');
  const started = Date.now();
  await eventually('the gateway is ready again', () => isReady(`${gateway.ops}/readyz`), { seconds: 120 });
  t.diagnostic(`ready ${Date.now() - started} ms after the broker`);
  assert.ok(total(await metrics(), 'stampede_rabbitmq_bindings') >= kRooms);
  await eventually('and so is the other', () => isReady(opsUrl('gateway-1', 'readyz')), { seconds: 120 });

  const received = (await metrics()).get(kReceived) ?? 0;
  const sender = await connected(env.gateways[0]);
  const rooms = Array.from({ length: kHeard }, (_, i) => `${prefix}.${(i * 7919) % kRooms}`);
  await Promise.all(rooms.map((room) => sender.send(room, room)));
  const heard = new Set();
  while (heard.size < kHeard) heard.add(`${(await client.next()).body}`);
  assert.deepEqual([...heard].sort(), [...rooms].sort());
  // Not only found again by the comparison with the directory: they came.
  await eventually('each came through its binding', async () =>
    total(await metrics(), kReceived) >= received + kHeard, { seconds: 30 });
  await sender.close();
  client.end();
  assert.equal(await gateway.end('SIGTERM'), 0);
});
