// The client library (clients/js) against the real thing: an embedded gateway, and a cluster whose gateways die.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cluster, clusterEnv, freshRoom } from './support/cluster.mjs';
import { credentials } from './support/credentials.mjs';
import { wholeHistory } from './support/history.mjs';
import { recorded, stampede } from './support/library.mjs';
import { cleanEnv, startGateway } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

const kTalkers = 4;
const bodies = ({ messages }) => messages.map(({ body }) => body);
const numbered = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => String(from + at));

let dir;
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'stampede-library-'));
});
after(() => rmSync(dir, { recursive: true, force: true }));

const embedded = (t, ...flags) =>
  startGateway(t, ['--data-dir', mkdtempSync(join(dir, 'data-')), ...flags], cleanEnv);

test('embedded: what is sent is confirmed, and another client goes on from a position', async (t) => {
  const { url } = await embedded(t);
  const room = freshRoom('library');
  const ana = stampede(url, { login: 'ana' });
  const seqs = [];
  for (const { seq } of await Promise.all(numbered(1, 20).map((text) => ana.send(room, text)))) seqs.push(seq);
  assert.deepEqual([...seqs].sort((a, b) => a - b), seqs);

  const first = recorded(stampede(url, { login: 'bo' }), room, { history: 5 });
  await first.room.joined;
  assert.deepEqual(bodies(first), numbered(16, 20));
  assert.deepEqual(first.replays, [{ recovered: true, count: 5, first: true }]);
  assert.equal(first.room.position, seqs.at(-1));

  const second = recorded(stampede(url, { login: 'cy' }), room, { since: seqs[9] });
  await second.room.joined;
  assert.deepEqual(bodies(second), numbered(11, 20));
  await ana.send(room, 'live');
  await eventually('both have it', () => [first, second].every((record) => bodies(record).at(-1) === 'live'));
  assert.equal(first.messages.at(-1).replay, false);
});

test('embedded: a message that is too large fails alone', async (t) => {
  const { url } = await embedded(t, '--max-body', '4096', '--max-connect-bytes', '2048');
  const room = freshRoom('library');
  const client = stampede(url, { login: 'ana' });
  const record = recorded(client, room);
  await record.room.joined;
  const [one, large, three] = ['1', 'x'.repeat(8000), '3'].map((body) => record.room.send(body));
  await assert.rejects(large.then(), (error) => error.code === 'refused' && /4096/u.test(error.message));
  await Promise.all([one, three]);
  await eventually('the others are there', () => record.messages.length === 2);
  assert.deepEqual(bodies(record), ['1', '3']);
});

test('embedded: a token is renewed within the session', async (t) => {
  const files = credentials(t);
  const { url } = await embedded(t, ...files.flags, '--jwt-leeway', '0', '--token-grace', '1s');
  const reasons = [];
  const states = [];
  const client = stampede(url, {
    credentials: (reason) => {
      reasons.push(reason);
      return { token: files.token('ana', 8) };
    },
    onState: ({ kind }) => states.push(kind),
  });
  const { room, messages } = recorded(client, freshRoom('token'));
  await room.joined;
  await eventually('it was renewed twice', () => reasons.length >= 3, { seconds: 40 });
  await room.send('still here');
  assert.deepEqual(states, ['connecting', 'connected'], `asked for: ${reasons}`);
  assert.equal(messages.length, 1);
});

test('embedded: other credentials are needed, and help', async (t) => {
  const files = credentials(t);
  const { url } = await embedded(t, ...files.flags);
  const client = stampede(url, { credentials: { token: 'none of yours' } });
  const written = client.send('lobby', 'written before');
  await eventually('it is refused', () => client.state.kind === 'refused');
  assert.equal(client.state.code, 4010);
  client.reconnect({ token: files.token('ana') });
  assert.ok((await written).seq > 0);
  assert.equal(client.user, 'ana');
});

test('embedded: who comes and goes is told, and signals reach those who are there', async (t) => {
  const { url } = await embedded(t, '--presence-grace', '1s', '--presence-events', '3');
  const room = freshRoom('company');
  const told = [];
  const signals = [];
  const ana = recorded(stampede(url, { login: 'ana' }), room, {
    onPresence: ({ count, members }, { kind, user }) =>
      told.push([kind, user, count, members?.map((member) => member.user).join()]),
    onSignal: ({ sender, headers, seq }) => signals.push([sender, headers.typing, seq]),
  });
  await ana.room.joined;
  assert.deepEqual(told, [['members', undefined, 1, 'ana']]);
  const bo = stampede(url, { login: 'bo' });
  const bosRoom = recorded(bo, room);
  await bosRoom.room.joined;
  await eventually('bo has come', () => told.length === 2);
  assert.equal(bosRoom.room.signal({ typing: 'true' }), true);
  await eventually('the signal is there', () => signals.length === 1);
  assert.deepEqual(signals, [['bo', 'true', 0]]);
  bo.stomp.forceDisconnect(); // comes back within the grace, or a moment later: the list says the same in the end
  await eventually('bo is back', () => bosRoom.replays.length === 2);
  await bo.send(room, 'here again');
  await eventually('and heard', () => ana.messages.length === 1);
  await bo.close();
  await eventually('bo has gone', () => ana.room.presence.count === 1);
  assert.deepEqual(ana.room.presence.members.map(({ user }) => user), ['ana']);
  assert.deepEqual(told[1], ['join', 'bo', 2, 'ana,bo']);
  const crowd = Array.from({ length: 5 }, (_, n) => recorded(stampede(url, { login: `guest-${n}` }), room));
  await Promise.all(crowd.map((one) => one.room.joined));
  await eventually('only the number is told', () => ana.room.presence.count === 6 && ana.room.presence.members === null);
  assert.equal(ana.messages.length, 1, 'none of it is a message');
});

test('embedded: direct messages reach all sessions of a user, also after one came back', async (t) => {
  const { url } = await embedded(t);
  const bo = stampede(url, { login: 'bo' });
  assert.deepEqual(await eventually('connected', () => bo.connected && bo.direct('Ana (ö)', 'notes', 'too early')), {
    sessions: 0,
  });
  const got = [[], []];
  const connections = [0, 0];
  const anas = got.map((list, n) => {
    const onState = ({ kind }) => {
      if (kind === 'connected') connections[n] += 1;
    };
    const client = stampede(url, { login: 'Ana (ö)', onState });
    return { client, inbox: client.inbox('notes', ({ sender, body, seq }) => list.push([sender, body, seq])) };
  });
  await Promise.all(anas.map(({ inbox }) => inbox.opened));
  assert.deepEqual(await bo.direct('Ana (ö)', 'notes', 'hello'), { sessions: 2 });
  await eventually('both have it', () => got.every((list) => list.length === 1));
  assert.deepEqual(got[0], [['bo', 'hello', 0]]);
  anas[0].client.stomp.forceDisconnect();
  await eventually('it is back', () => connections[0] === 2);
  // Until the server has heard of the end of the first connection it may count that one in place of the second.
  await eventually('both hear again', async () => {
    const { sessions } = await bo.direct('Ana (ö)', 'notes', 'again');
    return sessions === 2 && got.every((list) => list.at(-1)[1] === 'again');
  });
});

test('embedded: a full room is refused by name, and the client stays', async (t) => {
  const { url } = await embedded(t, '--room-capacity', 'small.*=1');
  const client = stampede(url, { login: 'bo' });
  const first = recorded(stampede(url, { login: 'ana' }), 'small.room');
  await first.room.joined;
  const second = recorded(client, 'small.room');
  await assert.rejects(second.room.joined, (error) => error.server.message === 'Room full');
  assert.equal(second.room.state.kind, 'refused');
  const elsewhere = recorded(client, freshRoom('large'));
  await elsewhere.room.joined;
});

test('embedded: a room that fills up while one is away is asked again, and goes on', async (t) => {
  const { url } = await embedded(t, '--room-capacity', 'small.*=1', '--presence-grace', '1s');
  let open = () => {};
  let gate = Promise.resolve();
  const ana = stampede(url, { credentials: () => gate.then(() => ({ login: 'ana' })) });
  const anas = recorded(ana, 'small.place');
  await anas.room.joined;
  gate = new Promise((resolve) => {
    open = resolve;
  });
  ana.stomp.forceDisconnect();
  const bo = stampede(url, { login: 'bo' });
  const bos = await eventually('ana has left by the grace, and bo is in', async () => {
    const { room } = recorded(bo, 'small.place');
    return room.joined.then(() => room, () => false);
  }, { seconds: 60 });
  await bos.send('meanwhile');
  open();
  await eventually('ana finds it full', () => anas.room.state.kind === 'full');
  bos.leave();
  await eventually('ana is back', () => {
    if (ana.connected) ana.reconnect();
    return anas.replays.length === 2;
  }, { seconds: 60 });
  assert.deepEqual(bodies(anas), ['meanwhile']);
  assert.deepEqual(anas.gaps, []);
});

/** Sends numbers until told to stop, each when the one before is on its way. */
async function talk(client, room, name, talking) {
  const sent = [];
  for (let n = 1; talking.on; n += 1) {
    sent.push(client.send(room, `${name}/${n}`));
    if (n % 5 === 0) await sent.at(-1).then();
  }
  return Promise.all(sent.map(async (delivery) => ({ body: delivery.body, ...(await delivery) })));
}

test('gateways are killed under a conversation: nothing lost, nothing twice, all in one order', async (t) => {
  t.after(() => cluster('up')); // what a failed test left down is none of the next one's business
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('killed');
  const talkers = Array.from({ length: kTalkers }, (_, n) => {
    const order = n % 2 ? gateways : [...gateways].reverse();
    const client = stampede(order, { login: `talker-${n}`, confirmTimeout: 120_000 });
    return { client, name: `talker-${n}`, record: recorded(client, room) };
  });
  await Promise.all(talkers.map(({ record }) => record.room.joined));
  const talking = { on: true };
  const talks = talkers.map(({ client, name }) => talk(client, room, name, talking));
  const heard = () => Math.min(...talkers.map(({ record }) => record.messages.length));
  await eventually('they hear one another', () => heard() > 100, { seconds: 60 });
  for (const victim of ['gateway-1', 'gateway-2']) {
    const rejoined = () => talkers.reduce((sum, { record }) => sum + record.replays.length, 0);
    const before = rejoined();
    await cluster('kill', victim);
    await eventually('its clients are back elsewhere', () => rejoined() > before, { seconds: 60 });
    const then = heard();
    await eventually('they hear one another again', () => heard() > then + 100, { seconds: 60 });
    await cluster('start', victim);
  }
  talking.on = false;
  const confirmed = (await Promise.all(talks)).flat();

  const stored = await eventually('all that was confirmed is stored', async () => {
    const rows = await wholeHistory(workers[0], room);
    return rows.length >= confirmed.length && rows;
  }, { seconds: 60 });
  assert.equal(stored.length, confirmed.length, 'nothing is stored twice');
  const seqOf = new Map(stored.map(({ body, seq }) => [body, seq]));
  for (const { body, seq } of confirmed) assert.equal(seqOf.get(body), seq, `${body} is where its receipt said`);
  const order = stored.map(({ body }) => body);
  for (const { name, record } of talkers) {
    await eventually(`${name} has all`, () => record.messages.length >= stored.length, {
      seconds: 60,
      describe: () => `${record.messages.length} of ${stored.length}; gaps ${JSON.stringify(record.gaps)}`,
    });
    assert.deepEqual(bodies(record), order, `${name} heard what is stored, in its order`);
    assert.equal(record.room.position, stored.at(-1).seq);
    assert.deepEqual(record.gaps, []);
    const own = order.filter((body) => body.startsWith(`${name}/`));
    assert.deepEqual(own, numbered(1, own.length).map((n) => `${name}/${n}`), `${name} is in the order spoken`);
  }
});
