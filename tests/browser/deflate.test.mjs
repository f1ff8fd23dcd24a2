// @stomp/stompjs in a browser whose connection is compressed: Chromium offers permessage-deflate by itself.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch_browser, new_room } from './support/browser.mjs';
import { embedded_gateway } from './support/server.mjs';

let server;
let browser;
before(async () => {
  server = await embedded_gateway('--ws-deflate');
  browser = await launch_browser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function counted(name) {
  const line = new RegExp(`^stampede_gateway_${name} (\\d+)`, 'mu').exec(await server.metrics());
  return Number(line[1]);
}

test('messages both ways are compressed and arrive as they were sent', async () => {
  // What a test runs in the page is sent to it as text, which the page's own policy forbids.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(server.url);
  const entry = createRequire(import.meta.url).resolve('@stomp/stompjs');
  await page.evaluate(await readFile(join(dirname(entry), 'stomp.umd.min.js'), 'utf8'));
  const bodies = Array.from({ length: 50 }, (_, i) => `${i} grüße 🎉 `.repeat(1 + 40 * i));

  const got = await page.evaluate(
    ([room, sent]) =>
      new Promise((done, failed) => {
        const received = [];
        const client = new StompJs.Client({
          brokerURL: `${location.origin.replace(/^http/u, 'ws')}/ws`,
          connectHeaders: { login: 'ada', passcode: '' },
          reconnectDelay: 0,
          onStompError: (frame) => failed(new Error(`${frame.headers.message}: ${frame.body}`)),
          onWebSocketClose: (event) => failed(new Error(`closed: ${event.code} ${event.reason}`)),
          onConnect: () => {
            const { extensions } = client.webSocket;
            client.watchForReceipt('live', () => {
              for (const body of sent) client.publish({ destination: `/topic/${room}`, body });
            });
            const take = (message) => {
              received.push(message.body);
              if (received.length === sent.length) done({ extensions, received });
            };
            client.subscribe(`/topic/${room}`, take, { receipt: 'live' });
          },
        });
        client.activate();
      }),
    [new_room('deflate'), bodies],
  );

  assert.match(got.extensions, /^permessage-deflate/u);
  assert.deepEqual(got.received, bodies);
  assert.equal(await counted('deflate_agreed_total'), 1);
  // All but the shortest are beyond the size from which on frames are compressed.
  assert.ok((await counted('deflated_total')) >= bodies.length - 1);
  const said = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  assert.ok((await counted('inflated_bytes_total')) > said);
  await context.close();
});
