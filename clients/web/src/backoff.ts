// How long to wait before the next try: doubling, bounded, and half of it random, so that the
// clients of a gateway that went away do not come back in one wave.

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** `attempt` counts from 0; `random` is in [0, 1). */
export function delay_ms(backoff: Backoff, attempt: number, random: number): number {
  const ceiling = Math.min(backoff.longestMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
