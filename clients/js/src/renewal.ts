// A new token within the session, before the old one expires.
import { fullJitter, type Backoff } from './backoff.js';
import { expiryOf, refreshDelay, type Credentials } from './credentials.js';
import type { Environment } from './environment.js';

/** Node and browsers keep timers in 31 bits. */
const kLongestTimer = 2 ** 31 - 1;
/**
 * Between one new token and the next. To a client whose clock is ahead a token has expired when it
 * comes, and so does each one after it.
 */
const kShortestMs = 5_000;

export class Renewal {
  private cancel_: () => void = () => {};
  /** A session that has ended needs no token, and an answer for it means nothing. */
  private session_ = 0;
  /** What the session goes by. */
  private token_: string | undefined;

  constructor(
    private readonly ask_: () => Promise<Credentials>,
    private readonly refresh_: (token: string) => Promise<void>,
    private readonly backoff_: Backoff,
    private readonly environment_: Environment,
  ) {}

  /** A session has begun with these. */
  begin(credentials: Credentials): void {
    this.end();
    this.plan(credentials, 0);
  }

  end(): void {
    this.cancel_();
    this.session_ += 1;
  }

  private plan({ token }: Credentials, shortest: number): void {
    this.token_ = token;
    const expiry = expiryOf(token);
    if (expiry === null) return;
    const delay = Math.max(shortest, refreshDelay(expiry, this.environment_.now()));
    if (delay <= kLongestTimer) this.after(delay, 0);
  }

  /** Whoever is asked keeps a token until its end: is asked again until then, and at the end by the server's word. */
  private sameAgain(credentials: Credentials): void {
    const expiry = expiryOf(credentials.token) ?? 0;
    if (expiry > this.environment_.now()) this.plan(credentials, kShortestMs);
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
      if (credentials.token === this.token_) return this.sameAgain(credentials);
      await this.refresh_(credentials.token);
      if (session === this.session_) this.plan(credentials, kShortestMs);
    } catch {
      if (session !== this.session_) return;
      this.after(fullJitter(this.backoff_, attempt, this.environment_.random()), attempt + 1);
    }
  }
}
