// The process that holds the hostile clients: one of its own, at the lowest priority, because on the machine of a
// test their work would otherwise take the CPU time that they take nowhere from a server.
//
// Its parent says {start: {http, tcp}} (ports) and {stop: true}; it says {inPlace: true} once every client has been
// where it stalls, {stopped: true}, and now and then {ended: {kind: {ended, told, asExpected, other}, …}, cpuSeconds}: how many the
// gateway ended, how many of those it told why, how many its kind's reason, and what one heard that was told nothing.
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { encode } from './raw_stomp.mjs';
import { busyRoom, kinds, upgradeRequest, wsFrame } from './hostile_kinds.mjs';

setPriority(19);

const ended = Object.fromEntries(Object.keys(kinds).map((name) => [name, { ended: 0, told: 0, asExpected: 0, other: '' }]));
let ports = null;
let missing = 0; // clients that have not been in place yet
let crowd = [];

/** One hostile client; whenever the gateway ends it, it comes again after a second or two. */
class Foe {
  constructor(name) {
    this.name = name;
    this.kind = kinds[name];
    this.wasInPlace = false;
    this.gone = false;
  }

  open() {
    if (this.gone) return;
    this.port = this.kind.door === 'tcp' ? ports.tcp : ports.http;
    this.heard = '';
    this.wrote = false;
    this.throughDoor = false;
    this.timers = [];
    this.socket = connect(this.port, '127.0.0.1');
    this.socket.on('connect', () => {
      if (this.kind.door === 'ws') this.socket.write(`${upgradeRequest(this.port)}${this.kind.offers ?? ''}\r\n`);
      else this.enter();
    });
    this.socket.on('data', (bytes) => this.listen(bytes));
    this.socket.on('error', () => {}); // 'close' follows
    this.socket.on('close', () => this.end());
  }

  enter() {
    this.throughDoor = true;
    this.heard = '';
    this.kind.act(this);
    if (this.wasInPlace) return;
    this.wasInPlace = true;
    missing -= 1;
    if (missing === 0) process.send({ inPlace: true });
  }

  listen(bytes) {
    this.heard = (this.heard + bytes.toString('latin1')).slice(-4000);
    if (!this.throughDoor && this.heard.includes('\r\n\r\n')) this.enter();
  }

  write(bytes) {
    if (!this.socket.writable || this.socket.writableLength > 1 << 20) return;
    this.wrote = true;
    this.socket.write(bytes);
  }

  every(ms, act) {
    this.timers.push(setInterval(act, ms));
  }

  stopReading() {
    this.socket.pause();
  }

  end() {
    this.timers.forEach(clearInterval);
    if (this.gone) return;
    const record = ended[this.name];
    record.ended += 1;
    const asExpected = this.kind.told?.test(this.heard) ?? false;
    // A slow process may not get round to what its kind is about; then it is another limit that ends it.
    const told = asExpected || /^HTTP\/1\.1 4|message:|\x88/.test(this.heard);
    record.asExpected += asExpected;
    record.told += told;
    if (!told) record.other = this.heard.slice(-200);
    setTimeout(() => this.open(), 1000 + 1000 * Math.random());
  }

  leave() {
    this.gone = true;
    this.socket?.destroy();
    this.timers?.forEach(clearInterval);
  }
}

/** Keeps the busy room busy: a big message now and then, from clients that behave otherwise. */
class Speaker {
  open() {
    const hello = encode('1.2', 'CONNECT', { 'accept-version': '1.2', host: 'h' });
    const message = encode('1.2', 'SEND', { destination: `/topic/${busyRoom}` }, Buffer.alloc(60_000, 'x'));
    this.socket = connect(ports.http, '127.0.0.1', () => this.socket.write(`${upgradeRequest(ports.http)}\r\n`));
    this.socket.once('data', () => {
      this.socket.write(wsFrame(hello));
      this.timer = setInterval(() => this.socket.writableLength < 1e6 && this.socket.write(wsFrame(message)), 100);
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.leave());
  }

  leave() {
    clearInterval(this.timer);
    this.socket.destroy();
  }
}

function start(where) {
  ports = where;
  crowd = Object.entries(kinds).flatMap(([name, { count }]) => Array.from({ length: count }, () => new Foe(name)));
  missing = crowd.length;
  const waiting = [...crowd, new Speaker()];
  crowd = [...waiting];
  // A thousand a second: faster would try the machine's backlog, not the gateway.
  const timer = setInterval(() => {
    for (const foe of waiting.splice(0, 50)) foe.open();
    if (!waiting.length) clearInterval(timer);
  }, 50);
}

function stop() {
  for (const foe of crowd) foe.leave();
  crowd = [];
  process.send({ stopped: true });
}

process.on('message', (message) => {
  if (message.start) start(message.start);
  if (message.stop) stop();
});
process.on('disconnect', () => process.exit(0));
setInterval(() => {
  const { user, system } = process.cpuUsage();
  process.send({ ended, cpuSeconds: (user + system) / 1e6 });
}, 500);
