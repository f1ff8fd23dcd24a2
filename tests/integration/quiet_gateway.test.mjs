// The broker sends a gateway only what its members are to see.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connected, sendAll } from './support/chat_client.mjs';
import { cluster, clusterEnv, freshRoom, opsUrl } from './support/cluster.mjs';
import { scrape, total } from './support/metrics.mjs';
import { eventually } from './support/wait.mjs';

const kMessages = 1000;
const kReceived = 'stampede_rabbitmq_bus_received_total';

after(() => cluster('up', '--gateways', '2'));

test('a gateway without members of a room receives none of its 1,000 messages', async () => {
  // The third has never had a client, so that zero means zero.
  await cluster('up', '--gateways', '3');
  const { gateways } = clusterEnv();
  const room = freshRoom('quiet');
  const sender = await connected(gateways[0]);
  const reader = await connected(gateways[1]);
  const bystander = await connected(gateways[2]);
  await bystander.subscribe(freshRoom('elsewhere'));
  const record = await reader.subscribe(room);
  const before = total(await scrape(opsUrl('gateway-2', 'metrics')), kReceived);

  await sendAll(sender, room, Array.from({ length: kMessages }, (_, i) => `${i}`));
  await eventually('the member has them all', () => record.messages.length === kMessages);

  const received = total(await scrape(opsUrl('gateway-2', 'metrics')), kReceived) - before;
  assert.equal(received, kMessages, 'the gateway with the member received each once');
  assert.equal(total(await scrape(opsUrl('gateway-3', 'metrics')), kReceived), 0);
  await Promise.all([sender.close(), reader.close(), bystander.close()]);
});

test('a room that lives on one gateway does not reach the broker\'s fan-out at all', async () => {
  const { gateways } = clusterEnv();
  const room = freshRoom('local');
  const client = await connected(gateways[0]);
  const record = await client.subscribe(room);
  const published = async () =>
    (await scrape(opsUrl('gateway-1', 'metrics'))).get('stampede_rabbitmq_publishes_total{exchange="rooms"}') ?? 0;
  // For a lease's time after Redis came back, which another test may have brought about, a gateway cannot
  // know that nobody is elsewhere.
  await eventually('the broker is spared', async () => {
    const before = await published();
    await sendAll(client, room, ['probe']);
    return (await published()) === before;
  }, { seconds: 40 });
  const before = await published();
  const probes = record.messages.length;
  await sendAll(client, room, Array.from({ length: 100 }, (_, i) => `${i}`));
  await eventually('the member has them all', () => record.messages.length === probes + 100);
  assert.equal(await published(), before);
  await client.close();
});
