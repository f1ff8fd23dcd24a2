// Messages, a clock that moves when told, and a room's storage in memory.
import type { HistoryPage, PageQuery } from '../src/history';
import type { ChatMessage } from '../src/message';

export function message(seq: number, more: Partial<ChatMessage> = {}): ChatMessage {
  return {
    id: `m${seq}`,
    seq,
    prev: Math.max(0, seq - 1),
    sender: 'ana',
    timestamp: Math.floor(seq / 1000),
    body: `text ${seq}`,
    ref: '',
    ...more,
  };
}

export function messages(from: number, to: number): ChatMessage[] {
  return Array.from({ length: to - from + 1 }, (_, at) => message(from + at));
}

/** Timers run when `advance` reaches them, in order of time. */
export class FakeClock {
  private now_ = 1_700_000_000_000;
  private timers_: Array<{ at: number; run: () => void }> = [];

  now = (): number => this.now_;

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.now_ + ms, run };
    this.timers_.push(timer);
    return () => {
      this.timers_ = this.timers_.filter((other) => other !== timer);
    };
  };

  sleep = (ms: number): Promise<void> => new Promise((done) => void this.after(ms, done));

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
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export class FakeStorage {
  stored: ChatMessage[] = [];
  readonly queries: PageQuery[] = [];
  failure: Error | null = null;

  async page(_room: string, query: PageQuery): Promise<HistoryPage> {
    this.queries.push(query);
    await Promise.resolve();
    if (this.failure !== null) throw this.failure;
    const { before = Infinity, after = -Infinity, limit } = query;
    const within = this.stored.filter(({ seq }) => seq < before && seq > after);
    const found = query.after === undefined ? within.slice(-limit) : within.slice(0, limit);
    const first = found[0]?.seq ?? Infinity;
    const last = found[found.length - 1]?.seq ?? -Infinity;
    return {
      messages: found,
      older: found.length > 0 && this.stored.some(({ seq }) => seq < first),
      newer: found.length > 0 && this.stored.some(({ seq }) => seq > last),
    };
  }
}
