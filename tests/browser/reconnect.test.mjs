// The server goes away and comes back: the page says so, returns by itself, and misses nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch_browser, new_room, open_window } from './support/browser.mjs';
import { start_server } from './support/server.mjs';
import { Guest } from './support/stomp.mjs';
import { Tunnel } from './support/tunnel.mjs';
import { until } from './support/until.mjs';

const kStoreAway = JSON.stringify({ title: 'Service Unavailable', detail: 'The store is away.' });

let server;
let browser;
before(async () => {
  server = await start_server();
  browser = await launch_browser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('after a restart of the server both windows are live again with everything said', async () => {
  const room = new_room();
  const ana = await (await open_window(browser, server.url)).join('Ana', room);
  const bo = await (await open_window(browser, server.url)).join('Bo', room);
  await ana.say('before the restart');
  await bo.sees('before the restart');
  const left_live = ana.page.evaluate(
    () =>
      new Promise((left) => {
        const badge = document.querySelector('.badge');
        new MutationObserver(() => badge.dataset.state !== 'live' && left()).observe(badge, {
          attributes: true,
        });
      }),
  );
  await server.restart();
  await left_live;
  await ana.live();
  await bo.live();
  await bo.say('after the restart');
  await ana.sees('after the restart');
  for (const window of [ana, bo]) {
    assert.deepEqual(await window.texts(), ['before the restart', 'after the restart']);
    await window.close();
  }
});

test('what was said while a window had no network is there when it has it again', async () => {
  const room = new_room();
  const tunnel = await Tunnel.dig(server.url);
  const ana = await (await open_window(browser, tunnel.url)).join('Ana', room);
  const guest = await Guest.enter(server.url, 'Bo', room);
  await guest.say('1');
  await ana.sees('1');
  tunnel.cut();
  await ana.page.getByText('The connection was lost. Reconnecting in').waitFor();
  const said = [];
  for (let n = 2; n <= 300; n += 1) said.push(guest.say(String(n)));
  await Promise.all(said);
  tunnel.mend();
  await ana.live();
  await ana.sees('300');
  const texts = await ana.texts();
  const first = Number(texts[0]);
  assert.deepEqual(
    texts,
    Array.from({ length: 300 - first + 1 }, (_, at) => String(first + at)),
  );
  const rows = await ana.page.locator('.row').allInnerTexts();
  assert.ok(first > 2 || rows.includes('New'), 'what was missed is marked');
  await guest.leave();
  await ana.close();
  await tunnel.close();
});

test('a message written without a connection is sent when there is one, once', async () => {
  const room = new_room();
  const tunnel = await Tunnel.dig(server.url);
  const ana = await (await open_window(browser, tunnel.url)).join('Ana', room);
  const guest = await Guest.enter(server.url, 'Bo', room);
  tunnel.cut();
  await ana.page.locator('.badge:not([data-state=live])').waitFor();
  await ana.say('from the tunnel');
  const row = ana.page.locator('.message').filter({ hasText: 'from the tunnel' });
  await row.getByText('Waiting for the connection').waitFor();
  tunnel.mend();
  // The page may be quicker, and hide the button before a mouse gets there.
  await ana.page.getByRole('button', { name: 'Try now', includeHidden: true }).evaluate((button) => button.click());
  await ana.all_sent();
  await until('Bo got it', async () => guest.received.length > 0);
  assert.deepEqual(guest.received, ['from the tunnel']);
  assert.deepEqual(await ana.texts(), ['from the tunnel']);
  await guest.leave();
  await ana.close();
  await tunnel.close();
});

test('a connection that breaks again and again loses and doubles nothing', async () => {
  const room = new_room();
  const tunnel = await Tunnel.dig(server.url);
  const ana = await (await open_window(browser, tunnel.url)).join('Ana', room);
  const guest = await Guest.enter(server.url, 'Bo', room);
  const expected = [];
  for (let round = 0; round < 5; round += 1) {
    for (let n = 0; n < 5; n += 1) {
      expected.push(`ana ${round}.${n}`, `bo ${round}.${n}`);
      await ana.say(`ana ${round}.${n}`);
      await guest.say(`bo ${round}.${n}`);
    }
    tunnel.cut();
    await ana.page.locator('.badge:not([data-state=live])').waitFor();
    tunnel.mend();
    await ana.live();
  }
  await ana.all_sent();
  await until('all is there', async () => (await ana.texts()).length >= expected.length);
  assert.deepEqual((await ana.texts()).sort(), expected.sort());
  assert.deepEqual(guest.received.sort(), expected);
  await guest.leave();
  await ana.close();
  await tunnel.close();
});

test('a message that the server refuses says why and can be discarded', async () => {
  const room = new_room();
  const ana = await (await open_window(browser, server.url)).join('Ana', room);
  await ana.say('x'.repeat(400_000));
  const failure = ana.page.locator('.is-failed .failure');
  await failure.waitFor();
  assert.match(await failure.innerText(), /^Not sent\. .*\d/u);
  await ana.live();
  await ana.say('a shorter one');
  await ana.page.locator('.is-stored').filter({ hasText: 'a shorter one' }).waitFor();
  await ana.page.getByRole('button', { name: 'Discard' }).click();
  await until('it is gone', async () => (await ana.texts()).join() === 'a shorter one');
  await ana.close();
});

test('without the REST API people still talk, and older messages come when it is back', async () => {
  const room = new_room();
  const guest = await Guest.enter(server.url, 'Bo', room);
  const before = Array.from({ length: 60 }, (_, at) => `before ${at + 1}.`);
  await Promise.all(before.map((text) => guest.say(text)));
  const ana = await open_window(browser, server.url);
  let away = true;
  await ana.page.route('**/messages?*', (route) =>
    away
      ? route.fulfill({ status: 503, contentType: 'application/problem+json', body: kStoreAway })
      : route.continue(),
  );
  await ana.join('Ana', room);
  await ana.sees('before 60.');
  await ana.say('anyone here?');
  await guest.say('yes');
  await ana.sees('yes');
  await ana.all_sent();
  const said = [...before.slice(10), 'anyone here?', 'yes'];
  assert.deepEqual(await ana.texts(), said);
  const older = ana.page.getByRole('button', { name: 'Load older messages' });
  await older.click();
  await ana.page.getByText('cannot be loaded right now: The store is away.').waitFor();
  assert.deepEqual(await ana.texts(), said);
  away = false;
  await older.click();
  await ana.page.locator('.beginning').waitFor();
  assert.deepEqual(await ana.texts(), [...before, 'anyone here?', 'yes']);
  await ana.page.locator('.notice').waitFor({ state: 'hidden' });
  await guest.leave();
  await ana.close();
});
