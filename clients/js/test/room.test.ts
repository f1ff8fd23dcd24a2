// Positions over reconnects, each message once, and what is told when something is missing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { StampedeError, type JoinOptions, type Message, type Room } from '../src/index.js';
import { settle } from './support/clock.js';
import { Stage, type FakeSocket } from './support/fake_server.js';

async function enter(options: JoinOptions = {}) {
  const stage = new Stage();
  const socket = await stage.accept();
  const got: string[] = [];
  const said: string[] = [];
  const room = stage.client.join('lobby', {
    onMessage: (message) => got.push(message.body),
    onGap: ({ after, before }) => said.push(`gap ${after}..${before}`),
    onReplayed: ({ recovered, count, first }) => said.push(`replayed ${count} ${recovered} ${first}`),
    onState: ({ kind }) => said.push(kind),
    ...options,
  });
  return { stage, socket, room, got, said };
}

const live = (socket: FakeSocket, headers: Record<string, string | number>) =>
  socket.receipt(socket.last('SUBSCRIBE'), headers);

test('is live with the receipt, and knows its position from it', async () => {
  const { socket, room, said } = await enter({ history: 2 });
  const { headers } = socket.last('SUBSCRIBE');
  assert.equal(headers['destination'], '/topic/lobby');
  assert.equal(headers['history'], '2');
  assert.equal(headers['since'], undefined);
  assert.equal(headers['presence'], undefined);
  assert.equal(room.position, null);
  socket.message('lobby', 4, { replay: 'true' });
  socket.message('lobby', 5, { replay: 'true' });
  assert.equal(room.state.kind, 'joining');
  live(socket, { seq: 5, recovered: 'true' });
  await room.joined;
  assert.equal(room.position, 5);
  assert.deepEqual(said, ['live', 'replayed 2 true true']);
});

test('comes back with the position that it had, and gets each message once', async () => {
  const { stage, socket, room, got, said } = await enter();
  live(socket, { seq: 10 });
  for (const seq of [11, 12, 13]) socket.message('lobby', seq);
  const second = await stage.reconnect();
  assert.equal(second.last('SUBSCRIBE').headers['since'], '13');
  for (const seq of [13, 14, 15]) second.message('lobby', seq, { replay: 'true' });
  live(second, { seq: 15, recovered: 'true' });
  second.message('lobby', 15);
  second.message('lobby', 16);
  assert.deepEqual(got, [11, 12, 13, 14, 15, 16].map((seq) => `text ${seq}`));
  assert.equal(room.position, 16);
  assert.deepEqual(said, ['live', 'replayed 0 true true', 'joining', 'live', 'replayed 2 true false']);
});

test('a connection that breaks during the replay goes on from what came of it', async () => {
  const { stage, socket, got } = await enter({ history: 50 });
  socket.message('lobby', 4, { replay: 'true' });
  socket.message('lobby', 5, { replay: 'true' });
  const second = await stage.reconnect();
  assert.equal(second.last('SUBSCRIBE').headers['since'], '5');
  assert.equal(second.last('SUBSCRIBE').headers['history'], undefined);
  second.message('lobby', 6, { replay: 'true' });
  live(second, { seq: 6, recovered: 'true' });
  assert.deepEqual(got, ['text 4', 'text 5', 'text 6']);
});

test('an empty room has a position, too', async () => {
  const { stage, socket } = await enter();
  live(socket, { seq: 0 });
  const second = await stage.reconnect();
  assert.equal(second.last('SUBSCRIBE').headers['since'], '0');
});

test('without a first receipt the second join asks for the same as the first', async () => {
  const { stage } = await enter({ history: 7 });
  const second = await stage.reconnect();
  assert.equal(second.last('SUBSCRIBE').headers['history'], '7');
});

test('since begins where another one left off', async () => {
  const { socket } = await enter({ since: 40 });
  assert.equal(socket.last('SUBSCRIBE').headers['since'], '40');
  const stage = new Stage();
  assert.throws(() => stage.client.join('lobby', { since: 1, history: 1 }), /exclude/u);
});

test('what cannot be replayed is named', async () => {
  const { stage, socket, said } = await enter();
  live(socket, { seq: 10 });
  const second = await stage.reconnect();
  second.message('lobby', 20, { replay: 'true' });
  live(second, { seq: 20, recovered: 'false', 'oldest-seq': 20 });
  const third = await stage.reconnect();
  live(third, { seq: 30, recovered: 'false' });
  assert.deepEqual(
    said.filter((words) => /gap|false false/u.test(words)),
    ['gap 10..20', 'replayed 1 false false', 'gap 20..31', 'replayed 0 false false'],
  );
});

test('a chain that is broken without a word is a gap, too', async () => {
  const { stage, socket, said, got } = await enter({ history: 5 });
  socket.message('lobby', 7, { replay: 'true' });
  socket.message('lobby', 9, { replay: 'true' });
  live(socket, { seq: 9, recovered: 'true' });
  socket.message('lobby', 12, { 'prev-seq': 9 });
  socket.message('lobby', 20, { 'prev-seq': 15 });
  socket.message('lobby', 30, { 'prev-seq': 0 });
  const second = await stage.reconnect();
  second.message('lobby', 41, { replay: 'true', 'prev-seq': 40 });
  live(second, { seq: 41, recovered: 'false', 'oldest-seq': 41 });
  assert.deepEqual(
    said.filter((words) => words.startsWith('gap')),
    ['gap 7..9', 'gap 12..20', 'gap 30..41'],
  );
  assert.equal(got.length, 6);
});

test('what was lost on its way to a live room is named before the message behind it', async () => {
  const { socket, said, got } = await enter();
  live(socket, { seq: 10 });
  socket.message('lobby', 11);
  socket.message('lobby', 15, { recovered: 'false' });
  assert.deepEqual(said.at(-1), 'gap 11..15');
  assert.deepEqual(got, ['text 11', 'text 15']);
});

test('messages without a position come once, and again only with their bodies unknown', async () => {
  const { stage, socket, room, got } = await enter();
  live(socket, { seq: 10 });
  socket.message('lobby', 0, { 'message-id': 'a' }, 'no position');
  socket.message('lobby', 0, { 'message-id': 'a' }, 'no position');
  const second = await stage.reconnect();
  assert.equal(second.last('SUBSCRIBE').headers['since'], '10');
  second.message('lobby', 11, { 'message-id': 'a', replay: 'true' }, 'no position');
  second.message('lobby', 12, { 'message-id': 'b', replay: 'true' }, 'another');
  live(second, { seq: 12, recovered: 'true' });
  assert.deepEqual(got, ['no position', 'another']);
  assert.equal(room.position, 12);
});

test('a server whose directory is away changes no position', async () => {
  const { stage, socket, room } = await enter();
  live(socket, { seq: 10 });
  const second = await stage.reconnect();
  live(second, {});
  assert.equal(room.position, 10);
});

test('a refused room is refused for good, and the rest goes on', async () => {
  const { stage, socket, room, said } = await enter();
  const other = stage.client.join('other');
  socket.refuse(4011, 'access_refused', "no right to read in room 'lobby'", socket.of('SUBSCRIBE')[0]);
  await assert.rejects(room.joined, (error: StampedeError) => {
    assert.equal(error.code, 'refused');
    assert.equal(error.message, "no right to read in room 'lobby'");
    assert.equal(error.server?.message, 'access_refused');
    return true;
  });
  assert.deepEqual(said, ['refused']);
  const second = await stage.returns();
  assert.deepEqual(second.of('SUBSCRIBE').map(({ headers }) => headers['destination']), ['/topic/other']);
  live(second, { seq: 1 });
  await other.joined;
  assert.equal(stage.client.connected, true);
});

const isFull = (socket: FakeSocket) =>
  socket.refuse(4005, 'Room full', "room 'lobby' holds 2 users", socket.last('SUBSCRIBE'));

test('a room that is full at the first join is refused', async () => {
  const { stage, socket, room, said } = await enter();
  isFull(socket);
  await assert.rejects(room.joined, /holds 2 users/u);
  assert.deepEqual(said, ['refused']);
  await stage.world.advance(600_000);
  assert.equal((await stage.accept()).of('SUBSCRIBE').length, 0);
});

test('a room that has filled up meanwhile is asked again after pauses that grow, and goes on where it was', async () => {
  const { stage, socket, room, said } = await enter();
  live(socket, { seq: 10 });
  isFull(await stage.reconnect());
  const pauses: number[] = [];
  for (let times = 0; times < 3; times += 1) {
    const { state } = room as { state: Room['state'] };
    assert.ok(state.kind === 'full' && /holds 2 users/u.test(state.error.message));
    pauses.push(state.retryAt - stage.world.now());
    const next = await stage.returns();
    await stage.world.advance(state.retryAt - stage.world.now() - 1);
    assert.equal(next.of('SUBSCRIBE').length, 0);
    await stage.world.advance(1);
    assert.equal(next.last('SUBSCRIBE').headers['since'], '10');
    if (times < 2) isFull(next);
  }
  assert.deepEqual(pauses, [30_000, 45_000, 75_000]);
  live(stage.socket, { seq: 12, recovered: 'true' });
  assert.equal(room.state.kind, 'live');
  assert.deepEqual(said.filter((words) => words !== 'joining').slice(0, 4), ['live', 'replayed 0 true true', 'full', 'full']);
});

test('a full room is asked at once when one says so, and not any more when it was left', async () => {
  const { stage, socket, room } = await enter();
  live(socket, { seq: 10 });
  isFull(await stage.reconnect());
  const third = await stage.returns();
  stage.client.reconnect();
  assert.equal(room.state.kind, 'joining');
  assert.equal(third.of('SUBSCRIBE').length, 1);
  isFull(third);
  const fourth = await stage.returns();
  room.leave();
  await stage.world.advance(600_000);
  assert.equal(fourth.of('SUBSCRIBE').length, 0);
  assert.equal(stage.world.timers, 0);
});

test('a subscription that failed for the moment is tried again', async () => {
  const { stage, socket, room } = await enter();
  socket.refuse(4000, 'Subscription failed', 'the broker is away', socket.last('SUBSCRIBE'));
  const second = await stage.returns();
  live(second, { seq: 3 });
  await room.joined;
  assert.equal(room.position, 3);
});

test('a room that was left says nothing any more and does not come back', async () => {
  const { stage, socket, room, got } = await enter();
  live(socket, { seq: 1 });
  room.leave();
  room.leave();
  assert.equal(socket.of('UNSUBSCRIBE').length, 1);
  socket.message('lobby', 2);
  assert.deepEqual(got, []);
  const second = await stage.reconnect();
  assert.equal(second.of('SUBSCRIBE').length, 0);
});

test('signals are not messages', async () => {
  const signals: Message[] = [];
  const { stage, socket, room, got } = await enter({ onSignal: (signal) => signals.push(signal) });
  assert.equal(room.signal({ typing: 'true' }), false);
  live(socket, { seq: 1 });
  assert.equal(room.signal({ typing: 'true' }), true);
  const { headers } = socket.last('SEND');
  assert.equal(headers['persistent'], 'false');
  assert.equal(headers['typing'], 'true');
  assert.equal(headers['message-key'], undefined);
  socket.message('lobby', 0, { persistent: 'false', typing: 'true' }, '');
  assert.equal(signals[0]!.headers['typing'], 'true');
  assert.deepEqual(got, []);
  stage.socket.end(1006);
  assert.equal(room.signal({ typing: 'true' }), false);
});

test('the list of members follows the events, and starts anew with each connection', async () => {
  const heard: string[] = [];
  const { stage, socket, room } = await enter({
    onPresence: (presence, event) =>
      heard.push(`${event.kind} ${presence.count} ${presence.members?.map(({ user }) => user) ?? '?'}`),
  });
  assert.equal(socket.last('SUBSCRIBE').headers['presence'], 'true');
  const event = (at: FakeSocket, headers: Record<string, string | number>, body = '') =>
    at.message('lobby', 0, headers, body);
  const users = [{ user: 'ana', sessions: 2, since: 7 }];
  event(socket, { event: 'members', members: 1 }, JSON.stringify({ members: 1, users }));
  live(socket, { seq: 1 });
  assert.deepEqual(room.presence.members, users);
  event(socket, { event: 'join', user: 'bo', members: 2, timestamp: 9 });
  event(socket, { event: 'join', user: 'bo', members: 2, timestamp: 9 });
  event(socket, { event: 'leave', user: 'ana', members: 1, timestamp: 10 });
  event(socket, { event: 'count', members: 4_000 });
  event(socket, { event: 'leave', user: 'bo', members: 3_999 });
  const second = await stage.reconnect();
  event(second, { event: 'members', members: 5_000 }, JSON.stringify({ members: 5_000 }));
  live(second, { seq: 1 });
  assert.deepEqual(heard, [
    'members 1 ana',
    'join 2 ana,bo',
    'leave 1 bo',
    'count 4000 ?',
    'leave 3999 ?',
    'members 5000 ?',
  ]);
});

test('members and events that make no sense break nothing', async () => {
  const { socket, room, got } = await enter({ onPresence: () => {} });
  for (const body of ['', 'null', '[]', '{"users":3}', '{"users":[{},{"user":4}]}']) {
    socket.message('lobby', 0, { event: 'members', members: 'many' }, body);
  }
  socket.message('lobby', 0, { event: 'leave' });
  socket.message('lobby', 0, { event: 'replay-end', 'live-seq': 3 });
  assert.equal(room.presence.count, 0);
  assert.deepEqual(got, []);
});

test('what a handler throws is reported, and changes nothing', async (t) => {
  const report = t.mock.method(console, 'error', () => {});
  const { stage, socket, room } = await enter({
    onMessage: (message) => {
      if (message.seq === 11) throw new Error('of the application');
    },
    onState: () => {
      throw new Error('of another handler');
    },
  });
  const other = stage.client.join('other');
  socket.receipt(socket.of('SUBSCRIBE')[0]!, { seq: 10 });
  socket.receipt(socket.of('SUBSCRIBE')[1]!, { seq: 20 });
  await room.joined;
  socket.message('lobby', 11);
  const second = await stage.reconnect();
  assert.deepEqual(second.of('SUBSCRIBE').map(({ headers }) => headers['since']), ['11', '20']);
  assert.equal(other.state.kind, 'joining');
  assert.ok(report.mock.callCount() >= 3);
});

test('what is begun when the state is told comes once, behind what was there before', async () => {
  const got: string[] = [];
  const stage: Stage = new Stage({
    onState: ({ kind }) => {
      if (kind !== 'connected' || got.length > 0) return;
      got.push('connected');
      stage.client.send('late', 'hello');
      stage.client.join('late');
      stage.client.inbox('notes', ({ body }) => got.push(body));
    },
  });
  const early = stage.client.join('early');
  const socket = await stage.accept();
  assert.deepEqual(
    socket.received.map(({ command, headers }) => `${command} ${headers['destination'] ?? ''}`),
    ['CONNECT ', 'SUBSCRIBE /topic/early', 'SEND /topic/late', 'SUBSCRIBE /topic/late', 'SUBSCRIBE /user/queue/notes'],
  );
  for (const frame of socket.of('SUBSCRIBE')) {
    const { id, destination } = frame.headers as { id: string; destination: string };
    if (destination === '/user/queue/notes') {
      socket.say('MESSAGE', { subscription: id, destination, 'message-id': 'd1', sender: 'bo' }, 'once');
    }
  }
  assert.deepEqual(got, ['connected', 'once']);
  early.leave();
  assert.equal(socket.of('UNSUBSCRIBE').length, 1);
  const second = await stage.reconnect();
  assert.equal(second.of('SUBSCRIBE').length, 2);
});

test('rooms of one client have positions of their own', async () => {
  const { stage, socket } = await enter();
  const other: Room = stage.client.join('other');
  const [first, next] = socket.of('SUBSCRIBE');
  socket.receipt(first!, { seq: 10 });
  socket.receipt(next!, { seq: 77 });
  await other.joined;
  const second = await stage.reconnect();
  await settle();
  assert.deepEqual(
    second.of('SUBSCRIBE').map(({ headers }) => headers['since']),
    ['10', '77'],
  );
});
