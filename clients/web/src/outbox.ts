// The user's own messages on their way: shown at once, confirmed by the receipt or by their echo,
// sent again after a lost connection under the same key, so that the server stores them once.
import { kRefHeader, type ChatMessage } from './message';

export interface Outgoing {
  readonly ref: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** `sent` is confirmed and waits for nothing but its echo. */
  readonly state: 'waiting' | 'sending' | 'sent' | 'failed';
  /** Why it failed, as a sentence. */
  readonly reason: string;
  /** When it was first and last handed to the connection; 0 = never. */
  readonly firstSentAt: number;
  readonly lastSentAt: number;
  /** How often it was handed over. */
  readonly tries: number;
}

export type Transmit = (ref: string, body: string, headers: Record<string, string>) => boolean;

/** Confirmation takes milliseconds; after this long something is wrong and the user decides. */
const kConfirmTimeoutMs = 20_000;
/** The server remembers a message's key for five minutes; later a repeat could be stored twice. */
const kKeyLifetimeMs = 240_000;
/** A message that breaks the connection each time must not do so for ever. */
const kMostTries = 6;

export class Outbox {
  private entries_: Outgoing[] = [];
  private open_ = false;
  /** One message at a time, because one of them makes the server hang up. */
  private careful_ = false;

  constructor(
    private readonly transmit_: Transmit,
    private readonly now_: () => number,
    private readonly new_ref_: () => string,
  ) {}

  /** In the order written. */
  get entries(): readonly Outgoing[] {
    return this.entries_;
  }

  /** Whether some may have arrived without our knowing: history will tell. */
  get in_doubt(): boolean {
    return this.entries_.some((entry) => entry.state === 'waiting' && entry.firstSentAt > 0);
  }

  add(body: string): void {
    this.entries_.push({
      ref: this.new_ref_(),
      body,
      createdAt: this.now_(),
      state: 'waiting',
      reason: '',
      firstSentAt: 0,
      lastSentAt: 0,
      tries: 0,
    });
    this.flush();
  }

  /** The user wants a failed one to be tried again. */
  retry(ref: string): void {
    this.change(ref, { state: 'waiting', reason: '', firstSentAt: 0, tries: 0 });
    this.flush();
  }

  discard(ref: string): void {
    this.entries_ = this.entries_.filter((entry) => entry.ref !== ref);
  }

  /** The room is live and history is whole: what is still here did not get through. */
  open(): void {
    this.open_ = true;
    this.flush();
  }

  /** The connection is gone: nobody knows whether what was in flight arrived. */
  close(): void {
    this.open_ = false;
    for (const entry of this.entries_) {
      if (entry.state === 'sending') this.change(entry.ref, { state: 'waiting' });
    }
  }

  confirmed(ref: string): void {
    this.change(ref, { state: 'sent', reason: '' });
    this.flush();
  }

  refused(ref: string, reason: string): void {
    this.change(ref, { state: 'failed', reason });
    this.flush();
  }

  /**
   * The server refused something and did not say what. If a single message was on its way it was
   * that one; true then. Else the next time they go out one by one.
   */
  refused_unnamed(reason: string): boolean {
    const suspects = this.entries_.filter(({ state }) => state === 'sending');
    this.careful_ = suspects.length > 1;
    if (suspects.length === 1) this.change(suspects[0]!.ref, { state: 'failed', reason });
    return suspects.length === 1;
  }

  /** Takes out what came back as a message. */
  seen(messages: readonly ChatMessage[]): void {
    if (this.entries_.length === 0) return;
    const refs = new Set(messages.map((message) => message.ref));
    this.entries_ = this.entries_.filter((entry) => !refs.has(entry.ref));
    this.flush();
  }

  /** To be called every second or so; true when something changed. */
  tick(): boolean {
    const now = this.now_();
    let changed = false;
    for (const entry of this.entries_) {
      if (entry.state === 'sending' && now - entry.lastSentAt > kConfirmTimeoutMs) {
        this.refused(entry.ref, 'The server did not confirm it.');
        changed = true;
      }
    }
    return changed;
  }

  private change(ref: string, to: Partial<Outgoing>): void {
    this.entries_ = this.entries_.map((entry) => (entry.ref === ref ? { ...entry, ...to } : entry));
  }

  private flush(): void {
    if (!this.open_) return;
    for (const entry of this.entries_) {
      const sending = this.entries_.some(({ state }) => state === 'sending');
      if (this.careful_ && sending) return;
      if (entry.state === 'waiting' && !this.give_up(entry) && !this.hand_over(entry)) return;
    }
    this.careful_ = false;
  }

  private give_up(entry: Outgoing): boolean {
    const forgotten = entry.firstSentAt > 0 && this.now_() - entry.firstSentAt > kKeyLifetimeMs;
    if (!forgotten && entry.tries < kMostTries) return false;
    const reason = forgotten
      ? 'The connection was away for long; it may have arrived or not.'
      : 'The connection broke each time it was sent.';
    this.change(entry.ref, { state: 'failed', reason });
    return true;
  }

  private hand_over({ ref, body, firstSentAt, tries }: Outgoing): boolean {
    const headers = { 'content-type': 'text/plain', 'message-key': ref, [kRefHeader]: ref };
    if (!this.transmit_(ref, body, headers)) return false;
    const now = this.now_();
    this.change(ref, {
      state: 'sending',
      firstSentAt: firstSentAt || now,
      lastSentAt: now,
      tries: tries + 1,
    });
    return true;
  }
}
