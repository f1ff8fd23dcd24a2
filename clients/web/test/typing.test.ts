import assert from 'node:assert/strict';
import test from 'node:test';
import { OthersTyping, OwnTyping, typing_text } from '../src/typing';
import { FakeClock } from './support';

function own() {
  const clock = new FakeClock();
  const said: boolean[] = [];
  return { clock, said, typing: new OwnTyping(clock, (typing) => said.push(typing)) };
}

function others() {
  const clock = new FakeClock();
  const shown: string[] = [];
  return { clock, shown, typing: new OthersTyping(clock, (users) => shown.push(users.join())) };
}

test('writing is said at once, again every few seconds, and its end after a pause', async () => {
  const { clock, said, typing } = own();
  for (let key = 0; key < 40; key += 1) {
    typing.wrote('hello');
    await clock.advance(100);
  }
  assert.deepEqual(said, [true, true]);
  await clock.advance(5_000);
  assert.deepEqual(said, [true, true, false]);
  await clock.advance(60_000);
  assert.equal(said.length, 3);
});

test('an emptied box and a message that went out end it', async () => {
  const { clock, said, typing } = own();
  typing.wrote('h');
  typing.wrote('  ');
  typing.wrote('');
  assert.deepEqual(said, [true, false]);
  typing.wrote('hello');
  typing.sent();
  await clock.advance(60_000);
  assert.deepEqual(said, [true, false, true], 'the message itself is the word');
  typing.wrote('next');
  assert.equal(said.length, 4);
});

test('others are believed for some seconds, and as long as they repeat it', async () => {
  const { clock, shown, typing } = others();
  typing.heard('ana', true);
  typing.heard('bo', true);
  await clock.advance(5_000);
  typing.heard('ana', true);
  await clock.advance(3_500);
  assert.deepEqual(shown, ['ana', 'ana,bo', 'ana']);
  await clock.advance(5_000);
  assert.deepEqual(shown.at(-1), '');
});

test('who says so, or sends, is off the list', () => {
  const { shown, typing } = others();
  typing.heard('ana', true);
  typing.heard('ana', false);
  typing.heard('ana', false);
  typing.heard('bo', true);
  typing.clear();
  typing.clear();
  assert.deepEqual(shown, ['ana', '', 'bo', '']);
});

test('who is writing is said in words', () => {
  assert.equal(typing_text([]), '');
  assert.equal(typing_text(['Ana']), 'Ana is typing…');
  assert.equal(typing_text(['Ana', 'Bo']), 'Ana and Bo are typing…');
  assert.equal(typing_text(['Ana', 'Bo', 'Cy']), 'Several people are typing…');
});
