// permessage-deflate as the ws library speaks it: who gets what, how often the gateway works for it, and what
// it does not let a client do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { connected, sendAll, webSocketUrl } from './support/chat_client.mjs';
import { scrape, total } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

const kCompressed = { webSocket: { perMessageDeflate: { threshold: 0 } } };
const kPlain = { webSocket: { perMessageDeflate: false } };
const extensions = (client) => client.stomp.webSocket.extensions;

/** One shard, so that all members of a room share its compressor. */
function gatewayWith(t, ...flags) {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-deflate-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return startGateway(t, ['--data-dir', dir, '--shards', '1', ...flags]);
}

const counted = async (gateway, name) => total(await scrape(`${gateway.ops}/metrics`), `stampede_gateway_${name}`);

test('compressed once for all members that agreed; the others get it as it is', async (t) => {
  const gateway = await gatewayWith(t, '--ws-deflate');
  const clients = await Promise.all([
    ...Array.from({ length: 5 }, (_, i) => connected(gateway.url, { login: `small${i}`, ...kCompressed })),
    ...Array.from({ length: 3 }, (_, i) => connected(gateway.url, { login: `plain${i}`, ...kPlain })),
  ]);
  for (const client of clients.slice(0, 5)) assert.match(extensions(client), /permessage-deflate/);
  for (const client of clients.slice(5)) assert.equal(extensions(client), '');
  assert.equal(await counted(gateway, 'deflate_agreed_total'), 5);

  const records = await Promise.all(clients.map((client) => client.subscribe('lobby')));
  const before = await counted(gateway, 'deflated_total');
  const bodies = Array.from({ length: 100 }, (_, i) => `${i} grüße ☃ `.repeat(10 + i * 20));
  const positions = await sendAll(clients[0], 'lobby', bodies.slice(0, 50));
  positions.push(...(await sendAll(clients[7], 'lobby', bodies.slice(50))));
  for (const [i, record] of records.entries()) {
    await eventually(`member ${i} has all`, () => record.messages.length === bodies.length);
    assert.deepEqual(record.messages.map((m) => m.body), bodies);
    assert.deepEqual(record.messages.map((m) => m.seq), positions);
  }
  assert.equal((await counted(gateway, 'deflated_total')) - before, bodies.length);
  // One client sent fifty compressed.
  const said = bodies.slice(0, 50).reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  assert.ok((await counted(gateway, 'inflated_bytes_total')) > said);
  await Promise.all(clients.map((client) => client.close()));
});

test('a client with a small window gets what fits into it compressed, and everything right', async (t) => {
  const gateway = await gatewayWith(t, '--ws-deflate', '--ws-deflate-min', '1');
  const webSocket = { perMessageDeflate: { serverMaxWindowBits: 10, clientMaxWindowBits: 9, threshold: 0 } };
  const socket = new WebSocket(webSocketUrl(gateway.url), ['v12.stomp'], webSocket);
  const [response] = await once(socket, 'upgrade');
  assert.match(response.headers['sec-websocket-extensions'], /server_max_window_bits=10/);
  socket.terminate();

  const narrow = await connected(gateway.url, { webSocket });
  assert.match(extensions(narrow), /permessage-deflate/);
  const record = await narrow.subscribe('lobby');
  const bodies = [10, 400, 900, 2000, 50_000].map((size) => `${'x'.repeat(size / 2)}${'y'.repeat(size / 2)}`);
  await sendAll(narrow, 'lobby', bodies, 1);
  await eventually('all arrive', () => record.messages.length === bodies.length);
  assert.deepEqual(record.messages.map((m) => m.body), bodies);
  await narrow.close();
});

test('nothing is compressed unless it is configured', async (t) => {
  const gateway = await gatewayWith(t);
  const client = await connected(gateway.url, kCompressed);
  assert.equal(extensions(client), '');
  const record = await client.subscribe('lobby');
  await client.send('lobby', 'x'.repeat(10_000));
  await eventually('it arrives', () => record.messages.length === 1);
  assert.equal(await counted(gateway, 'deflated_total'), 0);
  await client.close();
});

test('a decompression bomb is refused with 1009 at the limit, and others go on', async (t) => {
  const gateway = await gatewayWith(t, '--ws-deflate', '--max-body', '16KiB', '--max-header-bytes', '1KiB');
  const limit = 4 * (16 + 1) * 1024;
  const other = await connected(gateway.url, kCompressed);
  const record = await other.subscribe('lobby');
  const bomber = new WebSocket(webSocketUrl(gateway.url), ['v12.stomp'], kCompressed.webSocket);
  await once(bomber, 'open');
  const before = await counted(gateway, 'inflated_bytes_total');
  const closed = once(bomber, 'close');
  // EOLs before CONNECT are legal STOMP, so only the size is wrong with them.
  bomber.send(Buffer.alloc(64 * 1024 * 1024, '\n'));
  const [code, reason] = await closed;
  assert.equal(code, 1009);
  assert.match(reason.toString(), new RegExp(`may have ${limit} bytes when it is inflated`));
  assert.equal((await counted(gateway, 'inflated_bytes_total')) - before, limit);
  const samples = await scrape(`${gateway.ops}/metrics`);
  assert.equal(samples.get('stampede_gateway_closed_total{reason="message_too_big"}'), 1);
  await other.send('lobby', 'still here');
  await eventually('the other goes on', () => record.messages.length === 1);
  await other.close();
});
