// @stomp/stompjs as people use it themselves, in a browser, without our page's code.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch_browser, new_room } from './support/browser.mjs';
import { start_server } from './support/server.mjs';

let server;
let browser;
let page;
before(async () => {
  server = await start_server();
  browser = await launch_browser();
  // What a test runs in the page is sent to it as text, which the page's own policy forbids.
  const context = await browser.newContext({ bypassCSP: true });
  page = await context.newPage();
  await page.goto(server.url);
  const entry = createRequire(import.meta.url).resolve('@stomp/stompjs');
  await page.evaluate(await readFile(join(dirname(entry), 'stomp.umd.min.js'), 'utf8'));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Connects two clients in the page and runs `script(a, b, room)` there. */
function with_two_clients(room, script, argument) {
  return page.evaluate(
    async ([name, source, given]) => {
      const brokerURL = `${location.origin.replace(/^http/u, 'ws')}/ws`;
      const connect = (login) =>
        new Promise((connected, failed) => {
          const client = new StompJs.Client({
            brokerURL,
            connectHeaders: { login, passcode: '' },
            reconnectDelay: 0,
            onConnect: () => connected(client),
            onStompError: (frame) => failed(new Error(`${frame.headers.message}: ${frame.body}`)),
          });
          client.activate();
        });
      const confirmed = (client, id) => new Promise((done) => client.watchForReceipt(id, done));
      const [a, b] = [await connect('a'), await connect('b')];
      const body = new Function(`return (${source})`)();
      const result = await body({ a, b, name, confirmed, given });
      await Promise.all([a.deactivate(), b.deactivate()]);
      return result;
    },
    [room, script.toString(), argument],
  );
}

test('1,000 messages both ways: each once, in order of seq', async () => {
  const got = await with_two_clients(new_room(), async ({ a, b, name, confirmed }) => {
    const received = { a: [], b: [] };
    const joined = [];
    for (const [who, client] of Object.entries({ a, b })) {
      joined.push(confirmed(client, `join-${who}`));
      client.subscribe(
        `/topic/${name}`,
        (message) =>
          received[who].push([Number(message.headers.seq), message.headers.sender, message.body]),
        { receipt: `join-${who}` },
      );
    }
    await Promise.all(joined);
    const safe = [];
    for (let n = 0; n < 500; n += 1) {
      for (const [who, client] of Object.entries({ a, b })) {
        safe.push(confirmed(client, `${who}-${n}`));
        client.publish({
          destination: `/topic/${name}`,
          body: `${who}-${n}`,
          headers: { receipt: `${who}-${n}` },
        });
      }
    }
    await Promise.all(safe);
    const deadline = Date.now() + 20_000;
    while ((received.a.length < 1000 || received.b.length < 1000) && Date.now() < deadline) {
      await new Promise((next) => setTimeout(next, 10));
    }
    return received;
  });
  for (const list of [got.a, got.b]) {
    assert.equal(list.length, 1000);
    assert.equal(new Set(list.map(([, , body]) => body)).size, 1000);
    for (let at = 1; at < list.length; at += 1)
      assert.ok(list[at][0] > list[at - 1][0], `seq at ${at}`);
    for (const who of ['a', 'b']) {
      const said = list.filter(([, sender]) => sender === who).map(([, , body]) => body);
      assert.deepEqual(
        said,
        Array.from({ length: 500 }, (_, n) => `${who}-${n}`),
      );
    }
  }
  assert.deepEqual(got.a, got.b);
});

test('bodies and headers arrive as they were sent', async () => {
  const got = await with_two_clients(new_room(), async ({ a, b, name, confirmed }) => {
    const received = [];
    const joined = confirmed(b, 'join');
    b.subscribe(
      `/topic/${name}`,
      (message) =>
        received.push([
          message.headers['x-note'],
          message.headers['content-type'],
          [...message.binaryBody],
        ]),
      { receipt: 'join' },
    );
    await joined;
    const destination = `/topic/${name}`;
    a.publish({
      destination,
      body: 'ünï\ncödé 🐂',
      headers: { 'x-note': 'a:b \\ c\nd', 'content-type': 'text/plain' },
    });
    a.publish({
      destination,
      binaryBody: Uint8Array.of(0, 255, 1, 0, 200),
      headers: { 'x-note': 'bytes' },
    });
    const done = confirmed(a, 'long');
    a.publish({ destination, body: 'é'.repeat(60_000), headers: { receipt: 'long' } });
    await done;
    const deadline = Date.now() + 20_000;
    while (received.length < 3 && Date.now() < deadline)
      await new Promise((next) => setTimeout(next, 10));
    return received;
  });
  assert.equal(got.length, 3);
  assert.deepEqual(got[0].slice(0, 2), ['a:b \\ c\nd', 'text/plain']);
  assert.equal(Buffer.from(got[0][2]).toString(), 'ünï\ncödé 🐂');
  assert.deepEqual(got[1], ['bytes', undefined, [0, 255, 1, 0, 200]]);
  assert.equal(got[2][2].length, 120_000);
});

test('a destination that is none is refused in words', async () => {
  await assert.rejects(
    with_two_clients(
      new_room(),
      ({ a }) =>
        new Promise((_, failed) => {
          a.onStompError = (frame) => failed(new Error(`${frame.headers.message}: ${frame.body}`));
          a.subscribe('/queue/nothing', () => {});
        }),
    ),
    /\/topic\/<room>/u,
  );
});
