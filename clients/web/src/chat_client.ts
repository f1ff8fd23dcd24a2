// Keeps one room of one user live: connects, subscribes, reconnects with backoff, and says at each
// moment how things stand. No DOM; time, chance and the connection are given to it.
import { delay_ms, type Backoff } from './backoff';
import type { Identity } from './identity';
import type { ChatMessage } from './message';
import type { Link, OpenLink, ServerError } from './stomp_link';

export type ConnectionState =
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'live' }
  /** Lost; the next attempt starts at `retryAt`. */
  | { readonly kind: 'waiting'; readonly retryAt: number }
  /** The machine has no network; tries again when it has. */
  | { readonly kind: 'offline' }
  /** The server does not want this user here, so trying again would change nothing. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'closed' };

export interface Refusal {
  /** Whether other credentials could help: else the user may not be in the room. */
  readonly login: boolean;
  /** The server's words. */
  readonly reason: string;
}

export interface Environment {
  now(): number;
  random(): number;
  online(): boolean;
  after(ms: number, run: () => void): () => void;
}

export interface ChatHandlers {
  state(state: ConnectionState): void;
  /** The subscription is live: everything up to `seq` is history, what follows comes as message. */
  live(seq: number): void;
  message(message: ChatMessage): void;
  /** The server has it safe. */
  sent(ref: string): void;
  /** The server refused; `ref` names the message when it was one, else ''. */
  refused(ref: string, error: ServerError): void;
}

const kBackoff: Backoff = { firstMs: 700, longestMs: 20_000 };
/** A connection that held this long was a good one: the next loss starts from the short delay. */
const kSettledMs = 5_000;
/** Close codes of docs/protocol.md: log-in refused, token expired, log-in revoked. */
const kLoginCodes: readonly number[] = [4010, 4012, 4013];
const kAccessRefused = 4011;
const kJoinReceipt = 'join';
const kSendReceipt = 'send:';

export class ChatClient {
  private state_: ConnectionState = { kind: 'closed' };
  private link_: Link | null = null;
  private attempt_ = 0;
  private user_: string;
  /** What the server said last on this connection. */
  private lastWords_ = '';
  private cancelTimer_: () => void = () => {};

  constructor(
    readonly room: string,
    private readonly identity_: Identity,
    private readonly openLink_: OpenLink,
    private readonly environment_: Environment,
    private readonly handlers_: ChatHandlers,
  ) {
    this.user_ = identity_.user;
  }

  get state(): ConnectionState {
    return this.state_;
  }

  get user(): string {
    return this.user_;
  }

  start(): void {
    if (this.state_.kind === 'closed') this.connect();
  }

  /** For good; no handler runs afterwards. */
  stop(): void {
    this.cancelTimer_();
    this.link_?.close();
    this.link_ = null;
    this.state_ = { kind: 'closed' };
  }

  /** Not to wait any longer: the user asks, the network is back, the window is looked at again. */
  retry_now(): void {
    if (this.state_.kind !== 'waiting' && this.state_.kind !== 'offline') return;
    this.cancelTimer_();
    this.connect();
  }

  network_lost(): void {
    if (this.state_.kind === 'waiting') this.wait();
  }

  /** False when the room is not live; then nothing was sent. */
  send(ref: string, body: string, headers: Record<string, string>): boolean {
    if (this.state_.kind !== 'live' || this.link_ === null) return false;
    try {
      this.link_.send(this.room, body, { ...headers, receipt: kSendReceipt + ref });
      return true;
    } catch {
      return false; // the socket went away and its close is on the way
    }
  }

  private enter(state: ConnectionState): void {
    this.state_ = state;
    this.handlers_.state(state);
  }

  private connect(): void {
    this.enter({ kind: 'connecting', attempt: this.attempt_ });
    this.lastWords_ = '';
    this.link_ = this.openLink_(this.identity_, {
      opened: (user) => {
        this.user_ = user;
        this.link_?.subscribe(this.room, kJoinReceipt);
      },
      message: (message) => this.handlers_.message(message),
      receipt: (receiptId, seq) => this.on_receipt(receiptId, seq),
      error: (error) => this.on_error(error),
      closed: (code) => this.on_closed(code),
    });
  }

  private on_receipt(receiptId: string, seq: number): void {
    if (receiptId.startsWith(kSendReceipt)) {
      this.handlers_.sent(receiptId.slice(kSendReceipt.length));
    } else if (receiptId === kJoinReceipt) {
      this.cancelTimer_ = this.environment_.after(kSettledMs, () => (this.attempt_ = 0));
      this.enter({ kind: 'live' });
      this.handlers_.live(seq);
    }
  }

  private on_error(error: ServerError): void {
    this.lastWords_ = error.detail || error.message;
    const ofSend = error.receiptId.startsWith(kSendReceipt);
    this.handlers_.refused(ofSend ? error.receiptId.slice(kSendReceipt.length) : '', error);
  }

  private on_closed(code: number): void {
    this.cancelTimer_();
    this.link_ = null;
    const login = kLoginCodes.includes(code);
    // In a live room it was a message that was refused, or rights that changed: joining again tells.
    const access = code === kAccessRefused && this.state_.kind !== 'live';
    if (login || access) {
      this.enter({ kind: 'refused', refusal: { login, reason: this.lastWords_ } });
    } else {
      this.wait();
    }
  }

  private wait(): void {
    this.cancelTimer_();
    if (!this.environment_.online()) {
      this.enter({ kind: 'offline' });
      return;
    }
    const delay = delay_ms(kBackoff, this.attempt_, this.environment_.random());
    this.attempt_ += 1;
    this.cancelTimer_ = this.environment_.after(delay, () => this.connect());
    this.enter({ kind: 'waiting', retryAt: this.environment_.now() + delay });
  }
}
