// One gateway with everything in it: what scripts/run starts.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { getJson, memberNames, wholeHistory } from './support/history.mjs';
import { root } from './support/cluster.mjs';
import { startGateway } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

function dataDir(t) {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-embedded-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('chat, members, history and the page from one process', async (t) => {
  const gateway = await startGateway(t, ['--data-dir', dataDir(t), '--web-root', `${root}clients/web/dist`]);
  const [ada, bob] = await Promise.all([
    connected(gateway.url, { login: 'ada' }),
    connected(gateway.url, { login: 'bob' }),
  ]);
  const [atAda, atBob] = await Promise.all([ada.subscribe('lobby'), bob.subscribe('lobby')]);
  const bodies = Array.from({ length: 500 }, (_, i) => `message ${i}`);
  const positions = await sendAll(ada, 'lobby', bodies);
  for (const record of [atAda, atBob]) {
    await eventually('all arrive', () => record.messages.length === bodies.length);
    assert.deepEqual(record.messages.map((m) => m.seq), positions);
  }
  // A receipt means stored here, so there is nothing to wait for.
  assert.deepEqual((await wholeHistory(gateway.url, 'lobby')).map((m) => m.body), bodies);
  assert.deepEqual((await memberNames(gateway.url, 'lobby')).sort(), ['ada', 'bob']);
  const { body } = await getJson(`${gateway.url}/api/v1/rooms`);
  assert.deepEqual(body.rooms.map((r) => r.room ?? r.name), ['lobby']);
  assert.match(await (await fetch(`${gateway.url}/`)).text(), /<!doctype html>/i);
  await Promise.all([ada.close(), bob.close()]);
});

test('what had a receipt is there after SIGKILL, and positions go on rising', async (t) => {
  const dir = dataDir(t);
  const first = await startGateway(t, ['--data-dir', dir]);
  const client = await connected(first.url);
  const confirmed = [];
  const sending = (async () => {
    for (let i = 0; ; i += 1) confirmed.push([await client.send('lobby', `${i}`), `${i}`]);
  })();
  sending.catch(() => {});
  await eventually('messages flow', () => confirmed.length > 50);
  await first.end('SIGKILL');
  await assert.rejects(sending);

  const second = await startGateway(t, ['--data-dir', dir]);
  const stored = await wholeHistory(second.url, 'lobby');
  const seqOf = new Map(stored.map((m) => [m.body, m.seq]));
  assert.equal(seqOf.size, stored.length, 'nothing is there twice');
  for (const [seq, body] of confirmed) assert.equal(seqOf.get(body), seq, `message ${body}`);
  const again = await connected(second.url);
  assert.ok((await again.send('lobby', 'after the crash')) > stored.at(-1).seq);
  await again.close();
});

test('SIGTERM ends it with status 0 after what was sent is stored', async (t) => {
  const dir = dataDir(t);
  const first = await startGateway(t, ['--data-dir', dir]);
  const client = await connected(first.url);
  const positions = await sendAll(client, 'lobby', Array.from({ length: 300 }, (_, i) => `${i}`), 300);
  assert.equal(await first.end('SIGTERM'), 0, first.log());
  assert.equal(client.closes[0]?.code, 1001);
  const second = await startGateway(t, ['--data-dir', dir]);
  assert.deepEqual((await wholeHistory(second.url, 'lobby')).map((m) => m.seq), positions);
});
