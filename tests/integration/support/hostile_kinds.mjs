// Clients that stall or flood, each in its own way. A kind: {door, count, act(foe), told, counted}.
//   door      'http' (a bare connection), 'ws' (a WebSocket whose handshake is done) or 'tcp' (STOMP without one)
//   count     how many there are of it
//   offers    what its handshake offers beyond the usual, if anything
//   act       what it does once it is through the door
//   told      what the gateway says before it ends the connection; null: nothing that such a client could read
//   counted   the metric that counts it; null: it may stay, and costs what memory is bounded to
import { deflateRawSync } from 'node:zlib';
import { encode } from './raw_stomp.mjs';

/** A client's WebSocket frame, masked with zeros. */
export function wsFrame(payload, { opcode = 1, fin = true, deflated = false } = {}) {
  const bytes = Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | (deflated ? 0x40 : 0) | opcode;
  let head;
  if (bytes.length < 126) head = Buffer.from([first, 0x80 | bytes.length]);
  else if (bytes.length < 65536) head = Buffer.from([first, 0xfe, bytes.length >> 8, bytes.length & 255]);
  else {
    head = Buffer.alloc(10);
    head.set([first, 0xff]);
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(4), bytes]);
}

/** Without the blank line that ends it. */
export const upgradeRequest = (port) =>
  `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

const stomp = (command, headers, body) => encode('1.2', command, headers, body);
const hello = stomp('CONNECT', { 'accept-version': '1.2', host: 'h' });
const subscribe = (id, room) => stomp('SUBSCRIBE', { id, destination: `/topic/${room}` });
const inWs = (...frames) => wsFrame(Buffer.concat(frames));
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));

const closed = (reason) => `stampede_gateway_closed_total{reason="${reason}"}`;
const limit = (name) => `stampede_gateway_limit_hits_total{limit="${name}"}`;
const httpLimit = (name) => `stampede_http_limit_hits_total{limit="${name}",server="client"}`;

/** Byte after byte, one every `ms`. */
const drip = (foe, bytes, ms) => {
  let at = 0;
  foe.every(ms, () => foe.write(bytes.subarray(at, (at += 1))));
};
/** SEND whose body does not come, or only `bytes` of it. */
const halfSend = (bytes) => {
  const whole = stomp('SEND', { destination: '/topic/lobby' }, Buffer.alloc(200_000, 'x'));
  return whole.subarray(0, whole.length - 200_000 + bytes);
};

const bomb = deflateRawSync(Buffer.alloc(64 << 20, '\n'));

export const busyRoom = 'busy';

export const kinds = {
  'says nothing': {
    door: 'http', count: 150, told: /^$/, counted: httpLimit('request_time'),
    act: () => {},
  },
  'half a handshake': {
    door: 'http', count: 150, told: /^HTTP\/1\.1 408 /, counted: httpLimit('request_time'),
    act: (foe) => foe.write(upgradeRequest(foe.port)),
  },
  'a handshake byte by byte': {
    door: 'http', count: 150, told: /^HTTP\/1\.1 408 /, counted: httpLimit('request_time'),
    act: (foe) => drip(foe, Buffer.from(`${upgradeRequest(foe.port)}X-More: ${'y'.repeat(9999)}`), 250),
  },
  'a handshake without end': {
    door: 'http', count: 50, told: /^HTTP\/1\.1 431 /, counted: httpLimit('header_bytes'),
    act: (foe) => foe.every(50, () => foe.write(`${foe.wrote ? '' : upgradeRequest(foe.port)}X: ${'y'.repeat(2000)}\r\n`)),
  },
  'no CONNECT': {
    door: 'ws', count: 270, told: /message:Connect timeout/, counted: limit('connect_time'),
    act: () => {},
  },
  'CONNECT byte by byte': {
    door: 'ws', count: 150, told: /message:Connect timeout/, counted: limit('connect_time'),
    act: (foe) => {
      const long = stomp('CONNECT', { 'accept-version': '1.2', login: 'x'.repeat(9999) });
      let at = 0;
      foe.every(250, () => foe.write(wsFrame(long.subarray(at, (at += 1)), { opcode: 2 })));
    },
  },
  'half a WebSocket frame': {
    door: 'ws', count: 200, told: /message:Connect timeout/, counted: limit('connect_time'),
    act: (foe) => foe.write(wsFrame(Buffer.alloc(4000, 'x')).subarray(0, 9)),
  },
  'TCP: says nothing': {
    door: 'tcp', count: 150, told: /message:Connect timeout/, counted: limit('connect_time'),
    act: () => {},
  },
  'TCP: half a CONNECT': {
    door: 'tcp', count: 150, told: /message:Connect timeout/, counted: limit('connect_time'),
    act: (foe) => foe.write(hello.subarray(0, hello.length - 5)),
  },
  'half a SEND, and heart-beats': {
    door: 'ws', count: 200, told: null, counted: null,
    act: (foe) => {
      foe.write(inWs(hello, halfSend(150_000)));
      foe.every(1000, () => foe.write(wsFrame('x')));
    },
  },
  'does not read what it subscribed to': {
    door: 'ws', count: 100, told: null, counted: limit('outbox'),
    act: (foe) => {
      foe.write(inWs(hello, subscribe('0', busyRoom)));
      foe.stopReading();
    },
  },
  'fragments without end': {
    door: 'ws', count: 50, told: /\x88/, counted: limit('fragments'),
    act: (foe) => {
      foe.write(wsFrame('C', { fin: false }));
      foe.every(50, () => foe.write(Buffer.concat(times(500, () => wsFrame('', { opcode: 0, fin: false })))));
    },
  },
  'subscribes without end': {
    door: 'ws', count: 20, told: /message:Too many subscriptions/, counted: limit('subscriptions'),
    act: (foe) => {
      foe.write(inWs(hello));
      let id = 0;
      foe.every(50, () => foe.write(inWs(...times(60, () => subscribe(`${(id += 1)}`, `flood.${id}`)))));
    },
  },
  'sends without end': {
    door: 'ws', count: 10, told: /message:Too many messages/, counted: limit('session_rate'),
    act: (foe) => {
      foe.write(inWs(hello));
      const send = stomp('SEND', { destination: '/topic/flood' }, 'x');
      foe.every(50, () => foe.write(inWs(...times(100, () => send))));
    },
  },
  'begins without end': {
    door: 'ws', count: 20, told: /message:Bad transaction/, counted: limit('transactions'),
    act: (foe) => foe.write(inWs(hello, ...times(100, (i) => stomp('BEGIN', { transaction: `${i}` })))),
  },
  'a header that is too long': {
    door: 'tcp', count: 50, told: /message:Frame too large/, counted: limit('header_bytes'),
    act: (foe) => foe.write(Buffer.concat([hello, stomp('SEND', { x: 'y'.repeat(50_000) })])),
  },
  'a body that is too long': {
    door: 'tcp', count: 50, told: /message:Frame too large/, counted: limit('body'),
    act: (foe) => foe.write(Buffer.concat([hello, stomp('SEND', { destination: '/topic/a' }, Buffer.alloc(400_000))])),
  },
  'a message that inflates to 64 MiB': {
    door: 'ws', count: 20, told: /\x88/, counted: limit('ws_message'),
    offers: 'Sec-WebSocket-Extensions: permessage-deflate\r\n',
    act: (foe) => foe.write(wsFrame(bomb, { deflated: true })),
  },
  'no WebSocket at all behind the handshake': {
    door: 'ws', count: 50, told: /\x88/, counted: closed('protocol_error'),
    act: (foe) => foe.write('GET / HTTP/1.1\r\n\r\n'.repeat(20)),
  },
  'pings and does not read': {
    door: 'ws', count: 10, told: null, counted: null,
    act: (foe) => {
      foe.write(inWs(hello));
      foe.stopReading();
      foe.every(50, () => foe.write(Buffer.concat(times(100, () => wsFrame('x'.repeat(125), { opcode: 9 })))));
    },
  },
};

export const foes = Object.values(kinds).reduce((sum, { count }) => sum + count, 0);
