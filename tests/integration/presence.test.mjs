// Who is in a room, told to those who ask: over two gateways, through reloads, a killed and a stopped gateway,
// large rooms, full rooms. And what is said without being kept.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, test } from 'node:test';
import { connected } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom } from './support/cluster.mjs';
import { getJson, memberNames, wholeHistory } from './support/history.mjs';
import { startGateway } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

const kGrace = 2000;
const kLeaseSeconds = 15;

// What a failed test left down is none of the next one's business.
afterEach(() => cluster('up'));

/** Two gateways of their own on the cluster's servers. */
async function twoGateways(t, flags = []) {
  const { amqpUrl, redisUrl } = clusterEnv();
  const env = { STAMPEDE_AMQP_URL: amqpUrl, STAMPEDE_REDIS_URL: redisUrl };
  const all = ['--presence-grace', `${kGrace}ms`, ...flags];
  return Promise.all([startGateway(t, all, env), startGateway(t, all, env)]);
}

/** Subscribes with presence and keeps the list as a client would: {users, count, events, messages}. */
async function watching(client, room, headers = {}) {
  const view = { users: new Set(), count: 0, listed: true, events: [] };
  const record = await client.subscribe(room, { ...headers, presence: 'true' });
  view.messages = record.messages;
  view.told = () => {
    const { users, events } = view;
    users.clear();
    events.length = 0;
    for (const { headers: said, body } of record.messages) {
      if (!said.event) continue;
      events.push([said.event, said.user, said.members].filter(Boolean).join(' '));
      view.count = Number(said.members);
      if (said.event === 'members') {
        users.clear();
        const list = JSON.parse(body);
        assert.equal(list.members, view.count);
        view.listed = 'users' in list;
        for (const { user } of list.users ?? []) users.add(user);
      }
      if (said.event === 'join') users.add(said.user);
      if (said.event === 'leave') users.delete(said.user);
    }
    return view;
  };
  view.sees = (names) =>
    eventually(`${client.user} sees ${names}`, () => [...view.told().users].sort().join() === names, {
      describe: () => view.told().events.join('; '),
    });
  return view;
}

/** Drops the connection without a word. */
function cut(client) {
  return client.stomp.deactivate({ force: true });
}

function redisKeys(pattern) {
  const { hostname, port, password } = new URL(clusterEnv().redisUrl);
  const text = execFileSync('redis-cli', ['-h', hostname, '-p', port, '--scan', '--pattern', pattern], {
    encoding: 'utf8',
    env: { ...process.env, REDISCLI_AUTH: decodeURIComponent(password) },
  });
  return text.split('\n').filter(Boolean);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('joins and leaves are told on every gateway, a reload is neither', async (t) => {
  const [here, there] = await twoGateways(t);
  const room = freshRoom('presence');
  const ann = await connected(here.url, { login: 'ann' });
  const annSees = await watching(ann, room);
  const first = annSees.messages[0];
  assert.equal(first.headers.event, 'members');
  assert.deepEqual(JSON.parse(first.body).users.map(({ user, sessions }) => ({ user, sessions })), [
    { user: 'ann', sessions: 1 },
  ]);
  const bob = await connected(there.url, { login: 'bob' });
  const bobSees = await watching(bob, room);
  await bobSees.sees('ann,bob');
  await annSees.sees('ann,bob');

  // Three reloads: on the same gateway, on the other one, and back.
  let eve = await connected(there.url, { login: 'eve' });
  await eve.subscribe(room);
  await annSees.sees('ann,bob,eve');
  for (const gateway of [there, here, there]) {
    await cut(eve);
    eve = await connected(gateway.url, { login: 'eve' });
    await eve.subscribe(room);
  }
  await sleep(2 * kGrace);
  assert.deepEqual(annSees.told().events.filter((event) => event.includes('eve')), ['join eve 3'],
    annSees.told().events.join('; '));

  const { workers } = clusterEnv();
  const { body } = await getJson(`${workers[0]}/api/v1/rooms/${room}`);
  assert.equal(body.members, 3);
  assert.equal(body.sessions, 3);

  await cut(eve);
  await annSees.sees('ann,bob');
  await bobSees.sees('ann,bob');
  await bob.close();
  await annSees.sees('ann');
  assert.equal(annSees.told().count, 1);
  await ann.close();
});

test('a room vanishes with its last member, and its keys with it', async (t) => {
  const [here] = await twoGateways(t);
  const room = freshRoom('vanish');
  const ann = await connected(here.url, { login: 'ann' });
  await ann.subscribe(room);
  assert.ok(redisKeys(`stampede:{${room}}:*`).length > 0);
  await cut(ann);
  assert.ok(redisKeys(`stampede:{${room}}:u`).length > 0, 'the grace');
  // What is remembered of it for some minutes is only where it ended.
  await eventually('the keys are gone', () =>
    redisKeys(`stampede:{${room}}:*`).every((key) => key.endsWith(':s') || key.endsWith(':r')));
});

test('the members list is right within 15 s after a gateway was killed', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('killed');
  const stays = await connected(gateways[1], { login: 'stays' });
  const sees = await watching(stays, room);
  const dies = await connected(gateways[0], { login: 'dies' });
  await dies.subscribe(room);
  await sees.sees('dies,stays');
  const killed = Date.now();
  await cluster('kill', 'gateway-1');
  await eventually('the leave is told', () => sees.told().events.includes('leave dies 1'), { seconds: 60 });
  const took = (Date.now() - killed) / 1000;
  console.log(`the leave was told ${took.toFixed(1)} s after the gateway was killed`);
  assert.equal((await memberNames(workers[0], room)).join(), 'stays');
  assert.ok(took <= kLeaseSeconds, `${took} s`);
  await stays.close();
});

test('who is sent away by a stopping gateway and comes back has not left', async (t) => {
  const [here, there] = await twoGateways(t);
  const room = freshRoom('rolling');
  const ann = await connected(here.url, { login: 'ann' });
  const annSees = await watching(ann, room);
  let bob = await connected(there.url, { login: 'bob' });
  const eve = await connected(there.url, { login: 'eve' });
  await Promise.all([bob.subscribe(room), eve.subscribe(room)]);
  await annSees.sees('ann,bob,eve');
  await there.end('SIGTERM');
  bob = await connected(here.url, { login: 'bob' });
  await bob.subscribe(room);
  await eventually('who does not come back leaves', () => annSees.told().events.includes('leave eve 2'), {
    seconds: 40,
    describe: () => annSees.told().events.join('; '),
  });
  assert.deepEqual(annSees.told().events.filter((event) => event.includes('bob')).length, 1,
    annSees.told().events.join('; '));
  await Promise.all([ann.close(), bob.close()]);
});

test('large rooms are counted, small ones are listed again', async (t) => {
  const [here, there] = await twoGateways(t, ['--presence-events', '5']);
  const room = freshRoom('crowd');
  const ann = await connected(here.url, { login: 'ann' });
  const sees = await watching(ann, room);
  const crowd = await Promise.all(
    Array.from({ length: 30 }, (_, i) => connected(i % 2 ? here.url : there.url, { login: `user-${i}` })),
  );
  const from = Date.now();
  await Promise.all(crowd.map((client) => client.subscribe(room)));
  await eventually('all are counted', () => sees.told().count === 31);
  const seconds = Math.ceil((Date.now() - from) / 1000);
  const counts = sees.events.filter((event) => event.startsWith('count'));
  assert.ok(counts.length >= 1 && counts.length <= seconds + 1, `${counts} in ${seconds} s`);
  const late = await connected(there.url, { login: 'late' });
  const lateSees = await watching(late, room);
  assert.equal(lateSees.told().count, 32);
  assert.equal(lateSees.listed, false);
  await Promise.all(crowd.slice(3).map((client) => client.close()));
  await sees.sees('ann,late,user-0,user-1,user-2');
  await lateSees.sees('ann,late,user-0,user-1,user-2');
  await Promise.all([ann, late, ...crowd.slice(0, 3)].map((client) => client.close()));
});

test('users who come at once through two gateways do not overfill a room', async (t) => {
  const [here, there] = await twoGateways(t, ['--room-capacity', 'full.*=7']);
  const room = freshRoom('full');
  const clients = await Promise.all(
    Array.from({ length: 40 }, (_, i) => connected(i % 2 ? here.url : there.url, { login: `user-${i}` })),
  );
  const outcomes = await Promise.all(clients.map((client) =>
    client.subscribe(room).then(() => client, () => null)));
  const within = outcomes.filter(Boolean);
  assert.equal(within.length, 7);
  const { workers } = clusterEnv();
  assert.equal((await memberNames(workers[0], room)).length, 7);
  const refused = clients.find((client) => !within.includes(client));
  assert.equal(refused.errors[0].message, 'Room full');
  assert.match(refused.errors[0].body, new RegExp(`room '${room}' holds 7 users`));
  await eventually('the connection ends with a code of its own', () => refused.closes[0]?.code === 4005);
  const again = await connected(here.url, { login: within[0].user });
  await again.subscribe(room); // with another session
  await within[1].close();
  const next = await connected(there.url, { login: 'next' });
  await eventually('there is room again', async () => (await memberNames(workers[0], room)).length === 6);
  await next.subscribe(room);
  await Promise.all([again, next, ...within].map((client) => client.close()));
});

test('what is ephemeral reaches every gateway and is kept nowhere', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('typing');
  const ann = await connected(gateways[0], { login: 'ann' });
  const bob = await connected(gateways[1], { login: 'bob' });
  const [heardByAnn, heardByBob] = await Promise.all([ann.subscribe(room), bob.subscribe(room)]);
  const seq = await ann.send(room, '', { persistent: 'false', typing: 'true' });
  assert.ok(Number.isNaN(seq), 'its RECEIPT has no position');
  for (const heard of [heardByAnn, heardByBob]) {
    const [message] = await eventually('it is heard', () => heard.messages.length === 1 && heard.messages);
    assert.equal(message.headers.typing, 'true');
    assert.equal(message.headers.persistent, 'false');
    assert.equal(message.headers.seq, undefined);
    assert.equal(message.sender, 'ann');
  }
  const kept = await ann.send(room, 'kept');
  const late = await connected(gateways[1], { login: 'late' });
  const replayed = await late.subscribe(room, { since: '0' });
  assert.deepEqual(replayed.messages.map((message) => message.seq), [kept]);
  const history = await eventually('what is kept is stored', async () => {
    const found = await wholeHistory(workers[0], room);
    return found.length > 0 && found;
  });
  assert.deepEqual(history.map((message) => message.seq), [kept]);
  await Promise.all([ann.close(), bob.close(), late.close()]);
});
