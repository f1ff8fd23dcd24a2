// Who is in a room, kept from the server's presence events. Pure.
import { numberOf } from './message.js';

export interface Member {
  readonly user: string;
  /** Connections of that user in this room; 1 until the server says otherwise. */
  readonly sessions: number;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export type PresenceEvent =
  /** The whole list: after joining, and after each reconnect. */
  | { readonly kind: 'members' }
  | { readonly kind: 'join' | 'leave'; readonly user: string }
  /** Only the number: the room is too big for a list. */
  | { readonly kind: 'count' };

const kEvents: ReadonlySet<string> = new Set(['members', 'join', 'leave', 'count']);

export function isPresenceEvent(event: string | undefined): boolean {
  return event !== undefined && kEvents.has(event);
}

export class Presence {
  private count_ = 0;
  private members_: Map<string, Member> | null = null;

  /** Users in the room. */
  get count(): number {
    return this.count_;
  }

  /** In the order of their arrival; null while the server names only their number. */
  get members(): readonly Member[] | null {
    return this.members_ === null ? null : [...this.members_.values()];
  }

  /** @internal Takes in one event; null when it says nothing new. */
  apply(headers: Readonly<Record<string, string>>, body: string): PresenceEvent | null {
    const user = headers['user'] ?? '';
    switch (headers['event']) {
      case 'members':
        this.members_ = membersOf(body);
        this.count_ = numberOf(headers['members']);
        return { kind: 'members' };
      case 'count':
        this.members_ = null;
        this.count_ = numberOf(headers['members']);
        return { kind: 'count' };
      case 'join': {
        const known = this.members_?.has(user) === true;
        if (!known) this.members_?.set(user, { user, sessions: 1, since: numberOf(headers['timestamp']) });
        this.count_ = numberOf(headers['members']);
        return known ? null : { kind: 'join', user };
      }
      case 'leave': {
        const unknown = this.members_?.delete(user) === false;
        this.count_ = numberOf(headers['members']);
        return unknown ? null : { kind: 'leave', user };
      }
      default:
        return null;
    }
  }
}

/** Null when the body has no list: then the room is too big for one. */
function membersOf(body: string): Map<string, Member> | null {
  let users: unknown;
  try {
    users = (JSON.parse(body) as { users?: unknown } | null)?.users;
  } catch {
    return null;
  }
  if (!Array.isArray(users)) return null;
  const members = new Map<string, Member>();
  for (const { user, sessions, since } of users as Partial<Member>[]) {
    if (typeof user !== 'string') continue;
    members.set(user, { user, sessions: sessions ?? 1, since: since ?? 0 });
  }
  return members;
}
