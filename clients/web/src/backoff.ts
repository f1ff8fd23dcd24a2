// How long to wait before history is asked again: doubling, bounded, and half of it random, so that
// the pages of one room do not ask in one wave. (The connection's delays are the library's.)

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** `attempt` counts from 0; `random` is in [0, 1). */
export function delay_ms(backoff: Backoff, attempt: number, random: number): number {
  const ceiling = Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
