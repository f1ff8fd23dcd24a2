// One message on its way, from `send` to its confirmation.
import { StampedeError } from './errors.js';
import { tell } from './tell.js';

export type DeliveryState =
  /** Waits for a connection, or for those before it. */
  | 'queued'
  /** On its way; nobody knows yet. */
  | 'sent'
  /** The server has it safe, at `seq`. */
  | 'confirmed'
  /** See `error`; `retry()` tries again. */
  | 'failed';

export interface Confirmation {
  /** The message's position in the room; 0 = not known, or it has none. */
  readonly seq: number;
}

/** What a Delivery may ask of the outbox that it is in. */
export interface DeliveryOwner {
  requeue(delivery: Delivery): void;
  discard(delivery: Delivery): void;
}

/**
 * A promise of its confirmation: `const { seq } = await room.send('hello')`. Who does not wait for it
 * may look at `state`; nothing is reported as unhandled.
 */
export class Delivery implements PromiseLike<Confirmation> {
  private state_: DeliveryState = 'queued';
  private error_: StampedeError | null = null;
  private seq_ = 0;
  private promise_!: Promise<Confirmation>;
  private resolve_!: (confirmation: Confirmation) => void;
  private reject_!: (error: StampedeError) => void;
  /** @internal When the server may first have seen its key, milliseconds since 1970; 0 = never. */
  firstSentAt = 0;
  /** @internal It was on its way once and may have arrived. */
  uncertain = false;
  /** @internal It may go out once more although the server has forgotten its key by now. */
  lateTry = false;

  /** @internal */
  constructor(
    readonly room: string,
    readonly body: string | Uint8Array,
    readonly headers: Readonly<Record<string, string>>,
    /** The `message-key`; the MESSAGE that comes of it carries it, too. 1 to 200 bytes: others the server refuses. */
    readonly key: string,
    /** Milliseconds since 1970. */
    readonly createdAt: number,
    private readonly owner_: DeliveryOwner,
    private readonly changed_: (delivery: Delivery) => void,
  ) {
    this.promiseAnew();
  }

  get state(): DeliveryState {
    return this.state_;
  }

  /** Why it failed; null while it has not. */
  get error(): StampedeError | null {
    return this.error_;
  }

  /** Its position, once confirmed; 0 = not known. */
  get seq(): number {
    return this.seq_;
  }

  then<Fulfilled = Confirmation, Rejected = never>(
    fulfilled?: ((confirmation: Confirmation) => Fulfilled | PromiseLike<Fulfilled>) | null,
    rejected?: ((error: StampedeError) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.promise_.then(fulfilled, rejected);
  }

  /**
   * Tries a failed one again under its key, behind those that wait; what is awaited from now on is the
   * new outcome. Within `keyLifetime` of the first time that it was sent it cannot arrive twice; later
   * it can, so it is sent once then and fails if the connection breaks.
   */
  retry(): this {
    if (this.state_ !== 'failed') return this;
    this.error_ = null;
    this.promiseAnew();
    this.enter('queued');
    this.owner_.requeue(this);
    return this;
  }

  /** Takes it out of the queue. What is on its way already may still arrive. */
  discard(): void {
    if (this.state_ === 'confirmed') return;
    this.owner_.discard(this);
    this.fail(new StampedeError('closed', 'it was discarded'));
  }

  /** @internal */
  enter(state: DeliveryState): void {
    if (this.state_ === state) return;
    this.state_ = state;
    tell(() => this.changed_(this));
  }

  /** @internal A confirmation that comes late still counts. */
  confirm(seq: number): void {
    if (this.state_ === 'confirmed') return;
    this.seq_ = seq;
    this.error_ = null;
    this.resolve_({ seq });
    this.enter('confirmed');
  }

  /** @internal */
  fail(error: StampedeError): void {
    if (this.state_ === 'confirmed' || this.state_ === 'failed') return;
    this.error_ = error;
    this.reject_(error);
    this.enter('failed');
  }

  private promiseAnew(): void {
    this.promise_ = new Promise((resolve, reject) => {
      this.resolve_ = resolve;
      this.reject_ = reject;
    });
    this.promise_.catch(() => {}); // told to whoever awaits it
  }
}
