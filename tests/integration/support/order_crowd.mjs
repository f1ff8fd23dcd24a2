// Clients that send, lose their connection every few seconds, come back on another gateway and go on where
// they were, and write down everything they send and get, as order_checker.mjs reads it. Light: a frame is
// cut up with a few string operations, and there is no library between the client and its socket.
import { appendFileSync, writeFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { webSocketUrl } from './chat_client.mjs';
import { eventually } from './wait.mjs';

const kUnconfirmed = 10; // sends under way at most
const kReconnectMs = [1000, 6000]; // a connection's life
const kTickMs = 50;

function frame(command, headers, body = '') {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}

/** Names and values here need no escaping. */
function parse(text) {
  const [head, body] = text.split('\n\n', 2);
  const [command, ...lines] = head.split('\n');
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon)] ??= line.slice(colon + 1);
  }
  return { command, headers, body: (body ?? '').replace(/\0\n?$/, '') };
}

class Client {
  constructor(crowd, number, room, messages) {
    Object.assign(this, { crowd, room, messages, name: `c${number}` });
    this.connections = 0;
    this.next = 0; // message to send for the first time
    this.unconfirmed = new Map(); // n -> body, in the order sent
    this.reached = undefined; // position to go on from
    this.problems = [];
  }

  get done() {
    return this.next === this.messages && this.unconfirmed.size === 0;
  }

  connect() {
    const url = this.crowd.pick(this.crowd.gateways);
    this.connections += 1;
    this.sub = `${this.name}.${this.connections}`;
    this.live = false;
    const socket = new WebSocket(webSocketUrl(url), 'v12.stomp', { perMessageDeflate: false });
    this.socket = socket;
    socket.on('open', () => socket.send(frame('CONNECT', { 'accept-version': '1.2', host: 'stampede', login: this.name })));
    socket.on('message', (bytes) => this.socket === socket && this.hear(`${bytes}`));
    socket.on('error', () => {});
    socket.on('close', () => this.socket === socket && this.comeBack());
    this.ends = Date.now() + this.crowd.between(...kReconnectMs);
  }

  /** As a browser that lost its network: whatever still comes is not seen. */
  comeBack() {
    const old = this.socket;
    this.socket = null;
    old.terminate();
    if (this.subscribed) this.crowd.note({ t: 'end', sub: this.sub });
    this.subscribed = false;
    if (this.crowd.over) return;
    this.crowd.reconnects += 1;
    setTimeout(() => this.connect(), this.crowd.between(0, 200));
  }

  hear(text) {
    if (text === '\n') return;
    const { command, headers, body } = parse(text);
    if (command === 'MESSAGE') this.onMessage(headers, body);
    else if (command === 'RECEIPT') this.onReceipt(headers);
    else if (command === 'CONNECTED') this.subscribe();
    else if (command === 'ERROR') this.problems.push(`${headers.message}: ${body}`);
  }

  subscribe() {
    const since = this.reached === undefined ? {} : { since: this.reached };
    this.crowd.note({ t: 'subscribe', sub: this.sub, client: this.name, room: this.room, ...since });
    this.subscribed = true;
    this.socket.send(frame('SUBSCRIBE', { id: 's', destination: `/topic/${this.room}`, receipt: 'live', ...since }));
  }

  onMessage(headers, body) {
    const seq = Number(headers.seq);
    const told = headers.recovered === 'false' ? { recovered: false } : {};
    this.crowd.note({ t: 'message', sub: this.sub, seq, prev: Number(headers['prev-seq'] ?? 0), body, ...told });
    this.reached = seq;
  }

  onReceipt(headers) {
    if (headers['receipt-id'] !== 'live') {
      const n = Number(headers['receipt-id']);
      this.crowd.note({ t: 'receipt', client: this.name, body: this.unconfirmed.get(n), seq: Number(headers.seq) });
      this.unconfirmed.delete(n);
      this.send();
      return;
    }
    const seq = Number(headers.seq);
    const oldest = headers['oldest-seq'] ? { oldest: Number(headers['oldest-seq']) } : {};
    this.crowd.note({ t: 'live', sub: this.sub, seq, recovered: headers.recovered !== 'false', ...oldest });
    this.reached ??= seq;
    this.live = true;
    for (const [n, body] of this.unconfirmed) this.sendOne(n, body);
    this.send();
  }

  sendOne(n, body) {
    this.crowd.note({ t: 'send', client: this.name, body, n });
    this.socket.send(frame('SEND', { destination: `/topic/${this.room}`, 'message-key': body, receipt: n }, body));
  }

  send() {
    while (this.live && this.unconfirmed.size < kUnconfirmed && this.next < this.allowed) {
      const n = this.next;
      this.next += 1;
      const body = `${this.crowd.run}/${this.name}/${n}`;
      this.unconfirmed.set(n, body);
      this.sendOne(n, body);
    }
  }

  tick(share) {
    if (!this.socket) return;
    if (!this.crowd.settling && Date.now() > this.ends) return this.comeBack();
    this.allowed = Math.min(this.messages, Math.ceil(this.messages * share));
    this.send();
  }
}

export class Crowd {
  /** `rate`: messages a second of all clients together; `random()`: between 0 and 1. */
  constructor({ gateways, rooms, clients, messages, rate, random, run }) {
    Object.assign(this, { gateways, random, run, rate, messages });
    this.events = [];
    this.reconnects = 0;
    this.over = false;
    this.settling = false;
    this.clients = Array.from({ length: clients }, (_, i) =>
      new Client(this, i, rooms[i % rooms.length], Math.ceil(messages / clients)));
  }

  note(event) {
    this.events.push(event);
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  between(from, to) {
    return from + this.random() * (to - from);
  }

  /**
   * Everyone joins, sends and reconnects until all is confirmed; then all stay, and it is theirs to get the rest.
   * `halfway` is called once, in the middle.
   */
  async talk(seconds, halfway) {
    for (const client of this.clients) client.connect();
    await eventually('all are in their rooms', () => this.clients.every((client) => client.live), { seconds: 60 });
    const started = Date.now();
    let half = false;
    const timer = setInterval(() => {
      const share = ((Date.now() - started) / 1000) * this.rate / this.messages;
      if (!half && share > 0.5) {
        half = true;
        halfway();
      }
      for (const client of this.clients) client.tick(share);
    }, kTickMs);
    try {
      await eventually('everything is confirmed', () => this.clients.every((client) => client.done),
        { seconds, describe: () => this.state() });
      this.settling = true;
      await eventually('all are back', () => this.clients.every((client) => client.live && client.socket), { seconds: 60 });
    } finally {
      clearInterval(timer);
    }
    return (Date.now() - started) / 1000;
  }

  /** `last`: room -> its last position. A message that never comes is for the checker to find. */
  async catchUp(last, seconds) {
    const behind = () => this.clients.filter((client) => (client.reached ?? 0) < (last.get(client.room) ?? 0));
    await eventually('all have the last message', () => behind().length === 0, { seconds }).catch(() => {});
  }

  state() {
    const open = this.clients.filter((client) => !client.done);
    const problems = open.flatMap((client) => client.problems).slice(0, 3);
    return `${open.length} of ${this.clients.length} clients are not done: ${problems.join('; ')}`;
  }

  leave() {
    this.over = true;
    for (const client of this.clients) client.socket?.terminate();
  }

  /** As JSON lines, so that a run can be looked into afterwards. */
  write(file) {
    writeFileSync(file, '');
    for (let i = 0; i < this.events.length; i += 10000) {
      appendFileSync(file, this.events.slice(i, i + 10000).map((event) => `${JSON.stringify(event)}\n`).join(''));
    }
  }
}
