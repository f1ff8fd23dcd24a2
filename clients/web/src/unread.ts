// What arrived while nobody looked: how many, and from where the mark is drawn. Pure.
import type { ChatMessage } from './message';

export class Unread {
  private count_ = 0;
  private from_: string | null = null;

  get count(): number {
    return this.count_;
  }

  /** The id of the first unread message; stays after it was seen, so that the eye finds it. */
  get from(): string | null {
    return this.from_;
  }

  /** `messages` of others, in order. */
  arrived(messages: readonly ChatMessage[]): void {
    const first = messages[0];
    if (first === undefined) return;
    if (this.count_ === 0) this.from_ = first.id;
    this.count_ += messages.length;
  }

  /** The user sees the newest messages now. */
  attended(): void {
    this.count_ = 0;
  }

  /** The user answered: the mark has done its work. */
  answered(): void {
    this.count_ = 0;
    this.from_ = null;
  }
}
