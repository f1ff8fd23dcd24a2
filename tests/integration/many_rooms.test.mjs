// 100,000 rooms with one member each on one gateway: few bindings at the broker, and everything else as ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, sendAll, webSocketUrl } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom } from './support/cluster.mjs';
import { memberNames } from './support/history.mjs';
import { scrape, total } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { joined } from './support/raw_stomp.mjs';
import { eventually } from './support/wait.mjs';

const kSessions = 20;
const kRoomsEach = 5000;
const kRooms = kSessions * kRoomsEach;
const kPartitions = 256;
const kMostBindings = kPartitions * 32 + kPartitions;
const kMostMemory = 640 * 2 ** 20; // it once took 840 MiB, and gigabytes where the servers were slow

const kBindings = 'stampede_rabbitmq_bindings';
const kPartitionsBound = 'stampede_gateway_bound_partitions';
const kRoomsBound = 'stampede_gateway_bound_rooms';
const kElsewhere = 'stampede_gateway_bus_unwanted_total{room="elsewhere"}';

/** Patterns of rooms bound to the queue that has most of them, as the broker tells it. */
async function boundAtBroker() {
  const listed = await cluster('rabbitmqctl', '-q', 'list_bindings', '--no-table-headers', 'source_name',
    'destination_name', 'routing_key');
  const queues = new Map();
  for (const line of listed.split('\n')) {
    const [source, queue, pattern] = line.split('\t');
    // What a gateway hears besides rooms: what is for itself, and for all.
    if (source !== 'stampede.rooms' || pattern.startsWith('gateway')) continue;
    queues.set(queue, [...(queues.get(queue) ?? []), pattern]);
  }
  return [...queues.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

/** Looks at the metric five times a second; `stop` resolves to the largest value seen. */
function watchHighest(t, url, metric) {
  let largest = 0;
  let problem;
  const look = async () => {
    try {
      largest = Math.max(largest, total(await scrape(url), metric) ?? 0);
    } catch (error) {
      problem = error;
    }
  };
  const timer = setInterval(look, 200);
  t.after(() => clearInterval(timer));
  return {
    stop: async () => {
      clearInterval(timer);
      await look();
      if (problem) throw problem;
      return largest;
    },
  };
}

test('100,000 rooms on one gateway: bindings stay bounded, messages for rooms elsewhere are counted', async (t) => {
  const env = clusterEnv();
  const gateway = await startGateway(t, ['--max-subscriptions', `${kRoomsEach}`, '--allow-anonymous',
    '--bind-timeout', '60s', '--drain-timeout', '60s', '--max-rate', '0', '--max-user-rate', '0'],
  { STAMPEDE_AMQP_URL: env.amqpUrl, STAMPEDE_REDIS_URL: env.redisUrl });
  const metrics = () => scrape(`${gateway.ops}/metrics`);
  await eventually('the gateway is ready', async () => (await fetch(`${gateway.ops}/readyz`)).status === 200);

  const prefix = freshRoom('many');
  const room = (session, i) => `${prefix}.${session}.${i}`;
  const bindings = watchHighest(t, `${gateway.ops}/metrics`, kBindings);
  const started = Date.now();
  const members = await Promise.all(Array.from({ length: kSessions }, (_, session) =>
    joined(webSocketUrl(gateway.url), Array.from({ length: kRoomsEach }, (__, i) => room(session, i)))));
  t.diagnostic(`${kRooms} rooms joined in ${Date.now() - started} ms`);

  await eventually('single rooms are unbound', async () => total(await metrics(), kBindings) === kPartitions,
    { seconds: 60 });
  const most = await bindings.stop();
  t.diagnostic(`at most ${most} bindings on the way`);
  assert.ok(most <= kMostBindings, `${most} bindings at once`);
  assert.equal(total(await metrics(), kRoomsBound), kRooms);
  assert.equal(total(await metrics(), kPartitionsBound), kPartitions);
  // Sanitizers need memory of their own.
  if (!['asan', 'tsan'].includes(process.env.STAMPEDE_PRESET)) {
    const memory = total(await metrics(), 'process_resident_memory_bytes');
    t.diagnostic(`${Math.round(memory / 2 ** 20)} MiB`);
    assert.ok(memory < kMostMemory, `${memory} bytes of memory`);
  }
  const patterns = await eventually('the broker has only these bindings', async () => {
    const found = await boundAtBroker();
    return found.length === kPartitions && found;
  }, { seconds: 60 });
  assert.ok(patterns.every((pattern) => /^\d{3}\.#$/.test(pattern)), patterns.slice(0, 5).join());

  await t.test('every room is heard, once', async () => {
    const sender = await connected(env.gateways[0]);
    const bodies = members.map((_, session) => room(session, (session * 251) % kRoomsEach));
    await Promise.all(bodies.map((name) => sender.send(name, name)));
    for (const [session, client] of members.entries()) {
      const frame = await client.next();
      assert.equal(frame.command, 'MESSAGE');
      assert.equal(frame.headers.destination, `/topic/${bodies[session]}`);
      assert.equal(`${frame.body}`, bodies[session]);
    }
    await sender.close();
  });

  await t.test('what is for rooms elsewhere is dropped and counted', async () => {
    const elsewhere = freshRoom('elsewhere');
    const sender = await connected(env.gateways[0]);
    const reader = await connected(env.gateways[1]);
    const record = await reader.subscribe(elsewhere);
    const before = (await metrics()).get(kElsewhere) ?? 0;
    await sendAll(sender, elsewhere, Array.from({ length: 200 }, (_, i) => `${i}`));
    await eventually('the member has them', () => record.messages.length === 200, { seconds: 60 });
    await eventually('each is counted', async () => (await metrics()).get(kElsewhere) === before + 200, { seconds: 60 });
    assert.ok(members.every((client) => client.frames.length === 0), 'nobody here got one, or one twice');
    await Promise.all([sender.close(), reader.close()]);
  });

  for (const client of members) client.end();
  assert.equal(await gateway.end('SIGTERM'), 0);
  await eventually('the rooms are empty after the grace', async () =>
    (await memberNames(env.workers[0], room(0, 0))).length === 0, { seconds: 60 });
});
