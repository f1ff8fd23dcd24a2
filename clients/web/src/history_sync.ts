// Makes the timeline whole: the newest page on entry, everything missed after a reconnect, what
// lies between two messages whose chain is broken, and older pages when asked.
//
// A subscription's receipt names a position S: what is after S comes live, what is up to S is
// history. Storage may lag behind S for a moment, so history is asked again until it has reached S.
// After a bounded number of tries the page believes storage: a message that was sequenced and never
// stored was never confirmed to anyone either.
import { delay_ms, type Backoff } from './backoff';
import type { ChatMessage } from './message';
import type { HistoryPage, PageQuery } from './history';
import type { Timeline } from './timeline';

export interface Pages {
  page(room: string, query: PageQuery): Promise<HistoryPage>;
}

export type SyncStatus =
  | { readonly kind: 'loading' }
  | { readonly kind: 'complete' }
  /** History cannot be had; live messages go on. Tried again by itself. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** How messages came: just now, while the connection was away, or because they are older. */
export type Arrival = 'live' | 'missed' | 'history';

export interface SyncHandlers {
  changed(added: readonly ChatMessage[], arrival: Arrival): void;
  status(status: SyncStatus): void;
}

const kPageSize = 50;
const kLargestPage = 200;
/** Whoever was away for longer than this many pages starts from the newest page again. */
const kMostPagesMissed = 20;
const kLagBackoff: Backoff = { firstMs: 60, longestMs: 2_000 };
const kLagTries = 8;
const kAwayBackoff: Backoff = { firstMs: 1_000, longestMs: 15_000 };

export class HistorySync {
  /** Everything up to here and after the oldest message held is in the timeline; null = nothing. */
  private complete_: number | null = null;
  private target_ = 0;
  private running_ = false;
  private live_ = false;
  private older_ = false;
  private entered_ = false;
  /** Messages came without a position: the directory was away, and storage gave them theirs. */
  private unplaced_ = false;
  private loadingOlder_: Promise<void> | null = null;
  private stopped_ = false;

  constructor(
    private readonly room_: string,
    private readonly timeline_: Timeline,
    private readonly pages_: Pages,
    private readonly sleep_: (ms: number) => Promise<void>,
    private readonly random_: () => number,
    private readonly handlers_: SyncHandlers,
  ) {}

  /** Whether storage has messages before the oldest one held. */
  get older(): boolean {
    return this.older_;
  }

  /** The oldest messages were dropped from the timeline; they are in storage still. */
  dropped_oldest(): void {
    this.older_ = true;
  }

  /** The subscription went live at `seq`. */
  live(seq: number): void {
    this.live_ = true;
    this.want(seq);
    void this.run();
  }

  lost(): void {
    this.live_ = false;
  }

  stop(): void {
    this.stopped_ = true;
  }

  message(message: ChatMessage): void {
    this.merge([message], 'live');
    if (message.seq === 0) {
      this.unplaced_ = true;
      return;
    }
    const whole = !this.running_ && !this.unplaced_ && this.live_ && this.complete_ !== null;
    const follows =
      message.prev === 0 || (this.complete_ !== null && message.prev <= this.complete_);
    if (whole && follows) {
      this.complete_ = Math.max(this.complete_ ?? 0, message.seq);
      return;
    }
    this.want(message.prev);
    if (this.live_) void this.run();
  }

  /** Resolves when the page before the oldest message is there, or cannot be had. */
  load_older(): Promise<void> {
    if (!this.older_) return Promise.resolve();
    this.loadingOlder_ ??= this.fetch_older().finally(() => (this.loadingOlder_ = null));
    return this.loadingOlder_;
  }

  private async fetch_older(): Promise<void> {
    const before = this.timeline_.firstSeq;
    if (before === 0) return;
    try {
      const page = await this.pages_.page(this.room_, { before, limit: kPageSize });
      if (this.stopped_) return;
      this.older_ = page.older;
      this.merge(page.messages, 'history');
      if (!this.running_) this.handlers_.status({ kind: 'complete' });
    } catch (error) {
      this.handlers_.status({ kind: 'unavailable', reason: said(error) });
    }
  }

  private want(seq: number): void {
    this.target_ = Math.max(this.target_, seq);
  }

  private merge(messages: readonly ChatMessage[], arrival: Arrival): void {
    this.handlers_.changed(this.timeline_.merge(messages), arrival);
  }

  /** One at a time: what is wanted meanwhile moves the target of the one that runs. */
  private async run(): Promise<void> {
    if (this.running_) return;
    this.running_ = true;
    this.unplaced_ = false;
    this.handlers_.status({ kind: 'loading' });
    for (let failures = 0; !this.stopped_; failures += 1) {
      try {
        await this.catch_up();
        break;
      } catch (error) {
        if (this.stopped_) break;
        this.handlers_.status({ kind: 'unavailable', reason: said(error) });
        await this.sleep_(delay_ms(kAwayBackoff, failures, this.random_()));
      }
    }
    this.running_ = false;
    if (this.stopped_) return;
    this.entered_ = true;
    if (this.live_) this.complete_ = Math.max(this.complete_ ?? 0, this.timeline_.lastSeq);
    this.handlers_.status({ kind: 'complete' });
  }

  private async catch_up(): Promise<void> {
    for (let tries = 0, pages = 0; !this.stopped_;) {
      if (pages > kMostPagesMissed) {
        this.start_over();
        pages = 0;
      }
      const newer = await this.fetch_next();
      pages += 1;
      if (newer) continue;
      if ((this.complete_ ?? 0) >= this.target_ || tries === kLagTries) return;
      await this.sleep_(delay_ms(kLagBackoff, tries, this.random_()));
      tries += 1;
    }
  }

  private start_over(): void {
    this.want(this.timeline_.lastSeq); // what came live meanwhile must come back
    this.complete_ = null;
    this.timeline_.keep_newest(0);
  }

  /** The page after what is complete, or the newest one; whether there are more. */
  private async fetch_next(): Promise<boolean> {
    const after = this.complete_ || null;
    const page = await this.pages_.page(
      this.room_,
      after === null ? { limit: kPageSize } : { after, limit: kLargestPage },
    );
    if (this.stopped_) return false;
    if (after === null) this.older_ = page.older;
    const last = page.messages[page.messages.length - 1];
    if (last !== undefined) this.complete_ = Math.max(after ?? 0, last.seq);
    this.merge(page.messages, this.entered_ && after !== null ? 'missed' : 'history');
    return page.newer && last !== undefined;
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
