// What becomes of a message that is sent.
import assert from 'node:assert/strict';
import test from 'node:test';
import { StampedeError, type Delivery } from '../src/index.js';
import { Stage, type FakeSocket } from './support/fake_server.js';

const bodies = (socket: FakeSocket) => socket.of('SEND').map(({ body }) => body);
const fails = (delivery: Delivery, code: string, words: RegExp) =>
  assert.rejects(
    delivery.then(() => {}),
    (error: StampedeError) => {
      assert.equal(error.code, code);
      assert.match(error.message, words);
      return true;
    },
  );

test('is sent, then confirmed with its position', async () => {
  const stage = new Stage();
  const socket = await stage.accept();
  const states: string[] = [];
  const delivery = stage.client.send('lobby', 'hello', { headers: { colour: 'red' } }, ({ state }) =>
    states.push(state),
  );
  const { headers, body } = socket.last('SEND');
  assert.equal(body, 'hello');
  assert.equal(headers['destination'], '/topic/lobby');
  assert.equal(headers['content-type'], 'text/plain');
  assert.equal(headers['colour'], 'red');
  assert.equal(headers['message-key'], delivery.key);
  assert.equal(delivery.state, 'sent');
  socket.confirm(42);
  assert.deepEqual(await delivery, { seq: 42 });
  assert.equal(delivery.seq, 42);
  assert.deepEqual(states, ['sent', 'confirmed']);
  assert.equal(stage.client.pending.length, 0);
});

test('waits for a connection, in order', async () => {
  const stage = new Stage();
  for (const text of ['1', '2', '3']) stage.client.send('lobby', text);
  assert.deepEqual(stage.client.pending.map(({ state }) => state), ['queued', 'queued', 'queued']);
  const socket = await stage.accept();
  assert.deepEqual(bodies(socket), ['1', '2', '3']);
});

test('goes out after the rooms that were joined', async () => {
  const stage = new Stage();
  stage.client.send('lobby', 'hello');
  stage.client.join('lobby');
  const socket = await stage.accept();
  assert.deepEqual(socket.received.map(({ command }) => command), ['CONNECT', 'SUBSCRIBE', 'SEND']);
});

test('what nobody confirmed before the connection broke is sent again, same key, same order, once', async () => {
  const stage = new Stage();
  const first = await stage.accept();
  const deliveries = ['1', '2', '3'].map((text) => stage.client.send('lobby', text));
  first.receipt(first.of('SEND')[0]!, { seq: 10 });
  first.end(1006);
  deliveries.push(stage.client.send('lobby', '4'));
  const second = await stage.returns();
  assert.deepEqual(bodies(second), ['2', '3', '4']);
  assert.equal(second.of('SEND')[0]!.headers['message-key'], deliveries[1]!.key);
  second.of('SEND').forEach((frame, at) => second.receipt(frame, { seq: 11 + at }));
  assert.deepEqual((await Promise.all(deliveries)).map(({ seq }) => seq), [10, 11, 12, 13]);
  assert.equal(new Set(deliveries.map(({ key }) => key)).size, 4);
});

test('no more than the window is under way', async () => {
  const stage = new Stage({ window: 2 });
  const socket = await stage.accept();
  for (const text of ['1', '2', '3', '4']) stage.client.send('lobby', text);
  assert.deepEqual(bodies(socket), ['1', '2']);
  socket.receipt(socket.of('SEND')[0]!, { seq: 1 });
  assert.deepEqual(bodies(socket), ['1', '2', '3']);
});

test('the queue has a bound', async () => {
  const stage = new Stage({ queueLimit: 2 });
  stage.client.send('lobby', '1');
  stage.client.send('lobby', '2');
  const third = stage.client.send('lobby', '3');
  assert.equal(third.state, 'failed');
  await fails(third, 'queue-full', /2 messages wait/u);
  const socket = await stage.accept();
  socket.receipt(socket.of('SEND')[0]!, { seq: 1 });
  third.retry();
  assert.deepEqual(bodies(socket), ['1', '2', '3']);
});

test('a message that the server refuses fails with its words; those around it arrive', async () => {
  const stage = new Stage();
  const first = await stage.accept();
  const [one, two, three] = ['1', '2', '3'].map((text) => stage.client.send('lobby', text)) as [Delivery, Delivery, Delivery];
  first.refuse(4011, 'access_refused', "no right to send in room 'lobby'", first.of('SEND')[1]);
  await fails(two, 'refused', /no right to send/u);
  const second = await stage.returns();
  assert.deepEqual(bodies(second), ['1', '3']);
  second.of('SEND').forEach((frame, at) => second.receipt(frame, { seq: 1 + at }));
  await Promise.all([one, three]);
});

test('a refusal of the moment is no failure', async () => {
  const stage = new Stage();
  const first = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  first.refuse(4000, 'Message not stored', 'the storage path is away', first.last('SEND'));
  const second = await stage.returns();
  assert.equal(second.last('SEND').headers['message-key'], delivery.key);
  second.confirm(5);
  assert.deepEqual(await delivery, { seq: 5 });
});

test('of several one makes the server hang up: it is found by sending one at a time', async () => {
  const stage = new Stage();
  let socket = await stage.accept();
  const deliveries = ['1', 'too long', '3'].map((text) => stage.client.send('lobby', text));
  socket.refuse(1009, 'Frame too large', 'at most 64 bytes');
  socket = await stage.returns();
  assert.deepEqual(bodies(socket), ['1']);
  socket.confirm(1);
  assert.deepEqual(bodies(socket), ['1', 'too long']);
  socket.end(1009);
  await fails(deliveries[1]!, 'refused', /1009/u);
  socket = await stage.returns();
  assert.deepEqual(bodies(socket), ['3']);
  socket.confirm(2);
  await deliveries[2]!;
});

test('nothing is blamed when a connection ends for another reason', async () => {
  const stage = new Stage();
  const first = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  first.refuse(4003, 'Slow consumer', 'too much waits');
  assert.equal(delivery.state, 'queued');
  const second = await stage.returns();
  assert.deepEqual(bodies(second), ['hello']);
});

test('what the store refuses for good fails with its words and is not sent again', async () => {
  const stage = new Stage();
  const first = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  first.refuse(4000, 'Message refused', 'the store refused it: text with a NUL', first.last('SEND'));
  await fails(delivery, 'refused', /a NUL/u);
  assert.equal(delivery.error?.server?.message, 'Message refused');
  assert.deepEqual(bodies(await stage.returns()), []);
});

test('however often connections break, it is sent again within the lifetime of its key, and not after it', async () => {
  const stage = new Stage({ keyLifetime: 240_000, backoffCap: 4_000 });
  const socket = await stage.accept();
  const begin = stage.world.now();
  const [first, second] = ['1', '2'].map((text) => stage.client.send('lobby', text)) as [Delivery, Delivery];
  for (let losses = 0; losses < 20; losses += 1) await stage.reconnect();
  assert.ok(stage.world.now() - begin < 240_000);
  assert.deepEqual(bodies(stage.socket), ['1', '2']);
  assert.equal(stage.socket.of('SEND')[0]!.headers['message-key'], socket.of('SEND')[0]!.headers['message-key']);
  stage.socket.receipt(stage.socket.of('SEND')[0]!, { seq: 7 });
  assert.deepEqual(await first, { seq: 7 });
  while (stage.world.now() - begin <= 240_000) await stage.reconnect();
  assert.deepEqual(bodies(stage.socket), []);
  await fails(second, 'unconfirmed', /may have arrived or not/u);
});

test('after the lifetime of its key it is not sent again', async () => {
  const stage = new Stage({ keyLifetime: 60_000 });
  await stage.accept();
  const delivery = stage.client.send('lobby', 'long ago');
  stage.world.isOnline = false;
  stage.socket.end(1006);
  const written = stage.client.send('lobby', 'written meanwhile');
  await stage.world.advance(60_001);
  stage.world.wake();
  const second = await stage.accept();
  await fails(delivery, 'unconfirmed', /may have arrived or not/u);
  assert.deepEqual(bodies(second), ['written meanwhile']);
  second.confirm(3);
  await written;
});

test('a replay that brings a message back confirms it after its key was forgotten', async () => {
  const stage = new Stage({ keyLifetime: 60_000 });
  const first = await stage.accept();
  stage.client.join('lobby');
  first.receipt(first.last('SUBSCRIBE'), { seq: 1 });
  const arrived = stage.client.send('lobby', 'arrived');
  const lost = stage.client.send('lobby', 'lost');
  stage.world.isOnline = false;
  first.end(1006);
  await stage.world.advance(60_001);
  stage.world.wake();
  const second = await stage.accept();
  assert.deepEqual(bodies(second), []);
  assert.equal(arrived.state, 'queued');
  second.message('lobby', 2, { replay: 'true', sender: 'ana', 'message-key': arrived.key });
  second.receipt(second.last('SUBSCRIBE'), { seq: 2, recovered: 'true' });
  assert.deepEqual(await arrived, { seq: 2 });
  await fails(lost, 'unconfirmed', /may have arrived or not/u);
});

test('another user’s message under the same key confirms nothing', async () => {
  const stage = new Stage({ keyLifetime: 60_000 });
  const first = await stage.accept();
  stage.client.join('lobby');
  first.receipt(first.last('SUBSCRIBE'), { seq: 1 });
  const delivery = stage.client.send('lobby', 'mine');
  first.end(1006);
  await stage.world.advance(1_000);
  const second = await stage.accept();
  second.message('lobby', 2, { replay: 'true', sender: 'eve', 'message-key': delivery.key });
  assert.equal(delivery.state, 'sent');
});

test('a server that confirms nothing is not waited for for ever, and a late word still counts', async () => {
  const stage = new Stage({ confirmTimeout: 20_000 });
  const socket = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  await stage.world.advance(19_999);
  assert.equal(delivery.state, 'sent');
  await stage.world.advance(1);
  await fails(delivery, 'unconfirmed', /no confirmation came/u);
  socket.confirm(9);
  assert.equal(delivery.state, 'confirmed');
  assert.equal(delivery.error, null);
  assert.equal(delivery.seq, 9);
});

test('a server that waits 30 seconds for its broker is waited for', async () => {
  const stage = new Stage();
  const socket = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  await stage.world.advance(31_000);
  assert.equal(delivery.state, 'sent');
  socket.confirm(9);
  assert.deepEqual(await delivery, { seq: 9 });
});

test('retry sends it again under its key; discard takes it out', async () => {
  const stage = new Stage({ confirmTimeout: 1_000 });
  const socket = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  await stage.world.advance(1_000);
  assert.equal(delivery.state, 'failed');
  delivery.retry();
  assert.equal(socket.of('SEND').length, 2);
  assert.equal(socket.last('SEND').headers['message-key'], delivery.key);
  socket.confirm(4);
  assert.deepEqual(await delivery, { seq: 4 });
  delivery.discard();
  assert.equal(delivery.state, 'confirmed');

  socket.end(1006);
  const unwanted = stage.client.send('lobby', 'never mind');
  unwanted.discard();
  await fails(unwanted, 'closed', /discarded/u);
  assert.deepEqual(bodies(await stage.returns()), []);
});

test('retry does not begin the lifetime of the key anew', async () => {
  const stage = new Stage({ confirmTimeout: 20_000, keyLifetime: 240_000 });
  await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  await stage.world.advance(239_000);
  assert.equal(delivery.state, 'failed');
  delivery.retry();
  assert.equal(delivery.state, 'sent');
  const second = await stage.reconnect();
  assert.equal(second.of('SEND').length, 1, 'the server still knows its key');
  await stage.world.advance(2_000);
  const third = await stage.reconnect();
  assert.equal(third.of('SEND').length, 0, 'nobody could tell that it is a repeat');
  await fails(delivery, 'unconfirmed', /may have arrived or not/u);
});

test('retry after the lifetime of the key is one attempt', async () => {
  const stage = new Stage({ confirmTimeout: 20_000, keyLifetime: 240_000 });
  const first = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  await stage.world.advance(300_000);
  first.end(1006);
  delivery.retry();
  assert.equal(delivery.state, 'queued');
  const second = await stage.returns();
  assert.deepEqual(bodies(second), ['hello']);
  const third = await stage.reconnect();
  assert.deepEqual(bodies(third), []);
  await fails(delivery, 'unconfirmed', /may have arrived or not/u);
  delivery.retry();
  third.confirm(9);
  assert.deepEqual(await delivery, { seq: 9 });
});

test('a message that was refused has its whole lifetime again, but for one that may have arrived before', async () => {
  const stage = new Stage({ keyLifetime: 240_000 });
  const refuse = (socket: FakeSocket) => socket.refuse(4011, 'access_refused', 'not now', socket.last('SEND'));
  const first = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  refuse(first);
  const second = await stage.returns();
  await stage.world.advance(239_000);
  delivery.retry();
  assert.deepEqual(bodies(second), ['hello']);
  await stage.world.advance(2_000);
  const third = await stage.reconnect();
  assert.deepEqual(bodies(third), ['hello'], 'lost once: from here on it may have arrived');
  refuse(third);
  const fourth = await stage.returns();
  await stage.world.advance(239_000);
  delivery.retry();
  assert.deepEqual(bodies(fourth), ['hello'], 'wanted once more');
  assert.deepEqual(bodies(await stage.reconnect()), []);
  await fails(delivery, 'unconfirmed', /may have arrived or not/u);
});

test('close fails what is not confirmed, and nothing can be tried again after it', async () => {
  const stage = new Stage();
  const delivery = stage.client.send('lobby', 'hello');
  await stage.client.close();
  await fails(delivery, 'closed', /closed/u);
  delivery.retry();
  assert.equal(delivery.state, 'failed');
  await fails(delivery, 'closed', /closed/u);
});

test('a peer that is dead holds up neither close nor those who wait', async () => {
  const stage = new Stage({ connectTimeout: 5_000 });
  const socket = await stage.accept();
  const delivery = stage.client.send('lobby', 'hello');
  socket.dead = true;
  let closed = false;
  void stage.client.close().then(() => {
    closed = true;
  });
  await stage.world.advance(4_999);
  assert.equal(socket.of('DISCONNECT').length, 1);
  assert.equal(closed, false);
  await stage.world.advance(1);
  assert.equal(closed, true);
  await fails(delivery, 'closed', /closed/u);
  assert.equal(stage.world.timers, 0);
});

test('what a handler sends while others go out comes behind them', async () => {
  const stage = new Stage();
  let more = 3;
  const chain = (delivery: Delivery): void => {
    if (delivery.state !== 'sent' || more === 0) return;
    more -= 1;
    stage.client.send('lobby', `more ${more}`, {}, chain);
  };
  stage.client.send('lobby', 'first', {}, chain);
  stage.client.send('lobby', 'second');
  const socket = await stage.accept();
  assert.deepEqual(bodies(socket), ['first', 'second', 'more 2', 'more 1', 'more 0']);
});

test('direct messages say how many sessions they reached, and are never repeated', async () => {
  const stage = new Stage();
  await assert.rejects(stage.client.direct('bo', 'notes', 'hi'), /no connection/u);
  const socket = await stage.accept();
  const sent = stage.client.direct("Bo (ö)/'x'", 'notes', 'hi', { contentType: 'text/markdown' });
  const { headers } = socket.last('SEND');
  assert.equal(headers['destination'], '/user/Bo%20%28%C3%B6%29%2F%27x%27/queue/notes');
  assert.equal(headers['content-type'], 'text/markdown');
  socket.receipt(socket.last('SEND'), { sessions: 2 });
  assert.deepEqual(await sent, { sessions: 2 });
  const lost = stage.client.direct('bo', 'notes', 'hi');
  socket.end(1006);
  await assert.rejects(lost, (error: StampedeError) => error.code === 'unconfirmed');
  assert.deepEqual(bodies(await stage.returns()), []);
});

test('an inbox is subscribed again after each reconnect', async () => {
  const stage = new Stage();
  const got: string[] = [];
  const inbox = stage.client.inbox('notes', ({ sender, body }) => got.push(`${sender}: ${body}`));
  const first = await stage.accept();
  const say = (socket: FakeSocket, body: string) => {
    const { id, destination } = socket.last('SUBSCRIBE').headers as { id: string; destination: string };
    assert.equal(destination, '/user/queue/notes');
    socket.say('MESSAGE', { subscription: id, destination, 'message-id': body, sender: 'bo' }, body);
  };
  first.receipt(first.last('SUBSCRIBE'));
  await inbox.opened;
  say(first, 'one');
  const second = await stage.reconnect();
  say(second, 'two');
  inbox.close();
  assert.equal(second.of('UNSUBSCRIBE').length, 1);
  say(second, 'three');
  assert.deepEqual(got, ['bo: one', 'bo: two']);
  assert.equal((await stage.reconnect()).of('SUBSCRIBE').length, 0);
});
