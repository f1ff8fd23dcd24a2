// A world that moves when told: time, chance, network.
import type { Environment } from '../../src/index.js';

export class FakeWorld implements Environment {
  /** The next value of `random`. */
  chance = 0.5;
  isOnline = true;
  private now_ = 1_700_000_000_000;
  private keys_ = 0;
  private timers_: Array<{ at: number; run: () => void }> = [];
  private awake_: () => void = () => {};
  private lost_: () => void = () => {};

  now = (): number => this.now_;
  random = (): number => this.chance;
  online = (): boolean => this.isOnline;
  newKey = (): string => `key-${(this.keys_ += 1)}`;

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.now_ + ms, run };
    this.timers_.push(timer);
    return () => {
      this.timers_ = this.timers_.filter((other) => other !== timer);
    };
  };

  watch = (awake: () => void, lost: () => void): (() => void) => {
    [this.awake_, this.lost_] = [awake, lost];
    return () => {
      this.awake_ = this.lost_ = () => {};
    };
  };

  get timers(): number {
    return this.timers_.length;
  }

  wake(): void {
    this.isOnline = true;
    this.awake_();
  }

  loseNetwork(): void {
    this.isOnline = false;
    this.lost_();
  }

  /** Timers run when they are reached, in order of time. */
  async advance(ms: number): Promise<void> {
    const end = this.now_ + ms;
    await settle();
    for (;;) {
      const due = this.timers_.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers_ = this.timers_.filter((timer) => timer !== due);
      this.now_ = due.at;
      due.run();
      await settle();
    }
    this.now_ = end;
  }
}

/** Lets promises that are ready run to their next wait. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}
