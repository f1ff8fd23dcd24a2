import assert from 'node:assert/strict';
import test from 'node:test';
import type { Message } from 'stampede-client';
import { delay_ms } from '../src/backoff';
import { day_label } from '../src/dates';
import { message_from_json, message_from_room } from '../src/message';
import { hue_of, initials, kHues, room_from_title, room_problem, user_problem } from '../src/names';
import { is_emoji_only, pieces_of } from '../src/text';

const bytes = (text: string) => new TextEncoder().encode(text);

const received = (body: Uint8Array) =>
  ({
    id: 'a1',
    seq: 1700000000000001,
    prev: 1700000000000000,
    sender: 'ana',
    timestamp: 1700000000000,
    key: 'r1',
    frame: { binaryBody: body },
  }) as unknown as Message;

test('what a room receives becomes a message', () => {
  assert.deepEqual(message_from_room(received(bytes('héllo'))), {
    id: 'a1',
    seq: 1700000000000001,
    prev: 1700000000000000,
    sender: 'ana',
    timestamp: 1700000000000,
    ref: 'r1',
    body: 'héllo',
  });
});

test('a body that is no text is counted', () => {
  const binary = message_from_room(received(Uint8Array.of(0xff, 0x00)));
  assert.equal(binary.body, '');
  assert.equal(binary.binaryBytes, 2);
});

test('history becomes messages like those of frames', () => {
  const json = {
    id: 'a1',
    seq: 5,
    prev: 4,
    sender: 'ana',
    timestamp: 3,
    contentType: 'text/plain',
    headers: { colour: 'red' },
    body: 'hi',
  };
  assert.deepEqual(message_from_json(json), {
    id: 'a1',
    seq: 5,
    prev: 4,
    sender: 'ana',
    timestamp: 3,
    ref: '',
    body: 'hi',
  });
  assert.equal(message_from_json({ ...json, encoding: 'base64', body: '/wA=' }).binaryBytes, 2);
  assert.throws(() => message_from_json({}));
  assert.throws(() => message_from_json(null));
});

test('backoff doubles, is bounded, and half of it is chance', () => {
  const backoff = { firstMs: 100, longestMs: 1000 };
  assert.deepEqual(
    [0, 1, 2, 3, 4, 400].map((attempt) => delay_ms(backoff, attempt, 0)),
    [50, 100, 200, 400, 500, 500],
  );
  assert.equal(delay_ms(backoff, 1, 0.5), 150);
});

test('names of rooms', () => {
  for (const good of ['lobby', 'a', 'A.b_c:d-9', 'x'.repeat(200)])
    assert.equal(room_problem(good), null);
  assert.match(room_problem('')!, /name/u);
  assert.match(room_problem('two words')!, /space/u);
  assert.match(room_problem('a/b')!, /“\/”/u);
  assert.match(room_problem('café')!, /“é”/u);
  assert.match(room_problem('x'.repeat(201))!, /200/u);
  assert.equal(room_from_title('  # Release party '), 'Release-party');
});

test('names of users', () => {
  for (const good of ['ana', 'Ana María', '名前', '🐂']) assert.equal(user_problem(good), null);
  assert.notEqual(user_problem(''), null);
  assert.match(user_problem('a\nb')!, /control/u);
  assert.match(user_problem('é'.repeat(101))!, /200 bytes/u);
});

test('initials and colours', () => {
  assert.equal(initials('ana ruiz'), 'AR');
  assert.equal(initials('ana.maria.ruiz'), 'AM');
  assert.equal(initials('🐂 ox'), '🐂O');
  assert.equal(initials('  '), '?');
  assert.equal(hue_of('ana'), hue_of('ana'));
  const used = new Set(Array.from({ length: 400 }, (_, at) => hue_of(`user ${at}`)));
  assert.equal(used.size, kHues);
});

test('links are found, their punctuation is not part of them', () => {
  assert.deepEqual(pieces_of('see https://a.example/b?c=d#e, or (http://x.example/y_(z)).'), [
    { text: 'see ' },
    { text: 'https://a.example/b?c=d#e', href: 'https://a.example/b?c=d#e' },
    { text: ', or (' },
    { text: 'http://x.example/y_(z)', href: 'http://x.example/y_(z)' },
    { text: ').' },
  ]);
  assert.deepEqual(pieces_of('javascript:alert(1) data:text/html,x'), [
    { text: 'javascript:alert(1) data:text/html,x' },
  ]);
  assert.deepEqual(pieces_of('https://'), [{ text: 'https://' }]);
  assert.deepEqual(pieces_of('<a href="https://a.example">'), [
    { text: '<a href="' },
    { text: 'https://a.example', href: 'https://a.example' },
    { text: '">' },
  ]);
  for (const text of ['', 'a\nb', 'x https://a.example y']) {
    assert.equal(
      pieces_of(text)
        .map((piece) => piece.text)
        .join(''),
      text,
    );
  }
});

test('finding links stays quick on hostile text', () => {
  const started = performance.now();
  pieces_of(`https://a.example/${'))))'.repeat(20_000)}`);
  pieces_of('https://'.repeat(20_000));
  assert.ok(performance.now() - started < 1_000);
});

test('a few emoji alone are large', () => {
  assert.equal(is_emoji_only('🎉'), true);
  assert.equal(is_emoji_only('👩‍🚀 👍🏽'), true);
  assert.equal(is_emoji_only('hi 🎉'), false);
  assert.equal(is_emoji_only('123'), false);
  assert.equal(is_emoji_only(''), false);
});

test('days have names', () => {
  const now = new Date(2024, 4, 6, 0, 30).getTime();
  const day = 86_400_000;
  assert.equal(day_label(now, now), 'Today');
  assert.equal(day_label(now - 3_600_000, now), 'Yesterday');
  assert.match(day_label(now - 3 * day, now), /^Friday,? 3 May$/u);
  assert.equal(day_label(now - 300 * day, now), '11 July 2023');
});
