// Coming back, and when not.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fullJitter } from '../src/backoff.js';
import { expiryOf, refreshDelay } from '../src/credentials.js';
import { connect } from '../src/index.js';
import { settle } from './support/clock.js';
import { Stage } from './support/fake_server.js';

const kinds = (stage: Stage) => stage.states.map(({ kind }) => kind);

function delayOf(stage: Stage): number {
  const { state } = stage.client;
  assert.equal(state.kind, 'waiting');
  return state.kind === 'waiting' ? state.retryAt - stage.world.now() : -1;
}

test('the delay is all chance, doubles, and is bounded', () => {
  const backoff = { base: 1_000, cap: 5_000 };
  assert.deepEqual(
    [0, 1, 2, 3, 1_000].map((attempt) => fullJitter(backoff, attempt, 0.5)),
    [500, 1_000, 2_000, 2_500, 2_500],
  );
  assert.equal(fullJitter(backoff, 3, 0), 0);
  assert.ok(fullJitter(backoff, 3, 0.9999) < 5_000);
});

test('connects with the credentials and knows what the server calls the user', async () => {
  const stage = new Stage({ credentials: { login: 'ana', passcode: 'secret' } });
  const socket = await stage.accept('Ana');
  const { headers } = socket.last('CONNECT');
  assert.equal(headers['login'], 'ana');
  assert.equal(headers['passcode'], 'secret');
  assert.equal(headers['Authorization'], undefined);
  assert.equal(stage.client.user, 'Ana');
  assert.deepEqual(kinds(stage), ['connecting', 'connected']);
});

test('comes back after delays that grow, and starts small again after a connection that held', async () => {
  const stage = new Stage({ backoffBase: 1_000, backoffCap: 4_000, stableAfter: 10_000 });
  stage.world.chance = 0.999;
  await stage.accept();
  const delays: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    stage.socket.end(1006);
    delays.push(delayOf(stage));
    await stage.world.advance(delays.at(-1)! - 1);
    assert.equal(stage.sockets.length, n + 1);
    await stage.world.advance(1);
    assert.equal(stage.sockets.length, n + 2);
  }
  assert.deepEqual(delays, [999, 1_998, 3_996, 3_996]);
  await stage.accept();
  await stage.world.advance(9_999);
  stage.socket.end(1006);
  assert.equal(delayOf(stage), 3_996);
  await stage.world.advance(3_996);
  await stage.accept();
  await stage.world.advance(10_000);
  stage.socket.end(1006);
  assert.equal(delayOf(stage), 999);
});

test('an attempt that hangs is given up', async () => {
  const stage = new Stage({ connectTimeout: 5_000 });
  await stage.world.advance(5_000);
  assert.equal(stage.sockets[0]!.closedByClient, true);
  assert.equal(stage.client.state.kind, 'waiting');
});

test('without a network it waits for one; when the page is looked at again it does not wait', async () => {
  const stage = new Stage();
  await stage.accept();
  stage.world.isOnline = false;
  stage.socket.end(1006);
  assert.equal(stage.client.state.kind, 'offline');
  await stage.world.advance(600_000);
  assert.equal(stage.sockets.length, 1);
  stage.world.wake();
  await stage.accept();
  stage.world.chance = 0.9;
  stage.socket.end(1006);
  stage.world.wake();
  stage.world.wake();
  await settle();
  assert.equal(stage.sockets.length, 3);
  stage.socket.end(1006);
  stage.world.loseNetwork();
  assert.equal(stage.client.state.kind, 'offline');
});

test('a refused log-in and a revoked session are for good, until there are other credentials', async () => {
  for (const code of [4010, 4013]) {
    const stage = new Stage();
    await settle();
    stage.socket.open();
    stage.socket.refuse(code, 'Bad CONNECT', 'wrong passcode');
    assert.deepEqual(stage.client.state, { kind: 'refused', code, reason: 'wrong passcode' });
    stage.world.wake();
    await stage.world.advance(600_000);
    assert.equal(stage.sockets.length, 1, `no second attempt after ${code}`);
    stage.client.reconnect({ login: 'ana', passcode: 'right' });
    const socket = await stage.accept();
    assert.equal(socket.last('CONNECT').headers['passcode'], 'right');
    assert.equal(stage.client.state.kind, 'connected');
  }
});

test('an expired token asks for a new one, and is the end when nobody can give one', async () => {
  const reasons: string[] = [];
  const stage = new Stage({
    credentials: (reason) => {
      reasons.push(reason);
      return Promise.resolve({ token: `token-${reasons.length}` });
    },
  });
  await stage.accept();
  stage.socket.refuse(4012, 'Token expired', 'at noon');
  const socket = await stage.returns();
  assert.equal(socket.last('CONNECT').headers['Authorization'], 'Bearer token-2');
  await stage.reconnect();
  assert.deepEqual(reasons, ['first', 'expired', 'reconnect']);

  const fixed = new Stage({ credentials: { token: 'old' } });
  await fixed.accept();
  fixed.socket.refuse(4012, 'Token expired', 'at noon');
  assert.equal(fixed.client.state.kind, 'refused');
});

test('credentials that never come hold up one attempt, not the client', async () => {
  const answers: Array<(token: string) => void> = [];
  const stage = new Stage({
    connectTimeout: 5_000,
    credentials: () => new Promise((resolve) => answers.push((token) => resolve({ token }))),
  });
  await stage.world.advance(4_999);
  assert.deepEqual(kinds(stage), ['connecting']);
  await stage.world.advance(1);
  const waiting = stage.states.at(-1);
  assert.ok(waiting?.kind === 'waiting' && /no credentials came within 5000 ms/u.test(waiting.reason));
  await stage.world.advance(delayOf(stage));
  assert.equal(answers.length, 2);
  answers[0]!('too late');
  await settle();
  assert.equal(stage.sockets.length, 0);
  answers[1]!('in time');
  const socket = await stage.accept();
  assert.equal(socket.last('CONNECT').headers['Authorization'], 'Bearer in time');
  await stage.world.advance(60_000);
  assert.equal(stage.client.state.kind, 'connected');
});

test('credentials that cannot be had now are asked for again', async () => {
  let calls = 0;
  const stage = new Stage({
    credentials: () => {
      calls += 1;
      if (calls < 3) throw new Error('the log-in service is away');
      return { token: 'late' };
    },
  });
  await settle();
  const { state } = stage.client;
  assert.ok(state.kind === 'waiting' && state.reason.includes('the log-in service is away'));
  while (calls < 3) await stage.world.advance(100);
  await stage.accept();
  assert.equal(calls, 3);
  assert.equal(stage.sockets.length, 1);
});

function tokenUntil(milliseconds: number): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ exp: Math.floor(milliseconds / 1000) })}.sig`;
}

test('a token is renewed within the session before it expires', async () => {
  const reasons: string[] = [];
  let now = 1_700_000_000_000; // when the world begins
  const stage = new Stage({
    credentials: (reason) => {
      reasons.push(reason);
      return { token: tokenUntil(now + 600_000) };
    },
  });
  const socket = await stage.accept();
  await stage.world.advance(539_000);
  assert.equal(socket.of('SEND').length, 0);
  now += 540_000;
  await stage.world.advance(1_000);
  assert.equal(socket.last('SEND').headers['destination'], '/app/auth');
  assert.match(socket.last('SEND').headers['Authorization']!, /^Bearer eyJ/u);
  socket.receipt(socket.last('SEND'));
  now += 540_000;
  await stage.world.advance(540_000);
  assert.equal(socket.of('SEND').length, 2);
  assert.deepEqual(reasons, ['first', 'expiring', 'expiring']);
  socket.refuse(4010, 'Refresh refused', 'another user', socket.last('SEND'));
  assert.equal(stage.client.state.kind, 'refused');
});

test('a token that is given again is no new one, and is asked about no more often than that', async () => {
  let asked = 0;
  const kept = tokenUntil(1_700_000_000_000 + 60_000);
  const stage = new Stage({
    credentials: () => {
      asked += 1;
      return { token: kept };
    },
  });
  const socket = await stage.accept();
  await stage.world.advance(600_000);
  assert.equal(socket.of('SEND').length, 0);
  assert.ok(asked >= 3 && asked <= 8, `asked ${asked} times`);
  socket.refuse(4012, 'Token expired', 'a minute after it began');
  assert.equal(stage.client.state.kind, 'waiting');
});

test('to a client whose clock is ahead each new token has expired: they are not asked for in a loop', async () => {
  let given = 0;
  const stage = new Stage({
    credentials: () => {
      given += 1;
      return { token: tokenUntil(1_690_000_000_000 + given * 1_000) };
    },
  });
  const socket = await stage.accept();
  for (let seconds = 0; seconds < 60; seconds += 1) {
    await stage.world.advance(1_000);
    for (const frame of socket.of('SEND')) socket.receipt(frame);
    assert.ok(given < 50, `asked ${given} times in ${seconds} s`);
  }
  assert.ok(given >= 4 && given <= 15, `asked ${given} times in a minute`);
});

test('when a token ends is read from it, and from nothing else', () => {
  assert.equal(expiryOf(tokenUntil(5_000)), 5_000);
  for (const other of [undefined, '', 'opaque', 'a.b.c', 'a.e30.c']) assert.equal(expiryOf(other), null);
  assert.equal(refreshDelay(600_000, 0), 540_000);
  assert.equal(refreshDelay(100_000, 0), 70_000);
  assert.equal(refreshDelay(10_000, 0), 5_000);
  assert.equal(refreshDelay(0, 10_000), 0);
});

test('a server without room is not asked again soon', async () => {
  const stage = new Stage({ backoffBase: 1_000, backoffCap: 30_000 });
  stage.world.chance = 0.5;
  await stage.accept();
  stage.socket.end(1013);
  assert.equal(delayOf(stage), 4_000);
});

test('rights that were taken away are asked about once', async () => {
  const stage = new Stage();
  await stage.accept();
  stage.socket.refuse(4011, 'access_refused', 'no right to read');
  assert.equal(stage.client.state.kind, 'waiting');
  await stage.returns();
  stage.socket.refuse(4011, 'access_refused', 'no right to read');
  assert.equal(stage.client.state.kind, 'refused');
});

test('after close nothing happens any more', async () => {
  const stage = new Stage();
  const socket = await stage.accept();
  await stage.client.close();
  assert.equal(socket.of('DISCONNECT').length, 1);
  assert.equal(stage.client.state.kind, 'closed');
  stage.world.wake();
  stage.client.reconnect();
  await stage.world.advance(600_000);
  assert.equal(stage.sockets.length, 1);
  assert.equal(stage.world.timers, 0);
  assert.throws(() => stage.client.join('lobby'), /closed/u);

  const waiting = new Stage();
  await waiting.accept();
  waiting.socket.end(1006);
  await waiting.client.close();
  await waiting.world.advance(600_000);
  assert.equal(waiting.sockets.length, 1);
});

test('a handler that closes when it hears of the next attempt is obeyed', async () => {
  const stage: Stage = new Stage({
    onState: (state) => {
      if (state.kind === 'connecting' && state.attempt > 0) void stage.client.close();
    },
  });
  await stage.accept();
  stage.socket.end(1006);
  await stage.world.advance(600_000);
  assert.equal(stage.client.state.kind, 'closed');
  assert.equal(stage.sockets.length, 1);
  assert.equal(stage.world.timers, 0);
});

test('options that cannot work are named', () => {
  const socket = { webSocketFactory: () => ({}) as never };
  assert.throws(() => connect({ url: 'https://a.example/ws', stomp: {} }), /ws:\/\/ or wss:\/\//u);
  assert.throws(() => connect({ url: 'ws://a.example', stomp: socket, queueLimit: 0 }), /queueLimit is 0/u);
  if (typeof WebSocket === 'undefined') {
    assert.throws(() => connect({ url: 'ws://a.example/ws' }), /webSocketFactory/u);
  }
});

test('the STOMP.js Client is there for whatever else one wants', async () => {
  const heard: string[] = [];
  const stage = new Stage({
    stomp: {
      onConnect: () => heard.push('connected'),
      onUnhandledReceipt: (frame) => heard.push(`receipt ${frame.headers['receipt-id']}`),
      onStompError: (frame) => heard.push(`error ${frame.headers['message']}`),
      onWebSocketClose: () => heard.push('closed'),
    },
  });
  const socket = await stage.accept();
  stage.client.stomp.publish({ destination: '/topic/raw', body: 'hi', headers: { receipt: 'mine' } });
  assert.equal(socket.last('SEND').headers['receipt'], 'mine');
  socket.receipt(socket.last('SEND'));
  socket.refuse(4000, 'Illegal command', 'why');
  assert.deepEqual(heard, ['connected', 'receipt mine', 'error Illegal command', 'closed']);
});
