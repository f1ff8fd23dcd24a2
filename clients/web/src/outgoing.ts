// The user's own messages on their way, as the list shows them: from a Delivery of the library to the
// message that comes back.
import type { Delivery, StampedeError } from 'stampede-client';
import { sentence } from './text';
import type { Timeline } from './timeline';

export interface Outgoing {
  /** The `message-key`, which the message that comes back carries too. */
  readonly ref: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** `sent` is confirmed and waits for nothing but its echo. */
  readonly state: 'waiting' | 'sending' | 'sent' | 'failed';
  /** What is wrong with it, in sentences, or ''. */
  readonly reason: string;
}

const kStates = { queued: 'waiting', sent: 'sending', confirmed: 'sent', failed: 'failed' } as const;

function outgoing_of({ key, body, createdAt, state, error }: Delivery): Outgoing {
  return {
    ref: key,
    body: String(body),
    createdAt,
    state: kStates[state],
    reason: error === null ? '' : reason_of(error),
  };
}

function reason_of({ code, message }: StampedeError): string {
  const words = sentence(message);
  return code === 'unconfirmed' ? words : `Not sent. ${words}`;
}

export class OutgoingList {
  private deliveries_: Delivery[] = [];

  constructor(private readonly timeline_: Timeline) {}

  /** In the order written. */
  get entries(): readonly Outgoing[] {
    return this.deliveries_.map(outgoing_of);
  }

  get unsent(): boolean {
    return this.deliveries_.some(({ state }) => state !== 'confirmed');
  }

  add(delivery: Delivery): void {
    this.deliveries_.push(delivery);
  }

  retry(ref: string): void {
    this.find(ref)?.retry();
  }

  discard(ref: string): void {
    this.find(ref)?.discard();
    this.deliveries_ = this.deliveries_.filter(({ key }) => key !== ref);
  }

  /** Lets go of those that came back and need no mark any more. */
  settle(): void {
    if (this.deliveries_.length === 0) return;
    this.deliveries_ = this.deliveries_.filter((delivery) => {
      const settled = delivery.state === 'confirmed' || delivery.state === 'failed';
      return !settled || !this.came_back(delivery);
    });
  }

  private came_back({ key, seq }: Delivery): boolean {
    return this.timeline_.has_ref(key) || this.timeline_.by_seq(seq) !== undefined;
  }

  private find(ref: string): Delivery | undefined {
    return this.deliveries_.find(({ key }) => key === ref);
  }
}
