// A headless Chromium and the chat page in it, spoken to as a user would.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const kFlags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch_browser() {
  const paths = [
    process.env.CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  const executablePath = paths.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('no Chromium found; install it, or name it with CHROMIUM');
  return chromium.launch({ executablePath, args: kFlags });
}

export const kDesktop = { viewport: { width: 1180, height: 760 } };

/** A room that no other test uses. */
export function new_room(prefix = 'test') {
  return `${prefix}-${Date.now().toString(36)}-${Math.floor(Math.random() * 1e6).toString(36)}`;
}

/** A window of its own user, with its own storage. */
export async function open_window(browser, url, options = kDesktop) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  return new ChatWindow(context, page, url);
}

export class ChatWindow {
  /** What the page's console and its scripts complained about. */
  complaints = [];
  dialogs = 0;

  constructor(context, page, url) {
    this.context = context;
    this.page = page;
    this.url = url;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (entry) => {
      if (entry.type() === 'error') this.complaints.push(entry.text());
    });
    page.on('dialog', (dialog) => {
      this.dialogs += 1;
      void dialog.accept();
    });
  }

  async join(user, room) {
    await this.page.goto(`${this.url}/?room=${encodeURIComponent(room)}`);
    await this.page.getByLabel('Your name').fill(user);
    await this.page.getByRole('button', { name: 'Join', exact: true }).click();
    await this.live();
    return this;
  }

  async live() {
    await this.page.locator('.badge[data-state=live]').waitFor();
  }

  async say(text) {
    await this.page.getByRole('textbox').fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Waits until the message stands there; resolves to its bubble. */
  async sees(text) {
    const bubble = this.page.locator('.bubble').filter({ hasText: text }).last();
    await bubble.waitFor();
    return bubble;
  }

  texts() {
    return this.page.locator('.bubble').allInnerTexts();
  }

  /** Waits until all own messages are confirmed. */
  async all_sent() {
    await this.page.waitForFunction(
      () => document.querySelector('.is-waiting, .is-sending, .is-failed, .is-sent') === null,
    );
  }

  members() {
    return this.page.locator('.member-name').allInnerTexts();
  }

  async close() {
    await this.context.close();
  }
}
