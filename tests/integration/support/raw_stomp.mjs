// STOMP by hand over any stream of bytes, so that nothing a library does is between a test and the server.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';

const escapes = {
  '1.0': {},
  '1.1': { '\\': '\\\\', '\n': '\\n', ':': '\\c' },
  '1.2': { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' },
};
const handshake = new Set(['CONNECT', 'STOMP', 'CONNECTED']);

function escape(version, text) {
  return text.replace(/[\\\n\r:]/g, (c) => escapes[version][c] ?? c);
}

function unescape(version, text) {
  return text.replace(/\\(.)/gs, (pair) => {
    const found = Object.entries(escapes[version]).find(([, escaped]) => escaped === pair);
    return found ? found[0] : pair;
  });
}

/** A frame's bytes. `body` is a string or a Buffer; its length is said unless it is empty. */
export function encode(version, command, headers, body = '') {
  const bytes = Buffer.from(body);
  const said = bytes.length ? { ...headers, 'content-length': bytes.length } : headers;
  const write = handshake.has(command) ? String : (text) => escape(version, String(text));
  const lines = Object.entries(said).map(([name, value]) => `${write(name)}:${write(value)}\n`);
  return Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), bytes, Buffer.from('\0')]);
}

/** The first frame of `bytes` and what is behind it, or null when it is not whole. */
function decode(version, bytes) {
  let start = 0;
  while (bytes[start] === 10) start += 1;
  const end = bytes.indexOf('\n\n', start);
  if (end < 0) return null;
  const [command, ...lines] = bytes.toString('utf8', start, end).split('\n');
  const read = handshake.has(command) ? String : (text) => unescape(version, text);
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = read(line.slice(0, colon));
    headers[name] ??= read(line.slice(colon + 1));
  }
  const body = end + 2;
  const length = headers['content-length'];
  const nul = length === undefined ? bytes.indexOf(0, body) : body + Number(length);
  if (nul < 0 || nul >= bytes.length) return null;
  return { frame: { command, headers, body: bytes.subarray(body, nul) }, rest: bytes.subarray(nul + 1) };
}

/** Frames in and out. `wire`: {send(bytes), end()}, which calls `heard(bytes)` and `ended(why)`. */
export class RawStomp {
  constructor(version) {
    this.version = version;
    this.unread = Buffer.alloc(0);
    this.frames = []; // not taken yet
    this.waiting = []; // takers
    this.whyEnded = null;
  }

  heard(bytes) {
    this.unread = Buffer.concat([this.unread, bytes]);
    for (let next = decode(this.version, this.unread); next; next = decode(this.version, this.unread)) {
      this.unread = next.rest;
      const taker = this.waiting.shift();
      if (taker) taker.resolve(next.frame);
      else this.frames.push(next.frame);
    }
  }

  ended(why) {
    this.whyEnded = why;
    for (const { reject } of this.waiting.splice(0)) reject(new Error(`the connection ended: ${why}`));
  }

  /** The next frame; rejects when the connection ends first. */
  next() {
    if (this.frames.length) return Promise.resolve(this.frames.shift());
    if (this.whyEnded) return Promise.reject(new Error(`the connection ended: ${this.whyEnded}`));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  write(command, headers, body) {
    this.wire.send(encode(this.version, command, headers, body));
  }

  async connect(headers = {}) {
    const said = this.version === '1.0' ? {} : { 'accept-version': this.version, host: 'localhost' };
    this.write('CONNECT', { ...said, login: 'ann', ...headers });
    const frame = await this.next();
    if (frame.command !== 'CONNECTED') throw new Error(`${frame.command} ${frame.headers.message}: ${frame.body}`);
    return this;
  }

  end() {
    this.wire.end();
  }
}

/** `address`: {host, port}, with `ca` through TLS. `endSending` ends this side of the stream only. */
export async function overTcp(address, version) {
  const client = new RawStomp(version);
  const socket = address.ca ? connectTls(address) : connect(address);
  await once(socket, address.ca ? 'secureConnect' : 'connect');
  client.wire = { send: (bytes) => socket.write(bytes), end: () => socket.destroy() };
  client.endSending = () => socket.end();
  socket.on('data', (bytes) => client.heard(bytes));
  socket.on('error', (error) => client.ended(error.message));
  socket.on('close', () => client.ended('closed'));
  return client;
}

/** Each frame is cut into pieces, one WebSocket message each, alternately binary and, where it may be, text. */
export async function overWebSocket(url, version, pieceBytes = 7) {
  const client = new RawStomp(version);
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  let messages = 0;
  const send = (bytes) => {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      const isAscii = piece.every((byte) => byte < 128);
      socket.send(piece, { binary: !isAscii || (messages += 1) % 2 === 0 });
    }
  };
  client.wire = { send, end: () => socket.terminate() };
  socket.on('message', (bytes) => client.heard(bytes));
  socket.on('close', (code) => client.ended(`${code}`));
  return client;
}

/** A session that has joined `rooms` of the WebSocket at `url`, all asked for at once. */
export async function joined(url, rooms) {
  const client = await (await overWebSocket(url, '1.2', 32 * 1024)).connect();
  const frames = rooms.map((room, i) =>
    encode('1.2', 'SUBSCRIBE', { id: `${i}`, destination: `/topic/${room}`, receipt: `${i}` }));
  client.wire.send(Buffer.concat(frames));
  const receipts = new Set();
  while (receipts.size < rooms.length) {
    const frame = await client.next();
    if (frame.command !== 'RECEIPT') throw new Error(`${frame.command} ${frame.headers.message}: ${frame.body}`);
    receipts.add(frame.headers['receipt-id']);
  }
  return client;
}
