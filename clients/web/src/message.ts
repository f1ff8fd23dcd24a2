// One message as the page knows it, whichever way it came: a MESSAGE frame or a page of history.

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
  /** What the page that sent it called it (see outbox.ts), or ''. */
  readonly ref: string;
}

/** The header that carries `ref`; the gateway passes a sender's own headers on. */
export const kRefHeader = 'client-ref';

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

export function message_from_frame(headers: Record<string, string>, body: Uint8Array): ChatMessage {
  return {
    id: headers['message-id'] ?? '',
    seq: number_of(headers['seq']),
    prev: number_of(headers['prev-seq']),
    sender: headers['sender'] ?? '',
    timestamp: number_of(headers['timestamp']),
    ref: headers[kRefHeader] ?? '',
    ...text_of(body),
  };
}

/** Throws on what is no message at all: then the answer did not come from Stampede. */
export function message_from_json(json: unknown): ChatMessage {
  if (typeof json !== 'object' || json === null) throw new Error('a message must be an object');
  const fields = json as Record<string, unknown>;
  const id = string_of(fields['id']);
  if (id === '') throw new Error('a message must have an id');
  const headers = (fields['headers'] ?? {}) as Record<string, unknown>;
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
    ref: string_of(headers[kRefHeader]),
    ...content,
  };
}
