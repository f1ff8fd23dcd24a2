// Wrong input gets a clear error, and everybody else goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { WebSocket } from 'ws';
import { connected, webSocketUrl } from './support/chat_client.mjs';
import { clusterEnv, freshRoom, opsUrl } from './support/cluster.mjs';
import { getJson } from './support/history.mjs';
import { cleanEnv, gatewayBinary, startGateway, workerBinary } from './support/program.mjs';
import { eventually } from './support/wait.mjs';

// Whatever a test does to the first gateway and worker, the same processes serve a good client afterwards.
let pids;
beforeEach(() => {
  const { gatewayPids, workerPids } = clusterEnv();
  pids = [...gatewayPids, ...workerPids];
});
afterEach(async () => {
  const { gateways, gatewayPids, workerPids } = clusterEnv();
  assert.deepEqual([...gatewayPids, ...workerPids], pids, 'no process died');
  const room = freshRoom('alive');
  const client = await connected(gateways[0]);
  const record = await client.subscribe(room);
  await client.send(room, 'still here');
  await eventually('the gateway serves others', () => record.messages.length === 1);
  await client.close();
});

/** Opens a WebSocket, sends the frames, and gives what came back until the server closed it. */
async function talk(...frames) {
  const socket = new WebSocket(webSocketUrl(clusterEnv().gateways[0]), ['v12.stomp']);
  const received = [];
  socket.on('message', (data) => received.push(data.toString()));
  await once(socket, 'open');
  const closed = once(socket, 'close');
  for (const frame of frames) socket.send(frame);
  const timer = setTimeout(() => socket.terminate(), 15000);
  const [code, reason] = await closed;
  clearTimeout(timer);
  return { text: received.join(''), code, reason: reason.toString() };
}

const kConnect = 'CONNECT\naccept-version:1.2\nhost:localhost\n\n\0';

for (const [what, frames, message, body] of [
  ['text that is not STOMP', ['hello, is this a chat?\n\n\0'], /^message:/m, /hello/],
  ['an HTTP request inside the WebSocket', ['GET / HTTP/1.1\r\nHost: x\r\n\r\n\0'], /^message:/m, /./],
  ['an unknown command', [kConnect, 'SHOUT\ndestination:/topic/a\n\nhi\0'], /^message:/m, /SHOUT/],
  ['a SEND before CONNECT', ['SEND\ndestination:/topic/a\n\nhi\0'], /^message:/m, /CONNECT/],
  ['an unknown destination', [kConnect, 'SEND\ndestination:/queue/a\nreceipt:7\n\nhi\0'],
    /^message:Unknown destination$/m, /\/topic\//],
  ['a room name with a space', [kConnect, 'SUBSCRIBE\nid:0\ndestination:/topic/two words\nreceipt:7\n\n\0'],
    /^message:Invalid destination$/m, /letters, digits.*character 4 is a space/],
  ['an empty room name', [kConnect, 'SUBSCRIBE\nid:0\ndestination:/topic/\nreceipt:7\n\n\0'],
    /^message:Invalid destination$/m, /1/],
  ['a SEND without a destination', [kConnect, 'SEND\nreceipt:7\n\nhi\0'], /^message:Missing destination$/m, /SEND/],
  ['a version that nobody speaks', ['CONNECT\naccept-version:9.9\nhost:x\n\n\0'], /^message:Version mismatch$/m, /1\.2/],
]) {
  test(`${what} is answered with an ERROR that explains it`, async () => {
    const { text, code } = await talk(...frames);
    const error = text.slice(text.indexOf('ERROR\n'));
    assert.match(text, /(^|\0\n?)ERROR\n/, `got: ${JSON.stringify(text)}`);
    assert.match(error, message);
    assert.match(error.split('\n\n').slice(1).join('\n\n'), body);
    if (frames.at(-1).includes('receipt:7')) assert.match(error, /^receipt-id:7$/m);
    assert.notEqual(code, 1006, 'the server closed in good order');
  });
}

test('a body that is too long is refused with the limit', async () => {
  const { gateways } = clusterEnv();
  const client = await connected(gateways[0]);
  const room = freshRoom('long');
  await client.send(room, 'x'.repeat(256 * 1024));
  await assert.rejects(client.send(room, 'x'.repeat(256 * 1024 + 1)), /262144|256 ?KiB/);
  await client.close();
});

test('bytes that are not HTTP are answered with 400', async () => {
  const { port, hostname } = new URL(clusterEnv().gateways[0]);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.setTimeout(15000, () => socket.destroy());
  socket.write('\x16\x03\x01 this is no request\r\n\r\n');
  let text = '';
  socket.on('data', (data) => { text += data; });
  await once(socket, 'close');
  assert.match(text, /^HTTP\/1\.1 400 /);
});

test('a plain request for /ws is told to upgrade', async () => {
  const response = await fetch(`${clusterEnv().gateways[0]}/ws`);
  assert.equal(response.status, 426);
  assert.match(response.headers.get('upgrade') ?? '', /websocket/i);
});

for (const [path, status, words] of [
  ['rooms/lobby/messages?limit=abc', 400, /limit.*abc|abc.*limit/s],
  ['rooms/lobby/messages?limit=0', 400, /limit.*200/s],
  ['rooms/lobby/messages?limit=201', 400, /limit.*200/s],
  ['rooms/lobby/messages?before=x', 400, /before/],
  ['rooms/lobby/messages?before=5&after=3', 400, /before.*after|after.*before/s],
  ['rooms/two%20words/messages', 400, /letters, digits.*character 4 is a space/],
  ['rooms/lobby/nothing', 404, /./],
]) {
  test(`GET /api/v1/${path} is answered with ${status} and a problem that explains it`, async () => {
    for (const worker of clusterEnv().workers) {
      const { status: got, headers, body } = await getJson(`${worker}/api/v1/${path}`);
      assert.equal(got, status);
      assert.match(headers.get('content-type'), /^application\/problem\+json/);
      assert.equal(body.status, status);
      assert.ok(body.title);
      assert.match(JSON.stringify(body), words);
    }
  });
}

test('a wrong method is answered with 405 and what is allowed', async () => {
  const response = await fetch(`${clusterEnv().workers[0]}/api/v1/rooms`, { method: 'DELETE' });
  assert.equal(response.status, 405);
  assert.match(response.headers.get('allow'), /GET/);
});

test('a broker that does not resolve: the gateway lives, is not ready and names the broker', async (t) => {
  const gateway = await startGateway(t, [], {
    STAMPEDE_AMQP_URL: 'amqp://user:secret@no-such-host.invalid',
    STAMPEDE_REDIS_URL: clusterEnv().redisUrl,
  });
  const { status, body } = await eventually('the reason is known', async () => {
    const found = await getJson(`${gateway.ops}/readyz`);
    return /no-such-host\.invalid/.test(JSON.stringify(found.body)) && found;
  });
  assert.equal(status, 503);
  assert.match(JSON.stringify(body), /rabbitmq/);
  assert.equal((await fetch(`${gateway.ops}/healthz`)).status, 200);
  assert.match(gateway.log(), /no-such-host\.invalid/);
  assert.doesNotMatch(gateway.log() + JSON.stringify(body), /secret/, 'the password stays out of the log');
  assert.ok(gateway.alive());
  assert.equal(await gateway.end('SIGTERM'), 0);
});

for (const [binary, flags, words] of [
  [gatewayBinary, ['--listen', 'nowhere', '--max-body', 'big', '--heart-beat', '10 parsecs', '--log-level', 'loud'],
    ['nowhere', 'big', '10 parsecs', 'loud']],
  [gatewayBinary, ['--listen', '0.0.0.0:8080', '--amqp-url', 'amqp://localhost'], ['--allow-anonymous', 'redis-url']],
  [workerBinary, ['--batch-rows', '-3', '--batch-wait', 'soon'],
    ['-3', 'soon', 'amqp-url', 'redis-url', 'database-url']],
]) {
  const name = binary.split('/').at(-1);
  test(`${name} ${flags.join(' ')}: every problem at once`, () => {
    const { status, stderr, stdout } = spawnSync(binary, ['--check-config', ...flags], {
      env: cleanEnv,
      encoding: 'utf8',
      timeout: 10000,
    });
    assert.equal(status, 2, stderr + stdout);
    for (const word of words) assert.ok((stderr + stdout).includes(word), `names ${word}: ${stderr}${stdout}`);
  });
}

test('the metrics tell of refused input', async () => {
  const text = await (await fetch(opsUrl('gateway-1', 'metrics'))).text();
  const errors = Number(/^stampede_gateway_errors_total(?:\{.*\})? (\d+)/m.exec(text)[1]);
  assert.ok(errors >= 9, `${errors} ERROR frames were counted`);
});
