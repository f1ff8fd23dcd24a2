// Everything that can be killed is killed, one after the other, while people talk. Whatever had a receipt is
// stored, once.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ChatClient } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, query } from './support/cluster.mjs';
import { eventually } from './support/wait.mjs';

const kClients = 6;

after(() => cluster('up'));

/** Sends to its room with up to 20 unconfirmed, for as long as `talking.on`; a refused body is not repeated. */
async function talk(client, name, room, talking) {
  const confirmed = new Set();
  let next = 0;
  const lane = async () => {
    while (talking.on) {
      if (!client.stomp.connected) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      const body = `${name}/${next}`;
      next += 1;
      await client.send(room, body).then(() => confirmed.add(body), () => {});
    }
  };
  await Promise.all(Array.from({ length: 20 }, lane));
  return { confirmed, tried: next };
}

test('what had a receipt is stored once, whichever server is killed', async () => {
  const { url } = clusterEnv();
  const rooms = [freshRoom('faults'), freshRoom('faults')];
  const clients = await Promise.all(
    Array.from({ length: kClients }, (_, i) =>
      new ChatClient(url, { login: `client-${i}`, reconnectDelay: 200 }).connect()),
  );
  const talking = { on: true };
  const talks = clients.map((client, i) => talk(client, `client-${i}`, rooms[i % 2], talking));
  const inRooms = `room IN (${rooms.map((room) => `'${room}'`)})`;
  const stored = () => Number(query(`SELECT count(*) FROM messages WHERE ${inRooms}`)[0][0]);

  for (const name of ['redis', 'postgres', 'rabbitmq', 'worker-2', 'nginx', 'gateway-2']) {
    const before = stored();
    await eventually(`messages flow before ${name} is killed`, () => stored() > before + 500, { seconds: 60 });
    await cluster('kill', name);
    await cluster('start', name);
  }
  const before = stored();
  await eventually('messages flow in the end', () => stored() > before + 500, { seconds: 60 });
  talking.on = false;
  const results = await Promise.all(talks);

  const confirmed = results.flatMap((result) => [...result.confirmed]);
  const rows = await eventually('everything confirmed is stored', () => {
    const found = query(`SELECT convert_from(body, 'UTF8'), room, seq FROM messages WHERE ${inRooms}`);
    const bodies = new Set(found.map(([body]) => body));
    return confirmed.every((body) => bodies.has(body)) && found;
  }, { seconds: 60 });
  const bodies = rows.map(([body]) => body);
  assert.equal(new Set(bodies).size, bodies.length, 'nothing is stored twice');
  const tried = results.reduce((sum, result) => sum + result.tried, 0);
  assert.ok(bodies.length <= tried, 'nothing is stored that was not sent');
  assert.ok(confirmed.length > tried / 2, `only ${confirmed.length} of ${tried} were confirmed`);
  await Promise.all(clients.map((client) => client.close()));
});
