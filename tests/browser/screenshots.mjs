// Takes the pictures of the README: fills a room with a conversation through STOMP.js, looks at it
// through two windows, and writes docs/images/*.png. Run it by scripts/screenshots.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import UPNG from 'upng-js';
import { launch_browser, open_window } from './support/browser.mjs';
import { start_server } from './support/server.mjs';
import { Guest } from './support/stomp.mjs';
import { until } from './support/until.mjs';

const kImages = new URL('../../docs/images/', import.meta.url);
const kMostBytes = 200_000;
const kColours = 256;

const kRoom = 'harbour-run';
const kConversation = [
  ['Amara', 'Good morning from the start line. 4,200 runners, and the sun came out.'],
  ['Dario', 'Road is closed from the bridge to the old market. Marshals are in place.'],
  ['Sofia', 'First aid is ready at kilometres 3, 7 and 12.'],
  ['Sofia', 'If your section needs us, write here. We all read along.'],
  ['Mateo', 'Water at km 9 arrives in ten minutes, the van is stuck behind the tram.'],
  ['Lena', 'I can send two cyclists with bottles until then.'],
  ['Mateo', 'Please do!'],
  ['Amara', 'Route with all the posts: https://harbour-run.example/map'],
  [
    'Dario',
    'My phone lost the network in the tunnel for two minutes and everything you wrote was there when I came out.',
  ],
];
const kEnding = [
  ['Lena', 'Cyclists are on their way, five minutes at most.'],
  ['Mateo', 'I see them. You saved the day.'],
];
const kOtherRooms = { 'finish-line': 4, 'first-aid': 3, volunteers: 6 };

const server = await start_server();
const browser = await launch_browser();
const guests = [];
try {
  await take_pictures();
} finally {
  await Promise.all(guests.map((guest) => guest.leave()));
  await browser.close();
  await server.stop();
}

async function enter(user, room) {
  const guest = await Guest.enter(server.url, user, room);
  guests.push(guest);
  return guest;
}

async function fill_rooms() {
  for (const [room, people] of Object.entries(kOtherRooms)) {
    for (let n = 1; n <= people; n += 1) await enter(`Helper ${n}`, room);
  }
  const speakers = {};
  for (const user of ['Amara', 'Dario', 'Sofia']) speakers[user] = await enter(user, kRoom);
  // Those who have windows speak once as guests, so that the pictures show them as people.
  const once = {
    Mateo: await Guest.enter(server.url, 'Mateo', kRoom),
    Lena: await Guest.enter(server.url, 'Lena', kRoom),
  };
  for (const [user, text] of kConversation) await (speakers[user] ?? once[user]).say(text);
  await Promise.all(Object.values(once).map((guest) => guest.leave()));
}

async function take_pictures() {
  const desktop = await open_window(browser, server.url, {
    viewport: { width: 1120, height: 740 },
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
  });
  const phone = await open_window(browser, server.url, {
    viewport: { width: 375, height: 740 },
    deviceScaleFactor: 2,
    colorScheme: 'dark',
    isMobile: true,
    hasTouch: true,
  });
  await fill_rooms();
  await picture_of_door(desktop);
  await desktop.join('Lena', kRoom);
  await phone.join('Mateo', kRoom);
  for (const [user, text] of kEnding) {
    await (user === 'Lena' ? desktop : phone).say(text);
    await desktop.sees(text);
    await phone.sees(text);
  }
  for (const window of [desktop, phone]) {
    await window.all_sent();
    await until('everyone is listed', async () => (await window.members()).length === 5);
    await window.page.evaluate(() => document.fonts.ready);
  }
  await until(
    'the other rooms are listed',
    async () => (await desktop.page.locator('.room-link').count()) === 3,
    40,
  );
  await desktop.page.mouse.move(5, 300);
  const typist = guests.find(({ user }) => user === 'Dario');
  typist.client.publish({ destination: `/topic/${kRoom}`, headers: { persistent: 'false', typing: 'true' } });
  for (const window of [desktop, phone]) await window.page.getByText('Dario is typing…').waitFor();
  const shots = { desktop: await desktop.page.screenshot(), phone: await phone.page.screenshot() };
  await save('desktop', shots.desktop);
  await save('phone', shots.phone);
  await save('two-windows', await side_by_side(shots));
}

async function picture_of_door(window) {
  await window.page.goto(`${server.url}/?room=${kRoom}`);
  await window.page.getByLabel('Your name').fill('Lena');
  await window.page.getByLabel('Room').focus();
  await window.page.locator('.chip').first().waitFor();
  await save('door', await window.page.screenshot());
}

/** The phone in front of the desktop, on nothing, so that any page can be behind them. */
async function side_by_side({ desktop, phone }) {
  const context = await browser.newContext({
    viewport: { width: 1368, height: 790 },
    deviceScaleFactor: 1.5,
  });
  const page = await context.newPage();
  const source = (png) => `data:image/png;base64,${png.toString('base64')}`;
  await page.setContent(`<!doctype html><style>
    body { margin: 0; }
    img { position: absolute; box-shadow: 0 2px 14px rgb(0 0 0 / 30%); }
    .desktop { left: 14px; top: 14px; width: 1120px; border-radius: 12px; }
    .phone { right: 14px; bottom: 14px; width: 300px; border-radius: 26px; outline: 7px solid #0a0b0d; }
  </style><img class="desktop" src="${source(desktop)}"><img class="phone" src="${source(phone)}">`);
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  const png = await page.screenshot({ omitBackground: true });
  await context.close();
  return png;
}

/** Writes the picture with a palette: a third of the size, and no eye sees it. */
async function save(name, png) {
  const image = UPNG.decode(png);
  const small = Buffer.from(UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, kColours));
  const file = fileURLToPath(new URL(`${name}.png`, kImages));
  if (small.length > kMostBytes)
    throw new Error(`${file} would have ${small.length} bytes, allowed are ${kMostBytes}`);
  const unchanged = await readFile(file).then(
    (before) => before.equals(small),
    () => false,
  );
  if (!unchanged) await writeFile(file, small);
  console.log(`${file}  ${image.width} x ${image.height}, ${Math.ceil(small.length / 1024)} KiB`);
}
