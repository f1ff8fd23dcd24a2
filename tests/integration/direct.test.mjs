// Messages to a user, whose sessions are on both gateways.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { connected } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, opsUrl, query } from './support/cluster.mjs';
import { getJson } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

// What a failed test left down is none of the next one's business.
afterEach(() => cluster('up'));

const kQueue = '/user/queue/notes';
const queueOf = (user) => `/user/${encodeURIComponent(user)}/queue/notes`;
const bodies = (record) => record.messages.map((message) => message.body);

/** A user that nobody else is. */
const freshUser = (name) => freshRoom(name);

async function session(gateway, login) {
  const client = await connected(gateway, { login });
  return { client, record: await client.subscribeTo(kQueue) };
}

test('all sessions of a user on both gateways get each message once, and nobody else does', async () => {
  const { gateways } = clusterEnv();
  const ann = `${freshUser('ann')} / 100% Jörg`; // as awkward as a name may be
  const at = await Promise.all([gateways[0], gateways[0], gateways[1], gateways[1]].map((url) => session(url, ann)));
  const other = await session(gateways[1], freshUser('bob'));
  const elsewhere = await other.client.subscribeTo('/user/queue/calls');
  const sender = await connected(gateways[0], { login: 'sender' });

  const expected = [];
  for (let i = 0; i < 200; i += 1) expected.push(`note ${i}`);
  const receipts = await Promise.all(expected.map((body) => sender.sendTo(queueOf(ann), body, { 'x-mood': 'fine' })));
  assert.ok(receipts.every((receipt) => receipt.sessions === '4'), JSON.stringify(receipts[0]));
  for (const { record } of at) {
    await eventually('each has them all', () => record.messages.length >= expected.length);
    assert.deepEqual(bodies(record), expected, 'once, in the order sent');
    const [{ headers }] = record.messages;
    assert.equal(headers.destination, kQueue);
    assert.equal(headers.sender, 'sender');
    assert.equal(headers['x-mood'], 'fine');
    assert.ok(Number(headers.timestamp) > 0);
    assert.equal(headers.seq, undefined);
  }
  // What is sent later has come to the others, so what came before would have.
  await sender.sendTo(queueOf(other.client.user), 'for bob');
  await eventually('the other user gets its own', () => other.record.messages.length > 0);
  assert.deepEqual(bodies(other.record), ['for bob']);
  assert.deepEqual(elsewhere.messages, [], 'another queue');
  assert.equal(query("SELECT count(*) FROM messages WHERE room = 'notes'")[0][0], '0', 'nothing is stored');

  await at[0].client.close();
  at[1].record.subscription.unsubscribe();
  await eventually('who has left is not counted', async () =>
    (await sender.sendTo(queueOf(ann), 'fewer')).sessions === '2');
  await Promise.all([...at.slice(1).map(({ client }) => client.close()), other.client.close(), sender.close()]);
});

test('a user who is not there: the receipt says so', async () => {
  const sender = await connected(clusterEnv().gateways[0]);
  const receipt = await sender.sendTo(queueOf(freshUser('nobody')), 'is anybody there?');
  assert.equal(receipt.sessions, '0');
  await sender.close();
});

test('the sessions of a killed gateway are not counted when its lease is over', async () => {
  const { gateways } = clusterEnv();
  const ann = freshUser('ann');
  const stays = await session(gateways[0], ann);
  await session(gateways[1], ann);
  const sender = await connected(gateways[0], { login: 'sender' });
  assert.equal((await sender.sendTo(queueOf(ann), 'to both')).sessions, '2');
  await cluster('kill', 'gateway-2');
  await eventually('one is left', async () => (await sender.sendTo(queueOf(ann), 'again')).sessions === '1', {
    seconds: 40,
  });
  assert.ok(bodies(stays.record).includes('to both'));
  await Promise.all([stays.client.close(), sender.close()]);
});

test('Redis away: messages go to every gateway, and sessions are found again afterwards', async () => {
  const { gateways } = clusterEnv();
  const ann = freshUser('ann');
  const [here, there] = await Promise.all(gateways.map((url) => session(url, ann)));
  const other = await session(gateways[1], freshUser('bob'));
  const sender = await connected(gateways[0], { login: 'sender' });
  const ready = (name) => getJson(opsUrl(name, 'readyz'));

  await cluster('stop', 'redis');
  await eventually('the gateway knows', async () => (await ready('gateway-1')).status === 503);
  const receipt = await sender.sendTo(queueOf(ann), 'in the outage');
  assert.equal(receipt.sessions, undefined, 'nobody knows how many');
  for (const { record } of [here, there]) {
    await eventually('it comes all the same', () => bodies(record).includes('in the outage'));
  }
  await cluster('start', 'redis');
  await eventually('both are found again', async () => (await sender.sendTo(queueOf(ann), 'back')).sessions === '2', {
    seconds: 40,
  });
  for (const { record } of [here, there]) {
    await eventually('and get it', () => bodies(record).includes('back'));
    assert.equal(bodies(record).filter((body) => body === 'in the outage').length, 1, 'once');
  }
  assert.deepEqual(other.record.messages, [], 'nobody else got one');
  await Promise.all([here, there, other].map(({ client }) => client.close()));
  await sender.close();
});

test('wrong destinations are told what is supported', async () => {
  const { gateways } = clusterEnv();
  const refusal = async (act) => {
    const client = await connected(gateways[0]);
    await assert.rejects(act(client));
    return client.errors[0];
  };
  const unknown = await refusal((client) => client.sendTo('/queue/a', 'hi'));
  assert.equal(unknown.message, 'Unknown destination');
  assert.match(unknown.body, /supported: \/topic\/<room>, \/user\/<user>\/queue\/<name>/);
  const nobody = await refusal((client) => client.sendTo('/user/queue/notes', 'hi'));
  assert.equal(nobody.message, 'Invalid destination');
  assert.match(nobody.body, /a SEND names the user/);
  const foreign = await refusal((client) => client.subscribeTo('/user/bob/queue/notes'));
  assert.equal(foreign.message, 'Invalid destination');
  assert.match(foreign.body, /queues of its own/);
  const history = await refusal((client) => client.subscribeTo(kQueue, { history: '3' }));
  assert.equal(history.message, 'Invalid header');
});
