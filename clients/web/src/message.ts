// One message as the page knows it, whichever way it came: a MESSAGE frame or a page of history.
import type { Message } from 'stampede-client';

export interface ChatMessage {
  readonly id: string;
  /** Position in the room, microseconds since 1970; 0 = not known (the directory was away). */
  readonly seq: number;
  /** The position before it; 0 = not known. */
  readonly prev: number;
  readonly sender: string;
  /** Milliseconds since 1970, by the gateway's clock. */
  readonly timestamp: number;
  readonly body: string;
  /** Size of a body that is no text; it is named and not shown. */
  readonly binaryBytes?: number;
  /** The key that it was sent with (see outgoing.ts), or '': history does not tell it. */
  readonly ref: string;
}

const kDecoder = new TextDecoder('utf-8', { fatal: true });

function text_of(bytes: Uint8Array): { body: string; binaryBytes?: number } {
  try {
    return { body: kDecoder.decode(bytes) };
  } catch {
    return { body: '', binaryBytes: bytes.length };
  }
}

function number_of(value: unknown): number {
  const number = typeof value === 'number' ? value : Number(value ?? 0);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

function string_of(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function message_from_room(message: Message): ChatMessage {
  const { id, seq, prev, sender, timestamp, key, frame } = message;
  return { id, seq, prev, sender, timestamp, ref: key, ...text_of(frame.binaryBody) };
}

/** Throws on what is no message at all: then the answer did not come from Stampede. */
export function message_from_json(json: unknown): ChatMessage {
  if (typeof json !== 'object' || json === null) throw new Error('a message must be an object');
  const fields = json as Record<string, unknown>;
  const id = string_of(fields['id']);
  if (id === '') throw new Error('a message must have an id');
  const body = string_of(fields['body']);
  const content =
    fields['encoding'] === 'base64'
      ? text_of(Uint8Array.from(atob(body), (character) => character.charCodeAt(0)))
      : { body };
  return {
    id,
    seq: number_of(fields['seq']),
    prev: number_of(fields['prev']),
    sender: string_of(fields['sender']),
    timestamp: number_of(fields['timestamp']),
    ref: '',
    ...content,
  };
}
