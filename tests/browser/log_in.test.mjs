// The page where clients log in: it asks for a passcode when one is needed, shows it wherever it asks the server, and says
// why somebody is out.
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch_browser, new_room, open_window } from './support/browser.mjs';
import { embedded_gateway, hash_of } from './support/server.mjs';
import { until } from './support/until.mjs';

const kEverything = '*=read,send,presence';
let dir;
let server;
let browser;
let hash;

async function write_users(users) {
  const lines = Object.entries(users).map(([name, rights]) => `${name}:${hash}:${rights}\n`);
  await writeFile(join(dir, 'users.next'), lines.join(''));
  await rename(join(dir, 'users.next'), join(dir, 'users'));
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stampede-users-'));
  hash = hash_of('open sesame');
  await write_users({ Ana: kEverything, Bo: 'lobby*=read,send,presence', Cy: 'lobby*=read,send' });
  server = await embedded_gateway('--users-file', join(dir, 'users'), '--login-delay', '100ms');
  browser = await launch_browser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function at_the_door(room) {
  const window = await open_window(browser, server.url);
  await window.page.goto(`${server.url}/?room=${room}`);
  return window;
}

async function submit(window, user, passcode) {
  await window.page.getByLabel('Your name').fill(user);
  if (passcode !== undefined) await window.page.getByLabel('Passcode or token').fill(passcode);
  await window.page.getByRole('button', { name: 'Join', exact: true }).click();
}

const problem_of = (window, field) => window.page.locator(`#${field}-problem`);

test('asks for a passcode when the server does, and says that one is wrong', async () => {
  const window = await at_the_door(new_room('lobby'));
  assert.equal(await window.page.getByLabel('Passcode or token').isVisible(), false);
  await submit(window, 'Ana');
  await problem_of(window, 'passcode').filter({ hasText: 'A passcode is needed here' }).waitFor();
  assert.equal(await window.page.getByLabel('Your name').inputValue(), 'Ana');
  await submit(window, 'Ana', 'guess');
  await problem_of(window, 'passcode').filter({ hasText: /wrong/iu }).waitFor();
  await submit(window, 'Ana', 'open sesame');
  await window.live();
  await window.say('Here I am');
  await window.all_sent();
  await until('who is here is known', async () => (await window.members()).join() === 'Ana');
  await window.close();
});

test('history is asked for with the same passcode', async () => {
  const room = new_room('lobby');
  const first = await at_the_door(room);
  await first.page.getByRole('button', { name: 'I have a passcode or a token' }).click();
  await submit(first, 'Ana', 'open sesame');
  await first.live();
  await first.say('said before');
  await first.all_sent();
  const second = await at_the_door(room);
  await second.page.getByRole('button', { name: 'I have a passcode or a token' }).click();
  await submit(second, 'Bo', 'open sesame');
  await second.live();
  await second.sees('said before');
  assert.equal(second.dialogs, 0);
  await first.close();
  await second.close();
});

test('a room that the user may not enter is named at the door', async () => {
  const room = new_room('staff');
  const window = await at_the_door(room);
  await window.page.getByRole('button', { name: 'I have a passcode or a token' }).click();
  await submit(window, 'Bo', 'open sesame');
  await problem_of(window, 'room').filter({ hasText: `no right to read in room '${room}'` }).waitFor();
  await window.page.getByLabel('Room').fill(new_room('lobby'));
  await window.page.getByRole('button', { name: 'Join', exact: true }).click();
  await window.live();
  await window.close();
});

test('who may not see who is here comes in without', async () => {
  const window = await at_the_door(new_room('lobby'));
  await window.page.getByRole('button', { name: 'I have a passcode or a token' }).click();
  await submit(window, 'Cy', 'open sesame');
  await window.live();
  await window.page.getByText('You may not see who is here.').waitFor();
  await window.say('But I may talk');
  await window.all_sent();
  assert.deepEqual(await window.members(), []);
  await window.close();
});

test('who loses the right to be here keeps what is on the screen, and can log in again', async () => {
  const window = await at_the_door(new_room('lobby'));
  await window.page.getByRole('button', { name: 'I have a passcode or a token' }).click();
  await submit(window, 'Ana', 'open sesame');
  await window.live();
  await window.say('stays on the screen');
  await window.all_sent();
  await write_users({ Bo: kEverything });
  await window.page.getByRole('button', { name: 'Sign in again' }).waitFor();
  assert.deepEqual(await window.texts(), ['stays on the screen']);
  await write_users({ Ana: kEverything, Bo: kEverything });
  await window.page.getByRole('button', { name: 'Sign in again' }).click();
  await until('she may come in again', async () => {
    if (await window.page.locator('.badge[data-state=live]').isVisible()) return true;
    const join = window.page.getByRole('button', { name: 'Join', exact: true });
    if (await join.isVisible()) await submit(window, 'Ana', 'open sesame');
    return false;
  });
  await window.sees('stays on the screen');
  await window.close();
});
