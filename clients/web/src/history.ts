// The REST API of the same server: pages of history, and which rooms there are.
import { message_from_json, type ChatMessage } from './message';

export interface HistoryPage {
  /** Ascending by seq. */
  readonly messages: ChatMessage[];
  readonly older: boolean;
  readonly newer: boolean;
}

export interface PageQuery {
  readonly before?: number;
  readonly after?: number;
  readonly limit: number;
}

export interface RoomSummary {
  readonly room: string;
  readonly members: number;
}

/** Says in a sentence what the server could not do. */
export class ApiError extends Error {}

type Json = Record<string, unknown>;
type Fetch = (url: string, options: RequestInit) => Promise<Response>;

const kTimeoutMs = 10_000;

export class HistoryApi {
  private authorization_: string | null = null;

  /** `base` ends in `/api/v1`. */
  constructor(
    private readonly base_: string,
    private readonly fetch_: Fetch = (url, options) => fetch(url, options),
  ) {}

  /** From here on requests prove this; null = nothing. */
  set authorization(header: string | null) {
    this.authorization_ = header;
  }

  async page(room: string, query: PageQuery): Promise<HistoryPage> {
    const parameters = new URLSearchParams({ limit: String(query.limit) });
    if (query.before !== undefined) parameters.set('before', String(query.before));
    if (query.after !== undefined) parameters.set('after', String(query.after));
    const json = await this.get(`${room_path(room)}/messages?${parameters}`);
    const links = (json['links'] ?? {}) as Json;
    return {
      messages: list_of(json, 'messages').map(message_from_json),
      older: typeof links['previous'] === 'string',
      newer: typeof links['next'] === 'string',
    };
  }

  async rooms(limit: number): Promise<RoomSummary[]> {
    const json = await this.get(`/rooms?limit=${limit}`);
    return (list_of(json, 'rooms') as Json[]).map((entry) => ({
      room: String(entry['room'] ?? ''),
      members: Number(entry['members'] ?? 0),
    }));
  }

  private async get(path: string): Promise<Json> {
    let response: Response;
    try {
      response = await this.fetch_(this.base_ + path, {
        headers: this.authorization_ === null ? {} : { Authorization: this.authorization_ },
        // Or the browser would answer a 401 with a dialog of its own.
        credentials: 'omit',
        signal: AbortSignal.timeout(kTimeoutMs),
      });
    } catch {
      throw new ApiError('The server cannot be reached.');
    }
    const json = (await response.json().catch(() => null)) as Json | null;
    if (!response.ok) {
      const said = json?.['detail'] ?? json?.['title'];
      throw new ApiError(
        typeof said === 'string' ? said : `The server answered with status ${response.status}.`,
      );
    }
    if (json === null) throw new ApiError('The server’s answer is not JSON.');
    return json;
  }
}

function room_path(room: string): string {
  return `/rooms/${encodeURIComponent(room)}`;
}

function list_of(json: Json, name: string): unknown[] {
  const list = json[name];
  if (!Array.isArray(list)) throw new ApiError(`The server’s answer has no “${name}”.`);
  return list;
}

/** Rooms with people in them, those with most first. */
export function busiest(rooms: readonly RoomSummary[]): RoomSummary[] {
  return rooms.filter(({ members }) => members > 0).sort((a, b) => b.members - a.members);
}
