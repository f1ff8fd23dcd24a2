// The list is whole, whatever happens on the way: frames that vanish, answers that do not come, connections that break
// while others go on talking. And where it is not whole, it says so.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kDesktop, launch_browser, new_room, open_window } from './support/browser.mjs';
import { start_server } from './support/server.mjs';
import { Guest } from './support/stomp.mjs';
import { Tunnel } from './support/tunnel.mjs';
import { until } from './support/until.mjs';

const kNothing = { messages: [], links: {} };

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

/** Frames of a window vanish while `lost` says so; `lost.from` the server, `lost.to` it. */
async function losing_frames(window) {
  const lost = { from: () => false, to: () => false };
  await window.page.routeWebSocket(/\/ws$/u, (near) => {
    const far = near.connectToServer();
    far.onMessage((frame) => lost.from(String(frame)) || near.send(frame));
    near.onMessage((frame) => lost.to(String(frame)) || far.send(frame));
  });
  return lost;
}

test('a connection that breaks while others talk on misses nothing and repeats nothing', async () => {
  const room = new_room();
  const tunnel = await Tunnel.dig(server.url);
  const ana = await (await open_window(browser, tunnel.url)).join('Ana', room);
  const guest = await Guest.enter(server.url, 'Bo', room);
  let said = 0;
  let talking = true;
  const talk = (async () => {
    while (talking) await guest.say(`line ${(said += 1)}.`);
  })();
  for (let round = 0; round < 3; round += 1) {
    const heard = said;
    await until('Bo talks', () => said > heard + 5);
    tunnel.cut();
    await ana.page.locator('.badge:not([data-state=live])').waitFor();
    const missed = said;
    await until('Bo talks on', () => said > missed + 5);
    tunnel.mend();
    await ana.live();
  }
  talking = false;
  await talk;
  await ana.sees(`line ${said}.`);
  const texts = await ana.texts();
  const first = said - texts.length + 1;
  assert.deepEqual(texts, Array.from({ length: texts.length }, (_, at) => `line ${first + at}.`));
  assert.equal(await ana.page.locator('.rule.gap').count(), 0);
  await guest.leave();
  await ana.close();
  await tunnel.close();
});

test('a message that vanished on its way is fetched from history', async () => {
  const room = new_room();
  const ana = await open_window(browser, server.url);
  const lost = await losing_frames(ana);
  lost.from = (frame) => frame.includes('the lost one');
  await ana.join('Ana', room);
  const guest = await Guest.enter(server.url, 'Bo', room);
  for (const text of ['before', 'the lost one', 'after']) await guest.say(text);
  await ana.sees('the lost one');
  await until('it is in its place', async () => (await ana.texts()).join() === 'before,the lost one,after');
  await ana.page.locator('.rule.gap').waitFor({ state: 'detached' });
  await guest.leave();
  await ana.close();
});

test('what is missing is said, in its place, and can be asked for again', async () => {
  const room = new_room();
  const ana = await open_window(browser, server.url);
  const lost = await losing_frames(ana);
  lost.from = (frame) => frame.includes('the lost one');
  let away = true;
  await ana.page.route('**/messages?*', (route) => (away ? route.fulfill({ json: kNothing }) : route.continue()));
  await ana.join('Ana', room);
  const guest = await Guest.enter(server.url, 'Bo', room);
  for (const text of ['before', 'the lost one', 'after']) await guest.say(text);
  const notice = ana.page.locator('.rule.gap');
  await notice.filter({ hasText: 'Messages are missing here.' }).waitFor();
  const rows = await ana.page.locator('.row').allInnerTexts();
  const at = rows.findIndex((row) => row.includes('missing here'));
  assert.match(rows[at - 1], /before/u);
  assert.match(rows[at + 1], /after/u);
  away = false;
  await notice.getByRole('button', { name: 'Look again' }).click();
  await ana.sees('the lost one');
  await notice.waitFor({ state: 'detached' });
  assert.deepEqual(await ana.texts(), ['before', 'the lost one', 'after']);
  await guest.leave();
  await ana.close();
});

test('an own message is on its way until the server confirms it, although all see it', async () => {
  const room = new_room();
  const ana = await open_window(browser, server.url);
  const lost = await losing_frames(ana);
  const kept = [];
  let holding = true;
  lost.from = (frame) => holding && frame.startsWith('RECEIPT') && frame.includes('seq') && kept.push(frame) > 1;
  await ana.join('Ana', room); // with the first RECEIPT
  const bo = await (await open_window(browser, server.url)).join('Bo', room);
  await ana.say('Did it arrive?');
  await bo.sees('Did it arrive?');
  const row = ana.page.locator('.message.own');
  await row.getByText('Sending…').waitFor();
  holding = false;
  await ana.say('And this?');
  await row.filter({ hasText: 'And this?' }).getByText('Sent').waitFor();
  assert.equal(await row.filter({ hasText: 'Did it arrive?' }).getByText('Sending…').count(), 1);
  for (const window of [ana, bo]) await window.close();
});

test('a message that nobody confirms fails, and is stored once when it is tried again', async () => {
  const room = new_room();
  const ana = await open_window(browser, server.url);
  const lost = await losing_frames(ana);
  await ana.join('Ana', room);
  const bo = await (await open_window(browser, server.url)).join('Bo', room);
  lost.to = (frame) => frame.includes('into the void');
  await ana.say('into the void');
  const failure = ana.page.locator('.is-failed .failure');
  await failure.filter({ hasText: 'No confirmation came in time' }).waitFor({ timeout: 60_000 });
  lost.to = () => false;
  await ana.page.getByRole('button', { name: 'Try again' }).click();
  await ana.all_sent();
  await bo.sees('into the void');
  for (const window of [ana, bo]) {
    assert.deepEqual(await window.texts(), ['into the void']);
    await window.close();
  }
});

test('two tabs of one user are one person with two places', async () => {
  const room = new_room();
  const first = await (await open_window(browser, server.url)).join('Ana', room);
  const second = await (await open_window(browser, server.url)).join('Ana', room);
  await first.say('from the first');
  await second.sees('from the first');
  await second.say('from the second');
  await first.sees('from the second');
  for (const tab of [first, second]) {
    await tab.all_sent();
    assert.deepEqual(await tab.texts(), ['from the first', 'from the second']);
    assert.equal(await tab.page.locator('.message.own').count(), 2);
    await until('she is listed once', async () => (await tab.members()).join() === 'Ana');
  }
  await first.close();
  await second.say('still here');
  await second.all_sent();
  assert.deepEqual(await second.members(), ['Ana']);
  await second.close();
});

test('scrolling back over several pages keeps what is read in its place', async () => {
  const room = new_room();
  const guest = await Guest.enter(server.url, 'Early', room);
  const all = Array.from({ length: 230 }, (_, at) => `line ${at + 1}.`);
  await Promise.all(all.map((text) => guest.say(text)));
  const window = await open_window(browser, server.url, kDesktop);
  let asked = 0;
  await window.page.route('**/messages?*before=*', (route) => {
    asked += 1;
    return route.continue();
  });
  await window.join('Late', room);
  await window.sees('line 230.');
  const top_of = (text) =>
    window.page
      .locator('.bubble')
      .filter({ hasText: text })
      .evaluate((bubble) => bubble.getBoundingClientRect().top);
  for (let page = 1; page <= 3; page += 1) {
    const first = (await window.texts())[0];
    // Up to the edge, and where its first line stands there, before anything can have been loaded.
    const before = await window.page.evaluate(() => {
      document.querySelector('.scroller').scrollTop = 0;
      return document.querySelector('.bubble').getBoundingClientRect().top;
    });
    await until('older ones are there', async () => (await window.texts())[0] !== first);
    const moved = Math.abs((await top_of(first)) - before);
    assert.ok(moved < 2, `the rows above moved ${first} by ${moved} px`);
  }
  await until('the beginning is there', async () => {
    await window.page.locator('.scroller').hover();
    await window.page.mouse.wheel(0, -3000);
    return (await window.page.locator('.beginning').count()) === 1;
  });
  assert.deepEqual(await window.texts(), all);
  assert.ok(asked >= 3 && asked <= 8, `${asked} pages were asked for`);
  await guest.leave();
  await window.close();
});
