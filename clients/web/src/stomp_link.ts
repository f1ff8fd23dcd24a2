// One connection over STOMP.js, from opening to closing. Reconnecting is not its business: a new
// attempt is a new link, so no state of the one before can leak into it.
import { Client, type IFrame } from '@stomp/stompjs';
import type { Identity } from './identity';
import { message_from_frame, type ChatMessage } from './message';

/** What an ERROR frame says. */
export interface ServerError {
  readonly message: string;
  readonly detail: string;
  /** The receipt that the refused frame asked for, or ''. */
  readonly receiptId: string;
}

export interface LinkHandlers {
  /** `user` is what the server calls this user. */
  opened(user: string): void;
  message(message: ChatMessage): void;
  /** `seq`: the position that the server names, 0 = none. */
  receipt(receiptId: string, seq: number): void;
  error(error: ServerError): void;
  /** Last call, once, whoever closed. `code` is the WebSocket's: docs/protocol.md, Close codes. */
  closed(code: number): void;
}

export interface Link {
  subscribe(room: string, receiptId: string): void;
  send(room: string, body: string, headers: Record<string, string>): void;
  /** Says goodbye when that is possible; no handler runs afterwards. */
  close(): void;
}

export type OpenLink = (identity: Identity, handlers: LinkHandlers) => Link;

const kConnectTimeoutMs = 10_000;
const kHeartBeatMs = 10_000;

export function open_stomp_link(url: string): OpenLink {
  return (identity, handlers) => new StompLink(url, identity, handlers);
}

class StompLink implements Link {
  private readonly client_: Client;
  private readonly message_: (message: ChatMessage) => void;
  private over_ = false;

  constructor(url: string, { user, passcode }: Identity, handlers: LinkHandlers) {
    const unless_over =
      <Arguments extends unknown[]>(handler: (...given: Arguments) => void) =>
      (...given: Arguments): void => {
        if (!this.over_) handler(...given);
      };
    this.client_ = new Client({
      brokerURL: url,
      connectHeaders: { login: user, passcode },
      reconnectDelay: 0,
      connectionTimeout: kConnectTimeoutMs,
      heartbeatIncoming: kHeartBeatMs,
      heartbeatOutgoing: kHeartBeatMs,
      discardWebsocketOnCommFailure: true,
      onConnect: unless_over((frame: IFrame) =>
        handlers.opened(frame.headers['user-name'] ?? user),
      ),
      onUnhandledReceipt: unless_over((frame: IFrame) =>
        handlers.receipt(frame.headers['receipt-id'] ?? '', Number(frame.headers['seq'] ?? 0)),
      ),
      onStompError: unless_over((frame: IFrame) =>
        handlers.error({
          message: frame.headers['message'] ?? '',
          detail: frame.body.trim(),
          receiptId: frame.headers['receipt-id'] ?? '',
        }),
      ),
      onWebSocketClose: unless_over((event: CloseEvent) => {
        this.over_ = true;
        handlers.closed(event.code);
      }),
    });
    this.message_ = unless_over((message: ChatMessage) => handlers.message(message));
    this.client_.activate();
  }

  subscribe(room: string, receiptId: string): void {
    this.client_.subscribe(
      `/topic/${room}`,
      (frame) => this.message_(message_from_frame(frame.headers, frame.binaryBody)),
      { receipt: receiptId },
    );
  }

  send(room: string, body: string, headers: Record<string, string>): void {
    this.client_.publish({ destination: `/topic/${room}`, headers, body });
  }

  close(): void {
    this.over_ = true;
    void this.client_.deactivate();
  }
}
