// One STOMP.js Client kept connected: who we are, how we come back, when we do not. Knows nothing of
// rooms and messages.
import {
  Client,
  type IFrame,
  type IMessage,
  type IStompSocket,
  type StompConfig,
  type StompSubscription,
} from '@stomp/stompjs';
import { fullJitter, type Backoff } from './backoff.js';
import {
  authorization,
  connectHeaders,
  type Credentials,
  type CredentialsReason,
  type CredentialsSource,
} from './credentials.js';
import type { Environment } from './environment.js';
import { StampedeError, verdictOf, wordsOf, wordsOfClosing, type Closing, type ServerError } from './errors.js';
import { Receipts, type Waiting } from './receipts.js';
import { Renewal } from './renewal.js';
import { tell } from './tell.js';

export type ConnectionState =
  /** `attempt` counts those since the connection was last good. */
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'connected' }
  /**
   * Lost; the next attempt starts at `retryAt` (milliseconds since 1970). `error` is what the server
   * said when it ended the connection and named no frame that somebody has been told about.
   */
  | {
      readonly kind: 'waiting';
      readonly retryAt: number;
      readonly reason: string;
      readonly error: ServerError | null;
    }
  /** The machine has no network; goes on when it has. */
  | { readonly kind: 'offline' }
  /** Other credentials are needed: `reconnect(credentials)`. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }
  | { readonly kind: 'closed' };

/** What STOMP.js is configured with beyond what the library decides itself. */
export type StompOptions = Omit<
  StompConfig,
  'brokerURL' | 'connectHeaders' | 'reconnectDelay' | 'connectionTimeout' | 'beforeConnect'
>;

export interface ConnectionOptions {
  readonly url: string;
  readonly credentials: CredentialsSource;
  readonly backoff: Backoff;
  /** Milliseconds: a connection that held so long was a good one. */
  readonly stableAfter: number;
  /** Milliseconds for the credentials, for CONNECTED after them, and for the goodbye. */
  readonly connectTimeout: number;
  readonly stomp: StompOptions;
}

export interface ConnectionListener {
  opened(): void;
  lost(closing: Closing): void;
  state(state: ConnectionState): void;
}

/** After "no room for you", the first delay is taken from here on. */
const kLaterAttempt = 3;
const kHeartBeatMs = 10_000;

export class Connection {
  readonly stomp: Client;
  private state_: ConnectionState = { kind: 'closed' };
  private credentials_: CredentialsSource;
  private user_ = '';
  /** Between CONNECTED and the end of that connection, whatever `state_` is about to be. */
  private connected_ = false;
  private proven_: Credentials = {};
  private attempt_ = 0;
  private everConnected_ = false;
  private expired_ = false;
  /** An "access" close that named no frame: the second in a row is for good. */
  private unnamedRefusals_ = 0;
  private lastError_: ServerError | null = null;
  private attributed_ = false;
  private readonly receipts_ = new Receipts();
  private readonly renewal_: Renewal;
  /** A newer one makes answers to an older attempt meaningless. */
  private generation_ = 0;
  private cancelTimer_: () => void = () => {};
  private cancelStable_: () => void = () => {};
  private unwatch_: () => void = () => {};

  constructor(
    private readonly options_: ConnectionOptions,
    private readonly environment_: Environment,
    private readonly listener_: ConnectionListener,
  ) {
    this.credentials_ = options_.credentials;
    this.renewal_ = new Renewal(
      () => this.ask('expiring'),
      (token) => this.refresh(token),
      options_.backoff,
      environment_,
    );
    const { onConnect, onStompError, onUnhandledReceipt, onWebSocketClose, webSocketFactory, ...others } =
      options_.stomp;
    this.stomp = new Client({
      brokerURL: options_.url,
      heartbeatIncoming: kHeartBeatMs,
      heartbeatOutgoing: kHeartBeatMs,
      discardWebsocketOnCommFailure: true,
      ...others,
      // Coming back is decided here, so that every delay is jittered and every close code is heeded.
      reconnectDelay: 0,
      connectionTimeout: 0,
      webSocketFactory: () => this.openSocket(webSocketFactory),
      onConnect: (frame) => {
        this.onConnected(frame);
        tell(() => onConnect?.(frame));
      },
      onStompError: (frame) => {
        this.onError(frame);
        tell(() => onStompError?.(frame));
      },
      onUnhandledReceipt: (frame) => {
        if (!this.receipts_.came(frame.headers)) tell(() => onUnhandledReceipt?.(frame));
      },
      onWebSocketClose: (event: { code?: number; reason?: string }) => {
        this.onClosed(event.code ?? 1006, event.reason ?? '');
        tell(() => onWebSocketClose?.(event));
      },
    });
  }

  get state(): ConnectionState {
    return this.state_;
  }

  /** What the server calls this user; '' before the first connection. */
  get user(): string {
    return this.user_;
  }

  get connected(): boolean {
    return this.connected_;
  }

  open(): void {
    this.unwatch_ = this.environment_.watch(
      () => this.awake(),
      () => this.networkLost(),
    );
    this.connect();
  }

  /** Now instead of later; the only way on after a refusal. */
  reconnect(credentials?: CredentialsSource): void {
    if (credentials !== undefined) this.credentials_ = credentials;
    const { kind } = this.state_;
    if (kind === 'refused') this.attempt_ = 0;
    if (kind === 'waiting' || kind === 'offline' || kind === 'refused') this.connect();
  }

  /** For good. Says goodbye, so that what was sent before is confirmed or refused by then. */
  async close(): Promise<void> {
    this.stopTimers();
    this.unwatch_();
    this.generation_ += 1;
    const wasConnected = this.connected_;
    this.connected_ = false;
    this.enter({ kind: 'closed' });
    // A peer that is dead answers no DISCONNECT.
    const { connectTimeout } = this.options_;
    const cancel = this.environment_.after(connectTimeout, () => void this.stomp.deactivate({ force: true }));
    await this.stomp.deactivate({ force: !wasConnected });
    cancel();
    this.tellLost({ code: 1000, reason: 'closed', error: null, attributed: false });
  }

  /** Throws when there is no connection. With `waiting` the server is asked for a RECEIPT. */
  publish(
    destination: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    waiting?: Waiting,
  ): void {
    const content = typeof body === 'string' ? { body } : { binaryBody: body };
    this.receipts_.asking(waiting, (receipt) =>
      this.stomp.publish({ destination, headers: { ...headers, ...receipt }, ...content }),
    );
  }

  /** Throws when there is no connection. */
  subscribe(
    destination: string,
    headers: Readonly<Record<string, string>>,
    message: (frame: IMessage) => void,
    waiting: Waiting,
  ): StompSubscription {
    return this.receipts_.asking(waiting, (receipt) =>
      this.stomp.subscribe(destination, message, { ...headers, ...receipt }),
    );
  }

  /** Gives the session a new token without ending it. */
  refresh(token: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.connected) throw new StampedeError('not-connected', 'there is no session to refresh');
      this.publish('/app/auth', '', authorization(token), {
        receipt: () => resolve(),
        refused: (error) => reject(new StampedeError('login', wordsOf(error), error)),
        lost: (closing) => reject(new StampedeError('not-connected', wordsOfClosing(closing))),
      });
    });
  }

  private enter(state: ConnectionState): void {
    this.state_ = state;
    this.listener_.state(state);
  }

  private stopTimers(): void {
    this.cancelTimer_();
    this.cancelStable_();
    this.renewal_.end();
  }

  private connect(): void {
    this.stopTimers();
    const generation = (this.generation_ += 1);
    this.lastError_ = null;
    this.attributed_ = false;
    const { connectTimeout } = this.options_;
    this.cancelTimer_ = this.environment_.after(connectTimeout, () => {
      this.generation_ += 1; // an answer that comes later is not waited for any more
      this.wait(`no credentials came within ${connectTimeout} ms`);
    });
    this.enter({ kind: 'connecting', attempt: this.attempt_ });
    const reason = this.expired_ ? 'expired' : this.everConnected_ ? 'reconnect' : 'first';
    this.ask(reason).then(
      (credentials) => {
        if (generation === this.generation_) this.attemptWith(credentials);
      },
      (error: unknown) => {
        if (generation === this.generation_) this.wait(`no credentials: ${textOf(error)}`);
      },
    );
  }

  private async ask(reason: CredentialsReason): Promise<Credentials> {
    const source = this.credentials_;
    return typeof source === 'function' ? source(reason) : source;
  }

  private attemptWith(credentials: Credentials): void {
    this.cancelTimer_();
    this.cancelTimer_ = this.environment_.after(this.options_.connectTimeout, () =>
      this.stomp.forceDisconnect(),
    );
    this.proven_ = credentials;
    this.stomp.connectHeaders = connectHeaders(credentials);
    this.stomp.activate();
  }

  /** STOMP.js waits for ever for a WebSocket that could not even be made (of a page that may not). */
  private openSocket(factory: StompConfig['webSocketFactory']): IStompSocket {
    try {
      return factory?.() ?? new WebSocket(this.options_.url, this.stomp.stompVersions.protocolVersions());
    } catch (error) {
      queueMicrotask(() => this.onClosed(1006, textOf(error)));
      throw error;
    }
  }

  private onConnected(frame: IFrame): void {
    this.cancelTimer_();
    this.user_ = frame.headers['user-name'] ?? '';
    this.everConnected_ = true;
    this.connected_ = true;
    this.expired_ = false;
    if (typeof this.credentials_ === 'function') this.renewal_.begin(this.proven_);
    this.cancelStable_ = this.environment_.after(this.options_.stableAfter, () => {
      this.attempt_ = 0;
      this.unnamedRefusals_ = 0;
    });
    this.state_ = { kind: 'connected' };
    // What was there before goes out first; then whoever hears of the state may add to it.
    this.listener_.opened();
    if (this.stateNow() === 'connected') this.listener_.state(this.state_);
  }

  private onError({ headers, body }: IFrame): void {
    this.lastError_ = { message: headers['message'] ?? '', detail: body.trim() };
    this.attributed_ = this.receipts_.refused(headers, this.lastError_);
  }

  private onClosed(code: number, reason: string): void {
    // The library decides when to come back, so the Client is inactive until then.
    void this.stomp.deactivate();
    if (this.state_.kind === 'closed') return;
    this.stopTimers();
    const wasConnected = this.connected_;
    this.connected_ = false;
    const closing: Closing = { code, reason, error: this.lastError_, attributed: this.attributed_ };
    this.tellLost(closing);
    // Whoever was told may have closed us.
    if (this.stateNow() !== 'closed') this.goOn(closing, wasConnected);
  }

  private stateNow(): ConnectionState['kind'] {
    return this.state_.kind;
  }

  private tellLost(closing: Closing): void {
    this.receipts_.lost(closing);
    this.listener_.lost(closing);
  }

  private goOn(closing: Closing, wasConnected: boolean): void {
    const words = wordsOfClosing(closing);
    if (this.isFinal(closing, wasConnected)) {
      this.enter({ kind: 'refused', code: closing.code, reason: words });
      return;
    }
    const verdict = verdictOf(closing.code);
    if (verdict === 'expired') this.expired_ = true;
    if (verdict === 'later') this.attempt_ = Math.max(this.attempt_, kLaterAttempt);
    this.wait(words, closing.attributed ? null : closing.error);
  }

  private isFinal(closing: Closing, wasConnected: boolean): boolean {
    switch (verdictOf(closing.code)) {
      case 'login':
        return true;
      case 'expired':
        return typeof this.credentials_ !== 'function';
      case 'access':
        // Who sent the refused frame has been told and does not repeat it; the rest goes on.
        if (closing.attributed) return false;
        this.unnamedRefusals_ += 1;
        return !wasConnected || this.unnamedRefusals_ > 1;
      case 'later':
      case 'retry':
        return false;
    }
  }

  private wait(reason: string, error: ServerError | null = null): void {
    this.stopTimers();
    if (!this.environment_.online()) {
      this.enter({ kind: 'offline' });
      return;
    }
    const delay = fullJitter(this.options_.backoff, this.attempt_, this.environment_.random());
    this.attempt_ += 1;
    this.cancelTimer_ = this.environment_.after(delay, () => this.connect());
    this.enter({ kind: 'waiting', retryAt: this.environment_.now() + delay, reason, error });
  }

  private awake(): void {
    const { kind } = this.state_;
    if (kind === 'waiting' || kind === 'offline') this.connect();
  }

  private networkLost(): void {
    if (this.state_.kind !== 'waiting') return;
    this.cancelTimer_();
    this.enter({ kind: 'offline' });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
