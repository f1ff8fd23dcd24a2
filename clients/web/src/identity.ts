// Who the user says to be, and what proves it. The passcode stays in memory: it is asked for again
// after a reload rather than kept where a script of another page could find it.

export interface Identity {
  readonly user: string;
  /** A passcode, a token (JWT), or '' where the server asks for neither. */
  readonly passcode: string;
}

/** Three parts in base64url, the first of them a JSON object: a JWT. */
export function is_token(passcode: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/u.test(passcode);
}

/** The Authorization header of a request, or null when there is nothing to prove. */
export function authorization_of({ user, passcode }: Identity): string | null {
  if (passcode === '') return null;
  if (is_token(passcode)) return `Bearer ${passcode}`;
  const bytes = new TextEncoder().encode(`${user}:${passcode}`);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`;
}
