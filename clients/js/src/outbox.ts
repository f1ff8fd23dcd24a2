// Messages on their way: in the order written, bounded, confirmed by RECEIPTs, sent again after a
// lost connection under the same `message-key`, so that the server stores and delivers them once.
import type { Waiting } from './receipts.js';
import { Delivery, type DeliveryOwner } from './delivery.js';
import type { Environment } from './environment.js';
import { StampedeError, blamesAFrame, isPassing, wordsOf, wordsOfClosing, type Closing } from './errors.js';
import { numberOf, type Message } from './message.js';

export interface OutboxOptions {
  /** Deliveries that may wait; more fail at once. */
  readonly queueLimit: number;
  /** How many are under way unconfirmed. */
  readonly window: number;
  /** Milliseconds from the first handing over in which a repeat is known as one by the server. */
  readonly keyLifetime: number;
  /** Milliseconds without a confirmation on a connection that holds. */
  readonly confirmTimeout: number;
}

export interface Transport {
  readonly connected: boolean;
  readonly user: string;
  publish(
    destination: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    waiting?: Waiting,
  ): void;
}

export class Outbox implements DeliveryOwner {
  /** Not yet settled, in the order written. */
  private deliveries_: Delivery[] = [];
  /** One at a time, because one of them made the server hang up and it is not known which. */
  private careful_ = false;
  private flushing_ = false;
  private closed_ = false;
  private readonly timers_ = new Map<Delivery, () => void>();

  constructor(
    private readonly transport_: Transport,
    private readonly options_: OutboxOptions,
    private readonly environment_: Environment,
    /** Whether messages of that room are just coming in that may tell what arrived before. */
    private readonly catchingUp_: (room: string) => boolean,
  ) {}

  get deliveries(): readonly Delivery[] {
    return this.deliveries_;
  }

  send(
    room: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    key: string,
    changed: (delivery: Delivery) => void,
  ): Delivery {
    const delivery = new Delivery(room, body, headers, key, this.environment_.now(), this, changed);
    this.requeue(delivery);
    return delivery;
  }

  requeue(delivery: Delivery): void {
    const { queueLimit } = this.options_;
    if (this.closed_) {
      delivery.fail(new StampedeError('closed', 'the client was closed'));
      return;
    }
    if (this.deliveries_.length >= queueLimit) {
      delivery.fail(new StampedeError('queue-full', `${queueLimit} messages wait already`));
      return;
    }
    // Whoever tries again that late wants it sent, once.
    delivery.lateTry = this.expired(delivery);
    this.deliveries_.push(delivery);
    this.flush();
  }

  discard(delivery: Delivery): void {
    this.remove(delivery);
  }

  /** There is a connection, or a room has caught up: what waits goes out. */
  flush(): void {
    // A handler that hears of a change may send: one flush at a time keeps the order.
    if (this.flushing_) return;
    this.flushing_ = true;
    const blocked = new Set<string>();
    let underWay = this.deliveries_.filter(({ state }) => state === 'sent').length;
    for (const delivery of [...this.deliveries_]) {
      if (!this.transport_.connected || underWay >= (this.careful_ ? 1 : this.options_.window)) break;
      if (delivery.state !== 'queued' || blocked.has(delivery.room)) continue;
      if (this.expired(delivery)) {
        if (this.catchingUp_(delivery.room)) {
          blocked.add(delivery.room);
          continue;
        }
        if (!delivery.lateTry) {
          this.giveUp(delivery, 'the connection was away for too long; it may have arrived or not');
          continue;
        }
      }
      this.handOver(delivery);
      underWay += 1;
    }
    this.flushing_ = false;
    if (this.deliveries_.length === 0) this.careful_ = false;
    else if (this.hasRoomFor(underWay, blocked)) this.flush();
  }

  /** A MESSAGE that was replayed: what came before is ours or not. */
  replayed(message: Message): void {
    if (message.key === '' || message.sender !== this.transport_.user) return;
    const delivery = this.deliveries_.find(({ key }) => key === message.key);
    if (delivery === undefined || delivery.room !== roomOf(message)) return;
    // Stored or not is what the RECEIPT says; it is asked for again while the server knows the key.
    if (this.expired(delivery)) this.confirm(delivery, message.seq);
  }

  lost(closing: Closing): void {
    const underWay = this.deliveries_.filter(({ state }) => state === 'sent');
    const guilty = blamesAFrame(closing);
    for (const delivery of underWay) {
      this.cancelTimer(delivery);
      if (guilty && underWay.length === 1) {
        this.refuse(delivery, wordsOfClosing(closing), closing.error);
      } else {
        delivery.uncertain = true;
        delivery.enter('queued');
      }
    }
    if (guilty && underWay.length > 1) this.careful_ = true;
  }

  /** For good. */
  close(): void {
    this.closed_ = true;
    for (const delivery of [...this.deliveries_]) {
      this.remove(delivery);
      delivery.fail(new StampedeError('closed', 'the client was closed before it was confirmed'));
    }
  }

  /** A delivery appended while we were flushing, by a handler. */
  private hasRoomFor(underWay: number, blocked: ReadonlySet<string>): boolean {
    if (!this.transport_.connected || underWay >= (this.careful_ ? 1 : this.options_.window)) return false;
    return this.deliveries_.some(({ state, room }) => state === 'queued' && !blocked.has(room));
  }

  private expired({ firstSentAt }: Delivery): boolean {
    return firstSentAt > 0 && this.environment_.now() - firstSentAt > this.options_.keyLifetime;
  }

  private handOver(delivery: Delivery): void {
    const waiting: Waiting = {
      receipt: (headers) => this.confirm(delivery, numberOf(headers['seq'])),
      refused: (error) => {
        // A passing refusal ends the connection; it is sent again on the next one.
        if (!isPassing(error)) this.refuse(delivery, wordsOf(error), error);
      },
      lost: () => {}, // lost() is told of all of them together
    };
    const headers = { ...delivery.headers, 'message-key': delivery.key };
    delivery.firstSentAt ||= this.environment_.now();
    delivery.lateTry = false;
    this.timers_.set(
      delivery,
      this.environment_.after(this.options_.confirmTimeout, () => {
        this.giveUp(delivery, 'no confirmation came in time; it may have arrived or not');
        this.flush();
      }),
    );
    delivery.enter('sent');
    try {
      this.transport_.publish(`/topic/${delivery.room}`, delivery.body, headers, waiting);
    } catch {
      // The socket went away and its close is on the way, which makes it wait again.
    }
  }

  private confirm(delivery: Delivery, seq: number): void {
    this.remove(delivery);
    delivery.confirm(seq);
    this.flush();
  }

  private refuse(delivery: Delivery, words: string, error: StampedeError['server']): void {
    this.careful_ = false; // found
    this.remove(delivery);
    // Nothing of it has arrived, so the server's time for its key has not begun.
    if (!delivery.uncertain) delivery.firstSentAt = 0;
    delivery.fail(new StampedeError('refused', words, error));
  }

  private giveUp(delivery: Delivery, words: string): void {
    this.remove(delivery);
    delivery.uncertain = true;
    delivery.fail(new StampedeError('unconfirmed', words));
  }

  private remove(delivery: Delivery): void {
    this.cancelTimer(delivery);
    this.deliveries_ = this.deliveries_.filter((other) => other !== delivery);
  }

  private cancelTimer(delivery: Delivery): void {
    this.timers_.get(delivery)?.();
    this.timers_.delete(delivery);
  }
}

function roomOf({ headers }: Message): string {
  return (headers['destination'] ?? '').replace(/^\/topic\//u, '');
}
