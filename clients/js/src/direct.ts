// Messages to one user, on whichever gateways that user's sessions are.
import type { StompSubscription } from '@stomp/stompjs';
import { StampedeError, isPassing, wordsOf, type Closing } from './errors.js';
import { messageOf, type Message } from './message.js';
import type { RoomHost } from './room.js';
import { tell } from './tell.js';

export interface DirectReceipt {
  /** Sessions of the user that it was handed to; 0 = the user is not connected, and nothing is kept. */
  readonly sessions: number;
}

/** `/user/<user>/queue/<name>`, every byte of the user's name encoded but RFC 3986's unreserved ones. */
export function destinationOf(user: string, queue: string): string {
  const encoded = encodeURIComponent(user).replace(
    /[!'()*]/gu,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `/user/${encoded}/queue/${queue}`;
}

/** A queue of this user's own; subscribed again after each reconnect. What came meanwhile is not kept. */
export class Inbox {
  /** Settles when the queue is live for the first time, or refused. */
  readonly opened: Promise<void>;
  private subscription_: StompSubscription | null = null;
  private over_ = false;
  private resolve_!: () => void;
  private reject_!: (error: StampedeError) => void;

  /** @internal */
  constructor(
    readonly queue: string,
    private readonly onMessage_: (message: Message) => void,
    private readonly host_: Pick<RoomHost, 'connected' | 'subscribe'>,
    private readonly forget_: () => void,
  ) {
    this.opened = new Promise((resolve, reject) => {
      this.resolve_ = resolve;
      this.reject_ = reject;
    });
    this.opened.catch(() => {}); // told to whoever awaits it
    if (host_.connected()) this.attach();
  }

  close(): void {
    if (this.over_) return;
    const subscription = this.subscription_;
    this.end(new StampedeError('closed', 'the inbox was closed'));
    if (this.host_.connected()) subscription?.unsubscribe();
  }

  /** @internal There is a connection. */
  attach(): void {
    if (this.subscription_ !== null) return; // opened by a handler that heard of this connection first
    this.subscription_ = this.host_.subscribe(
      `/user/queue/${this.queue}`,
      {},
      (frame) => {
        if (!this.over_) tell(() => this.onMessage_(messageOf(frame)));
      },
      {
        receipt: () => this.resolve_(),
        refused: (error) => {
          if (!isPassing(error)) this.end(new StampedeError('refused', wordsOf(error), error));
        },
        lost: () => {}, // lost() is told
      },
    );
  }

  /** @internal The connection is gone. */
  lost(_closing: Closing): void {
    this.subscription_ = null;
  }

  private end(error: StampedeError): void {
    this.over_ = true;
    this.subscription_ = null;
    this.reject_(error);
    this.forget_();
  }
}
