// Who the user is and what proves it, as headers of CONNECT and of a SEND to /app/auth.

export interface Credentials {
  /** The user's name; with a token the server goes by the token. */
  readonly login?: string;
  readonly passcode?: string;
  /** A JWT. */
  readonly token?: string;
}

/** `first`: the first connection; `reconnect`: any later one; `expiring`, `expired`: a new token is needed. */
export type CredentialsReason = 'first' | 'reconnect' | 'expiring' | 'expired';

export type CredentialsSource =
  | Credentials
  | ((reason: CredentialsReason) => Credentials | Promise<Credentials>);

export function connectHeaders({ login, passcode, token }: Credentials): Record<string, string> {
  return {
    ...(login === undefined ? {} : { login }),
    ...(passcode === undefined || passcode === '' ? {} : { passcode }),
    ...(token === undefined ? {} : authorization(token)),
  };
}

export function authorization(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

/** When the token expires, in milliseconds since 1970; null when it does not say. */
export function expiryOf(token: string | undefined): number | null {
  const payload = token?.split('.')[1];
  if (payload === undefined) return null;
  try {
    const json = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const { exp } = JSON.parse(json) as { exp?: unknown };
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : null;
  } catch {
    return null; // no JWT: whoever made it knows when it ends
  }
}

/** Before a token expires: a tenth of what is left of it, but time for a few tries. */
export function refreshDelay(expiry: number, now: number): number {
  const left = Math.max(0, expiry - now);
  return Math.max(0, left - Math.max(left / 10, Math.min(30_000, left / 2)));
}
