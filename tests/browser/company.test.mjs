// Others in the room: who is writing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch_browser, new_room, open_window } from './support/browser.mjs';
import { start_server } from './support/server.mjs';

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
