// One room that one has joined: its position, kept over reconnects; every message once and in order;
// who is there. A subscription lasts as long as its connection, a Room until it is left.
import type { IMessage, StompSubscription } from '@stomp/stompjs';
import { fullJitter, type Backoff } from './backoff.js';
import type { Waiting } from './receipts.js';
import type { Delivery } from './delivery.js';
import type { Environment } from './environment.js';
import { StampedeError, isPassing, isRoomFull, wordsOf, type Closing, type ServerError } from './errors.js';
import { messageOf, numberOf, type Message } from './message.js';
import { Presence, isPresenceEvent, type PresenceEvent } from './presence.js';
import { tell } from './tell.js';

export type RoomState =
  /** Not there yet, or not there again: what is said meanwhile comes when it is. */
  | { readonly kind: 'joining' }
  | { readonly kind: 'live' }
  /** It was live before, and others have taken the last places; asks again at `retryAt` (since 1970). */
  | { readonly kind: 'full'; readonly retryAt: number; readonly error: StampedeError }
  /** The server does not want this user in this room. For good: join anew to try again. */
  | { readonly kind: 'refused'; readonly error: StampedeError }
  | { readonly kind: 'left' };

/** What came when the room went live, for the first time or again. */
export interface Replay {
  /** The messages asked for are all there. Else `onGap` has said which are not. */
  readonly recovered: boolean;
  readonly count: number;
  readonly first: boolean;
}

/** Messages after `after` and before `before` are missing; the REST API may have them. */
export interface Gap {
  /** A position; 0 = the beginning of the room. */
  readonly after: number;
  /** The position of the next message that there is, or beyond the newest. */
  readonly before: number;
}

export interface JoinOptions {
  /** So many messages from before, first. */
  readonly history?: number;
  /** Everything after that position, first. Not with `history`. */
  readonly since?: number;
  /** Further headers of SUBSCRIBE. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Each stored message once, by rising `seq`. */
  onMessage?(message: Message, room: Room): void;
  /** Ephemeral messages: typing, cursors. */
  onSignal?(signal: Message, room: Room): void;
  /** Asks for presence (which needs the right to it) and hears each change. */
  onPresence?(presence: Presence, event: PresenceEvent, room: Room): void;
  /** The room is live; everything from before has been given to `onMessage`. */
  onReplayed?(replay: Replay, room: Room): void;
  onGap?(gap: Gap, room: Room): void;
  onState?(state: RoomState, room: Room): void;
  /** A message sent through this Room changed its state. */
  onDelivery?(delivery: Delivery, room: Room): void;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** `text/plain` unless said otherwise. */
  readonly contentType?: string;
  /** The `message-key`; made up when not given. */
  readonly key?: string;
}

/** What a Room needs of the client that it belongs to. */
export interface RoomHost {
  readonly environment: Environment;
  connected(): boolean;
  /** Null when the connection is just ending. */
  subscribe(
    destination: string,
    headers: Readonly<Record<string, string>>,
    message: (frame: IMessage) => void,
    waiting: Waiting,
  ): StompSubscription | null;
  send(room: string, body: string | Uint8Array, options: SendOptions, changed: (delivery: Delivery) => void): Delivery;
  signal(room: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array): boolean;
  /** The replay of a room is over. */
  caughtUp(): void;
  replayed(message: Message): void;
  forget(room: Room): void;
}

/** Messages that came without a position are known by their id, so many of them. */
const kMostUnplaced = 1_000;

/**
 * Until a full room is asked again, at least, and the chance on top of it: each refusal ends the
 * connection, and all other rooms have to come back with it.
 */
const kFullPauseMs = 15_000;
const kFullBackoff: Backoff = { base: 30_000, cap: 300_000 };

export class Room {
  readonly presence = new Presence();
  /** Settles when the room is live for the first time, or refused. */
  readonly joined: Promise<void>;
  private state_: RoomState = { kind: 'joining' };
  private position_: number | null;
  private subscription_: StompSubscription | null = null;
  private everLive_ = false;
  /** Refusals in a row because it is full. */
  private fullTimes_ = 0;
  private cancelTimer_: () => void = () => {};
  private replayCount_ = 0;
  private askedAfter_ = 0;
  /** Where the last gap ended that was told. */
  private toldBefore_ = 0;
  private readonly unplaced_ = new Set<string>();
  private resolveJoined_!: () => void;
  private rejectJoined_!: (error: StampedeError) => void;

  /** @internal */
  constructor(
    readonly name: string,
    private readonly options_: JoinOptions,
    private readonly host_: RoomHost,
  ) {
    this.position_ = options_.since ?? null;
    this.joined = new Promise((resolve, reject) => {
      this.resolveJoined_ = resolve;
      this.rejectJoined_ = reject;
    });
    this.joined.catch(() => {}); // told to whoever awaits it
    if (host_.connected()) this.attach();
  }

  get state(): RoomState {
    return this.state_;
  }

  /**
   * Everything up to here has been given to `onMessage` or is older than what was asked for; `since`
   * of a later `join` goes on from it. Null = not known yet.
   */
  get position(): number | null {
    return this.position_;
  }

  send(body: string | Uint8Array, options: SendOptions = {}): Delivery {
    return this.host_.send(this.name, body, options, (delivery) =>
      tell(() => this.options_.onDelivery?.(delivery, this)),
    );
  }

  /**
   * An ephemeral message to those who are there now: no position, not stored, not confirmed. False
   * without a connection; then it is not sent later either.
   */
  signal(headers: Readonly<Record<string, string>>, body: string | Uint8Array = ''): boolean {
    return this.state_.kind === 'live' && this.host_.signal(this.name, headers, body);
  }

  leave(): void {
    if (this.state_.kind === 'left') return;
    const subscription = this.subscription_;
    this.subscription_ = null;
    this.cancelTimer_();
    this.rejectJoined_(new StampedeError('closed', 'the room was left'));
    this.enter({ kind: 'left' });
    this.host_.forget(this);
    if (this.host_.connected()) subscription?.unsubscribe();
  }

  /** @internal There is a connection. */
  attach(): void {
    // One that a handler joined while others were told of this connection is attached already.
    if (this.state_.kind !== 'joining' || this.subscription_ !== null) return;
    this.replayCount_ = 0;
    this.askedAfter_ = this.position_ ?? 0;
    this.subscription_ = this.host_.subscribe(
      `/topic/${this.name}`,
      this.subscribeHeaders(),
      (frame) => this.onFrame(frame),
      {
        receipt: (headers) => this.onLive(headers),
        refused: (error) => this.onRefused(error),
        lost: () => {}, // lost() is told
      },
    );
  }

  /** @internal Asks for a room that was full now instead of later. */
  askAgain(): void {
    if (this.state_.kind !== 'full') return;
    this.cancelTimer_();
    this.enter({ kind: 'joining' });
    if (this.host_.connected()) this.attach();
  }

  /** @internal The connection is gone. */
  lost(_closing: Closing): void {
    this.subscription_ = null;
    if (this.state_.kind === 'live') this.enter({ kind: 'joining' });
  }

  private subscribeHeaders(): Record<string, string> {
    const { headers, history, onPresence } = this.options_;
    return {
      ...headers,
      ...(this.position_ !== null
        ? { since: String(this.position_) }
        : history === undefined
          ? {}
          : { history: String(history) }),
      ...(onPresence === undefined ? {} : { presence: 'true' }),
    };
  }

  private enter(state: RoomState): void {
    this.state_ = state;
    tell(() => this.options_.onState?.(state, this));
  }

  private onFrame(frame: IMessage): void {
    if (this.subscription_ === null) return; // left while it was on its way
    const { headers } = frame;
    if (isPresenceEvent(headers['event'])) this.onPresence(frame);
    else if (headers['persistent'] === 'false') tell(() => this.options_.onSignal?.(messageOf(frame), this));
    else if (headers['event'] === undefined) this.onMessage(messageOf(frame));
  }

  private onPresence({ headers, body }: IMessage): void {
    const event = this.presence.apply(headers, body);
    if (event !== null) tell(() => this.options_.onPresence?.(this.presence, event, this));
  }

  private onMessage(message: Message): void {
    if (message.replay) this.host_.replayed(message);
    if (this.known(message)) return;
    const gap = this.gapBefore(message);
    if (message.seq > 0) this.position_ = message.seq;
    if (message.replay) this.replayCount_ += 1;
    if (gap !== null) this.tellGap(gap);
    tell(() => this.options_.onMessage?.(message, this));
  }

  private known({ id, seq }: Message): boolean {
    if (seq > 0 && this.position_ !== null && seq <= this.position_) return true;
    if (this.unplaced_.has(id)) {
      if (seq > 0) this.position_ = seq; // stored meanwhile, and given a position
      return true;
    }
    if (seq === 0) this.remember(id);
    return false;
  }

  /** The server says so, or the chain of positions does. */
  private gapBefore({ seq, prev, replay, headers }: Message): Gap | null {
    if (seq === 0) return null;
    const after = this.position_;
    const said = !replay && headers['recovered'] === 'false';
    const broken = after !== null && prev > after;
    return said || broken ? { after: after ?? 0, before: seq } : null;
  }

  private tellGap(gap: Gap): void {
    this.toldBefore_ = gap.before;
    tell(() => this.options_.onGap?.(gap, this));
  }

  private remember(id: string): void {
    this.unplaced_.add(id);
    const [oldest] = this.unplaced_;
    if (this.unplaced_.size > kMostUnplaced && oldest !== undefined) this.unplaced_.delete(oldest);
  }

  private onLive(headers: Readonly<Record<string, string>>): void {
    if (this.state_.kind !== 'joining') return;
    const live = numberOf(headers['seq']);
    // Without the directory there is no position, and an old one stays what is asked for next time.
    if (headers['seq'] !== undefined) this.position_ = Math.max(this.position_ ?? 0, live);
    const recovered = headers['recovered'] !== 'false';
    const replay = { recovered, count: this.replayCount_, first: !this.everLive_ };
    this.everLive_ = true;
    this.fullTimes_ = 0;
    this.enter({ kind: 'live' });
    this.resolveJoined_();
    if (!recovered) {
      const before = numberOf(headers['oldest-seq']) || live + 1;
      if (before !== this.toldBefore_) this.tellGap({ after: this.askedAfter_, before });
    }
    tell(() => this.options_.onReplayed?.(replay, this));
    this.host_.caughtUp();
  }

  private onRefused(error: ServerError): void {
    if (isPassing(error) || this.state_.kind !== 'joining') return;
    const failure = new StampedeError('refused', wordsOf(error), error);
    // Whoever asks for the first time hears at once that there is no place.
    if (this.everLive_ && isRoomFull(error)) this.waitForPlace(failure);
    else this.end(failure);
    this.host_.caughtUp();
  }

  private waitForPlace(error: StampedeError): void {
    const { environment } = this.host_;
    const delay = kFullPauseMs + fullJitter(kFullBackoff, this.fullTimes_, environment.random());
    this.fullTimes_ += 1;
    this.cancelTimer_ = environment.after(delay, () => this.askAgain());
    this.enter({ kind: 'full', retryAt: environment.now() + delay, error });
  }

  private end(failure: StampedeError): void {
    this.rejectJoined_(failure);
    this.enter({ kind: 'refused', error: failure });
    this.host_.forget(this);
  }
}
