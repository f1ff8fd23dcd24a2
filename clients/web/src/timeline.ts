// The messages of a room in their order, each once. Pure: no DOM, no clock, no network.
import type { ChatMessage } from './message';

/** Where a message stands. seq is time in microseconds, so one without a seq still has a place. */
export function place_of(message: ChatMessage): number {
  return message.seq > 0 ? message.seq : message.timestamp * 1000;
}

export class Timeline {
  private readonly messages_: ChatMessage[] = [];
  private readonly byId_ = new Map<string, ChatMessage>();
  private readonly bySeq_ = new Map<number, ChatMessage>();
  private readonly refs_ = new Map<string, ChatMessage>();
  private lastSeq_ = 0;

  get messages(): readonly ChatMessage[] {
    return this.messages_;
  }

  /** The highest position seen, also of messages that were dropped again; 0 = none. */
  get lastSeq(): number {
    return this.lastSeq_;
  }

  /** The lowest position held, or 0. */
  get firstSeq(): number {
    return this.messages_.find((message) => message.seq > 0)?.seq ?? 0;
  }

  has(id: string): boolean {
    return this.byId_.has(id);
  }

  has_ref(ref: string): boolean {
    return this.refs_.has(ref);
  }

  by_seq(seq: number): ChatMessage | undefined {
    return this.bySeq_.get(seq);
  }

  /** Puts messages at their places; returns those that were not there, in the order given. */
  merge(batch: readonly ChatMessage[]): ChatMessage[] {
    return batch.filter((message) => this.insert(message));
  }

  /** Index of the message, or where it would stand. */
  index_of(message: ChatMessage): number {
    const place = place_of(message);
    let low = 0;
    let high = this.messages_.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.messages_[middle]!;
      const before =
        place_of(other) < place || (place_of(other) === place && other.id < message.id);
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the oldest so that `count` stay. */
  keep_newest(count: number): void {
    const surplus = this.messages_.length - count;
    if (surplus <= 0) return;
    for (const message of this.messages_.splice(0, surplus)) this.forget(message);
  }

  /** Forgets what stands before that position. */
  drop_before(seq: number): void {
    const first = this.messages_.findIndex((message) => place_of(message) >= seq);
    this.keep_newest(first < 0 ? 0 : this.messages_.length - first);
  }

  private insert(message: ChatMessage): boolean {
    const known = this.byId_.get(message.id);
    if (known !== undefined) {
      // Known without a position, now it has one: it moves to where everybody else sees it.
      if (known.seq > 0 || message.seq === 0) return false;
      this.messages_.splice(this.index_of(known), 1);
      this.forget(known);
      this.put(message);
      return false;
    }
    if (message.seq > 0 && this.bySeq_.has(message.seq)) return false;
    this.put(message);
    return true;
  }

  private put(message: ChatMessage): void {
    const last = this.messages_[this.messages_.length - 1];
    if (last === undefined || place_of(last) < place_of(message)) this.messages_.push(message);
    else this.messages_.splice(this.index_of(message), 0, message);
    this.byId_.set(message.id, message);
    if (message.seq > 0) this.bySeq_.set(message.seq, message);
    if (message.ref !== '') this.refs_.set(message.ref, message);
    this.lastSeq_ = Math.max(this.lastSeq_, message.seq);
  }

  private forget(message: ChatMessage): void {
    this.byId_.delete(message.id);
    this.bySeq_.delete(message.seq);
    this.refs_.delete(message.ref);
  }
}
