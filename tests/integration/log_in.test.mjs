// Who may come in and what they may do: two gateways and a worker of their own on the cluster's servers, with a users
// file, tokens and an administrator.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ChatClient, connected, sendAll } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { credentials, hashOf, jtiOf } from './support/credentials.mjs';
import { scrape, total } from './support/metrics.mjs';
import { startGateway, startWorker } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

const ends = [];
const forAll = { after: (end) => ends.push(end) };
const everything = '*=read,send,presence';
// Revocations are the cluster's and stay: every run has users of its own.
const run = Date.now().toString(36);
const named = (name) => `${name}-${run}`;
const [ann, bob, eve] = ['ann', 'bob', 'eve'].map(named);

let files;
let gateways;
let worker;
let hash;
const line = (user, rights) => `${user}:${hash}:${rights}`;
const allUsers = () => [line(ann, everything), line(bob, 'lecture.*=read,presence;lobby*=read,send'), line(eve, everything)];

before(async () => {
  const { amqpUrl, redisUrl, databaseUrl } = clusterEnv();
  const servers = { STAMPEDE_AMQP_URL: amqpUrl, STAMPEDE_REDIS_URL: redisUrl };
  files = credentials(forAll);
  hash = hashOf('secret');
  files.writeUsers(allUsers());
  const strict = [...files.flags, '--jwt-leeway', '0', '--token-grace', '2s'];
  worker = await startWorker(forAll, strict, { ...servers, STAMPEDE_DATABASE_URL: databaseUrl });
  gateways = await Promise.all([1, 2].map((n) => startGateway(forAll, [
    ...strict, '--name', `log-in-${n}-${run}`, '--history-url', worker.url, '--recent-messages', '2',
  ], servers)));
  for (const { ops } of [worker, ...gateways]) {
    await eventually(`${ops} is ready`, async () => (await fetch(`${ops}/readyz`)).status === 200, { seconds: 60 });
  }
});
after(() => {
  for (const end of ends) end();
});

const withPasscode = (gateway, user, passcode = 'secret') =>
  connected(gateway.url, { login: user, headers: { passcode } });
const withToken = (gateway, token) => connected(gateway.url, { headers: { Authorization: `Bearer ${token}` } });

/** What a client hears that is not let in: {message, body, code}. */
async function refusal(gateway, headers) {
  const client = new ChatClient(gateway.url, { login: headers.login ?? '', headers });
  await assert.rejects(client.connect());
  return { ...client.errors[0], code: client.closes[0].code };
}

/** Waits for the session's end and gives what the client heard. */
async function ending(client) {
  await eventually('the session ends', () => client.closes.length > 0, { describe: () => JSON.stringify(client.errors) });
  return { message: client.errors[0]?.message, body: client.errors[0]?.body, code: client.closes[0].code };
}

const basic = (user, passcode = 'secret') => `Basic ${Buffer.from(`${user}:${passcode}`).toString('base64')}`;
const get = (path, authorization) =>
  fetch(worker.url + path, { headers: authorization ? { Authorization: authorization } : {} });
const revoke = (body, key = files.adminKey) =>
  fetch(`${worker.url}/api/v1/revocations`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

test('only who proves who they are comes in', async () => {
  const [gateway] = gateways;
  const wrong = await refusal(gateway, { login: ann, passcode: 'wrong' });
  assert.equal(wrong.message, 'Bad CONNECT');
  assert.equal(wrong.code, 4010);
  assert.deepEqual(await refusal(gateway, { login: named('nobody'), passcode: 'secret' }), wrong, 'not even whether one exists');
  assert.equal((await refusal(gateway, { login: ann })).message, 'Bad CONNECT');
  const expired = await refusal(gateway, { passcode: files.token(ann, -10) });
  assert.equal(expired.message, 'Bad CONNECT');
  assert.match(expired.body, /expired/);

  const clients = await Promise.all([
    withPasscode(gateway, ann),
    withToken(gateway, files.token(ann)),
    connected(gateway.url, { login: 'whoever', headers: { passcode: files.token(ann) } }),
    connected(gateway.url, { login: '', webSocket: { headers: { Authorization: basic(ann) } } }),
  ]);
  for (const client of clients) assert.equal(client.user, ann);
  await Promise.all(clients.map((client) => client.close()));
});

test('rights hold for each room and verb, over STOMP and REST', async () => {
  const [gateway] = gateways;
  const lobby = freshRoom('lobby');
  const lecture = freshRoom('lecture.');
  const writer = await withPasscode(gateway, bob);
  await writer.subscribe(lecture);
  await writer.send(lobby, 'hello');
  await assert.rejects(writer.send(lecture, 'hello'), /access_refused: .*send in room/s);
  assert.equal((await ending(writer)).code, 4011);
  const reader = await withToken(gateway, files.token(bob, 600, { rooms: [{ match: lobby, can: ['read'] }] }));
  await reader.subscribe(lobby);
  await assert.rejects(reader.subscribe(lecture), /access_refused: .*read in room/s);

  const anonymous = await get(`/api/v1/rooms/${lobby}/messages`);
  assert.equal(anonymous.status, 401);
  assert.match(anonymous.headers.get('www-authenticate'), /Bearer realm.*Basic realm/);
  assert.equal((await get('/api/v1/rooms', basic(bob, 'wrong'))).status, 401);
  await eventually('the message is stored', async () => {
    const answer = await get(`/api/v1/rooms/${lobby}/messages`, basic(bob));
    assert.equal(answer.status, 200);
    return (await answer.json()).messages.length === 1;
  });
  const denied = await get(`/api/v1/rooms/${lobby}/members`, basic(bob));
  assert.equal(denied.status, 403);
  assert.match((await denied.json()).detail, /presence/);
  assert.equal((await get(`/api/v1/rooms/${lobby}/members`, `Bearer ${files.token(bob, 600)}`)).status, 200);

  const staff = freshRoom('staff');
  const teacher = await withPasscode(gateway, ann);
  await Promise.all([teacher.subscribe(staff), teacher.subscribe(lecture)]);
  const list = async (who) => (await (await get('/api/v1/rooms?limit=200', who)).json()).rooms.map(({ room }) => room);
  await eventually('both are listed', async () => (await list(basic(ann))).includes(staff));
  const seen = await list(basic(bob));
  assert.ok(seen.includes(lecture));
  assert.ok(!seen.includes(staff));
  await teacher.close();
});

test('a user who is revoked is out on every gateway, others stay', async (t) => {
  const [token, other] = [files.token(eve), files.token(bob)];
  const [one, two, three] = await Promise.all([
    withToken(gateways[0], token), withPasscode(gateways[1], eve), withToken(gateways[1], other),
  ]);
  assert.equal((await revoke({ user: eve }, 'guess'.repeat(8))).status, 403);
  const from = Date.now();
  assert.equal((await revoke({ user: eve })).status, 204);
  for (const client of [one, two]) {
    const { message, code } = await ending(client);
    assert.equal(message, 'Session revoked');
    assert.equal(code, 4013);
  }
  t.diagnostic(`both sessions ended ${Date.now() - from} ms after the request`);
  assert.ok(three.stomp.connected, 'another user stays');
  for (const gateway of gateways) assert.equal((await refusal(gateway, { passcode: token })).message, 'Bad CONNECT');
  await eventually('the worker refuses the token, too', async () => (await get('/api/v1/rooms', `Bearer ${token}`)).status === 401);
  await (await withPasscode(gateways[0], eve)).close(); // the users file still has her
  await three.close();
});

/** How long after its revocation a token's sessions on both gateways are over, in milliseconds. */
async function revokeToken(token) {
  const clients = await Promise.all(gateways.map((gateway) => withToken(gateway, token)));
  const from = Date.now();
  assert.equal((await revoke({ token: jtiOf(token) })).status, 204);
  for (const client of clients) assert.equal((await ending(client)).code, 4013);
  return Date.now() - from;
}

test('a token that is revoked is out on every gateway within two seconds, another of the same user stays', async (t) => {
  const other = await withToken(gateways[1], files.token(ann));
  const took = [];
  // A machine that does other things besides may be late, but not each time.
  do took.push(await revokeToken(files.token(ann))); while (took.at(-1) > 2_000 && took.length < 5);
  t.diagnostic(`ms from the request to the end of both sessions: ${took}`);
  assert.ok(took.at(-1) <= 2_000, `${took} ms`);
  assert.ok(other.stomp.connected);
  await other.close();
});

test('a user who is gone from the users file is out, one with other rights keeps what they allow', async () => {
  const [gone, here, less] = await Promise.all([
    withPasscode(gateways[0], eve), withPasscode(gateways[1], ann), withPasscode(gateways[1], bob),
  ]);
  const lecture = freshRoom('lecture.');
  await less.subscribe(lecture);
  files.writeUsers([line(ann, 'lobby*=read'), line(bob, 'lobby*=read')]);
  assert.deepEqual([(await ending(gone)).code, (await ending(less)).message], [4013, 'access_refused']);
  assert.match(less.errors[0].body, new RegExp(lecture.replaceAll('.', '\\.')));
  assert.ok(here.stomp.connected, 'who does nothing that is forbidden now stays');
  await here.subscribe(freshRoom('lobby'));
  await eventually('and may send no longer', () =>
    here.send(freshRoom('lobby'), 'hello').then(() => false, (error) => /access_refused/.test(error.message)));
  files.writeUsers(allUsers());
  await eventually('eve may come again', async () => (await withPasscode(gateways[0], eve)).close().then(() => true));
});

test('a token that is renewed in time keeps the session, one that is not ends it', async () => {
  const client = await withToken(gateways[0], files.token(ann, 3));
  const record = await client.subscribe(freshRoom('long'));
  const { id, promise } = client.receipt();
  client.stomp.publish({ destination: '/app/auth', headers: { receipt: id, Authorization: `Bearer ${files.token(ann, 8)}` } });
  await promise;
  const renewed = Date.now();
  const { message, code } = await ending(client);
  assert.equal(message, 'Token expired');
  assert.equal(code, 4012);
  assert.ok(Date.now() - renewed > 7000, 'the first token would have ended it before');
  assert.equal(record.messages.length, 0);
});

test('gateways read history with the administrator\'s key', async () => {
  const [gateway] = gateways;
  const room = freshRoom('lobby');
  const client = await withPasscode(gateway, ann);
  const sent = await sendAll(client, room, Array.from({ length: 500 }, (_, n) => `number ${n}`));
  const newest = Math.max(...sent);
  await eventually('all is stored', async () => {
    const page = await (await get(`/api/v1/rooms/${room}/messages?after=${newest - 1}`, basic(ann))).json();
    return page.messages.length === 1;
  });
  const record = await client.subscribe(room, { history: '500' });
  assert.deepEqual(record.messages.map(({ seq }) => seq), sent.sort((a, b) => a - b));
  const samples = await scrape(`${gateway.ops}/metrics`);
  assert.ok(total(samples, 'stampede_history_pages_total') > 0, 'the recent list is too short for this');
  assert.equal(total(samples, 'stampede_history_failures_total'), 0);
  await client.close();
});
