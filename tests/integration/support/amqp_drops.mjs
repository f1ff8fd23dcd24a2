// Between gateways and RabbitMQ: passes everything on but some of the live deliveries, which are lost as if
// the broker had dropped them, and nothing at all of what gateways send when it is told to.
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

const kMethod = 1;
const kHeader = 2;
const kBody = 3;
const kDeliver = (60 << 16) | 60; // basic.deliver
const kFrameHead = 7; // type, channel, size
const kLiveExchange = 'stampede.rooms';

/** A generator of numbers between 0 and 1 that gives the same ones for the same seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Which exchange a basic.deliver is of: consumer-tag, delivery-tag (8), redelivered (1), exchange. */
function exchangeOf(payload) {
  const at = 4 + 1 + payload[4] + 8 + 1;
  return payload.toString('latin1', at + 1, at + 1 + payload[at]);
}

/** What the broker sends, frame by frame; calls `drops()` for each live delivery. */
class FromBroker {
  constructor(drops) {
    this.drops = drops;
    this.unread = Buffer.alloc(0);
    this.dropping = new Map(); // channel -> bytes of the body still to come; null: its header comes first
  }

  /** What of it is to be passed on. */
  filter(bytes) {
    this.unread = this.unread.length ? Buffer.concat([this.unread, bytes]) : bytes;
    const kept = [];
    while (this.unread.length >= kFrameHead) {
      const end = kFrameHead + this.unread.readUInt32BE(3) + 1;
      if (this.unread.length < end) break;
      const frame = this.unread.subarray(0, end);
      this.unread = this.unread.subarray(end);
      if (!this.swallows(frame)) kept.push(frame);
    }
    return Buffer.concat(kept);
  }

  swallows(frame) {
    const channel = frame.readUInt16BE(1);
    const payload = frame.subarray(kFrameHead, -1);
    if (frame[0] === kMethod && payload.readUInt32BE(0) === kDeliver) {
      if (exchangeOf(payload) !== kLiveExchange || !this.drops()) return false;
      this.dropping.set(channel, null);
      return true;
    }
    if (!this.dropping.has(channel)) return false;
    let left = this.dropping.get(channel);
    if (frame[0] === kHeader) left = Number(payload.readBigUInt64BE(4));
    else if (frame[0] === kBody) left -= payload.length;
    else return false;
    if (left > 0) this.dropping.set(channel, left);
    else this.dropping.delete(channel);
    return true;
  }
}

/**
 * {url, rate, silent, dropped, seen}: `rate`, and `silent` (nothing of what gateways send arrives), may be set
 * at any time. Ends with `t`.
 */
export async function startDropProxy(t, amqpUrl, seed) {
  const target = new URL(amqpUrl);
  const random = randomFrom(seed);
  const proxy = { rate: 0, dropped: 0, seen: 0, silent: false };
  const drops = () => {
    proxy.seen += 1;
    const lost = random() < proxy.rate;
    if (lost) proxy.dropped += 1;
    return lost;
  };
  const open = new Set();
  const server = createServer((gateway) => {
    const broker = connect(Number(target.port), target.hostname);
    const filter = new FromBroker(drops);
    for (const socket of [gateway, broker]) {
      socket.setNoDelay(true);
      open.add(socket);
    }
    gateway.on('data', (bytes) => proxy.silent || broker.write(bytes));
    broker.on('data', (bytes) => gateway.write(filter.filter(bytes)));
    for (const [one, other] of [[gateway, broker], [broker, gateway]]) {
      one.on('error', () => {});
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const url = new URL(amqpUrl);
  url.hostname = '127.0.0.1';
  url.port = server.address().port;
  proxy.url = url.href;
  return proxy;
}
