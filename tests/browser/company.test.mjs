// Others in the room: who is there, and who is writing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch_browser, new_room, open_window } from './support/browser.mjs';
import { embedded_gateway, start_server } from './support/server.mjs';
import { Guest } from './support/stomp.mjs';
import { until } from './support/until.mjs';

const kLong = '10m';

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

const typing = (window, text) => window.page.locator('.typing').filter({ hasText: text });
const nobody_types = (window) => window.page.locator('.typing:empty').waitFor({ state: 'attached' });

test('who is writing is shown to the others, and gone with the message, an emptied box, or a pause', async () => {
  const room = new_room();
  const ana = await (await open_window(browser, server.url)).join('Ana', room);
  const bo = await (await open_window(browser, server.url)).join('Bo', room);
  const box = ana.page.getByRole('textbox');
  await box.pressSequentially('Hello B');
  await typing(bo, 'Ana is typing…').waitFor();
  assert.equal(await ana.page.locator('.typing').innerText(), '', 'not to herself');
  await ana.page.keyboard.press('Enter');
  await bo.sees('Hello B');
  await nobody_types(bo);
  await box.pressSequentially('No');
  await typing(bo, 'Ana is typing…').waitFor();
  await box.fill('');
  await nobody_types(bo);
  await box.pressSequentially('Well');
  await typing(bo, 'Ana is typing…').waitFor();
  await nobody_types(bo); // after a pause
  await ana.page.reload();
  await ana.live();
  assert.deepEqual(await ana.texts(), ['Hello B'], 'writing is no message');
  for (const window of [ana, bo]) {
    assert.deepEqual(window.complaints, []);
    await window.close();
  }
});

const listed = async (window) => (await window.members()).join();

/** Every list that the window shows from now on. */
function watch_members(window) {
  return window.page.evaluate(() => {
    const names = () => [...document.querySelectorAll('.member-name')].map((name) => name.textContent).join();
    window.seen = [names()];
    new MutationObserver(() => window.seen.push(names())).observe(document.querySelector('.members'), {
      childList: true,
    });
  });
}

test('the list follows who comes and goes; a reload is neither', async () => {
  const patient = await embedded_gateway('--presence-grace', kLong);
  try {
    const room = new_room();
    const ana = await (await open_window(browser, patient.url)).join('Ana', room);
    await until('she sees herself', async () => (await listed(ana)) === 'Ana');
    const bo = await (await open_window(browser, patient.url)).join('Bo', room);
    await until('Bo has come', async () => (await listed(ana)) === 'Ana,Bo');
    await until('Bo sees both', async () => (await listed(bo)) === 'Ana,Bo');
    const cy = await (await open_window(browser, patient.url)).join('Cy', room);
    await until('Cy has come', async () => (await listed(ana)) === 'Ana,Bo,Cy');
    // Whoever goes through the door says so, and is not waited for.
    await cy.page.getByRole('button', { name: 'Change room or name' }).click();
    await until('Cy has gone', async () => (await listed(ana)) === 'Ana,Bo');
    await watch_members(ana);
    await bo.page.reload();
    await bo.live();
    await bo.say('I am back');
    await ana.sees('I am back');
    assert.deepEqual(await ana.page.evaluate(() => [...new Set(window.seen)]), ['Ana,Bo']);
    await cy.close();
    for (const window of [ana, bo]) await window.close();
  } finally {
    await patient.stop();
  }
});

test('a window that is closed is missed after the grace', async () => {
  const quick = await embedded_gateway('--presence-grace', '1s');
  try {
    const room = new_room();
    const ana = await (await open_window(browser, quick.url)).join('Ana', room);
    const bo = await (await open_window(browser, quick.url)).join('Bo', room);
    await until('Bo has come', async () => (await listed(ana)) === 'Ana,Bo');
    await bo.close();
    await until('Bo has gone', async () => (await listed(ana)) === 'Ana');
    await ana.close();
  } finally {
    await quick.stop();
  }
});

test('in a room with many only their number is shown', async () => {
  const crowded = await embedded_gateway('--presence-events', '3');
  try {
    const room = new_room();
    const ana = await (await open_window(browser, crowded.url)).join('Ana', room);
    const guests = [];
    for (let n = 1; n <= 5; n += 1) guests.push(await Guest.enter(crowded.url, `Guest ${n}`, room));
    await ana.page.getByText('Here now · 6').waitFor();
    await ana.page.getByText('Too many to name them.').waitFor();
    assert.deepEqual(await ana.members(), []);
    const late = await (await open_window(browser, crowded.url)).join('Late', room);
    await late.page.getByText('Here now · 7').waitFor();
    await ana.page.getByText('Here now · 7').waitFor();
    await Promise.all(guests.map((guest) => guest.leave()));
    await until('the few that are left have names again', async () => (await listed(ana)) === 'Ana,Late');
    for (const window of [ana, late]) await window.close();
  } finally {
    await crowded.stop();
  }
});
