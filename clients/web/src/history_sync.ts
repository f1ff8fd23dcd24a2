// Makes the timeline whole where the subscription could not: what was lost between two messages, the
// newest page when the replay had none, and older pages when asked. All of it comes from REST.
//
// Storage may lag behind what was delivered for a moment, so a gap is asked for again until it is
// closed. After a bounded number of tries the page says that messages are missing there.
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

/** Messages between two positions that are not there. */
export interface Gap {
  readonly after: number;
  readonly before: number;
  readonly state: 'looking' | 'missing';
}

export interface SyncHandlers {
  changed(added: readonly ChatMessage[], arrival: Arrival): void;
  status(status: SyncStatus): void;
}

/** Asked for on entry, and by one scroll back. */
export const kPageSize = 50;
const kLargestPage = 200;
/** A gap of more pages than this is not filled: what is above it is a scroll and a request away. */
const kMostPagesMissed = 20;
const kLagBackoff: Backoff = { firstMs: 60, longestMs: 2_000 };
const kLagTries = 8;
const kAwayBackoff: Backoff = { firstMs: 1_000, longestMs: 15_000 };

export class HistorySync {
  private gaps_: Gap[] = [];
  private older_ = false;
  private busy_ = 0;
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

  /** Whether storage may have messages before the oldest one held. */
  get older(): boolean {
    return this.older_;
  }

  get gaps(): readonly Gap[] {
    return this.gaps_;
  }

  stop(): void {
    this.stopped_ = true;
  }

  /** The oldest messages were dropped from the timeline; they are in storage still. */
  dropped_oldest(): void {
    this.older_ = true;
  }

  /** The room is live for the first time; its replay had `count` messages, all there are or not. */
  entered(count: number, recovered: boolean): void {
    this.older_ = count > 0 && !(recovered && count < kPageSize);
    if (count === 0 && !recovered) void this.persist(() => this.fetch_newest());
    else this.handlers_.status({ kind: 'complete' });
  }

  /** Messages after `after` and before `before` are missing. */
  gap(after: number, before: number): void {
    if (after === 0) {
      this.older_ = true; // nothing stands above it
      return;
    }
    this.look_again({ after, before, state: 'looking' });
  }

  look_again(gap: Gap): void {
    this.mark(gap, 'looking');
    void this.persist(() => this.fill(gap));
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
      if (this.busy_ === 0) this.handlers_.status({ kind: 'complete' });
    } catch (error) {
      if (!this.stopped_) this.handlers_.status({ kind: 'unavailable', reason: said(error) });
    }
  }

  private async fetch_newest(): Promise<void> {
    const page = await this.pages_.page(this.room_, { limit: kPageSize });
    if (this.stopped_) return;
    this.older_ = page.older;
    this.merge(page.messages, 'history');
  }

  private async fill(gap: Gap): Promise<void> {
    let after = gap.after;
    for (let tries = 0, pages = 1; !this.stopped_; pages += 1) {
      const page = await this.pages_.page(this.room_, { after, limit: kLargestPage });
      if (this.stopped_) return;
      this.merge(page.messages, 'missed');
      if (this.closed(gap)) break;
      const last = page.messages[page.messages.length - 1]?.seq ?? after;
      if (page.newer && last > after && last < gap.before) {
        after = last;
        if (pages < kMostPagesMissed) continue;
        this.timeline_.drop_before(gap.before);
        this.older_ = true;
        break;
      }
      if (tries === kLagTries) {
        this.mark(gap, 'missing');
        return;
      }
      await this.sleep_(delay_ms(kLagBackoff, tries, this.random_()));
      tries += 1;
    }
    this.gaps_ = this.gaps_.filter(({ before }) => before !== gap.before);
    this.handlers_.changed([], 'missed');
  }

  /** The chain of positions is whole up to the message behind the gap. */
  private closed({ after, before }: Gap): boolean {
    const prev = this.timeline_.by_seq(before)?.prev ?? before - 1;
    return prev <= after || this.timeline_.by_seq(prev) !== undefined;
  }

  private mark(gap: Gap, state: Gap['state']): void {
    const others = this.gaps_.filter(({ before }) => before !== gap.before);
    this.gaps_ = [...others, { ...gap, state }];
    this.handlers_.changed([], 'missed');
  }

  private merge(messages: readonly ChatMessage[], arrival: Arrival): void {
    this.handlers_.changed(this.timeline_.merge(messages), arrival);
  }

  /** Until it works. */
  private async persist(work: () => Promise<void>): Promise<void> {
    this.busy_ += 1;
    this.handlers_.status({ kind: 'loading' });
    for (let failures = 0; !this.stopped_; failures += 1) {
      try {
        await work();
        break;
      } catch (error) {
        if (this.stopped_) break;
        this.handlers_.status({ kind: 'unavailable', reason: said(error) });
        await this.sleep_(delay_ms(kAwayBackoff, failures, this.random_()));
      }
    }
    this.busy_ -= 1;
    if (!this.stopped_ && this.busy_ === 0) this.handlers_.status({ kind: 'complete' });
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
