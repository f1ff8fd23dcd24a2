// How long to wait before the next connection. "Full jitter", as the AWS Architecture Blog has it
// (Marc Brooker, "Exponential Backoff And Jitter"):
//
//   sleep = random_between(0, min(cap, base * 2 ** attempt))
//
// The whole delay is chance, so that the clients of a gateway that went away come back spread over
// the whole interval and not in waves.

export interface Backoff {
  /** Milliseconds: the longest first delay. */
  readonly base: number;
  /** Milliseconds: no delay is longer. */
  readonly cap: number;
}

/** Milliseconds; `attempt` counts from 0, `random` is in [0, 1). */
export function fullJitter({ base, cap }: Backoff, attempt: number, random: number): number {
  // 2 ** 30 is beyond every cap already, and no overflow.
  return Math.floor(random * Math.min(cap, base * 2 ** Math.min(attempt, 30)));
}
