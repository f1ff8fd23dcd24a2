// The client: one connection, the rooms joined through it, messages on their way, and the user's
// own queues. Owns them all; everything happens on the one thread that there is.
import type { Client } from '@stomp/stompjs';
import { Connection, type ConnectionState, type StompOptions } from './connection.js';
import type { CredentialsSource } from './credentials.js';
import type { Delivery } from './delivery.js';
import { Inbox, destinationOf, type DirectReceipt } from './direct.js';
import { defaultEnvironment, type Environment } from './environment.js';
import { StampedeError, wordsOf, wordsOfClosing, type Closing } from './errors.js';
import { numberOf, type Message } from './message.js';
import { Outbox } from './outbox.js';
import { Room, type JoinOptions, type RoomHost, type SendOptions } from './room.js';
import { tell } from './tell.js';

export interface ConnectOptions {
  /** `wss://host/ws` */
  readonly url: string;
  /** Who the user is; a function is asked before each connection and for each new token. */
  readonly credentials?: CredentialsSource;
  /** Everything else that a STOMP.js Client can be told: heart-beats, `webSocketFactory`, `debug`, … */
  readonly stomp?: StompOptions;
  onState?(state: ConnectionState): void;
  /** Milliseconds: the bounds of the jittered delay between attempts. Default 1,000 and 30,000. */
  readonly backoffBase?: number;
  readonly backoffCap?: number;
  /** Milliseconds that a connection must hold for the next delay to be short again. Default 10,000. */
  readonly stableAfter?: number;
  /**
   * Milliseconds that credentials may take, then the way to CONNECTED, and at the end the server's word
   * on `close`. Default 10,000.
   */
  readonly connectTimeout?: number;
  /** Messages that may wait to be sent or confirmed. Default 1,000. */
  readonly queueLimit?: number;
  /** Messages under way unconfirmed. Default 100. */
  readonly window?: number;
  /**
   * Milliseconds in which a message is sent again under its key: less than the server's
   * `--message-key-ttl` (5 minutes). Default 240,000.
   */
  readonly keyLifetime?: number;
  /**
   * Milliseconds until a message fails that nobody confirms on a connection that holds: more than the
   * 30 s for which a server waits for its broker (or for `--store-first-timeout`). Default 40,000.
   */
  readonly confirmTimeout?: number;
  /** Time, chance and network; for tests. */
  readonly environment?: Environment;
}

/** Starts to connect at once. Throws for options that cannot work. */
export function connect(options: ConnectOptions): Stampede {
  checkOptions(options);
  return new Stampede(options);
}

export class Stampede {
  private readonly environment_: Environment;
  private readonly connection_: Connection;
  private readonly outbox_: Outbox;
  private readonly rooms_ = new Set<Room>();
  private readonly inboxes_ = new Set<Inbox>();
  private readonly host_: RoomHost;

  /** @internal Use `connect`. */
  constructor(private readonly options_: ConnectOptions) {
    this.environment_ = options_.environment ?? defaultEnvironment();
    this.connection_ = new Connection(
      {
        url: options_.url,
        credentials: options_.credentials ?? {},
        backoff: { base: options_.backoffBase ?? 1_000, cap: options_.backoffCap ?? 30_000 },
        stableAfter: options_.stableAfter ?? 10_000,
        connectTimeout: options_.connectTimeout ?? 10_000,
        stomp: options_.stomp ?? {},
      },
      this.environment_,
      {
        opened: () => this.onOpened(),
        lost: (closing) => this.onLost(closing),
        state: (state) => tell(() => this.options_.onState?.(state)),
      },
    );
    this.outbox_ = new Outbox(
      this.connection_,
      {
        queueLimit: options_.queueLimit ?? 1_000,
        window: options_.window ?? 100,
        keyLifetime: options_.keyLifetime ?? 240_000,
        confirmTimeout: options_.confirmTimeout ?? 40_000,
      },
      this.environment_,
      (room) => [...this.rooms_].some(({ name, state }) => name === room && state.kind === 'joining'),
    );
    this.host_ = {
      environment: this.environment_,
      connected: () => this.connected,
      subscribe: (...frame) => this.subscribe(...frame),
      send: (room, body, options, changed) => this.enqueue(room, body, options, changed),
      signal: (room, headers, body) => this.signal(room, headers, body),
      caughtUp: () => this.outbox_.flush(),
      replayed: (message) => this.outbox_.replayed(message),
      forget: (room) => this.rooms_.delete(room),
    };
    this.connection_.open();
  }

  /** The STOMP.js Client underneath, for all that this library does not do. */
  get stomp(): Client {
    return this.connection_.stomp;
  }

  get state(): ConnectionState {
    return this.connection_.state;
  }

  get connected(): boolean {
    return this.connection_.connected;
  }

  /** What the server calls this user; '' before the first connection. */
  get user(): string {
    return this.connection_.user;
  }

  /** Messages that are not confirmed yet, in the order written. */
  get pending(): readonly Delivery[] {
    return this.outbox_.deliveries;
  }

  join(room: string, options: JoinOptions = {}): Room {
    if (options.history !== undefined && options.since !== undefined) {
      throw new TypeError('history and since exclude each other: the last n messages, or everything after a position');
    }
    this.refuseWhenClosed();
    const joined: Room = new Room(room, options, this.host_);
    this.rooms_.add(joined);
    return joined;
  }

  /**
   * Sends to a room, joined or not: in the order of the calls, again after a lost connection, stored
   * and delivered once.
   */
  send(
    room: string,
    body: string | Uint8Array,
    options: SendOptions = {},
    onChange: (delivery: Delivery) => void = () => {},
  ): Delivery {
    return this.enqueue(room, body, options, onChange);
  }

  /** An ephemeral message; see Room.signal. */
  signal(room: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array = ''): boolean {
    if (!this.connected) return false;
    try {
      this.connection_.publish(`/topic/${room}`, body, { ...headers, persistent: 'false' });
      return true;
    } catch {
      return false;
    }
  }

  /**
   * A message to all sessions of a user that subscribe to that queue. Nothing is kept for a user who
   * is not connected: `sessions` is 0 then. Never sent twice; rejects when its outcome is not known.
   */
  direct(user: string, queue: string, body: string | Uint8Array, options: SendOptions = {}): Promise<DirectReceipt> {
    const headers = { 'content-type': options.contentType ?? 'text/plain', ...options.headers };
    return new Promise((resolve, reject) => {
      if (!this.connected) throw new StampedeError('not-connected', 'there is no connection');
      this.connection_.publish(destinationOf(user, queue), body, headers, {
        receipt: (receipt) => resolve({ sessions: numberOf(receipt['sessions']) }),
        refused: (error) => reject(new StampedeError('refused', wordsOf(error), error)),
        lost: (closing) =>
          reject(new StampedeError('unconfirmed', `it may have arrived or not: ${wordsOfClosing(closing)}`)),
      });
    });
  }

  /** Direct messages to this user under that name, from now on. */
  inbox(queue: string, onMessage: (message: Message) => void): Inbox {
    this.refuseWhenClosed();
    const inbox: Inbox = new Inbox(queue, onMessage, this.host_, () => this.inboxes_.delete(inbox));
    this.inboxes_.add(inbox);
    return inbox;
  }

  /** Gives the session a new token without ending it. With a credentials function that happens by itself. */
  refresh(token: string): Promise<void> {
    return this.connection_.refresh(token);
  }

  /**
   * Connects now instead of later, and asks again for rooms that were full; after a refusal the only
   * way on, with other credentials.
   */
  reconnect(credentials?: CredentialsSource): void {
    this.connection_.reconnect(credentials);
    for (const room of [...this.rooms_]) room.askAgain();
  }

  /** For good: leaves all rooms; what is not confirmed by then fails. */
  async close(): Promise<void> {
    await this.connection_.close();
    for (const room of [...this.rooms_]) room.leave();
    for (const inbox of [...this.inboxes_]) inbox.close();
    this.outbox_.close();
  }

  private subscribe(...frame: Parameters<RoomHost['subscribe']>): ReturnType<RoomHost['subscribe']> {
    try {
      return this.connection_.subscribe(...frame);
    } catch {
      return null; // its close is on the way, and all is subscribed again after it
    }
  }

  private enqueue(
    room: string,
    body: string | Uint8Array,
    options: SendOptions,
    changed: (delivery: Delivery) => void,
  ): Delivery {
    this.refuseWhenClosed();
    const headers = { 'content-type': options.contentType ?? 'text/plain', ...options.headers };
    return this.outbox_.send(room, body, headers, options.key ?? this.environment_.newKey(), changed);
  }

  private onOpened(): void {
    // Subscriptions go first, so that a message is seen by the rooms that were joined before it was sent.
    for (const room of [...this.rooms_]) room.attach();
    for (const inbox of [...this.inboxes_]) inbox.attach();
    this.outbox_.flush();
  }

  private onLost(closing: Closing): void {
    this.outbox_.lost(closing);
    for (const room of [...this.rooms_]) room.lost(closing);
    for (const inbox of [...this.inboxes_]) inbox.lost(closing);
  }

  private refuseWhenClosed(): void {
    if (this.state.kind === 'closed') throw new StampedeError('closed', 'the client was closed');
  }
}

function checkOptions({ url, stomp, ...options }: ConnectOptions): void {
  if (stomp?.webSocketFactory === undefined) {
    const { protocol } = new URL(url);
    if (protocol !== 'ws:' && protocol !== 'wss:') {
      throw new TypeError(`url is '${url}'; it must begin with ws:// or wss://`);
    }
    if (typeof WebSocket === 'undefined') {
      throw new TypeError('this runtime has no WebSocket: give one by stomp: { webSocketFactory }');
    }
  }
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'number' && !(value > 0)) {
      throw new RangeError(`${name} is ${value}; it must be more than 0`);
    }
  }
}
