// The room of one user over the library, from a fake server to what the page is told.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Stage } from '../../js/test/support/fake_server';
import type { Gap } from '../src/history_sync';
import { RoomSession } from '../src/room_session';
import { FakeStorage, messages, settle } from './support';

async function enter() {
  let stage!: Stage;
  const storage = new FakeStorage();
  const added: string[] = [];
  const kinds: string[] = [];
  const typing: string[] = [];
  const company: string[] = [];
  const session = new RoomSession(
    'lobby',
    { user: 'ana', passcode: 'secret' },
    (options) => {
      stage = new Stage({ ...options, ...(options.onState ? { onState: options.onState } : {}) });
      return stage.client;
    },
    storage,
    {
      now: () => stage.world.now(),
      random: () => stage.world.chance,
      after: (ms, run) => stage.world.after(ms, run),
    },
    {
      connection: ({ kind }) => {
        if (kinds.at(-1) !== kind) kinds.push(kind);
      },
      changed: (batch, arrival) => {
        if (batch.length > 0) added.push(`${arrival} ${batch.map(({ seq }) => seq)}`);
      },
      history: () => {},
      company: ({ count, members }) =>
        company.push(`${count} ${members?.map(({ user }) => user) ?? 'unlisted'}`),
      typing: (users) => typing.push(users.join()),
    },
  );
  const socket = await stage.accept();
  const states = () => session.outgoing.map(({ state }) => state);
  return { stage, session, socket, storage, added, kinds, states, typing, company };
}

test('is live with the subscription, and takes its replay at once', async () => {
  const { socket, session, added, kinds, stage } = await enter();
  assert.equal(socket.last('CONNECT').headers['passcode'], 'secret');
  assert.equal(socket.last('SUBSCRIBE').headers['history'], '50');
  for (const seq of [1, 2, 3]) socket.message('lobby', seq, { replay: 'true' });
  assert.deepEqual(added, []);
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3, recovered: 'true' });
  socket.message('lobby', 4);
  assert.deepEqual(added, ['history 1,2,3', 'live 4']);
  assert.equal(session.older, false);
  await settle();
  const second = await stage.reconnect();
  assert.equal(session.connection.kind, 'connecting');
  second.message('lobby', 5, { replay: 'true' });
  second.receipt(second.last('SUBSCRIBE'), { seq: 5, recovered: 'true' });
  assert.equal(added.at(-1), 'missed 5');
  await settle();
  assert.deepEqual(kinds, ['connecting', 'live', 'waiting', 'connecting', 'live']);
});

test('an own message is marked until it is safe, and stands once', async () => {
  const { socket, session, states } = await enter();
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3 });
  session.send('hello');
  assert.deepEqual(states(), ['sending']);
  const key = session.outgoing[0]!.ref;
  socket.message('lobby', 4, { sender: 'ana', 'message-key': key });
  assert.deepEqual(states(), ['sending'], 'it is there, and not confirmed');
  assert.equal(session.unsent, true);
  socket.confirm(4);
  assert.deepEqual(states(), []);
  session.send('again');
  socket.confirm(5);
  assert.deepEqual(states(), ['sent']);
  assert.equal(session.unsent, false);
  socket.message('lobby', 5, { sender: 'ana', 'message-key': 'another name' });
  assert.deepEqual(states(), [], 'known by its position, too');
});

test('what the server refuses says why, and can be tried again or discarded', async () => {
  const { stage, socket, session, states } = await enter();
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3 });
  session.send('no');
  socket.refuse(4011, 'access_refused', 'no right to send here', socket.last('SEND'));
  assert.deepEqual(states(), ['failed']);
  assert.equal(session.outgoing[0]!.reason, 'Not sent. No right to send here.');
  const second = await stage.returns();
  session.retry(session.outgoing[0]!.ref);
  assert.equal(second.last('SEND').body, 'no');
  session.discard(session.outgoing[0]!.ref);
  assert.deepEqual(states(), []);
});

test('a gap is filled from history', async () => {
  const { stage, socket, session, storage, added } = await enter();
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3 });
  storage.stored = messages(1, 10);
  socket.message('lobby', 4);
  socket.message('lobby', 9, { recovered: 'false' });
  const looking: readonly Gap[] = session.gaps;
  assert.deepEqual(looking, [{ after: 4, before: 9, state: 'looking' }]);
  await stage.world.advance(0);
  assert.deepEqual(session.gaps, []);
  assert.deepEqual(
    session.timeline.messages.map(({ seq }) => seq),
    [4, 5, 6, 7, 8, 9, 10],
  );
  assert.equal(added[1], 'live 9');
});

test('a refusal names what would help', async () => {
  const { socket, session } = await enter();
  socket.refuse(4011, 'access_refused', 'not here', socket.last('SUBSCRIBE'));
  assert.deepEqual(session.connection, {
    kind: 'refused',
    refusal: { login: false, reason: 'not here' },
  });
  const other = await enter();
  other.socket.refuse(4013, 'Session revoked', 'gone from the users file');
  assert.deepEqual(other.session.connection, {
    kind: 'refused',
    refusal: { login: true, reason: 'gone from the users file' },
  });
});

test('a room that has filled up is waited for, and tried at once when the user says so', async () => {
  const { stage, socket, session } = await enter();
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3 });
  const second = await stage.reconnect();
  second.refuse(4005, 'Room full', 'it holds 2 users', second.last('SUBSCRIBE'));
  const third = await stage.returns();
  const { connection } = session;
  assert.ok(connection.kind === 'waiting' && connection.reason === 'it holds 2 users');
  assert.ok(connection.retryAt > stage.world.now());
  session.reconnect_now();
  third.receipt(third.last('SUBSCRIBE'), { seq: 3 });
  assert.deepEqual(session.connection, { kind: 'live' });
});

test('who is writing is shown until the message is there', async () => {
  const { stage, socket, session, typing } = await enter();
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3 });
  const signal = (sender: string, value: string) =>
    socket.message('lobby', 0, { persistent: 'false', sender, typing: value }, '');
  signal('bo', 'true');
  signal('ana', 'true');
  signal('cy', 'true');
  signal('cy', 'false');
  socket.message('lobby', 4, { sender: 'bo' });
  assert.deepEqual(typing, ['bo', 'bo,cy', 'bo', '']);
  session.wrote('hel');
  assert.equal(socket.last('SEND').headers['typing'], 'true');
  session.wrote('');
  assert.equal(socket.last('SEND').headers['typing'], 'false');
  assert.equal(socket.last('SEND').headers['persistent'], 'false');
  signal('bo', 'true');
  stage.socket.end(1006);
  await settle();
  assert.equal(typing.at(-1), '');
});

test('who is here follows what the server says', async () => {
  const { socket, company } = await enter();
  assert.equal(socket.last('SUBSCRIBE').headers['presence'], 'true');
  const users = [{ user: 'ana', sessions: 1, since: 1 }];
  socket.message('lobby', 0, { event: 'members', members: 1 }, JSON.stringify({ members: 1, users }));
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3 });
  socket.message('lobby', 0, { event: 'join', user: 'bo', members: 2 }, '');
  socket.message('lobby', 0, { event: 'leave', user: 'ana', members: 1 }, '');
  socket.message('lobby', 0, { event: 'count', members: 5_000 }, '');
  assert.deepEqual(company, ['1 ana', '2 ana,bo', '1 bo', '5000 unlisted']);
});

test('whoever may not see who is here comes in all the same', async () => {
  const { stage, socket, session, company, added } = await enter();
  const words = "user 'ana' has no right to presence in room 'lobby'";
  socket.refuse(4011, 'access_refused', words, socket.last('SUBSCRIBE'));
  const second = await stage.returns();
  assert.equal(second.last('SUBSCRIBE').headers['presence'], undefined);
  assert.equal(second.last('SUBSCRIBE').headers['history'], '50');
  second.receipt(second.last('SUBSCRIBE'), { seq: 3 });
  second.message('lobby', 4);
  assert.equal(session.connection.kind, 'live');
  assert.deepEqual(company, ['null unlisted']);
  assert.deepEqual(added, ['live 4']);
  // The right may be taken away later, too.
  second.refuse(4011, 'access_refused', "user 'ana' has no right to read in room 'lobby'");
  const third = await stage.returns();
  assert.equal(third.last('SUBSCRIBE').headers['since'], '4');
});

test('after stop nothing is told any more', async () => {
  const { stage, socket, session, added, kinds } = await enter();
  socket.receipt(socket.last('SUBSCRIBE'), { seq: 3 });
  session.stop();
  const before = kinds.length;
  await stage.world.advance(60_000);
  assert.equal(kinds.length, before);
  assert.deepEqual(added, []);
  assert.equal(socket.of('DISCONNECT').length, 1);
});
