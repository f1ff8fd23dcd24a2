// What can go wrong, and what the server's words and close codes (docs/protocol.md) mean for a
// client: whether to come back, and whether a frame is to blame.

/** What an ERROR frame says. */
export interface ServerError {
  /** The server's short name of it: `access_refused`, `Frame too large`, … */
  readonly message: string;
  /** Its sentence about it. */
  readonly detail: string;
}

export type FailureCode =
  /** The server said no; `message` says why. */
  | 'refused'
  /** It may have arrived or not, and nobody confirmed it in time. */
  | 'unconfirmed'
  /** More waits than `queueLimit`. */
  | 'queue-full'
  /** What is never kept for later found no connection. */
  | 'not-connected'
  /** Log-in, or the session as a whole, is refused: other credentials are needed. */
  | 'login'
  /** `close()`, `leave()` or `discard()` came first. */
  | 'closed';

export class StampedeError extends Error {
  override readonly name = 'StampedeError';

  constructor(
    readonly code: FailureCode,
    message: string,
    /** The ERROR frame, when there was one. */
    readonly server: ServerError | null = null,
  ) {
    super(message);
  }
}

/** How a connection ended. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
  readonly error: ServerError | null;
  /** The ERROR named one frame by its receipt, and whoever sent that has been told. */
  readonly attributed: boolean;
}

export type Verdict =
  | 'retry'
  /** The server has no room just now: come back, but not soon. */
  | 'later'
  /** Other credentials are needed. */
  | 'login'
  /** The token has expired: a new one is needed. */
  | 'expired'
  /** Something that the user may not do, and trying it again changes nothing. */
  | 'access';

const kVerdicts: Readonly<Record<number, Verdict>> = {
  1013: 'later',
  4010: 'login',
  4011: 'access',
  4012: 'expired',
  4013: 'login',
};

export function verdictOf(code: number): Verdict {
  return kVerdicts[code] ?? 'retry';
}

/** ERRORs of a moment: the same frame may succeed later. `Message refused` is none: the store will never take it. */
const kPassing: ReadonlySet<string> = new Set([
  'Subscription failed',
  'Message not stored',
  'Slow consumer',
  'Too many messages',
  'Too many connections',
  'Heart-beat missed',
  'Connect timeout',
  'Token expired',
]);

export function isPassing(error: ServerError): boolean {
  return kPassing.has(error.message);
}

/** The room holds as many users as it may: that is so for a while. */
export function isRoomFull(error: ServerError): boolean {
  return error.message === 'Room full';
}

/** ERRORs about the bytes of a frame: they may come before the server knows which frame it is. */
const kFrameErrors: ReadonlySet<string> = new Set([
  'Frame too large',
  'Invalid frame',
  'Invalid header',
  'Missing header',
  'Invalid destination',
  'Bad command',
]);
const kFrameCodes: ReadonlySet<number> = new Set([1007, 1009]);

/** Whether one of the frames under way made the server hang up, without it saying which. */
export function blamesAFrame({ code, error, attributed }: Closing): boolean {
  if (attributed) return false;
  return error === null ? kFrameCodes.has(code) : kFrameErrors.has(error.message);
}

/** As a sentence for whoever waits. */
export function wordsOf(error: ServerError): string {
  return error.detail || error.message || 'the server gave no reason';
}

export function wordsOfClosing({ code, reason, error }: Closing): string {
  if (error !== null) return wordsOf(error);
  return reason === '' ? `the connection ended with code ${code}` : `${reason} (${code})`;
}
