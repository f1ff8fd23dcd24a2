import assert from 'node:assert/strict';
import test from 'node:test';
import { ApiError, HistoryApi } from '../src/history';
import { authorization_of } from '../src/identity';

function api(status: number, body: unknown) {
  const urls: string[] = [];
  const options: RequestInit[] = [];
  const made = new HistoryApi('/api/v1', async (url, given) => {
    urls.push(url);
    options.push(given);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
  });
  return { api: made, urls, options };
}

test('asks for pages by position', async () => {
  const { api: history, urls } = api(200, { room: 'a:b', messages: [], links: { previous: '/x' } });
  const page = await history.page('a:b', { before: 7, limit: 50 });
  await history.page('a:b', { after: 9, limit: 200 });
  assert.deepEqual(urls, [
    '/api/v1/rooms/a%3Ab/messages?limit=50&before=7',
    '/api/v1/rooms/a%3Ab/messages?limit=200&after=9',
  ]);
  assert.deepEqual(page, { messages: [], older: true, newer: false });
});

test('requests prove what the connection proves, and never ask the browser to', async () => {
  const { api: history, options } = api(200, { rooms: [] });
  await history.rooms(5);
  history.authorization = authorization_of({ user: 'ana', passcode: 'päss' });
  await history.rooms(5);
  history.authorization = authorization_of({ user: 'ana', passcode: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' });
  await history.rooms(5);
  assert.deepEqual(
    options.map(({ headers }) => headers),
    [
      {},
      { Authorization: `Basic ${Buffer.from('ana:päss').toString('base64')}` },
      { Authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln' },
    ],
  );
  assert.ok(options.every(({ credentials }) => credentials === 'omit'));
});

test('a problem is told in the server’s words', async () => {
  const { api: history } = api(503, { title: 'Service Unavailable', detail: 'The store is away.' });
  await assert.rejects(history.rooms(5), new ApiError('The store is away.'));
});

test('answers that are none of ours are told as such', async () => {
  await assert.rejects(api(502, '<html>').api.rooms(5), /status 502/u);
  await assert.rejects(api(200, '<html>').api.rooms(5), /not JSON/u);
  await assert.rejects(api(200, {}).api.rooms(5), /no “rooms”/u);
  const unreachable = new HistoryApi('/api/v1', () => Promise.reject(new TypeError('fetch')));
  await assert.rejects(unreachable.rooms(5), /cannot be reached/u);
});
