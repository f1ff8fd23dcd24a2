// Who waits for which RECEIPT, and what they hear when it does not come.
import type { Closing, ServerError } from './errors.js';

/** Whoever asked for a RECEIPT hears one of these, once. */
export interface Waiting {
  receipt(headers: Readonly<Record<string, string>>): void;
  /** The server refused this very frame; the connection ends with it. */
  refused(error: ServerError): void;
  /** The connection ended first. */
  lost(closing: Closing): void;
}

export class Receipts {
  private asked_ = 0;
  private readonly waiting_ = new Map<string, Waiting>();

  /** Sends with the header that asks for a RECEIPT, or with none when nobody waits. */
  asking<Result>(waiting: Waiting | undefined, send: (headers: Record<string, string>) => Result): Result {
    if (waiting === undefined) return send({});
    const id = `stampede-${(this.asked_ += 1)}`;
    this.waiting_.set(id, waiting);
    try {
      return send({ receipt: id });
    } catch (error) {
      this.waiting_.delete(id);
      throw error;
    }
  }

  /** Whether somebody waited for that one. */
  came(headers: Readonly<Record<string, string>>): boolean {
    const waiting = this.take(headers);
    waiting?.receipt(headers);
    return waiting !== undefined;
  }

  /** Whether the ERROR names a frame that somebody waits for. */
  refused(headers: Readonly<Record<string, string>>, error: ServerError): boolean {
    const waiting = this.take(headers);
    waiting?.refused(error);
    return waiting !== undefined;
  }

  lost(closing: Closing): void {
    const waiting = [...this.waiting_.values()];
    this.waiting_.clear();
    for (const one of waiting) one.lost(closing);
  }

  private take(headers: Readonly<Record<string, string>>): Waiting | undefined {
    const id = headers['receipt-id'] ?? '';
    const waiting = this.waiting_.get(id);
    this.waiting_.delete(id);
    return waiting;
  }
}
