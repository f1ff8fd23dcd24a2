// From messages to what stands in the list: days, the mark of what is unread, groups of one sender.
// Pure: the view only draws these rows.
import type { ChatMessage } from './message';
import type { Gap } from './history_sync';
import type { Outgoing } from './outgoing';

export interface MessageRow {
  readonly kind: 'message';
  readonly key: string;
  readonly sender: string;
  readonly own: boolean;
  readonly timestamp: number;
  readonly body: string;
  readonly binaryBytes: number;
  /** First and last of a group of one sender. */
  readonly first: boolean;
  readonly last: boolean;
  readonly state: Outgoing['state'] | 'stored';
  readonly reason: string;
  readonly ref: string;
}

export type Row =
  | MessageRow
  | { readonly kind: 'beginning'; readonly key: string }
  | { readonly kind: 'day'; readonly key: string; readonly timestamp: number }
  | { readonly kind: 'unread'; readonly key: string }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap };

export interface RowsInput {
  readonly user: string;
  /** Those shown, in order. */
  readonly messages: readonly ChatMessage[];
  readonly outgoing: readonly Outgoing[];
  /** The room's first message is among them. */
  readonly fromBeginning: boolean;
  /** The first unread message's id, or null. */
  readonly unreadFrom: string | null;
  /** Where messages are missing. */
  readonly gaps: readonly Gap[];
}

const kGroupMs = 5 * 60_000;

/** `id` is the message's, or '' of one that is not stored. */
type Draft = Omit<MessageRow, 'first' | 'last'> & { readonly id: string; readonly seq: number };

export function rows_of(input: RowsInput): Row[] {
  const rows: Row[] = [];
  if (input.fromBeginning) rows.push({ kind: 'beginning', key: 'beginning' });
  let before: Draft | null = null;
  let group: Draft[] = [];
  const end_group = (): void => {
    group.forEach(({ id: _, seq: _seq, ...draft }, at) =>
      rows.push({ ...draft, first: at === 0, last: at === group.length - 1 }),
    );
    group = [];
  };
  for (const draft of drafts_of(input)) {
    const newDay: boolean = before === null || !same_day(before.timestamp, draft.timestamp);
    const unread = draft.id !== '' && draft.id === input.unreadFrom;
    const gaps = gaps_between(input.gaps, before, draft);
    if (newDay || unread || gaps.length > 0 || before === null || !together(before, draft)) end_group();
    rows.push(...gaps);
    if (newDay)
      rows.push({
        kind: 'day',
        key: `day:${day_key(draft.timestamp)}`,
        timestamp: draft.timestamp,
      });
    if (unread) rows.push({ kind: 'unread', key: 'unread' });
    group.push(draft);
    before = draft;
  }
  end_group();
  return unique_days(rows);
}

/** A gap stands before the first message behind it. */
function gaps_between(gaps: readonly Gap[], before: Draft | null, draft: Draft): Row[] {
  if (before === null || draft.id === '') return [];
  return gaps
    .filter((gap) => before.seq < gap.before && draft.seq >= gap.before)
    .map((gap) => ({ kind: 'gap', key: `gap:${gap.before}`, gap }));
}

function drafts_of(input: RowsInput): Draft[] {
  const refs = new Set<string>();
  const outgoing = new Map(input.outgoing.map((entry) => [entry.ref, entry]));
  const drafts = input.messages.map((message) => {
    const own = message.sender === input.user;
    // One's own message keeps its row from the moment it is written.
    const keepsRow = own && message.ref !== '' && !refs.has(message.ref);
    refs.add(message.ref);
    // It is there for all to see, and still not safe before the server says so.
    const entry = own ? outgoing.get(message.ref)?.state : undefined;
    const state = entry === 'waiting' || entry === 'sending' ? 'sending' : 'stored';
    return stored_draft(message, own, state, keepsRow ? `ref:${message.ref}` : `id:${message.id}`);
  });
  const unseen = input.outgoing.filter((entry) => !refs.has(entry.ref));
  for (const entry of unseen) {
    // What failed stays where it was written; what is on its way comes after all that is there.
    const later = drafts.findIndex(({ timestamp }) => timestamp > entry.createdAt);
    const at = entry.state === 'failed' && later >= 0 ? later : drafts.length;
    drafts.splice(at, 0, outgoing_draft(entry, input.user));
  }
  return drafts;
}

function stored_draft(
  message: ChatMessage,
  own: boolean,
  state: 'sending' | 'stored',
  key: string,
): Draft {
  const { id, seq, sender, timestamp, body, ref } = message;
  const binaryBytes = message.binaryBytes ?? 0;
  return {
    kind: 'message',
    id,
    seq,
    key,
    sender,
    own,
    timestamp,
    body,
    binaryBytes,
    state,
    reason: '',
    ref,
  };
}

function outgoing_draft({ ref, body, createdAt, state, reason }: Outgoing, user: string): Draft {
  const key = `ref:${ref}`;
  return {
    kind: 'message',
    id: '',
    seq: 0,
    key,
    sender: user,
    own: true,
    timestamp: createdAt,
    body,
    binaryBytes: 0,
    state,
    reason,
    ref,
  };
}

function together(before: Draft, draft: Draft): boolean {
  const near = Math.abs(draft.timestamp - before.timestamp) < kGroupMs;
  return before.sender === draft.sender && near && before.state !== 'failed';
}

/** Clocks of several gateways may disagree about midnight; a day's label stands there once. */
function unique_days(rows: Row[]): Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    if (row.kind !== 'day') return true;
    if (seen.has(row.key)) return false;
    seen.add(row.key);
    return true;
  });
}

function day_key(timestamp: number): string {
  const day = new Date(timestamp);
  return `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}`;
}

function same_day(a: number, b: number): boolean {
  return day_key(a) === day_key(b);
}
