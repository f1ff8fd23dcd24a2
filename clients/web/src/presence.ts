// Who is here: asked gently while the page is looked at, and soon after something hints at a change.
import type { Member } from './history';

const kPollMs = 10_000;
const kSoonMs = 400;
/** However much happens, the list is asked for at most this often. */
const kShortestMs = 1_500;

export interface PresenceEnvironment {
  now(): number;
  visible(): boolean;
  after(ms: number, run: () => void): () => void;
}

export class Presence {
  private members_: readonly Member[] = [];
  private askedAt_ = -Infinity;
  private dueAt_ = Infinity;
  private asking_ = false;
  private stopped_ = true;
  private cancelTimer_: () => void = () => {};

  constructor(
    private readonly fetch_: () => Promise<Member[]>,
    private readonly environment_: PresenceEnvironment,
    private readonly changed_: (members: readonly Member[]) => void,
  ) {}

  start(): void {
    this.stopped_ = false;
    this.hint();
  }

  stop(): void {
    this.stopped_ = true;
    this.dueAt_ = Infinity;
    this.cancelTimer_();
  }

  /** A message of somebody who is not on the list says that the list is old. */
  seen(user: string): void {
    if (!this.members_.some((member) => member.user === user)) this.hint();
  }

  /** Something may have changed. */
  hint(): void {
    if (this.stopped_) return;
    const earliest = Math.max(this.environment_.now() + kSoonMs, this.askedAt_ + kShortestMs);
    this.plan(earliest);
  }

  private plan(at: number): void {
    if (this.stopped_ || this.asking_ || at >= this.dueAt_) return;
    this.cancelTimer_();
    this.dueAt_ = at;
    const wait = Math.max(0, at - this.environment_.now());
    this.cancelTimer_ = this.environment_.after(wait, () => void this.ask());
  }

  private async ask(): Promise<void> {
    this.dueAt_ = Infinity;
    if (this.environment_.visible()) {
      this.asking_ = true;
      this.askedAt_ = this.environment_.now();
      try {
        this.members_ = await this.fetch_();
        if (!this.stopped_) this.changed_(this.members_);
      } catch {
        // The list stays as it is; the connection's state is shown elsewhere.
      }
      this.asking_ = false;
    }
    this.plan(this.environment_.now() + kPollMs);
  }
}
