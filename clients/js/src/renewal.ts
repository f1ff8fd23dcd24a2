// A new token within the session, before the old one expires.
import { fullJitter, type Backoff } from './backoff.js';
import { expiryOf, refreshDelay, type Credentials } from './credentials.js';
import type { Environment } from './environment.js';

/** Node and browsers keep timers in 31 bits. */
const kLongestTimer = 2 ** 31 - 1;

export class Renewal {
  private cancel_: () => void = () => {};
  /** A session that has ended needs no token, and an answer for it means nothing. */
  private session_ = 0;

  constructor(
    private readonly ask_: () => Promise<Credentials>,
    private readonly refresh_: (token: string) => Promise<void>,
    private readonly backoff_: Backoff,
    private readonly environment_: Environment,
  ) {}

  /** A session has begun with these. */
  begin(credentials: Credentials): void {
    this.end();
    this.plan(credentials);
  }

  end(): void {
    this.cancel_();
    this.session_ += 1;
  }

  private plan({ token }: Credentials): void {
    const expiry = expiryOf(token);
    if (expiry === null) return;
    const delay = refreshDelay(expiry, this.environment_.now());
    if (delay <= kLongestTimer) this.after(delay, 0);
  }

  private after(delay: number, attempt: number): void {
    this.cancel_ = this.environment_.after(delay, () => void this.renew(attempt));
  }

  /** Tries until the session ends; when no new token came in time, the server says that it expired. */
  private async renew(attempt: number): Promise<void> {
    const session = this.session_;
    try {
      const credentials = await this.ask_();
      if (session !== this.session_ || credentials.token === undefined) return;
      await this.refresh_(credentials.token);
      if (session === this.session_) this.plan(credentials);
    } catch {
      if (session !== this.session_) return;
      this.after(fullJitter(this.backoff_, attempt, this.environment_.random()), attempt + 1);
    }
  }
}
