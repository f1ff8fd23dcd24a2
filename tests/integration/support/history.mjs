// The REST API: single requests, and a whole room page by page.
import assert from 'node:assert/strict';

export async function getJson(url) {
  const response = await fetch(url);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** All messages of a room, oldest first, following the links to older pages. */
export async function wholeHistory(base, room, limit = 200) {
  const pages = [];
  let url = `${base}/api/v1/rooms/${room}/messages?limit=${limit}`;
  while (url) {
    const { status, body } = await getJson(url);
    assert.equal(status, 200, `${url}: ${JSON.stringify(body)}`);
    assert.ok(body.messages.length <= limit, `${url} gave ${body.messages.length} messages`);
    pages.unshift(body.messages);
    url = body.links?.previous ? new URL(body.links.previous, base).href : null;
  }
  return pages.flat();
}

/** The same from the oldest message on, by `after`. */
export async function historyAfter(base, room, after, limit = 200) {
  const messages = [];
  let url = `${base}/api/v1/rooms/${room}/messages?after=${after}&limit=${limit}`;
  while (url) {
    const { status, body } = await getJson(url);
    assert.equal(status, 200, `${url}: ${JSON.stringify(body)}`);
    messages.push(...body.messages);
    url = body.links?.next ? new URL(body.links.next, base).href : null;
  }
  return messages;
}

/** Names of the users in a room, as the API tells them. */
export async function memberNames(base, room) {
  const { status, body } = await getJson(`${base}/api/v1/rooms/${room}/members`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.members.map((member) => member.user);
}
