// Both doors behind TLS: clients of either chat with each other, and a new certificate comes while they do.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connected } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { scrape } from './support/metrics.mjs';
import { cleanEnv, gatewayBinary, startGateway, startWorker } from './support/program.mjs';
import { overTcp } from './support/raw_stomp.mjs';
import { eventually } from './support/wait.mjs';

// What never comes must not hold up the other tests.
const patient = { timeout: 180_000 };

/** A folder with cert.pem and key.pem, gone after the test. `renew` makes both anew. */
function certificate(t) {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-tls-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const files = { dir, cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  files.renew = (name) => execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', files.key, '-out', files.cert,
  ], { stdio: 'pipe' });
  files.renew('first');
  return files;
}

/** A gateway behind TLS at both doors; `tcp` and `ca` are what overTcp() takes. */
async function start(t, files, flags = []) {
  const gateway = await startGateway(t, [
    '--data-dir', join(files.dir, 'data'), '--stomp-tcp', '127.0.0.1:0', '--tls-cert', files.cert,
    '--tls-key', files.key, ...flags,
  ]);
  const [, port] = await eventually('it says its TCP port', () => /tcp_port=(\d+)/.exec(gateway.log()));
  const ca = readFileSync(files.cert);
  return { ...gateway, ca, httpPort: Number(new URL(gateway.url).port), tcp: { host: '127.0.0.1', port: Number(port), ca } };
}

/** {version, name} of a new TLS connection, or the error of its handshake. */
async function handshake(port, options = {}) {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  const result = await new Promise((resolve) => {
    socket.once('secureConnect', () =>
      resolve({ version: socket.getProtocol(), name: socket.getPeerCertificate().subject.CN }));
    socket.once('close', () => resolve({ error: true }));
    socket.once('error', (error) => resolve({ error }));
  });
  socket.destroy();
  return result;
}

const counted = async (gateway, sample) => (await scrape(`${gateway.ops}/metrics`)).get(sample) ?? 0;

test('wss, STOMP over TLS and https are one gateway', patient, async (t) => {
  const gateway = await start(t, certificate(t));
  const room = freshRoom('tls');
  const browser = await connected(gateway.url, { login: 'web', webSocket: { ca: gateway.ca } });
  const record = await browser.subscribe(room);
  const raw = await (await overTcp(gateway.tcp, '1.2')).connect({ login: 'raw' });
  raw.write('SUBSCRIBE', { id: '0', destination: `/topic/${room}`, receipt: 's' });
  assert.equal((await raw.next()).headers['receipt-id'], 's');

  const long = 'x'.repeat(200_000);
  await browser.send(room, long);
  assert.equal((await raw.next()).body.toString(), long);
  raw.write('SEND', { destination: `/topic/${room}` }, 'from TCP');
  await eventually('it arrives', () => record.messages.length === 2);
  assert.equal(record.messages[1].body, 'from TCP');
  assert.equal(record.messages[1].sender, 'raw');

  const [response] = await once(get(`${gateway.url}/api/v1/rooms/${room}/messages`, { ca: gateway.ca }), 'response');
  let text = '';
  for await (const piece of response) text += piece;
  assert.deepEqual(JSON.parse(text).messages.map((m) => m.body.length), [200_000, 8]);
  raw.end();
  await browser.close();
});

test('TLS 1.2 and 1.3 are spoken, nothing older', patient, async (t) => {
  const gateway = await start(t, certificate(t));
  for (const port of [gateway.httpPort, gateway.tcp.port]) {
    assert.equal((await handshake(port)).version, 'TLSv1.3');
    assert.equal((await handshake(port, { maxVersion: 'TLSv1.2' })).version, 'TLSv1.2');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    assert.ok((await handshake(port, old)).error, 'TLS 1.1 is refused');
  }
});

test('http:// at the TLS port is told so', patient, async (t) => {
  const gateway = await start(t, certificate(t));
  const response = await fetch(`http://127.0.0.1:${gateway.httpPort}/`);
  assert.equal(response.status, 400);
  assert.match(await response.text(), /https:\/\//);
});

test('SIGHUP: new connections see the new certificate, sessions go on; broken files change nothing', patient, async (t) => {
  const files = certificate(t);
  const gateway = await start(t, files);
  const room = freshRoom('reload');
  const client = await connected(gateway.url, { webSocket: { ca: gateway.ca } });
  const record = await client.subscribe(room);

  files.renew('second');
  gateway.signal('SIGHUP');
  await eventually('it is reloaded', () => /TLS certificate reloaded/.test(gateway.log()));
  for (const port of [gateway.httpPort, gateway.tcp.port]) assert.equal((await handshake(port)).name, 'second');

  writeFileSync(files.key, 'no key\n');
  gateway.signal('SIGHUP');
  await eventually('it says what is wrong', () => /not reloaded.*key\.pem holds no private key/.test(gateway.log()));
  for (const port of [gateway.httpPort, gateway.tcp.port]) assert.equal((await handshake(port)).name, 'second');
  assert.equal(await counted(gateway, 'stampede_tls_reloads_total{result="failed"}'), 1);

  await client.send(room, 'all the time');
  await eventually('it arrives', () => record.messages.length === 1);
  assert.equal(client.connects, 1);
  await client.close();
  assert.ok(gateway.alive());
});

test('SIGHUP without TLS ends nothing', patient, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-hup-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const gateway = await startGateway(t, ['--data-dir', dir]);
  gateway.signal('SIGHUP');
  await eventually('it says so', () => /nothing to reload/.test(gateway.log()));
  assert.ok(gateway.alive());
});

test('handshakes that stall end at their deadline, are counted, and cost nobody else', patient, async (t) => {
  const gateway = await start(t, certificate(t), ['--tls-handshake-timeout', '1s']);
  const client = await connected(gateway.url, { webSocket: { ca: gateway.ca } });
  for (const [port, server] of [[gateway.httpPort, 'client'], [gateway.tcp.port, 'stomp-tcp']]) {
    const sockets = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.write(Buffer.from('160301', 'hex'));
    }
    await Promise.all(sockets.map((socket) => once(socket, 'close')));
    assert.equal(
      await counted(gateway, `stampede_tls_handshakes_total{result="timeout",server="${server}"}`), 20, server);
  }
  await client.send(freshRoom('alive'), 'still here');
  await client.close();
});

test('a worker serves its REST API over https, and reloads too', patient, async (t) => {
  const files = certificate(t);
  const { amqpUrl, redisUrl, databaseUrl } = clusterEnv();
  const worker = await startWorker(t, ['--tls-cert', files.cert, '--tls-key', files.key], {
    STAMPEDE_AMQP_URL: amqpUrl,
    STAMPEDE_REDIS_URL: redisUrl,
    STAMPEDE_DATABASE_URL: databaseUrl,
  });
  await eventually('it answers', async () => {
    const [response] = await once(get(`${worker.url}/api/v1/rooms`, { ca: readFileSync(files.cert) }), 'response');
    response.resume();
    return response.statusCode === 200;
  });
  files.renew('second');
  worker.signal('SIGHUP');
  await eventually('it is reloaded', () => /TLS certificate reloaded/.test(worker.log()));
  assert.equal((await handshake(Number(new URL(worker.url).port))).name, 'second');
});

test('every problem of the files at once, before anything starts', (t) => {
  const files = certificate(t);
  for (const [cert, key, ...words] of [
    [join(files.dir, 'none.pem'), join(files.dir, 'neither.pem'), '--tls-cert', 'none.pem', '--tls-key', 'neither.pem',
      'No such file'],
    [files.key, files.cert, 'holds no certificate', 'holds no private key'],
    [files.cert, '', '--tls-key too'],
  ]) {
    const { status, stderr } = spawnSync(gatewayBinary, ['--check-config', '--tls-cert', cert, ...(key ? ['--tls-key', key] : [])], {
      env: cleanEnv,
      encoding: 'utf8',
      timeout: 60000,
    });
    assert.equal(status, 2, stderr);
    for (const word of words) assert.ok(stderr.includes(word), `names ${word}: ${stderr}`);
  }
});
