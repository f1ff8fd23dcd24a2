// Every limit, hit by a raw client: what the client is told, how the connection ends, what is counted. Limits that no
// test hits are found by the last test.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { webSocketUrl } from './support/chat_client.mjs';
import { upgradeRequest, wsFrame } from './support/hostile_kinds.mjs';
import { scrape } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { encode, overTcp, overWebSocket } from './support/raw_stomp.mjs';
import { eventually } from './support/wait.mjs';

const dirs = [];
const ends = [];
after(() => {
  for (const end of ends) end();
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

async function start(...flags) {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-limits-'));
  dirs.push(dir);
  const gateway = await startGateway({ after: (end) => ends.push(end) }, ['--data-dir', dir, '--stomp-tcp', '127.0.0.1:0', ...flags]);
  const [, tcp] = await eventually('it says its TCP port', () => /tcp_port=(\d+)/.exec(gateway.log()));
  return {
    ...gateway,
    ws: webSocketUrl(gateway.url),
    http: { host: '127.0.0.1', port: Number(new URL(gateway.url).port) },
    tcp: { host: '127.0.0.1', port: Number(tcp) },
    metric: async (name) => (await scrape(`${gateway.ops}/metrics`)).get(name) ?? 0,
  };
}

const hits = (limit) => `stampede_gateway_limit_hits_total{limit="${limit}"}`;
const httpHits = (limit) => `stampede_http_limit_hits_total{limit="${limit}",server="client"}`;
const slowed = (limit) => `stampede_gateway_slowed_total{limit="${limit}"}`;
const reached = new Set();

/** Runs `act` and waits until `name` has grown. */
async function counts(gateway, name, act) {
  const earlier = await gateway.metric(name);
  await act();
  await eventually(`${name} grows`, async () => (await gateway.metric(name)) > earlier);
  reached.add(name);
}

/** What a bare connection hears until its end, after it has sent `bytes`. */
async function hears(address, bytes) {
  const socket = connect(address);
  const heard = [];
  socket.on('data', (data) => heard.push(data));
  socket.on('error', () => {}); // it may be reset once everything is said
  await once(socket, 'connect');
  socket.write(bytes);
  await once(socket, 'close', { signal: AbortSignal.timeout(60_000) });
  return Buffer.concat(heard);
}

/** The close frame at the end of what a WebSocket heard. */
function closeOf(heard) {
  const at = heard.lastIndexOf(0x88);
  assert.ok(at >= 0, `a close frame in ${JSON.stringify(heard.toString('latin1'))}`);
  return { code: heard.readUInt16BE(at + 2), reason: heard.toString('utf8', at + 4, at + 2 + heard[at + 1]) };
}

/** A session's last frame, which must be ERROR, and the WebSocket close code. */
async function errorOf(client) {
  let frame;
  do frame = await client.next(); while (frame.command !== 'ERROR');
  await eventually('the connection ends', () => client.whyEnded);
  return { message: frame.headers.message, body: frame.body.toString(), code: client.whyEnded };
}

const session = async (gateway, headers) => (await overWebSocket(gateway.ws, '1.2', Infinity)).connect(headers);
const send = (client, body, headers = {}) => client.write('SEND', { destination: '/topic/limits', ...headers }, body);

let small;
before(async () => {
  small = await start(
    '--request-timeout', '2s', '--connect-timeout', '2s',
    '--max-http-headers', '12', '--max-http-header-bytes', '2KiB',
    '--max-ws-frame', '8KiB', '--max-ws-message', '12KiB', '--max-fragments', '4',
    '--max-connect-bytes', '3KiB', '--max-body', '4KiB', '--max-headers', '10', '--max-header-bytes', '2KiB',
    '--max-subscriptions', '2', '--max-transactions', '1', '--max-transaction-frames', '3', '--max-transaction-bytes', '6KiB',
    '--max-unacknowledged-bytes', '2KiB', '--room-capacity', 'cosy=1',
    '--max-rate', '20', '--rate-burst', '1s', '--rate-patience', '500ms',
  );
});

for (const [limit, request, status, words] of [
  ['headers', (port) => `${upgradeRequest(port)}${'X: y\r\n'.repeat(20)}\r\n`, 431, /has 25 header fields, it may have 12/],
  ['header_bytes', (port) => `${upgradeRequest(port)}X: ${'y'.repeat(4000)}\r\n\r\n`, 431, /header is larger than 2048 bytes/],
  ['request_time', (port) => upgradeRequest(port), 408, /not complete after 2000 ms/],
  ['body', () => 'POST /api/v1/rooms HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n', 413, /body is larger than \d+ bytes/],
]) {
  test(`HTTP ${limit}`, async () => {
    await counts(small, httpHits(limit), async () => {
      const heard = (await hears(small.http, request(small.http.port))).toString();
      assert.match(heard, new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(heard, words);
    });
  });
}

const connectFrame = wsFrame(encode('1.2', 'CONNECT', { 'accept-version': '1.2', host: 'h' }));
for (const [limit, frames, words] of [
  ['ws_frame', [wsFrame('x'.repeat(9000))], /a WebSocket frame may have 8192 bytes, this one has 9000/],
  ['ws_message', [wsFrame('\n'.repeat(7000), { fin: false }), wsFrame('\n'.repeat(7000), { opcode: 0 })],
    /a WebSocket message may have 12288 bytes/],
  ['fragments', [wsFrame('\n', { fin: false }), ...Array(4).fill(wsFrame('\n', { opcode: 0, fin: false }))],
    /a WebSocket message may have 4 fragments/],
]) {
  test(`WebSocket ${limit}`, async () => {
    await counts(small, hits(limit), async () => {
      const request = `${upgradeRequest(small.http.port)}\r\n`;
      const { code, reason } = closeOf(await hears(small.http, Buffer.concat([Buffer.from(request), connectFrame, ...frames])));
      assert.equal(code, 1009);
      assert.match(reason, words);
    });
  });
}

test('the deadline for CONNECT, at both doors', async () => {
  for (const open of [() => overWebSocket(small.ws, '1.2'), () => overTcp(small.tcp, '1.2')]) {
    await counts(small, hits('connect_time'), async () => {
      const { message, body, code } = await errorOf(await open());
      assert.equal(message, 'Connect timeout');
      assert.match(body, /no CONNECT frame within 2000 ms/);
      assert.ok(['4001', 'closed'].includes(code), code);
    });
  }
});

test('bytes before CONNECT', async () => {
  await counts(small, hits('before_connect'), async () => {
    const client = await overWebSocket(small.ws, '1.2', Infinity);
    send(client, 'x'.repeat(3000));
    const { message, body, code } = await errorOf(client);
    assert.equal(message, 'Frame too large');
    assert.match(body, /a body may have 1024 bytes before CONNECTED/);
    assert.equal(code, '1009');
  });
});

const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
for (const [limit, act, message, words, code] of [
  ['body', (c) => send(c, 'x'.repeat(5000)), 'Frame too large', /a body may have 4096 bytes/, 1009],
  ['headers', (c) => send(c, '', Object.fromEntries(many(12, (i) => [`h${i}`, 'x']))), 'Frame too large',
    /a frame may have 10 headers/, 1009],
  ['header_bytes', (c) => send(c, '', { long: 'x'.repeat(3000) }), 'Frame too large', /together may have 2048 bytes/, 1009],
  ['subscriptions', (c) => many(3, (i) => c.write('SUBSCRIBE', { id: `${i}`, destination: '/topic/limits' })),
    'Too many subscriptions', /a session may hold 2/, 4000],
  ['transactions', (c) => many(2, (i) => c.write('BEGIN', { transaction: `${i}` })), 'Bad transaction',
    /may hold 1 transactions open/, 4000],
  ['transaction_frames', (c) => {
    c.write('BEGIN', { transaction: 't' });
    many(4, () => send(c, 'x', { transaction: 't' }));
  }, 'Bad transaction', /may hold 3 frames/, 1009],
  ['transaction_bytes', (c) => {
    c.write('BEGIN', { transaction: 't' });
    many(2, () => send(c, 'x'.repeat(4000), { transaction: 't' }));
  }, 'Bad transaction', /may hold 6144 bytes together/, 1009],
  ['unacknowledged', (c) => {
    c.write('SUBSCRIBE', { id: '0', destination: '/topic/limits', ack: 'client' });
    many(15, () => send(c, 'x'.repeat(1500)));
  }, 'Slow consumer', /bytes wait for acknowledgements, and no more than 16384 are kept/, 4003],
  ['session_rate', (c) => many(100, (i) => send(c, `${i}`)), 'Too many messages',
    /a session may send 20 SEND and SUBSCRIBE frames a second, 20 at once; this one has been over that for 500 ms/, 4004],
]) {
  test(`session ${limit}`, async () => {
    await counts(small, hits(limit), async () => {
      const client = await session(small);
      act(client);
      const got = await errorOf(client);
      assert.equal(got.message, message);
      assert.match(got.body, words);
      assert.equal(got.code, `${code}`);
    });
  });
}

test('users of a room', async () => {
  const subscribe = { id: '0', destination: '/topic/cosy', receipt: 'in' };
  const first = await session(small, { login: 'ann' });
  first.write('SUBSCRIBE', subscribe);
  assert.equal((await first.next()).command, 'RECEIPT');
  await counts(small, hits('room_capacity'), async () => {
    const client = await session(small, { login: 'bob' });
    client.write('SUBSCRIBE', subscribe);
    const { message, body, code } = await errorOf(client);
    assert.equal(message, 'Room full');
    assert.match(body, /'cosy'.* 1 user/);
    assert.equal(code, '4005');
  });
  first.end();
});

test('a burst above the rate is slowed down, and all of it arrives', async () => {
  await counts(small, slowed('session_rate'), async () => {
    const client = await session(small);
    many(25, (i) => send(client, `${i}`, { receipt: `r${i}` }));
    for (let i = 0; i < 25; i += 1) assert.equal((await client.next()).headers['receipt-id'], `r${i}`);
    client.end();
  });
});

test('more unconfirmed SENDs than allowed wait, and all of them arrive', async () => {
  const gateway = await start('--max-in-flight', '1');
  await counts(gateway, slowed('in_flight'), async () => {
    const client = await session(gateway);
    many(25, (i) => send(client, `${i}`, { receipt: `r${i}` }));
    for (let i = 0; i < 25; i += 1) assert.equal((await client.next()).headers['receipt-id'], `r${i}`);
    client.end();
  });
});

test('the sessions of a user share a rate, and a session that does not read has an outbox', async () => {
  const gateway = await start('--max-rate', '0', '--max-user-rate', '20', '--rate-burst', '1s', '--rate-patience', '500ms',
    '--outbox-bytes', '64KiB', '--max-body', '32KiB');
  const one = await session(gateway, { login: 'ann' });
  many(19, () => send(one, 'x'));
  const other = await session(gateway, { login: 'ann' });
  await counts(gateway, slowed('user_rate'), () => counts(gateway, hits('user_rate'), async () => {
    many(60, () => send(other, 'x'));
    const { message, body, code } = await errorOf(other);
    assert.equal(message, 'Too many messages');
    assert.match(body, /the sessions of a user together may send 20 SEND and SUBSCRIBE frames a second/);
    assert.equal(code, '4004');
  }));

  const deaf = connect(gateway.tcp);
  deaf.on('error', () => {});
  ends.push(() => deaf.destroy());
  deaf.write(Buffer.concat([
    encode('1.2', 'CONNECT', { 'accept-version': '1.2', login: 'deaf' }),
    encode('1.2', 'SUBSCRIBE', { id: '0', destination: '/topic/limits', receipt: 'live' }),
  ]));
  await once(deaf, 'data');
  deaf.pause();
  await counts(gateway, hits('outbox'), async () => {
    for (let i = 0; (await gateway.metric(hits('outbox'))) === 0; i += 1) {
      assert.ok(i < 5000, 'an outbox of 64 KiB is never full');
      const sender = await session(gateway, { login: `sender${i}` });
      many(15, () => send(sender, 'x'.repeat(30_000)));
      sender.write('DISCONNECT', { receipt: 'bye' });
      await sender.next();
    }
  });
});

test('connections in all', async () => {
  const gateway = await start('--max-connections', '2');
  await session(gateway);
  await (await overTcp(gateway.tcp, '1.2')).connect();
  await counts(gateway, hits('connections'), async () => {
    const heard = (await hears(gateway.http, `${upgradeRequest(gateway.http.port)}\r\n`)).toString();
    assert.match(heard, /^HTTP\/1.1 503 /);
    assert.match(heard, /this gateway holds 2 connections, as many as it may/);
  });
  await counts(gateway, hits('connections'), async () => {
    const { message, body } = await errorOf(await overTcp(gateway.tcp, '1.2'));
    assert.equal(message, 'Too many connections');
    assert.match(body, /this gateway holds 2 connections, as many as it may/);
  });
});

test('connections of one address', async () => {
  const gateway = await start('--max-address-connections', '2');
  await session(gateway);
  await (await overTcp(gateway.tcp, '1.2')).connect();
  await counts(gateway, httpHits('address_connections'), async () => {
    const heard = (await hears(gateway.http, `${upgradeRequest(gateway.http.port)}\r\n`)).toString();
    assert.match(heard, /^HTTP\/1.1 429 /);
    assert.match(heard, /The address 127\.0\.0\.1 holds 2 connections, as many as it may/);
  });
  await counts(gateway, hits('address_connections'), async () => {
    const { message, body } = await errorOf(await overTcp(gateway.tcp, '1.2'));
    assert.equal(message, 'Too many connections');
    assert.match(body, /the address 127\.0\.0\.1 holds 2 connections/);
  });
});

test('behind a proxy each client has its own address', async () => {
  const gateway = await start('--max-address-connections', '1', '--trusted-proxies', '127.0.0.1');
  const upgrade = (forwarded) => `${upgradeRequest(gateway.http.port)}X-Forwarded-For: ${forwarded}\r\n\r\n`;
  const client = connect(gateway.http);
  ends.push(() => client.destroy());
  client.write(upgrade('203.0.113.9'));
  assert.match((await once(client, 'data'))[0].toString(), /^HTTP\/1.1 101 /);
  await counts(gateway, httpHits('address_connections'), async () => {
    // What the client itself has put before the proxy's entry changes nothing.
    assert.match((await hears(gateway.http, upgrade('198.51.100.1, 203.0.113.9'))).toString(),
      /^HTTP\/1.1 429 [\s\S]*The address 203\.0\.113\.9 holds 1 connections/);
  });
  const another = connect(gateway.http);
  ends.push(() => another.destroy());
  another.write(upgrade('203.0.113.10'));
  assert.match((await once(another, 'data'))[0].toString(), /^HTTP\/1.1 101 /);
});

test('pages of foreign origins and other virtual hosts', async () => {
  const gateway = await start('--allowed-origins', 'https://chat.example', '--virtual-hosts', 'chat.example');
  await counts(gateway, 'stampede_gateway_refused_total{reason="origin"}', async () => {
    const heard = (await hears(gateway.http, `${upgradeRequest(gateway.http.port)}Origin: https://evil.example\r\n\r\n`)).toString();
    assert.match(heard, /^HTTP\/1.1 403 /);
    assert.match(heard, /pages of 'https:\/\/evil\.example' are not let in/);
  });
  const stranger = await overTcp(gateway.tcp, '1.2');
  await assert.rejects(stranger.connect({ host: 'evil.example' }),
    /Bad CONNECT: host 'evil\.example' is not served here; allowed: chat\.example/);
  (await (await overTcp(gateway.tcp, '1.2')).connect({ host: 'chat.example' })).end();
});

test('there is no limit that no test has hit', async () => {
  const families = /^stampede_(gateway_limit_hits_total|gateway_slowed_total|http_limit_hits_total)\{/;
  const all = [...(await scrape(`${small.ops}/metrics`)).keys()].filter((name) => families.test(name) && !/server="ops"/.test(name));
  assert.ok(all.length > 20, `${all}`);
  assert.deepEqual(all.filter((name) => !reached.has(name)), []);
});
