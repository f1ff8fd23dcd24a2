import assert from 'node:assert/strict';
import test from 'node:test';
import { ChatClient, type ConnectionState } from '../src/chat_client';
import type { Identity } from '../src/identity';
import type { LinkHandlers } from '../src/stomp_link';
import { FakeClock, message } from './support';

function make() {
  const clock = new FakeClock();
  const links: Array<{
    identity: Identity;
    handlers: LinkHandlers;
    did: string[];
    breaks: boolean;
  }> = [];
  const states: ConnectionState[] = [];
  const told: string[] = [];
  const network = { online: true };
  const client = new ChatClient(
    'lobby',
    { user: 'ana', passcode: 'secret' },
    (identity, handlers) => {
      const link = { identity, handlers, did: [] as string[], breaks: false };
      links.push(link);
      return {
        subscribe: (room, receiptId) => link.did.push(`subscribe ${room} ${receiptId}`),
        send: (room, body, headers) => {
          if (link.breaks) throw new Error('not connected');
          link.did.push(`send ${room} ${body} ${headers['receipt']}`);
        },
        close: () => link.did.push('close'),
      };
    },
    { now: clock.now, after: clock.after, random: () => 1, online: () => network.online },
    {
      state: (state) => states.push(state),
      live: (seq) => told.push(`live ${seq}`),
      message: (received) => told.push(`message ${received.id}`),
      sent: (ref) => told.push(`sent ${ref}`),
      refused: (ref, error) => told.push(`refused ${ref} ${error.detail}`),
    },
  );
  const link = () => links[links.length - 1]!;
  const go_live = () => {
    link().handlers.opened('ana');
    link().handlers.receipt('join', 7);
  };
  return { clock, client, links, link, states, told, network, go_live };
}

test('is live with the receipt of the subscription, not before', () => {
  const { client, link, states, told } = make();
  client.start();
  assert.equal(client.send('r1', 'hi', {}), false);
  link().handlers.opened('Ana');
  assert.deepEqual(link().did, ['subscribe lobby join']);
  assert.equal(client.user, 'Ana');
  assert.deepEqual(
    states.map(({ kind }) => kind),
    ['connecting'],
  );
  link().handlers.receipt('join', 7);
  assert.equal(client.state.kind, 'live');
  assert.deepEqual(told, ['live 7']);
});

test('sends with a receipt and tells what became of it', () => {
  const { client, link, told, go_live } = make();
  client.start();
  go_live();
  assert.equal(client.send('r1', 'hi', {}), true);
  assert.equal(link().did.at(-1), 'send lobby hi send:r1');
  link().handlers.receipt('send:r1', 9);
  link().handlers.message(message(9));
  link().handlers.error({ message: 'Bad', detail: 'too long', receiptId: 'send:r2' });
  link().handlers.error({ message: 'Bad', detail: 'go away', receiptId: '' });
  assert.deepEqual(told.slice(1), [
    'sent r1',
    'message m9',
    'refused r2 too long',
    'refused  go away',
  ]);
});

test('reconnects after a delay that doubles up to a bound', async () => {
  const { client, clock, link, links, states } = make();
  client.start();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    link().handlers.closed(1006);
    const last = states.at(-1)!;
    assert.equal(last.kind, 'waiting');
    if (last.kind === 'waiting') waits.push(last.retryAt - clock.now());
    await clock.advance(waits.at(-1)! - 1);
    assert.equal(links.length, attempt + 1);
    await clock.advance(1);
    assert.equal(links.length, attempt + 2);
  }
  assert.deepEqual(waits, [700, 1400, 2800, 5600, 11200, 20000, 20000, 20000]);
});

test('a connection that held starts from the short delay again, one that did not goes on', async () => {
  const { client, clock, link, states, go_live } = make();
  const wait = () => {
    const last = states.at(-1)!;
    return last.kind === 'waiting' ? last.retryAt - clock.now() : -1;
  };
  client.start();
  go_live();
  link().handlers.closed(1006);
  assert.equal(wait(), 700);
  await clock.advance(700);
  go_live();
  link().handlers.closed(1006);
  assert.equal(wait(), 1400);
  await clock.advance(1400);
  go_live();
  await clock.advance(6_000);
  link().handlers.closed(1006);
  assert.equal(wait(), 700);
});

test('waits for the network when there is none', async () => {
  const { client, clock, link, links, network } = make();
  client.start();
  network.online = false;
  link().handlers.closed(1006);
  assert.equal(client.state.kind, 'offline');
  await clock.advance(60_000);
  assert.equal(links.length, 1);
  network.online = true;
  client.retry_now();
  assert.equal(links.length, 2);
});

test('a retry by hand takes the place of the planned one', async () => {
  const { client, clock, link, links } = make();
  client.start();
  link().handlers.closed(1006);
  client.retry_now();
  client.retry_now();
  await clock.advance(60_000);
  assert.equal(links.length, 2);
});

test('a socket that is gone takes no message', () => {
  const { client, link, go_live } = make();
  client.start();
  go_live();
  link().breaks = true;
  assert.equal(client.send('r1', 'hi', {}), false);
});

test('after stop nothing is tried again', async () => {
  const { client, clock, link, links } = make();
  client.start();
  link().handlers.closed(1006);
  client.stop();
  await clock.advance(60_000);
  assert.equal(links.length, 1);
  assert.equal(client.state.kind, 'closed');
});

test('proves who the user is, and does not insist when that is refused', async () => {
  for (const code of [4010, 4012, 4013]) {
    const { clock, client, link, links, states } = make();
    client.start();
    assert.deepEqual(link().identity, { user: 'ana', passcode: 'secret' });
    link().handlers.error({ message: 'Bad CONNECT', detail: 'wrong', receiptId: '' });
    link().handlers.closed(code);
    await clock.advance(60_000);
    assert.equal(links.length, 1, `no second attempt after ${code}`);
    assert.deepEqual(states[states.length - 1], {
      kind: 'refused',
      refusal: { login: true, reason: 'wrong' },
    });
    client.retry_now();
    assert.equal(links.length, 1);
  }
});

test('a room that the user may not enter is no reason to try again, a refused message is', async () => {
  const { clock, client, link, links, go_live } = make();
  client.start();
  go_live();
  link().handlers.error({ message: 'access_refused', detail: 'no', receiptId: 'send:r1' });
  link().handlers.closed(4011);
  assert.equal(client.state.kind, 'waiting');
  await clock.advance(60_000);
  assert.equal(links.length, 2);
  link().handlers.opened('ana');
  link().handlers.error({ message: 'access_refused', detail: 'not here', receiptId: 'join' });
  link().handlers.closed(4011);
  assert.deepEqual(client.state, {
    kind: 'refused',
    refusal: { login: false, reason: 'not here' },
  });
  await clock.advance(60_000);
  assert.equal(links.length, 2);
});
