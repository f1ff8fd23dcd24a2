// Which part of the timeline is in the document. Thousands of messages may be in memory; the
// browser lays out some hundreds. Pure.
import type { ChatMessage } from './message';
import type { Timeline } from './timeline';

export interface Range {
  readonly start: number;
  readonly end: number;
}

const kFollowed = 120;
const kMost = 360;
const kStep = 120;

export class RowWindow {
  /** The first message shown while the user reads; null = the newest are followed. */
  private top_: ChatMessage | null = null;

  get following(): boolean {
    return this.top_ === null;
  }

  range(timeline: Timeline): Range {
    const length = timeline.messages.length;
    if (this.top_ === null) return { start: Math.max(0, length - kFollowed), end: length };
    const start = timeline.index_of(this.top_);
    return { start, end: Math.min(length, start + kMost) };
  }

  follow(): void {
    this.top_ = null;
  }

  /** Holds still what is shown now, whatever arrives. */
  read(timeline: Timeline): void {
    if (this.top_ === null) this.start_at(timeline, this.range(timeline).start);
  }

  /** Shows earlier messages; false when none are in memory. */
  extend_up(timeline: Timeline): boolean {
    const { start } = this.range(timeline);
    if (start === 0) return false;
    this.start_at(timeline, Math.max(0, start - kStep));
    return true;
  }

  /** Shows later messages; false when the last one is shown. */
  extend_down(timeline: Timeline): boolean {
    const { start, end } = this.range(timeline);
    if (end === timeline.messages.length) return false;
    this.start_at(timeline, start + kStep);
    return true;
  }

  private start_at(timeline: Timeline, index: number): void {
    this.top_ = timeline.messages[index] ?? null;
  }
}
