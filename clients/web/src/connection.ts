// How things stand between this user and the room, as one state: the connection's and the room's.
import type { ConnectionState as ClientState, RoomState } from 'stampede-client';

export type ConnectionState =
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'live' }
  /** Lost; the next attempt starts at `retryAt`. */
  | { readonly kind: 'waiting'; readonly retryAt: number; readonly reason: string }
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

/** Close code of docs/protocol.md: the user may not do that, whatever the log-in. */
const kAccessRefused = 4011;

/** `again`: the room was live before. */
export function connection_of(client: ClientState, room: RoomState, again: boolean): ConnectionState {
  if (room.kind === 'refused') return refused(false, room.error.message);
  switch (client.kind) {
    case 'connecting':
      return { kind: 'connecting', attempt: client.attempt };
    case 'connected':
      if (room.kind === 'full') return { kind: 'waiting', retryAt: room.retryAt, reason: room.error.message };
      return room.kind === 'live' ? { kind: 'live' } : { kind: 'connecting', attempt: again ? 1 : 0 };
    case 'waiting': {
      const { retryAt, error } = client;
      return { kind: 'waiting', retryAt, reason: error === null ? '' : error.detail || error.message };
    }
    case 'offline':
      return { kind: 'offline' };
    case 'refused':
      return refused(client.code !== kAccessRefused, client.reason);
    case 'closed':
      return { kind: 'closed' };
  }
}

function refused(login: boolean, reason: string): ConnectionState {
  return { kind: 'refused', refusal: { login, reason } };
}
