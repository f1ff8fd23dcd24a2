// Two clients on two gateways talk: every message arrives once, in the room's order, and history says the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { historyAfter, wholeHistory } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

const kEach = 1000;

test('1,000 messages both ways arrive once, in order, and are in history in the same order', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('two');
  const [ada, bob] = await Promise.all([
    connected(gateways[0], { login: 'ada' }),
    connected(gateways[1], { login: 'bob' }),
  ]);
  const [atAda, atBob] = await Promise.all([ada.subscribe(room), bob.subscribe(room)]);

  const bodies = (name) => Array.from({ length: kEach }, (_, i) => `${name} ${i} – grüße ☃`);
  const [adaSeqs, bobSeqs] = await Promise.all([
    sendAll(ada, room, bodies('ada')),
    sendAll(bob, room, bodies('bob')),
  ]);

  for (const [who, record] of [['ada', atAda], ['bob', atBob]]) {
    await eventually(`${who} has all messages`, () => record.messages.length >= 2 * kEach, {
      describe: () => `has ${record.messages.length}`,
    });
    const { messages } = record;
    assert.equal(messages.length, 2 * kEach, `${who} got each message once`);
    for (let i = 1; i < messages.length; i += 1) {
      assert.ok(messages[i].seq > messages[i - 1].seq, `${who}: seq rises at ${i}`);
      assert.equal(messages[i].prev, messages[i - 1].seq, `${who}: the chain holds at ${i}`);
    }
    const own = (sender) => messages.filter((m) => m.sender === sender);
    assert.deepEqual(own('ada').map((m) => m.body), bodies('ada'), `${who}: ada's order`);
    assert.deepEqual(own('bob').map((m) => m.body), bodies('bob'), `${who}: bob's order`);
    assert.deepEqual(own('ada').map((m) => m.seq), adaSeqs, `${who}: positions are those of the receipts`);
    assert.deepEqual(own('bob').map((m) => m.seq), bobSeqs, `${who}: positions are those of the receipts`);
  }

  const lived = atAda.messages.map(({ seq, id, sender, body }) => ({ seq, id, sender, body }));
  for (const worker of workers) {
    const newest = lived.at(-1).seq;
    await eventually(`${worker} has stored all`, async () => {
      const page = await historyAfter(worker, room, newest - 1, 1);
      return page.length === 1;
    });
    const strip = (list) => list.map(({ seq, id, sender, body }) => ({ seq, id, sender, body }));
    assert.deepEqual(strip(await wholeHistory(worker, room, 200)), lived, `${worker}, from the newest page`);
    assert.deepEqual(strip(await historyAfter(worker, room, 0, 117)), lived, `${worker}, from the oldest page`);
  }
  await Promise.all([ada.close(), bob.close()]);
});

test('the receipt of SUBSCRIBE divides history from live messages', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('divide');
  const writer = await connected(gateways[0]);
  const early = await sendAll(writer, room, ['one', 'two', 'three']);
  const reader = await connected(gateways[1]);
  const record = await reader.subscribe(room);
  assert.equal(record.position, early.at(-1));
  const late = await sendAll(writer, room, ['four', 'five']);
  await eventually('the live messages arrive', () => record.messages.length >= 2);
  assert.deepEqual(record.messages.map((m) => m.seq), late);
  await eventually('everything is in history', async () => (await wholeHistory(workers[0], room)).length === 5);
  await Promise.all([writer.close(), reader.close()]);
});
