// STOMP over TCP where it differs from WebSocket: how connections end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freshRoom } from './support/cluster.mjs';
import { wholeHistory } from './support/history.mjs';
import { scrape } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { encode, overTcp } from './support/raw_stomp.mjs';
import { eventually } from './support/wait.mjs';

// What never comes must not hold up the other tests.
const patient = { timeout: 180_000 };

async function start(t, flags = []) {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-tcp-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const gateway = await startGateway(t, ['--data-dir', dir, '--stomp-tcp', '127.0.0.1:0', ...flags]);
  const [, port] = await eventually('it says its TCP port', () => /tcp_port=(\d+)/.exec(gateway.log()));
  return { ...gateway, tcp: { host: '127.0.0.1', port: Number(port) } };
}

/** Everything that comes back for `bytes` and the end of this side, as `nc -N` would show it. */
async function netcat(address, bytes) {
  const socket = connect({ ...address, allowHalfOpen: true });
  await once(socket, 'connect');
  socket.end(bytes);
  let text = '';
  for await (const piece of socket) text += piece.toString();
  return text;
}

test('what is piped in gets every receipt, though its side has ended', patient, async (t) => {
  const gateway = await start(t);
  const room = freshRoom('piped');
  const frames = [encode('1.2', 'CONNECT', { 'accept-version': '1.2', login: 'nc' })];
  for (let i = 0; i < 200; i += 1) {
    frames.push(encode('1.2', 'SEND', { destination: `/topic/${room}`, receipt: `r${i}` }, `message ${i}`));
  }
  const text = await netcat(gateway.tcp, Buffer.concat(frames));
  assert.match(text, /^CONNECTED\n/);
  assert.deepEqual([...text.matchAll(/receipt-id:(\w+)/g)].map(([, id]) => id), frames.slice(1).map((_, i) => `r${i}`));
  assert.equal((await wholeHistory(gateway.url, room)).length, 200);
});

test('an ERROR arrives whole, also behind a mountain of input, and the stream ends', patient, async (t) => {
  const gateway = await start(t);
  const text = await netcat(gateway.tcp, Buffer.concat([Buffer.from('NONSENSE\n\n\0'), Buffer.alloc(1 << 20, 'x')]));
  assert.match(text, /^ERROR\n/);
  assert.match(text, /NONSENSE/);
  assert.ok(text.trimEnd().endsWith('\0'), 'the frame is whole');
});

test('SIGTERM ends the stream in good order', patient, async (t) => {
  const gateway = await start(t);
  const client = await (await overTcp(gateway.tcp, '1.2')).connect();
  const ended = assert.rejects(client.next(), /closed/);
  assert.equal(await gateway.end('SIGTERM'), 0, gateway.log());
  await ended;
});

test('a gateway that is full says so in an ERROR', patient, async (t) => {
  const gateway = await start(t, ['--max-connections', '1']);
  const first = await (await overTcp(gateway.tcp, '1.2')).connect();
  const second = await overTcp(gateway.tcp, '1.2');
  const frame = await second.next();
  assert.equal(frame.command, 'ERROR');
  assert.match(frame.body.toString(), /holds 1 connections/);
  assert.equal((await scrape(`${gateway.ops}/metrics`)).get('stampede_gateway_refused_total{reason="full"}'), 1);
  first.end();
});
