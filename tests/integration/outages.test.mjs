// A server is away for a while: what is said meanwhile, and that everybody finds back by himself.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, opsUrl, query } from './support/cluster.mjs';
import { getJson } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

// What a failed test left down is none of the next one's business.
afterEach(() => cluster('up'));

const ready = (name) => getJson(opsUrl(name, 'readyz'));

async function allReady() {
  for (const name of ['gateway-1', 'gateway-2', 'worker-1', 'worker-2']) {
    await eventually(`${name} is ready`, async () => (await ready(name)).status === 200, { seconds: 30 });
  }
}

test('RabbitMQ away: not ready, sends are kept and confirmed after its return, members hear on', async () => {
  const { gateways, gatewayPids, workerPids } = clusterEnv();
  const room = freshRoom('rabbit');
  const sender = await connected(gateways[0], { login: 'sender' });
  const reader = await connected(gateways[1], { login: 'reader' });
  const [record, atSender] = [await reader.subscribe(room), await sender.subscribe(room)];
  await sendAll(sender, room, ['before']);
  await eventually('the message arrives', () => record.messages.length === 1);

  await cluster('stop', 'rabbitmq');
  for (const name of ['gateway-1', 'worker-1']) {
    const answer = await eventually(`${name} says so`, async () => {
      const found = await ready(name);
      return found.status === 503 && found;
    });
    assert.match(JSON.stringify(answer.body), /rabbitmq/);
    assert.equal((await fetch(opsUrl(name, 'healthz'))).status, 200, `${name} lives`);
  }
  const during = sender.send(room, 'during');
  await eventually('members on the same gateway hear on', () => atSender.messages.some((m) => m.body === 'during'));
  await cluster('start', 'rabbitmq');
  const seq = await during;
  await allReady();

  await sendAll(sender, room, ['after']);
  await eventually('what is sent after the outage arrives', () => record.messages.some((m) => m.body === 'after'), {
    describe: () => JSON.stringify(record.messages.map((m) => m.body)),
  });
  await eventually('what was sent in the outage is stored once', () => {
    const rows = query(`SELECT seq, convert_from(body, 'UTF8') FROM messages WHERE room = '${room}' ORDER BY seq`);
    return rows.map((row) => row[1]).join() === 'before,during,after' && Number(rows[1][0]) === seq;
  });
  assert.deepEqual(reader.closes, [], 'the sessions stayed');
  assert.deepEqual([clusterEnv().gatewayPids, clusterEnv().workerPids], [gatewayPids, workerPids], 'nobody died');
  await Promise.all([sender.close(), reader.close()]);
});

test('RabbitMQ away for longer than a sender can wait: an ERROR says why', async () => {
  const { gateways } = clusterEnv();
  const room = freshRoom('refused');
  const sender = await connected(gateways[0]);
  await cluster('stop', 'rabbitmq');
  await assert.rejects(sender.send(room, 'too late'), /Message not stored: the broker did not confirm/);
  await cluster('start', 'rabbitmq');
  await allReady();
  const again = await connected(gateways[0]);
  await again.send(room, 'in time');
  await again.close();
});

test('PostgreSQL away: history answers 503 with a problem, nothing is lost, history comes back', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('postgres');
  const client = await connected(gateways[0]);
  await client.send(room, 'before');
  await cluster('stop', 'postgres');
  await client.send(room, 'during');
  const url = `${workers[0]}/api/v1/rooms/${room}/messages`;
  const answer = await eventually('history says that it is away', async () => {
    const found = await getJson(url);
    return found.status === 503 && found;
  });
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  assert.equal((await ready('worker-1')).status, 503);
  assert.equal((await ready('gateway-1')).status, 200, 'gateways do not need it');
  await cluster('start', 'postgres');
  await allReady();
  await eventually('both messages are in history', async () => {
    const { status, body } = await getJson(url);
    return status === 200 && body.messages.map((m) => m.body).join() === 'before,during';
  });
  await client.close();
});

test('Redis away: chat goes on without order proof, and with it after its return', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('redis');
  const sender = await connected(gateways[0], { login: 'sender' });
  const reader = await connected(gateways[1], { login: 'reader' });
  const record = await reader.subscribe(room);
  const before = await sender.send(room, 'before');
  await cluster('stop', 'redis');
  await eventually('the gateway says so', async () => (await ready('gateway-1')).status === 503);
  await sender.send(room, 'during');
  await eventually('the message arrives all the same', () => record.messages.some((m) => m.body === 'during'));
  const lists = await getJson(`${workers[0]}/api/v1/rooms`);
  assert.equal(lists.status, 503);
  assert.ok(Number(lists.headers.get('retry-after')) > 0);
  const newcomer = await connected(gateways[0]);
  await assert.rejects(newcomer.subscribe(room), /Subscription failed.*Redis/is);
  await cluster('start', 'redis');
  await allReady();
  const later = await sender.send(room, 'after');
  assert.ok(later > before);
  await eventually('the message arrives', () => record.messages.some((m) => m.body === 'after'));
  await eventually('all three are stored once', () =>
    query(`SELECT convert_from(body, 'UTF8') FROM messages WHERE room = '${room}'`).map(([b]) => b).sort().join() ===
      'after,before,during');
  await Promise.all([sender.close(), reader.close()]);
});
