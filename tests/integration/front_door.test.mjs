// nginx, as configured by the files in nginx/: page, WebSocket and REST under one address.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { connected } from './support/chat_client.mjs';
import { clusterEnv, freshRoom } from './support/cluster.mjs';
import { getJson } from './support/history.mjs';
import { eventually } from './support/wait.mjs';

test('the page comes with the same headers from nginx as from a gateway', async () => {
  const { url, gateways } = clusterEnv();
  const fromNginx = await fetch(`${url}/`);
  const fromGateway = await fetch(`${gateways[0]}/`);
  assert.equal(fromNginx.status, 200);
  assert.equal(await fromNginx.text(), await fromGateway.text());
  for (const header of [
    'content-security-policy',
    'x-content-type-options',
    'referrer-policy',
    'cross-origin-opener-policy',
    'cache-control',
  ]) {
    assert.ok(fromNginx.headers.get(header), `nginx sends ${header}`);
    assert.equal(fromNginx.headers.get(header), fromGateway.headers.get(header), header);
  }
});

test('text is compressed, and other paths are 404 with the same headers', async () => {
  const { url } = clusterEnv();
  const page = await (await fetch(`${url}/`)).text();
  const script = /src="([^"]+\.js)"/.exec(page)[1];
  const response = await fetch(new URL(script, `${url}/`), { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  const missing = await fetch(`${url}/no-such-file`);
  assert.equal(missing.status, 404);
  assert.equal(missing.headers.get('x-content-type-options'), 'nosniff');
});

test('chat and history work through nginx alone', async () => {
  const { url } = clusterEnv();
  const room = freshRoom('door');
  const [ada, bob] = await Promise.all([connected(url, { login: 'ada' }), connected(url, { login: 'bob' })]);
  const [record] = await Promise.all([bob.subscribe(room), ada.subscribe(room)]);
  const seq = await ada.send(room, 'through the door');
  await eventually('it arrives', () => record.messages.length === 1);
  const history = await eventually('it is in history', async () => {
    const { body } = await getJson(`${url}/api/v1/rooms/${room}/messages`);
    return body.messages.length === 1 && body.messages;
  });
  assert.deepEqual([history[0].seq, history[0].body], [seq, 'through the door']);
  const { body } = await getJson(`${url}/api/v1/rooms/${room}/members`);
  assert.deepEqual(body.members.map((member) => member.user).sort(), ['ada', 'bob']);
  await Promise.all([ada.close(), bob.close()]);
});

test('the WebSocket door also opens with a trailing slash and a query', async () => {
  const { url } = clusterEnv();
  for (const path of ['/ws', '/ws/', '/ws?from=test']) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, ['v12.stomp']);
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', (error) => reject(new Error(`${path}: ${error.message}`)));
    });
    assert.equal(socket.protocol, 'v12.stomp');
    socket.terminate();
  }
});
