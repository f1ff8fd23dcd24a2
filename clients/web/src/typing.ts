// Who is writing just now: what the others say of themselves, and what is said of this user. A word
// lasts some seconds, so that one who went away in the middle of a sentence does not write for ever.
// Pure: time and the way out are given to it.

export interface TypingEnvironment {
  now(): number;
  after(ms: number, run: () => void): () => void;
}

/** While somebody writes it is said again so often. */
const kRepeatMs = 3_000;
/** No key for so long is no writing. */
const kPauseMs = 5_000;
/** A word of another counts for so long: two repeats may be lost. */
const kBelievedMs = 8_000;

/** Says of this user what the composer shows. */
export class OwnTyping {
  private saidAt_ = -Infinity;
  private typing_ = false;
  private cancelPause_: () => void = () => {};

  constructor(
    private readonly environment_: TypingEnvironment,
    private readonly say_: (typing: boolean) => void,
  ) {}

  /** The text was changed by the user. */
  wrote(text: string): void {
    if (text.trim() === '') {
      this.stop();
      return;
    }
    this.cancelPause_();
    this.cancelPause_ = this.environment_.after(kPauseMs, () => this.stop());
    const now = this.environment_.now();
    if (this.typing_ && now - this.saidAt_ < kRepeatMs) return;
    this.typing_ = true;
    this.saidAt_ = now;
    this.say_(true);
  }

  /** The message went out, which says enough. */
  sent(): void {
    this.cancelPause_();
    this.typing_ = false;
  }

  stop(): void {
    this.cancelPause_();
    if (!this.typing_) return;
    this.typing_ = false;
    this.say_(false);
  }
}

/** Believes the others for a while. */
export class OthersTyping {
  private readonly until_ = new Map<string, () => void>();

  constructor(
    private readonly environment_: TypingEnvironment,
    private readonly changed_: (users: readonly string[]) => void,
  ) {}

  heard(user: string, typing: boolean): void {
    const known = this.until_.get(user);
    known?.();
    if (!typing) {
      this.forget(user);
      return;
    }
    this.until_.set(user, this.environment_.after(kBelievedMs, () => this.forget(user)));
    if (known === undefined) this.tell();
  }

  /** The connection is gone, and with it everybody's word. */
  clear(): void {
    for (const cancel of this.until_.values()) cancel();
    const any = this.until_.size > 0;
    this.until_.clear();
    if (any) this.tell();
  }

  private forget(user: string): void {
    this.until_.get(user)?.();
    if (this.until_.delete(user)) this.tell();
  }

  private tell(): void {
    this.changed_([...this.until_.keys()]);
  }
}

/** "Ana and Bo are typing…", or ''. */
export function typing_text(users: readonly string[]): string {
  const [first, second] = users;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing…`;
  return users.length === 2 ? `${first} and ${second} are typing…` : 'Several people are typing…';
}
