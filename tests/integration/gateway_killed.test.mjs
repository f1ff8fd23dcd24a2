// A gateway dies under its clients, who come back through nginx on another one.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ChatClient, connected } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, query } from './support/cluster.mjs';
import { memberNames } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

const kClients = 10;

// What a failed test left down is none of the next one's business.
afterEach(() => cluster('up'));

/** Sends until told to stop, through lost connections, never repeating a body. Keeps what was confirmed. */
async function talk(client, name, room, talking) {
  const confirmed = new Map();
  const tried = [];
  for (let i = 0; talking.on; i += 1) {
    const body = `${name}/${i}`;
    if (!client.stomp.connected) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    tried.push(body);
    await client.send(room, body).then(
      (seq) => confirmed.set(body, seq),
      () => {},
    );
  }
  return { confirmed, tried };
}

test('nothing that was confirmed is lost when a gateway is killed and its clients reconnect', async () => {
  const { url } = clusterEnv();
  const room = freshRoom('gwkill');
  const clients = await Promise.all(
    Array.from({ length: kClients }, (_, i) =>
      new ChatClient(url, { login: `client-${i}`, reconnectDelay: 100 }).connect()),
  );
  const talking = { on: true };
  const talks = clients.map((client, i) => talk(client, `client-${i}`, room, talking));

  const stored = () => Number(query(`SELECT count(*) FROM messages WHERE room = '${room}'`)[0][0]);
  await eventually('messages flow', () => stored() > 200, { seconds: 30 });
  await cluster('kill', 'gateway-1');
  const reconnected = () => clients.filter((client) => client.connects > 1).length;
  // A client may look connected until it has noticed.
  await eventually('the killed gateway\'s clients are back',
    () => reconnected() > 0 && clients.every((client) => client.stomp.connected), { seconds: 30 });
  const before = stored();
  await eventually('messages flow again', () => stored() > before + 200, { seconds: 30 });
  talking.on = false;
  const results = await Promise.all(talks);

  const confirmed = new Map(results.flatMap((result) => [...result.confirmed]));
  const tried = new Set(results.flatMap((result) => result.tried));
  const rows = await eventually('everything confirmed is stored', () => {
    const found = query(`SELECT convert_from(body, 'UTF8'), seq FROM messages WHERE room = '${room}' ORDER BY seq`);
    const bodies = new Set(found.map(([body]) => body));
    return [...confirmed.keys()].every((body) => bodies.has(body)) && found;
  });
  const bodies = rows.map(([body]) => body);
  assert.equal(new Set(bodies).size, bodies.length, 'nothing is stored twice');
  assert.ok(bodies.every((body) => tried.has(body)), 'nothing is stored that was not sent');
  const seqOf = new Map(rows.map(([body, seq]) => [body, Number(seq)]));
  for (const [body, seq] of confirmed) assert.equal(seqOf.get(body), seq, `${body} is where its receipt said`);
  await Promise.all(clients.map((client) => client.close()));
});

test('the members of a killed gateway are gone within the lease', async () => {
  const { gateways, workers } = clusterEnv();
  const room = freshRoom('lease');
  const stays = await connected(gateways[0], { login: 'stays' });
  const dies = await connected(gateways[1], { login: 'dies' });
  await Promise.all([stays.subscribe(room), dies.subscribe(room)]);
  assert.deepEqual((await memberNames(workers[0], room)).sort(), ['dies', 'stays']);
  await cluster('kill', 'gateway-2');
  await eventually('the members list is right again', async () =>
    (await memberNames(workers[1], room)).join() === 'stays', { seconds: 25 });
  await stays.close();
});
