// Three gateways, many clients that lose their connections all the time, and a record of everything: the
// checker decides from it whether each message came once, in order, to everyone. The second run loses 5 % of
// the live deliveries on the way from the broker to the gateways, in the third a gateway is killed.
//
// STAMPEDE_ORDER=full takes 50 rooms, 300 clients and 100,000 messages a run; STAMPEDE_ORDER_SEED repeats a
// run's chances; STAMPEDE_ORDER_RECORD=DIR keeps the records as JSON lines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFrom, startDropProxy } from './support/amqp_drops.mjs';
import { clusterEnv, freshRoom, query } from './support/cluster.mjs';
import { scrape, total } from './support/metrics.mjs';
import { checkOrder } from './support/order_checker.mjs';
import { Crowd } from './support/order_crowd.mjs';
import { startGateway } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

const kSizes = {
  reduced: { rooms: 10, clients: 40, messages: 4000, rate: 600, seconds: 120 },
  full: { rooms: 50, clients: 300, messages: 100000, rate: 2500, seconds: 900 },
};
const kGateways = 3;
const kLoss = 0.05;
const kCounted = {
  bypassed: 'stampede_gateway_bypassed_total',
  held: 'stampede_gateway_held_total',
  'healed from the recent list': 'stampede_gateway_healed_total{source="recent"}',
  'healed from the history': 'stampede_gateway_healed_total{source="history"}',
  'replayed from the ring': 'stampede_gateway_replayed_total{source="ring"}',
  'replayed from the recent list': 'stampede_gateway_replayed_total{source="recent"}',
  'replayed from the history': 'stampede_gateway_replayed_total{source="history"}',
  'sent again': 'stampede_gateway_repeated_total',
  'passed over': 'stampede_gateway_unhealed_total',
};

const size = kSizes[process.env.STAMPEDE_ORDER ?? 'reduced'];
if (!size) throw new Error(`STAMPEDE_ORDER is one of ${Object.keys(kSizes).join(', ')}`);

/** gateway -> what it has counted; what a dead one had counted is gone. */
async function counted(gateways) {
  const alive = gateways.filter((gateway) => gateway.alive());
  const all = await Promise.all(alive.map((gateway) => scrape(`${gateway.ops}/metrics`)));
  const counts = (samples) => Object.entries(kCounted).map(([what, name]) => [what, total(samples, name) ?? 0]);
  return new Map(alive.map((gateway, i) => [gateway, Object.fromEntries(counts(all[i]))]));
}

/** What all that are in `after` have counted since `before`. */
function countedBetween(before, after) {
  const sum = (what) => [...after].reduce((all, [gateway, counts]) => all + counts[what] - before.get(gateway)[what], 0);
  return Object.fromEntries(Object.keys(kCounted).map((what) => [what, sum(what)]));
}

function storedRows(rooms) {
  const names = rooms.map((room) => `'${room}'`).join();
  return query(`SELECT room, seq, convert_from(body, 'UTF8') FROM messages WHERE room IN (${names}) ORDER BY room, seq`)
    .map(([room, seq, body]) => ({ room, seq: Number(seq), body }));
}

/** One run; gives what gateways counted meanwhile. `halfway` is called when half of the messages are sent. */
async function runCrowd(t, gateways, seed, name, halfway = () => {}) {
  const rooms = Array.from({ length: size.rooms }, () => freshRoom('order'));
  const crowd = new Crowd({ ...size, rooms, gateways: gateways.map(({ url }) => url), random: randomFrom(seed), run: name });
  t.after(() => crowd.leave());
  const before = await counted(gateways);
  const took = await crowd.talk(size.seconds, halfway);
  const sent = crowd.clients.reduce((sum, client) => sum + client.messages, 0);
  const rows = await eventually('all is stored', () => {
    const found = storedRows(rooms);
    return found.length >= sent && found;
  }, { seconds: 60 });
  await crowd.catchUp(new Map(rows.map(({ room, seq }) => [room, seq])), 30);
  crowd.leave();
  if (process.env.STAMPEDE_ORDER_RECORD) crowd.write(`${process.env.STAMPEDE_ORDER_RECORD}/${name}.jsonl`);

  const { violations, counts } = checkOrder(crowd.events, rows);
  const meanwhile = countedBetween(before, await counted(gateways));
  t.diagnostic(`${took.toFixed(1)} s, ${crowd.reconnects} reconnects, ${JSON.stringify(counts)}`);
  t.diagnostic(JSON.stringify(meanwhile));
  const most = violations.slice(0, 20).map(({ rule, text }) => `${rule} ${text}`).join('\n');
  assert.equal(violations.length, 0, `${violations.length} violations:\n${most}`);
  assert.equal(counts.told, 0, 'nobody was told that something is missing');
  assert.equal(counts.sent, sent);
  return meanwhile;
}

test('everyone gets every message once and in order', async (t) => {
  const seed = Number(process.env.STAMPEDE_ORDER_SEED ?? Math.floor(Math.random() * 2 ** 32));
  t.diagnostic(`STAMPEDE_ORDER_SEED=${seed}`);
  const env = clusterEnv();
  const proxy = await startDropProxy(t, env.amqpUrl, seed);
  // A single shard has its servers on its own loop, several have them on another.
  const gateways = await Promise.all(Array.from({ length: kGateways }, (_, i) =>
    startGateway(t, ['--allow-anonymous', '--history-url', env.url, '--shards', `${1 + (i % 2)}`],
      { STAMPEDE_AMQP_URL: proxy.url, STAMPEDE_REDIS_URL: env.redisUrl })));
  for (const { ops } of gateways) {
    await eventually('a gateway is ready', async () => (await fetch(`${ops}/readyz`)).status === 200);
  }

  await t.test('with reconnects every few seconds', (tt) => runCrowd(tt, gateways, seed, 'whole'));

  await t.test('and with 5 % of the live deliveries lost', async (tt) => {
    const lostBefore = proxy.dropped;
    proxy.rate = kLoss;
    const meanwhile = await runCrowd(tt, gateways, seed + 1, 'lossy');
    proxy.rate = 0;
    const lost = proxy.dropped - lostBefore;
    tt.diagnostic(`${lost} of ${proxy.seen} live deliveries were lost`);
    assert.ok(lost > size.messages / 100, 'the proxy dropped what it should');
    assert.ok(meanwhile['healed from the recent list'] + meanwhile['healed from the history'] > 0, 'and that was healed');
  });

  await t.test('and with a gateway killed', async (tt) => {
    await runCrowd(tt, gateways, seed + 2, 'killed', () => gateways[0].signal('SIGKILL'));
    assert.ok(!gateways[0].alive());
  });

  await t.test('and those that are left end in good order', async () => {
    const ended = await Promise.all(gateways.slice(1).map((gateway) => gateway.end('SIGTERM')));
    assert.deepEqual(ended, ended.map(() => 0), gateways.map(({ log }) => log().slice(-2000)).join('\n'));
    for (const { log } of gateways) assert.doesNotMatch(log(), /could not finish in time/);
  });
});
