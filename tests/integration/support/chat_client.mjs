// A chat client as anyone would write it with STOMP.js, which also keeps a record of all it sent and got.
import { afterEach } from 'node:test';
import { Client } from '@stomp/stompjs';
import { WebSocket } from 'ws';

export const webSocketUrl = (base) => `${base.replace(/^http/, 'ws')}/ws`;

// A connection that a failed test left open would keep its process from ending.
const open = new Set();
afterEach(async () => {
  await Promise.all([...open].map((client) => client.stomp.deactivate({ force: true })));
  open.clear();
});

export class ChatClient {
  /** `reconnectDelay` in milliseconds; 0 leaves a lost connection lost. `webSocket`: options of ws; `headers`: of CONNECT. */
  constructor(base, { login = 'tester', headers = {}, reconnectDelay = 0, webSocket = {} } = {}) {
    this.errors = []; // ERROR frames: {message, body}
    this.closes = []; // WebSocket closes: {code, reason}
    this.connects = 0;
    this.pending = new Map(); // receipt id -> {resolve, reject}
    this.nextReceipt = 0;
    this.onConnected = () => {};
    this.stomp = new Client({
      webSocketFactory: () => new WebSocket(webSocketUrl(base), ['v12.stomp', 'v11.stomp', 'v10.stomp'], webSocket),
      connectHeaders: { login, ...headers },
      reconnectDelay,
      heartbeatIncoming: 10000,
      heartbeatOutgoing: 10000,
      onConnect: (frame) => {
        this.connects += 1;
        this.user = frame.headers['user-name'];
        this.onConnected();
      },
      onStompError: (frame) => {
        this.errors.push({ message: frame.headers.message, body: frame.body });
        this.failPending(`ERROR ${frame.headers.message}: ${frame.body}`);
      },
      onWebSocketClose: (event) => {
        this.closes.push({ code: event.code, reason: event.reason });
        this.failPending(`closed: ${event.code} ${event.reason}`);
      },
      onUnhandledReceipt: (frame) => {
        const waiting = this.pending.get(frame.headers['receipt-id']);
        this.pending.delete(frame.headers['receipt-id']);
        waiting?.resolve(frame.headers);
      },
    });
  }

  failPending(reason) {
    for (const { reject } of this.pending.values()) reject(new Error(reason));
    this.pending.clear();
  }

  /** Resolves when CONNECTED; rejects when the connection ends before. */
  connect() {
    return new Promise((resolve, reject) => {
      const before = this.closes.length;
      const closed = this.stomp.onWebSocketClose;
      this.stomp.onWebSocketClose = (event) => {
        closed(event);
        if (this.closes.length === before + 1) reject(new Error(`closed: ${event.code} ${event.reason}`));
      };
      this.onConnected = () => {
        this.onConnected = () => {};
        resolve(this);
      };
      open.add(this);
      this.stomp.activate();
    });
  }

  /** A fresh receipt id and a promise of the RECEIPT's headers. */
  receipt() {
    const id = `r${(this.nextReceipt += 1)}`;
    const promise = new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
    return { id, promise };
  }

  /** Resolves to a record of the subscription when it is live: {messages, position, headers of the RECEIPT}. */
  subscribe(room, headers = {}) {
    return this.subscribeTo(`/topic/${room}`, headers);
  }

  async subscribeTo(destination, headers = {}) {
    const record = { messages: [], position: 0 };
    const { id, promise } = this.receipt();
    record.subscription = this.stomp.subscribe(
      destination,
      (message) => record.messages.push(fields(message)),
      { ...headers, receipt: id },
    );
    record.headers = await promise;
    record.position = Number(record.headers.seq);
    return record;
  }

  /** Resolves to the position of the message once it is confirmed. */
  async send(room, body, headers = {}) {
    return Number((await this.sendTo(`/topic/${room}`, body, headers)).seq);
  }

  /** Resolves to the headers of the RECEIPT. */
  sendTo(destination, body, headers = {}) {
    const { id, promise } = this.receipt();
    this.stomp.publish({
      destination,
      body,
      headers: { 'content-type': 'text/plain', ...headers, receipt: id },
    });
    return promise;
  }

  /** DISCONNECT, its receipt, and the end of the WebSocket. */
  async close() {
    await this.stomp.deactivate();
    open.delete(this);
  }
}

function fields(message) {
  return {
    seq: Number(message.headers.seq),
    prev: Number(message.headers['prev-seq']),
    id: message.headers['message-id'],
    sender: message.headers.sender,
    timestamp: Number(message.headers.timestamp),
    destination: message.headers.destination,
    body: message.body,
    headers: message.headers,
  };
}

export async function connected(base, options) {
  return new ChatClient(base, options).connect();
}

/** Sends `bodies` with at most `window` unconfirmed; gives the positions in the order of `bodies`. */
export async function sendAll(client, room, bodies, window = 200) {
  const positions = new Array(bodies.length);
  let next = 0;
  const lane = async () => {
    while (next < bodies.length) {
      const index = next;
      next += 1;
      positions[index] = await client.send(room, bodies[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, bodies.length) }, lane));
  return positions;
}
