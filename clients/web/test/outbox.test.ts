import assert from 'node:assert/strict';
import test from 'node:test';
import { Outbox } from '../src/outbox';
import { message } from './support';

function make() {
  let now = 1_000_000;
  let refs = 0;
  let works = true;
  const sent: Array<{ ref: string; body: string; headers: Record<string, string> }> = [];
  const outbox = new Outbox(
    (ref, body, headers) => {
      if (works) sent.push({ ref, body, headers });
      return works;
    },
    () => now,
    () => `r${(refs += 1)}`,
  );
  return {
    outbox,
    sent,
    pass: (ms: number) => (now += ms),
    break: () => (works = false),
    states: () => outbox.entries.map(({ state }) => state),
  };
}

test('holds messages until the room is open, then sends them in order', () => {
  const { outbox, sent, states } = make();
  outbox.add('one');
  outbox.add('two');
  assert.deepEqual(states(), ['waiting', 'waiting']);
  outbox.open();
  assert.deepEqual(
    sent.map(({ body }) => body),
    ['one', 'two'],
  );
  assert.deepEqual(states(), ['sending', 'sending']);
});

test('sends under a key of its own and says what it calls the message', () => {
  const { outbox, sent } = make();
  outbox.open();
  outbox.add('hi');
  assert.deepEqual(sent[0]?.headers, {
    'content-type': 'text/plain',
    'message-key': 'r1',
    'client-ref': 'r1',
  });
});

test('a receipt confirms, the echo takes it out', () => {
  const { outbox, states } = make();
  outbox.open();
  outbox.add('hi');
  outbox.confirmed('r1');
  assert.deepEqual(states(), ['sent']);
  outbox.seen([message(1, { ref: 'r1' })]);
  assert.deepEqual(states(), []);
});

test('the echo may come before the receipt', () => {
  const { outbox, states } = make();
  outbox.open();
  outbox.add('hi');
  outbox.seen([message(1, { ref: 'r1' })]);
  outbox.confirmed('r1');
  assert.deepEqual(states(), []);
});

test('what was in flight is in doubt and goes out again under the same key', () => {
  const { outbox, sent, states } = make();
  outbox.open();
  outbox.add('hi');
  assert.equal(outbox.in_doubt, false);
  outbox.close();
  assert.deepEqual(states(), ['waiting']);
  assert.equal(outbox.in_doubt, true);
  outbox.open();
  assert.deepEqual(
    sent.map(({ ref }) => ref),
    ['r1', 'r1'],
  );
});

test('what history shows is not sent again', () => {
  const { outbox, sent } = make();
  outbox.open();
  outbox.add('hi');
  outbox.close();
  outbox.seen([message(1, { ref: 'r1' })]);
  outbox.open();
  assert.equal(sent.length, 1);
});

test('what was confirmed is not sent again', () => {
  const { outbox, sent, states } = make();
  outbox.open();
  outbox.add('hi');
  outbox.confirmed('r1');
  outbox.close();
  outbox.open();
  assert.equal(sent.length, 1);
  assert.deepEqual(states(), ['sent']);
});

test('asks the user once the server may have forgotten the key', () => {
  const { outbox, sent, states, pass } = make();
  outbox.open();
  outbox.add('hi');
  outbox.close();
  pass(300_000);
  outbox.open();
  assert.equal(sent.length, 1);
  assert.deepEqual(states(), ['failed']);
  outbox.retry('r1');
  assert.equal(sent.length, 2);
});

test('a message never sent may wait for any time', () => {
  const { outbox, sent, pass } = make();
  outbox.add('hi');
  pass(3_600_000);
  outbox.open();
  assert.equal(sent.length, 1);
});

test('fails without a confirmation, and can be tried again or discarded', () => {
  const { outbox, states, pass, sent } = make();
  outbox.open();
  outbox.add('hi');
  pass(10_000);
  assert.equal(outbox.tick(), false);
  pass(11_000);
  assert.equal(outbox.tick(), true);
  assert.deepEqual(states(), ['failed']);
  outbox.retry('r1');
  assert.deepEqual(states(), ['sending']);
  assert.equal(sent.length, 2);
  outbox.refused('r1', 'too long');
  assert.equal(outbox.entries[0]?.reason, 'too long');
  outbox.discard('r1');
  assert.deepEqual(states(), []);
});

test('keeps what the connection did not take', () => {
  const { outbox, states, break: cut } = make();
  outbox.open();
  cut();
  outbox.add('one');
  outbox.add('two');
  assert.deepEqual(states(), ['waiting', 'waiting']);
});

test('a refused one does not hold up the others after a reconnect', () => {
  const { outbox, sent, states } = make();
  outbox.open();
  outbox.add('bad');
  outbox.refused('r1', 'too long');
  outbox.close();
  outbox.add('good');
  outbox.open();
  assert.deepEqual(
    sent.map(({ ref }) => ref),
    ['r1', 'r2'],
  );
  assert.deepEqual(states(), ['failed', 'sending']);
});

test('a refusal without a name is of the only one on its way', () => {
  const { outbox, states } = make();
  outbox.open();
  assert.equal(outbox.refused_unnamed('nothing of ours'), false);
  outbox.add('bad');
  assert.equal(outbox.refused_unnamed('too long'), true);
  assert.deepEqual(states(), ['failed']);
  assert.equal(outbox.entries[0]?.reason, 'too long');
});

test('a refusal without a name is traced by sending one at a time', () => {
  const { outbox, sent, states } = make();
  outbox.open();
  for (const body of ['good 1', 'bad', 'good 2']) outbox.add(body);
  assert.equal(outbox.refused_unnamed('too long'), false);
  outbox.close();
  sent.length = 0;
  outbox.open();
  assert.deepEqual(
    sent.map(({ body }) => body),
    ['good 1'],
  );
  outbox.confirmed('r1');
  assert.deepEqual(
    sent.map(({ body }) => body),
    ['good 1', 'bad'],
  );
  assert.equal(outbox.refused_unnamed('too long'), true);
  outbox.close();
  outbox.open();
  assert.deepEqual(
    sent.map(({ body }) => body),
    ['good 1', 'bad', 'good 2'],
  );
  assert.deepEqual(states(), ['sent', 'failed', 'sending']);
});

test('a message that breaks every connection is given up', () => {
  const { outbox, sent, states } = make();
  outbox.add('cursed');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    outbox.open();
    outbox.close();
  }
  assert.equal(sent.length, 6);
  assert.deepEqual(states(), ['failed']);
});
