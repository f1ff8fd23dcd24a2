// Two windows chat through the page; what is said stays, and is nothing but text.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch_browser, new_room, open_window } from './support/browser.mjs';
import { start_server } from './support/server.mjs';
import { Guest } from './support/stomp.mjs';
import { until } from './support/until.mjs';

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

test('two windows chat, see one another, and each message stands once', async () => {
  const room = new_room();
  const ana = await (await open_window(browser, server.url)).join('Ana', room);
  const bo = await (await open_window(browser, server.url)).join('Bo', room);
  await ana.say('Hello Bo');
  await bo.sees('Hello Bo');
  await bo.say('Hello Ana,\nhow are you?');
  await ana.sees('how are you?');
  await ana.all_sent();
  await bo.all_sent();
  for (const window of [ana, bo]) {
    assert.deepEqual(await window.texts(), ['Hello Bo', 'Hello Ana,\nhow are you?']);
    await until('both are listed', async () => (await window.members()).sort().join() === 'Ana,Bo');
  }
  assert.equal(await ana.page.locator('.message.own').count(), 1);
  assert.equal(await bo.page.locator('.message.other .sender').innerText(), 'Ana');
  await bo.close();
  await until('Bo is gone from the list', async () => (await ana.members()).join() === 'Ana', 40);
  assert.deepEqual(ana.complaints, []);
  await ana.close();
});

test('history is there on entry and after a reload', async () => {
  const room = new_room();
  const guest = await Guest.enter(server.url, 'Early', room);
  for (let n = 1; n <= 20; n += 1) await guest.say(`before ${n}`);
  const expected = Array.from({ length: 20 }, (_, at) => `before ${at + 1}`);
  const window = await (await open_window(browser, server.url)).join('Late', room);
  await window.sees('before 20');
  assert.deepEqual(await window.texts(), expected);
  await window.say('here now');
  await window.all_sent();
  await window.page.reload();
  await window.live();
  await window.sees('here now');
  await until('all are there again', async () => (await window.texts()).length === 21);
  assert.deepEqual(await window.texts(), [...expected, 'here now']);
  assert.match(window.page.url(), new RegExp(`[?]room=${room}$`, 'u'));
  await guest.leave();
  await window.close();
});

test('older messages come when one scrolls back, and the place is kept', async () => {
  const room = new_room();
  const guest = await Guest.enter(server.url, 'Early', room);
  const all = Array.from({ length: 170 }, (_, at) => `line ${at + 1}.`);
  await Promise.all(all.map((text) => guest.say(text)));
  const window = await (await open_window(browser, server.url)).join('Late', room);
  await window.sees('line 170.');
  assert.ok((await window.texts()).length < 170);
  const scroller = window.page.locator('.scroller');
  await until('the first line is there', async () => {
    await scroller.hover();
    await window.page.mouse.wheel(0, -3000);
    return (await window.page.locator('.beginning').count()) === 1;
  });
  assert.deepEqual(await window.texts(), all);
  await guest.say('one more');
  const pill = window.page.getByRole('button', { name: '1 new message' });
  await pill.waitFor();
  assert.ok(
    (await scroller.evaluate((element) => element.scrollTop)) < 2000,
    'the reader was moved',
  );
  await pill.click();
  await window.sees('one more');
  await pill.waitFor({ state: 'hidden' });
  await window.page.locator('.rule.unread').waitFor();
  await guest.leave();
  await window.close();
});

test('thousands of messages leave the document small', async () => {
  const room = new_room();
  const window = await (await open_window(browser, server.url)).join('Reader', room);
  const guest = await Guest.enter(server.url, 'Flood', room);
  const said = [];
  for (let n = 1; n <= 2000; n += 1) said.push(guest.say(`flood ${n}.`));
  await Promise.all(said);
  await window.sees('flood 2000.');
  const rows = await window.page.locator('.message').count();
  assert.ok(rows <= 400, `${rows} rows in the document`);
  const texts = await window.texts();
  assert.deepEqual(
    texts,
    Array.from({ length: texts.length }, (_, at) => `flood ${2000 - texts.length + at + 1}.`),
  );
  await guest.leave();
  await window.close();
});

test('markup in messages and names is text', async () => {
  const room = new_room();
  const user = '<b onclick=alert(1)>Eve</b>';
  const attacks = [
    '<img src=x onerror="window.hacked = true">',
    '<script>window.hacked = true</script>',
    '"><svg/onload=window.hacked=true>',
    'javascript:window.hacked=true',
  ];
  const guest = await Guest.enter(server.url, user, room);
  for (const attack of attacks) await guest.say(attack);
  const window = await (await open_window(browser, server.url)).join('Ana', room);
  await window.sees('javascript:');
  await guest.say('<i>live</i>');
  await window.sees('<i>live</i>');
  assert.deepEqual(await window.texts(), [...attacks, '<i>live</i>']);
  assert.equal(await window.page.locator('.sender').first().innerText(), user);
  await until('the name is listed as text', async () => (await window.members()).includes(user));
  assert.equal(await window.page.evaluate(() => window.hacked), undefined);
  assert.equal(
    await window.page
      .locator('.list img, .list script, .list svg:not(.icon), .list i, .people b')
      .count(),
    0,
  );
  assert.deepEqual(window.complaints, []);
  await guest.leave();
  await window.close();
});

test('a hidden window counts in its title and marks what is new', async () => {
  const room = new_room();
  const window = await (await open_window(browser, server.url)).join('Ana', room);
  const guest = await Guest.enter(server.url, 'Bo', room);
  await guest.say('seen');
  await window.sees('seen');
  const show = (state) =>
    window.page.evaluate((to) => {
      Object.defineProperty(document, 'visibilityState', { value: to, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await show('hidden');
  await guest.say('unseen 1');
  await guest.say('unseen 2');
  await window.page.waitForFunction(() => document.title.startsWith('(2) '));
  await show('visible');
  await window.page.waitForFunction(() => !document.title.startsWith('('));
  const rows = await window.page.locator('.row').allInnerTexts();
  assert.equal(
    rows.findIndex((row) => row.includes('unseen 1')),
    rows.indexOf('New') + 1,
  );
  await window.say('I am back');
  await window.page.locator('.rule.unread').waitFor({ state: 'detached' });
  await guest.leave();
  await window.close();
});

test('wrong names are explained before anything is sent', async () => {
  const window = await open_window(browser, server.url);
  await window.page.goto(`${server.url}/?room=no%2Fslash`);
  await window.page.getByRole('button', { name: 'Join', exact: true }).click();
  await window.page.getByText('Tell the others who you are.').waitFor();
  await window.page.getByLabel('Your name').fill('Ana');
  await window.page.getByRole('button', { name: 'Join', exact: true }).click();
  await window.page.getByText('A room name cannot contain “/”').waitFor();
  await window.page.getByLabel('Room').fill('# two words');
  await window.page.keyboard.press('Enter');
  await window.live();
  assert.match(window.page.url(), /\?room=two-words$/u);
  await window.page.goBack();
  await window.page.getByLabel('Room').waitFor();
  await window.close();
});

test('the keyboard alone is enough', async () => {
  const room = new_room();
  const window = await open_window(browser, server.url);
  const { page } = window;
  await page.goto(`${server.url}/?room=${room}`);
  await page.keyboard.type('Keys');
  await page.keyboard.press('Enter');
  await window.live();
  await page.keyboard.type('first line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second line');
  await page.keyboard.press('Enter');
  await window.sees('second line');
  assert.deepEqual(await window.texts(), ['first line\nsecond line']);
  assert.equal(await page.getByRole('textbox').inputValue(), '');
  await window.close();
});
