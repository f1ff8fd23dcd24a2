// Bodies of 16 MiB, when they are configured: through both doors, embedded and over the cluster, and in the history.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connected } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { historyAfter, wholeHistory } from './support/history.mjs';
import { startGateway } from './support/program.mjs';
import { overTcp, overWebSocket } from './support/raw_stomp.mjs';
import { eventually } from './support/wait.mjs';

const kMiB = 1024 * 1024;
// What never comes must not hold up the other tests.
const patient = { timeout: 180_000 };
const flags = ['--max-body', '16MiB', '--outbox-bytes', '64MiB', '--stomp-tcp', '127.0.0.1:0'];

async function start(t, more, env) {
  const gateway = await startGateway(t, [...flags, ...more], env);
  const [, port] = await eventually('it says its TCP port', () => /tcp_port=(\d+)/.exec(gateway.log()));
  await eventually('it is ready', async () => (await fetch(`${gateway.ops}/readyz`)).status === 200);
  return { ...gateway, tcp: { host: '127.0.0.1', port: Number(port) } };
}

/** A raw session that has subscribed to the room. */
async function member(opening, room) {
  const client = await (await opening).connect();
  client.write('SUBSCRIBE', { id: '0', destination: `/topic/${room}`, receipt: 's' });
  assert.equal((await client.next()).headers['receipt-id'], 's');
  return client;
}

const webSocket = (gateway) => `${gateway.url.replace(/^http/, 'ws')}/ws`;

/** Text and bytes of 16 MiB go from each door of `here` to both doors of `there` and come back the same. */
async function exchange(here, there, room) {
  const bodies = [randomBytes(16 * kMiB), Buffer.from('grüße '.repeat(2 * kMiB))]; // eight bytes each
  const receivers = [
    await member(overTcp(there.tcp, '1.2'), room),
    await member(overWebSocket(webSocket(there), '1.2'), room),
  ];
  const senders = [
    await (await overTcp(here.tcp, '1.2')).connect(),
    await (await overWebSocket(webSocket(here), '1.2', 64 * 1024)).connect(),
  ];
  for (const [i, sender] of senders.entries()) {
    sender.write('SEND', { destination: `/topic/${room}`, receipt: `r${i}` }, bodies[i]);
    const receipt = await sender.next();
    // An ERROR has the receipt's id, too.
    assert.equal(receipt.command, 'RECEIPT', `${receipt.body}`);
    assert.equal(receipt.headers['receipt-id'], `r${i}`);
    for (const receiver of receivers) {
      const message = await receiver.next();
      assert.equal(message.command, 'MESSAGE', message.body.toString().slice(0, 200));
      assert.ok(message.body.equals(bodies[i]), `body ${i} came back as it was sent`);
    }
  }
  for (const client of [...senders, ...receivers]) client.end();
}

test('embedded: 16 MiB through both doors, and into the history', patient, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-large-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const gateway = await start(t, ['--data-dir', dir]);
  const room = freshRoom('large');
  await exchange(gateway, gateway, room);
  const history = await wholeHistory(gateway.url, room);
  assert.equal(history.length, 2);
});

test('cluster: 16 MiB from gateway to gateway, and into the history', patient, async (t) => {
  const { amqpUrl, redisUrl, workers } = clusterEnv();
  const env = { STAMPEDE_AMQP_URL: amqpUrl, STAMPEDE_REDIS_URL: redisUrl };
  const [here, there] = await Promise.all([start(t, [], env), start(t, [], env)]);
  const room = freshRoom('large');
  await exchange(here, there, room);
  const history = await eventually('both are stored', async () => {
    const found = await wholeHistory(workers[0], room);
    return found.length === 2 && found;
  }, { seconds: 60 });
  // Each is a page of its own, in both directions.
  assert.deepEqual((await historyAfter(workers[0], room, 0)).map((m) => m.seq), history.map((m) => m.seq));
});

test('store-first: 16 MiB are receipted when they are stored, and reach the others', patient, async (t) => {
  const { amqpUrl, redisUrl, workers } = clusterEnv();
  const env = { STAMPEDE_AMQP_URL: amqpUrl, STAMPEDE_REDIS_URL: redisUrl };
  const storeFirst = ['--store-first', 'ledger.*', '--history-url', workers[0]];
  const [here, there] = await Promise.all([start(t, storeFirst, env), start(t, storeFirst, env)]);
  await exchange(here, there, freshRoom('ledger'));
});

test('one byte more is refused with the limit', patient, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-large-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const gateway = await start(t, ['--data-dir', dir]);
  const client = await connected(gateway.url);
  await assert.rejects(client.send(freshRoom('large'), 'x'.repeat(16 * kMiB + 1)), /16777216|16 ?MiB/);
});
