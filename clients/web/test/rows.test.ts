import assert from 'node:assert/strict';
import test from 'node:test';
import type { Outgoing } from '../src/outgoing';
import { RowWindow } from '../src/row_window';
import { rows_of, type Row, type RowsInput } from '../src/rows';
import { Timeline } from '../src/timeline';
import { Unread } from '../src/unread';
import { message, messages } from './support';

const kNoon = new Date(2024, 4, 6, 12).getTime();
const at = (seq: number, sender: string, minutes: number, more = {}) =>
  message(seq, { sender, timestamp: kNoon + minutes * 60_000, ...more });

function rows(input: Partial<RowsInput>): Row[] {
  return rows_of({
    user: 'me',
    messages: [],
    outgoing: [],
    fromBeginning: false,
    unreadFrom: null,
    gaps: [],
    ...input,
  });
}

function drawn(list: Row[]): string[] {
  return list.map((row) => {
    if (row.kind !== 'message') return row.kind;
    return `${row.sender}${row.first ? ' first' : ''}${row.last ? ' last' : ''}`;
  });
}

const outgoing = (
  ref: string,
  minutes: number,
  state: Outgoing['state'] = 'sending',
): Outgoing => ({
  ref,
  body: 'x',
  createdAt: kNoon + minutes * 60_000,
  state,
  reason: '',
});

test('groups what one sender says within minutes', () => {
  const list = rows({
    messages: [at(1, 'ana', 0), at(2, 'ana', 1), at(3, 'bo', 2), at(4, 'ana', 3), at(5, 'ana', 20)],
  });
  assert.deepEqual(drawn(list), [
    'day',
    'ana first',
    'ana last',
    'bo first last',
    'ana first last',
    'ana first last',
  ]);
});

test('a new day has its line, once', () => {
  const night = 12 * 60;
  const list = rows({
    messages: [
      at(1, 'ana', night - 1),
      at(2, 'ana', night + 1),
      at(3, 'bo', night - 1),
      at(4, 'bo', night + 1),
    ],
  });
  assert.equal(list.filter(({ kind }) => kind === 'day').length, 2);
  assert.equal(new Set(list.map(({ key }) => key)).size, list.length);
});

test('marks where the unread begin and starts a group there', () => {
  const list = rows({ messages: [at(1, 'ana', 0), at(2, 'ana', 1)], unreadFrom: 'm2' });
  assert.deepEqual(drawn(list), ['day', 'ana first last', 'unread', 'ana first last']);
});

test('the room’s beginning comes first', () => {
  assert.deepEqual(drawn(rows({ fromBeginning: true })), ['beginning']);
});

test('an own message keeps its row from writing to storage', () => {
  const before = rows({ messages: [at(1, 'me', 0)], outgoing: [outgoing('r1', 1)] });
  const after = rows({ messages: [at(1, 'me', 0), at(2, 'me', 1, { ref: 'r1' })] });
  assert.deepEqual(
    before.map(({ key }) => key),
    after.map(({ key }) => key),
  );
});

test('an own message that is both stored and on its way is one row', () => {
  const list = rows({ messages: [at(1, 'me', 0, { ref: 'r1' })], outgoing: [outgoing('r1', 0)] });
  assert.deepEqual(drawn(list), ['day', 'me first last']);
});

test('an own message is marked as on its way until the server has it safe', () => {
  const stored = [at(1, 'me', 0, { ref: 'r1' })];
  const state_with = (state: Outgoing['state']) => {
    const row = rows({ messages: stored, outgoing: [outgoing('r1', 0, state)] }).at(-1)!;
    return row.kind === 'message' ? row.state : row.kind;
  };
  assert.equal(state_with('sending'), 'sending');
  assert.equal(state_with('waiting'), 'sending');
  assert.equal(state_with('sent'), 'stored');
  assert.equal(state_with('failed'), 'stored');
});

test('a gap stands before the message behind it, once', () => {
  const gap = { after: 2, before: 5, state: 'missing' } as const;
  const list = rows({
    messages: [at(1, 'ana', 0), at(2, 'ana', 0), at(5, 'ana', 1), at(6, 'ana', 1)],
    gaps: [gap],
  });
  assert.deepEqual(drawn(list), ['day', 'ana first', 'ana last', 'gap', 'ana first', 'ana last']);
  const above = rows({ messages: [at(5, 'ana', 1)], gaps: [gap] });
  assert.deepEqual(drawn(above), ['day', 'ana first last']);
});

test('what is on its way comes last, what failed stays where it was written', () => {
  const messages = [at(1, 'ana', 0), at(2, 'bo', 10), at(3, 'cy', 20)];
  const waiting = rows({ messages, outgoing: [outgoing('r1', 5)] });
  assert.deepEqual(
    drawn(waiting).map((row) => row.split(' ')[0]),
    ['day', 'ana', 'bo', 'cy', 'me'],
  );
  const failed = rows({ messages, outgoing: [outgoing('r1', 5, 'failed'), outgoing('r2', 6)] });
  assert.deepEqual(
    drawn(failed).map((row) => row.split(' ')[0]),
    ['day', 'ana', 'me', 'bo', 'cy', 'me'],
  );
});

test('keys are unique, even when somebody repeats a ref', () => {
  const list = rows({ messages: [at(1, 'me', 0, { ref: 'r1' }), at(2, 'me', 1, { ref: 'r1' })] });
  assert.equal(new Set(list.map(({ key }) => key)).size, 3);
});

test('a window follows the newest, holds still for a reader, and moves both ways', () => {
  const timeline = new Timeline();
  const window = new RowWindow();
  timeline.merge(messages(1, 1_000));
  assert.deepEqual(window.range(timeline), { start: 880, end: 1_000 });
  window.read(timeline);
  timeline.merge(messages(1_001, 1_500));
  assert.deepEqual(window.range(timeline), { start: 880, end: 1_240 });
  assert.equal(window.extend_up(timeline), true);
  assert.deepEqual(window.range(timeline), { start: 760, end: 1_120 });
  assert.equal(window.extend_down(timeline), true);
  assert.deepEqual(window.range(timeline), { start: 880, end: 1_240 });
  while (window.extend_down(timeline));
  assert.equal(window.range(timeline).end, 1_500);
  window.follow();
  assert.deepEqual(window.range(timeline), { start: 1_380, end: 1_500 });
});

test('a window stays where it is when older messages arrive', () => {
  const timeline = new Timeline();
  const window = new RowWindow();
  timeline.merge(messages(51, 100));
  window.read(timeline);
  assert.equal(window.extend_up(timeline), false);
  timeline.merge(messages(1, 50));
  assert.equal(timeline.messages[window.range(timeline).start]?.seq, 51);
  assert.equal(window.extend_up(timeline), true);
  assert.equal(window.range(timeline).start, 0);
});

test('unread: counts until attended, marks until answered', () => {
  const unread = new Unread();
  unread.arrived([message(1)]);
  unread.arrived([message(2), message(3)]);
  assert.deepEqual([unread.count, unread.from], [3, 'm1']);
  unread.attended();
  assert.deepEqual([unread.count, unread.from], [0, 'm1']);
  unread.arrived([message(4)]);
  assert.deepEqual([unread.count, unread.from], [1, 'm4']);
  unread.answered();
  assert.deepEqual([unread.count, unread.from], [0, null]);
});
