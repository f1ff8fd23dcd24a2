// A worker dies with messages in its hands; the others store them, and none twice.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, query } from './support/cluster.mjs';
import { eventually } from './support/wait.mjs';

const kSenders = 4;
const kEach = 5000;

after(() => cluster('up'));

test('one of two workers killed in the middle of 20,000 messages: exactly those 20,000 are stored', async () => {
  const { gateways } = clusterEnv();
  const rooms = Array.from({ length: kSenders }, (_, i) => `${freshRoom('kill')}.${i}`);
  const stored = () =>
    Number(query(`SELECT count(*) FROM messages WHERE room IN (${rooms.map((r) => `'${r}'`)})`)[0][0]);
  const clients = await Promise.all(rooms.map((_, i) => connected(gateways[i % gateways.length])));
  const bodies = rooms.map((_, s) => Array.from({ length: kEach }, (__, i) => `${s}/${i}`));

  let storedAtKill;
  const killer = eventually('storage is in the middle', () => stored() > (kSenders * kEach) / 3, { seconds: 60 })
    .then(async () => {
      await cluster('kill', 'worker-1');
      storedAtKill = stored();
    });
  const [positions] = await Promise.all([
    Promise.all(clients.map((client, s) => sendAll(client, rooms[s], bodies[s], 500))),
    killer,
  ]);
  assert.ok(storedAtKill < kSenders * kEach, `the kill came too late: ${storedAtKill} were stored`);

  await eventually('all are stored', () => stored() >= kSenders * kEach, {
    seconds: 60,
    describe: () => `${stored()} are`,
  });
  for (const [s, room] of rooms.entries()) {
    const rows = query(
      `SELECT seq, id, convert_from(body, 'UTF8') FROM messages WHERE room = '${room}' ORDER BY seq`,
    );
    assert.equal(rows.length, kEach, `${room}: as many rows as receipts`);
    assert.equal(new Set(rows.map((row) => row[1])).size, kEach, `${room}: distinct ids`);
    assert.deepEqual(rows.map((row) => row[2]), bodies[s], `${room}: the bodies, in order`);
    assert.deepEqual(rows.map((row) => Number(row[0])), positions[s], `${room}: where the receipts said`);
  }
  await Promise.all(clients.map((client) => client.close()));
});
