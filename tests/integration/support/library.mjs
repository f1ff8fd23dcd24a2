// clients/js as its users have it: compiled, in Node, with the WebSocket of ws.
import { afterEach } from 'node:test';
import { WebSocket } from 'ws';
import { connect } from '../../../clients/js/dist/index.js';
import { webSocketUrl } from './chat_client.mjs';

// A client that a failed test left open would keep its process from ending.
const open = new Set();
afterEach(async () => {
  await Promise.all([...open].map((client) => client.close()));
  open.clear();
});

/** `bases`: one URL, or several that are taken in turn, one for each connection. */
export function stampede(bases, { login, stomp, ...options } = {}) {
  const list = [bases].flat();
  let connections = 0;
  const client = connect({
    url: webSocketUrl(list[0]),
    credentials: { login },
    backoffBase: 200,
    ...options,
    stomp: {
      webSocketFactory: () => {
        const base = list[connections % list.length];
        connections += 1;
        return new WebSocket(webSocketUrl(base), ['v12.stomp', 'v11.stomp', 'v10.stomp']);
      },
      ...stomp,
    },
  });
  open.add(client);
  return client;
}

/** A room and a record of all that it told: {room, messages, gaps, replays}. */
export function recorded(client, name, options = {}) {
  const record = { messages: [], gaps: [], replays: [] };
  record.room = client.join(name, {
    onMessage: ({ seq, sender, body, replay }) => record.messages.push({ seq, sender, body, replay }),
    onGap: (gap) => record.gaps.push(gap),
    onReplayed: (replay) => record.replays.push(replay),
    ...options,
  });
  return record;
}
