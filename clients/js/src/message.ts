// A MESSAGE as an application wants it. The frame stays within reach.
import type { IMessage } from '@stomp/stompjs';

export interface Message {
  readonly id: string;
  /** Position in the room; 0 = none (ephemeral, direct, or the server's directory was away). */
  readonly seq: number;
  /** The position before it; 0 = not known. */
  readonly prev: number;
  readonly sender: string;
  /** Milliseconds since 1970, by the gateway's clock. */
  readonly timestamp: number;
  /** The `message-key` that it was sent with, or ''. */
  readonly key: string;
  /** It was said before the subscription went live. */
  readonly replay: boolean;
  /** The body as text; `frame.binaryBody` has its bytes. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly frame: IMessage;
}

/** 0 for what is no position. */
export function numberOf(value: string | undefined): number {
  const number = Number(value ?? 0);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

export function messageOf(frame: IMessage): Message {
  const { headers } = frame;
  return {
    id: headers['message-id'] ?? '',
    seq: numberOf(headers['seq']),
    prev: numberOf(headers['prev-seq']),
    sender: headers['sender'] ?? '',
    timestamp: numberOf(headers['timestamp']),
    key: headers['message-key'] ?? '',
    replay: headers['replay'] === 'true',
    // Decoded when asked for: STOMP.js does that once.
    get body() {
      return frame.body;
    },
    headers,
    frame,
  };
}
