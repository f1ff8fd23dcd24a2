// The page on a phone: everything within its width, in both colour schemes, readable.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch_browser, new_room, open_window } from './support/browser.mjs';
import { start_server } from './support/server.mjs';
import { Guest } from './support/stomp.mjs';

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

const kAwkward = [
  'A'.repeat(500),
  `https://example.org/${'very-long-path/'.repeat(30)}`,
  'many words '.repeat(60),
  '名前'.repeat(120),
];

/** Elements that reach over the right edge of the window; those of the closed panel are meant to. */
const too_wide = () =>
  [...document.querySelectorAll('body *')]
    .filter((element) => element.closest('.people, .hidden') === null)
    .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5)
    .map((element) => `${element.tagName}.${element.getAttribute('class')}`);

for (const width of [320, 375, 420]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${width} px, ${colorScheme}: nothing is wider than the screen`, async () => {
      const room = `${new_room()}-${'long'.repeat(20)}`;
      const options = {
        viewport: { width, height: 640 },
        colorScheme,
        hasTouch: true,
        isMobile: true,
      };
      const window = await open_window(browser, server.url, options);
      const { page } = window;
      await page.goto(`${server.url}/?room=${room}`);
      assert.deepEqual(await page.evaluate(too_wide), [], 'the door');
      await window.join('A user with quite a long name, as people have', room);
      const guest = await Guest.enter(server.url, 'Somebody'.repeat(12), room);
      for (const text of kAwkward) await guest.say(text);
      await guest.say('last');
      await window.sees('last');
      await window.say('W'.repeat(300));
      await window.all_sent();
      assert.deepEqual(await page.evaluate(too_wide), [], 'the room');
      const scrolls = await page.evaluate(
        () => document.scrollingElement.scrollWidth > window.innerWidth,
      );
      assert.equal(scrolls, false, 'the page scrolls sideways');
      await page.getByRole('button', { name: 'Who is here' }).click();
      await page.locator('.member-name').first().waitFor({ state: 'visible' });
      await page.getByRole('button', { name: 'Close' }).click();
      await page.locator('.people').waitFor({ state: 'hidden' });
      await guest.leave();
      await window.close();
    });
  }
}

/** Contrast of text to what is behind it, by WCAG 2, for every element that holds text itself. */
const contrasts = () => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''),
    )
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .map((element) => {
      const [a, b] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return {
        what: `${element.tagName}.${element.getAttribute('class')}: ${element.textContent.slice(0, 20)}`,
        ratio,
      };
    });
};

for (const colorScheme of ['light', 'dark']) {
  test(`${colorScheme}: every text has the contrast that WCAG AA asks for`, async () => {
    const room = new_room();
    const window = await open_window(browser, server.url, {
      viewport: { width: 1180, height: 900 },
      colorScheme,
    });
    await window.join('Ana', room);
    const guests = [];
    for (let n = 0; n < 16; n += 1) {
      const guest = await Guest.enter(server.url, `Guest ${n * 7}`, room);
      await guest.say(`hello from ${n}, see https://example.org`);
      guests.push(guest);
    }
    await window.say('Hello all, see https://example.org');
    await window.all_sent();
    await window.sees('hello from 15');
    const found = await window.page.evaluate(contrasts);
    assert.ok(found.length > 40, `only ${found.length} texts found`);
    assert.deepEqual(
      found.filter(({ ratio }) => ratio < 4.5),
      [],
    );
    for (const guest of guests) await guest.leave();
    await window.close();
  });
}
