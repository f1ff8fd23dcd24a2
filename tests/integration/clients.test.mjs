// Clients of other makers, old ones too, work unchanged: each holds the same conversation with one gateway over
// each of its doors, in each version of STOMP that it speaks.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { webSocketUrl } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { scrape, total } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { encode, overTcp, overWebSocket } from './support/raw_stomp.mjs';
import { stompClients } from './support/stomp_clients.mjs';
import { eventually } from './support/wait.mjs';

const dir = mkdtempSync(join(tmpdir(), 'stampede-clients-'));
const cleanup = [() => rmSync(dir, { recursive: true, force: true })];
let gateway;
before(async () => {
  const started = await startGateway({ after: (end) => cleanup.unshift(end) }, [
    '--data-dir', dir, '--stomp-tcp', '127.0.0.1:0', '--connect-timeout', '60s',
  ]);
  const [, port] = await eventually('it says its TCP port', () => /tcp_port=(\d+)/.exec(started.log()));
  gateway = { ...started, tcp: { host: '127.0.0.1', port: Number(port) } };
});
after(() => {
  for (const end of cleanup) end();
});

const gauge = async (name) => total(await scrape(`${gateway.ops}/metrics`), name);
const text = (message) => message.body.toString();
const bodies = (record) => record.messages.map(text);
/** The body as bytes, however the client gives it. */
const bytes = (message) => Buffer.from(message.binaryBody ?? message.body);

/** Waits until a message that is sent now has come, then gives the bodies since `record` had `from`. */
async function untilNow(client, room, record, from) {
  await client.send(room, 'now');
  await eventually('the last one comes', () => bodies(record).at(-1) === 'now');
  return bodies(record).slice(from, -1);
}

async function headersAndBodies(client, can) {
  const room = freshRoom('headers');
  const record = await client.subscribe(room);
  const odd = { 'grüße': 'für 🎉', 'content-type': 'text/x-odd; charset=utf-8' };
  // 1.0 has no escapes, so every client reads a colon there.
  if (can.escapes || client.version === '1.0') odd['x-url'] = 'http://h:1/?a:b';
  if (can.escapes && client.version !== '1.0') odd['x-odd'] = 'a\nb:c \\ d';
  const sent = ['plain', 'grüße 🎉\r\nsecond line\n\n', ...(can.nul ? ['a\0b\0'] : []), 'x'.repeat(100_000)];
  for (const body of sent) await client.send(room, body, { ...odd });
  await eventually('all come', () => record.messages.length === sent.length);
  assert.deepEqual(bodies(record), sent);
  for (const { headers } of record.messages) {
    for (const [name, value] of Object.entries(odd)) assert.equal(headers[name], value, name);
    assert.equal(headers.destination, `/topic/${room}`);
    assert.equal(headers.sender, 'ann');
    assert.equal(headers.receipt, undefined);
  }
  if (!can.bytes) return;
  const blob = Buffer.from([0xff, 0x00, 0x0a, 0x80, 0x0d, 0x00]);
  await client.send(room, blob);
  await eventually('the blob comes', () => record.messages.length === sent.length + 1);
  assert.deepEqual(bytes(record.messages.at(-1)), blob);
}

async function transactions(client) {
  const room = freshRoom('transactions');
  const record = await client.subscribe(room);
  const [kept, dropped] = [client.begin(), client.begin()];
  for (const body of ['one', 'two']) {
    kept.send(room, body);
    dropped.send(room, `not ${body}`);
  }
  assert.deepEqual(await untilNow(client, room, record, 0), []);
  dropped.abort();
  kept.commit();
  assert.deepEqual(await untilNow(client, room, record, 1), ['one', 'two']);
}

async function acknowledgements(client) {
  const room = freshRoom('acks');
  const record = await client.subscribe(room, { ack: 'client-individual', 'prefetch-count': '1' });
  for (const body of ['one', 'two']) await client.send(room, body);
  const seen = async (count) => {
    await eventually(`${count} have come`, () => record.messages.length >= count);
    assert.equal(record.messages.length, count, 'no more than one is unacknowledged');
    return record.messages.at(-1);
  };
  const first = await seen(1);
  assert.equal(text(first), 'one');
  if (client.version !== '1.0') {
    client.nack(first);
    const again = await seen(2);
    assert.deepEqual([text(again), again.headers.redelivered], ['one', 'true']);
  }
  client.ack(record.messages.at(-1));
  const count = client.version === '1.0' ? 2 : 3;
  assert.equal(text(await seen(count)), 'two');
  client.ack(record.messages.at(-1));
}

for (const { name, version, can, open } of stompClients) {
  test(`a conversation: ${name}`, { timeout: 120_000 }, async () => {
    const others = await gauge('stampede_gateway_sessions');
    const client = await open(gateway);
    assert.equal(client.version, version);
    await headersAndBodies(client, can);
    await transactions(client);
    await acknowledgements(client);
    await client.disconnect();
    await eventually('its session is gone', async () => (await gauge('stampede_gateway_sessions')) === others);
  });
}

test('clients that connect and leave at once, at whatever point, leave nothing behind', async () => {
  const hello = encode('1.2', 'CONNECT', { 'accept-version': '1.2', host: 'h' });
  const subscribe = encode('1.2', 'SUBSCRIBE', { id: '0', destination: `/topic/${freshRoom('brief')}` });
  const whole = Buffer.concat([hello, subscribe, encode('1.2', 'DISCONNECT', { receipt: 'bye' })]);
  const leave = (count) => new Promise((left) => {
    const socket = connect(gateway.tcp, () => socket.write(whole.subarray(0, count), () => socket.destroy()));
    socket.on('error', () => {});
    socket.on('close', left);
  });
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => leave(Math.ceil((whole.length * (i + 1)) / 100))));
  }
  await eventually('all are gone', async () =>
    (await gauge('stampede_gateway_connections')) === 0 && (await gauge('stampede_gateway_subscriptions')) === 0);
  const client = await (await overTcp(gateway.tcp, '1.2')).connect();
  client.write('DISCONNECT', { receipt: 'bye' });
  assert.equal((await client.next()).headers['receipt-id'], 'bye');
});

test('headers and bodies pass from gateway to gateway byte for byte', async () => {
  const [first, second] = clusterEnv().gateways.map(webSocketUrl);
  const room = freshRoom('bytes');
  const receiver = await (await overWebSocket(second, '1.2')).connect();
  receiver.write('SUBSCRIBE', { id: '0', destination: `/topic/${room}`, receipt: 'live' });
  assert.equal((await receiver.next()).headers['receipt-id'], 'live');
  const sender = await (await overWebSocket(first, '1.2')).connect();
  const odd = { 'x-url': 'http://h:1/', 'x:ödd\r\n\\': ' \\n:\\c\r\n ', 'x-empty': '', 'content-type': 'a/b;c=":"' };
  const sent = [Buffer.from([0, 0xff, 10, 13, 0]), Buffer.from('grüße 🎉'), Buffer.alloc(0), Buffer.alloc(200_000, '\0x')];
  for (const body of sent) sender.write('SEND', { ...odd, destination: `/topic/${room}` }, body);
  for (const body of sent) {
    const message = await receiver.next();
    assert.equal(message.command, 'MESSAGE');
    assert.deepEqual(message.body, body);
    for (const [name, value] of Object.entries(odd)) assert.equal(message.headers[name], value, name);
  }
  sender.end();
  receiver.end();
});
