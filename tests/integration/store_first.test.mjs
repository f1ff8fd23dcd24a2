// Rooms whose messages nobody gets before they are stored: two gateways of their own on the cluster's servers, whose
// workers know such messages by what they carry.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, query } from './support/cluster.mjs';
import { getJson, wholeHistory } from './support/history.mjs';
import { startGateway } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

const kPatience = { seconds: 60 };
const enders = [];
let gateways;

// What a failed test left down is none of the next one's business.
afterEach(() => cluster('up'));
after(() => Promise.all(enders.map((end) => end())));

before(async () => {
  const { amqpUrl, redisUrl, workers } = clusterEnv();
  const forAll = { after: (end) => enders.push(end) };
  const servers = { STAMPEDE_AMQP_URL: amqpUrl, STAMPEDE_REDIS_URL: redisUrl };
  const flags = ['--store-first', 'ledger.*', '--store-first-timeout', '2m', '--history-url', workers[0],
    '--room-check', '1s', '--allow-anonymous', '--max-rate', '0', '--max-user-rate', '0'];
  gateways = await Promise.all([1, 2].map(() => startGateway(forAll, flags, servers)));
  for (const { ops } of gateways) {
    await eventually('a gateway is ready', async () => (await fetch(`${ops}/readyz`)).status === 200, kPatience);
  }
});

const bodies = (record) => record.messages.map((message) => message.body);
const seqs = (record) => record.messages.map((message) => message.seq);
const storedBodies = (room) =>
  query(`SELECT convert_from(body, 'UTF8') FROM messages WHERE room = '${room}' ORDER BY seq`).map(([body]) => body);

/** A member on each gateway. */
async function members(room) {
  const clients = await Promise.all(gateways.map(({ url }, i) => connected(url, { login: `member-${i}` })));
  const records = await Promise.all(clients.map((client) => client.subscribe(room)));
  return { clients, records };
}

test('what a member sees is stored at that moment, and so is what a receipt is for', async () => {
  const room = freshRoom('ledger');
  const { clients, records } = await members(room);
  let missing = 0;
  const check = (body) => {
    if (!storedBodies(room).includes(body)) missing += 1;
  };
  for (const client of clients) {
    const handle = client.stomp.subscribe(`/topic/${room}`, (message) => check(message.body), { id: 'checker' });
    assert.ok(handle);
  }
  for (let i = 0; i < 20; i += 1) {
    await clients[i % 2].send(room, `${i}`);
    assert.ok(storedBodies(room).includes(`${i}`), 'receipted after the commit');
  }
  const expected = Array.from({ length: 20 }, (_, i) => `${i}`);
  for (const record of records) {
    await eventually('both gateways have them all', () => record.messages.length === 20, kPatience);
    assert.deepEqual(bodies(record), expected);
  }
  assert.equal(missing, 0, 'seen before it was stored');
  await Promise.all(clients.map((client) => client.close()));
});

test('PostgreSQL away: nobody gets it and nobody is told that it is safe, until it is', async () => {
  const room = freshRoom('ledger');
  const other = freshRoom('other');
  const { clients, records } = await members(room);
  const live = await clients[1].subscribe(other);
  await clients[0].send(room, 'before');
  await cluster('stop', 'postgres');
  const receipts = [];
  const during = Array.from({ length: 20 }, (_, i) =>
    clients[i % 2].send(room, `during ${i}`).then((seq) => receipts.push(seq)));
  // A room that is not store-first shows that gateways and broker have had the time.
  await clients[0].send(other, 'fence');
  await eventually('other rooms go on', () => live.messages.length === 1, kPatience);
  await eventually('the first is there', () => records.every((record) => record.messages.length > 0), kPatience);
  // Longer than a gap is healed in other rooms, and than rooms are compared.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  assert.deepEqual(receipts, [], 'no receipt');
  for (const record of records) assert.deepEqual(bodies(record), ['before'], 'nobody has seen one');

  await cluster('start', 'postgres');
  await Promise.all(during);
  const stored = storedBodies(room);
  assert.equal(stored.length, 21);
  for (const record of records) {
    await eventually('all members have them all', () => record.messages.length === 21, {
      ...kPatience,
      describe: () => bodies(record).join(),
    });
    assert.deepEqual(bodies(record), stored, 'in the order of the history');
    assert.ok(record.messages.every((message) => message.headers.recovered === undefined), 'nothing was given up');
  }
  // Reading comes back by itself, a while after storing.
  const page = `${clusterEnv().workers[0]}/api/v1/rooms/${room}/messages`;
  await eventually('the history can be read again', async () => (await getJson(page)).status === 200, kPatience);
  await Promise.all(clients.map((client) => client.close()));
});

test('many senders and a worker killed in between: everyone has the same order, nothing twice', async () => {
  const room = freshRoom('ledger');
  const { clients, records } = await members(room);
  const senders = await Promise.all(Array.from({ length: 6 }, (_, i) =>
    connected(gateways[i % 2].url, { login: `sender-${i}` })));
  const kEach = 300;
  const sending = senders.map((client, s) =>
    sendAll(client, room, Array.from({ length: kEach }, (_, i) => `${s}/${i}`), 50));
  await eventually('messages flow', () => records[0].messages.length > 200, kPatience);
  await cluster('kill', 'worker-2');
  const positions = (await Promise.all(sending)).flat();
  const total = senders.length * kEach;
  for (const record of records) {
    await eventually('each member has them all', () => record.messages.length >= total, {
      ...kPatience,
      describe: () => `${record.messages.length}`,
    });
  }
  assert.deepEqual(bodies(records[0]), bodies(records[1]));
  assert.deepEqual(bodies(records[0]), storedBodies(room), 'and the history the same');
  assert.deepEqual(seqs(records[0]), [...positions].sort((a, b) => a - b), 'where the receipts said');
  for (const s of senders.keys()) {
    const own = bodies(records[0]).filter((body) => body.startsWith(`${s}/`));
    assert.equal(own.length, kEach);
  }
  await Promise.all([...clients, ...senders].map((client) => client.close()));
});

test('since and history replay what is stored, then go on live', async () => {
  const room = freshRoom('ledger');
  const writer = await connected(gateways[0].url);
  const positions = await sendAll(writer, room, ['a', 'b', 'c', 'd'], 1);
  const reader = await connected(gateways[1].url);
  const since = await reader.subscribe(room, { since: `${positions[1]}` });
  assert.deepEqual(bodies(since), ['c', 'd']);
  assert.equal(since.headers.recovered, 'true');
  const last = await reader.subscribe(room, { history: '3' });
  assert.deepEqual(bodies(last), ['b', 'c', 'd']);
  await writer.send(room, 'e');
  for (const record of [since, last]) {
    await eventually('it is live', () => bodies(record).includes('e'), kPatience);
    assert.equal(record.messages.at(-1).headers.replay, undefined);
  }
  const { workers } = clusterEnv();
  assert.deepEqual((await wholeHistory(workers[0], room)).map((message) => message.body), ['a', 'b', 'c', 'd', 'e']);
  await Promise.all([writer.close(), reader.close()]);
});

test('sent again under its message-key: the same receipt, once in the room', async () => {
  const room = freshRoom('ledger');
  const { clients, records } = await members(room);
  const first = await clients[0].send(room, 'order 7', { 'message-key': 'k7' });
  const again = await clients[1].send(room, 'order 7', { 'message-key': 'k7' }).catch((error) => error);
  // A key belongs to one user: the second member is another one.
  assert.notEqual(again, first);
  assert.equal(await clients[0].send(room, 'order 7', { 'message-key': 'k7' }), first);
  await clients[0].send(room, 'fence');
  for (const record of records) {
    await eventually('the fence is there', () => bodies(record).includes('fence'), kPatience);
    assert.deepEqual(bodies(record), ['order 7', 'order 7', 'fence']);
  }
  await Promise.all(clients.map((client) => client.close()));
});

test('embedded: stored before it is seen, too', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-store-first-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const gateway = await startGateway(t, ['--store-first', 'ledger.*', '--data-dir', dir]);
  const room = freshRoom('ledger');
  const client = await connected(gateway.url);
  const record = await client.subscribe(room);
  const seq = await client.send(room, 'once');
  await eventually('it comes', () => record.messages.length === 1, kPatience);
  assert.equal(record.messages[0].seq, seq);
  const { body } = await getJson(`${gateway.url}/api/v1/rooms/${room}/messages`);
  assert.deepEqual(body.messages.map((message) => message.body), ['once']);
  await client.close();
});
