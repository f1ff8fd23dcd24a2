// Two thousand clients that stall or flood in every way we know, and a hundred good ones that must not notice.
//
// Quiet and hostile rounds alternate, the 99th percentiles of each kind of round are compared by their median, more
// rounds are taken while they do not convince, and what is below the floor passes anyway, because there the scheduler
// is measured and not the gateway. The hostile process has the lowest priority: elsewhere its work is done by other
// machines. Where somebody else keeps this machine busy meanwhile, a gateway that has more to do waits longer for a core
// than one that has less, whatever it does with it; then only a wide bound holds, and the test says so.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { webSocketUrl } from './support/chat_client.mjs';
import { foes, kinds } from './support/hostile_kinds.mjs';
import { OthersCpu } from './support/machine.mjs';
import { scrape, total } from './support/metrics.mjs';
import { startGateway } from './support/program.mjs';
import { overWebSocket } from './support/raw_stomp.mjs';
import { eventually } from './support/wait.mjs';

const floorMs = 10;
const rounds = { least: 3, most: 6, seconds: 4 };
const sharedMachine = { cores: 0.25, boundMs: 2000 };
const rooms = 10;
const membersPerRoom = 10;
const outboxBytes = 1 << 20;
const bodyBytes = 256 << 10;

const dir = mkdtempSync(join(tmpdir(), 'stampede-hostile-'));
const ends = [() => rmSync(dir, { recursive: true, force: true })];
after(() => {
  for (const end of ends) end();
});

/** A member of a room that takes the age of each message; {send(), ages, sent}. */
async function goodClient(url, room, heard) {
  const client = await (await overWebSocket(url, '1.2', Infinity)).connect();
  client.write('SUBSCRIBE', { id: '0', destination: `/topic/${room}`, receipt: 'live' });
  await client.next();
  (async () => {
    for (;;) heard(await client.next());
  })().catch(() => {});
  return {
    send: () => client.write('SEND', { destination: `/topic/${room}` }, `${performance.now()}`),
    whyEnded: () => client.whyEnded,
    end: () => client.end(),
  };
}

class GoodCrowd {
  constructor() {
    this.members = [];
    this.ages = []; // ms
  }

  async join(url) {
    for (let i = 0; i < rooms * membersPerRoom; i += 1) {
      this.members.push(await goodClient(url, `good.${i % rooms}`, ({ command, body }) => {
        assert.equal(command, 'MESSAGE');
        this.ages.push(performance.now() - Number(body));
      }));
    }
  }

  /** Fifty messages a second, whatever comes back when; gives the 99th percentile of their ages in ms. */
  async p99() {
    this.ages = [];
    let sent = 0;
    const timer = setInterval(() => this.members[(sent += 1) % this.members.length].send(), 20);
    await new Promise((over) => setTimeout(over, rounds.seconds * 1000));
    clearInterval(timer);
    await eventually('every message reaches every member', () => this.ages.length === sent * membersPerRoom,
      { seconds: 60, describe: () => `${this.ages.length} of ${sent * membersPerRoom}` });
    return this.ages.sort((a, b) => a - b)[Math.floor(this.ages.length * 0.99)];
  }

  end() {
    for (const member of this.members) member.end();
  }
}

/** The hostile ones, in a process of their own. */
class HostileCrowd {
  constructor(ports) {
    this.ports = ports;
    this.ended = {};
    this.cpuSeconds = 0;
    this.child = fork(fileURLToPath(new URL('./support/hostile_crowd.mjs', import.meta.url)));
    this.child.on('message', (message) => {
      this.ended = message.ended ?? this.ended;
      this.cpuSeconds = message.cpuSeconds ?? this.cpuSeconds;
    });
    ends.unshift(() => this.child.kill('SIGKILL'));
  }

  async ask(message, answer) {
    this.child.send(message);
    for (;;) {
      const [said] = await once(this.child, 'message', { signal: AbortSignal.timeout(90_000) });
      if (said[answer]) return;
    }
  }

  start() { return this.ask({ start: this.ports }, 'inPlace'); }

  stop() { return this.ask({ stop: true }, 'stopped'); }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const mebibytes = (bytes) => `${Math.round(bytes / (1 << 20))} MiB`;

test(`${foes} hostile clients: 100 good ones, memory and the reasons`, { timeout: 280_000 }, async (t) => {
  const gateway = await startGateway({ after: (end) => ends.unshift(end) }, [
    '--data-dir', dir, '--stomp-tcp', '127.0.0.1:0', '--connect-timeout', '5s', '--outbox-bytes', '1MiB', '--max-body', '256KiB',
    '--ws-deflate',
  ]);
  const [, tcp] = await eventually('it says its TCP port', () => /tcp_port=(\d+)/.exec(gateway.log()));
  const samples = () => scrape(`${gateway.ops}/metrics`);
  const good = new GoodCrowd();
  await good.join(webSocketUrl(gateway.url));
  ends.unshift(() => good.end());
  const hostile = new HostileCrowd({ http: Number(new URL(gateway.url).port), tcp: Number(tcp) });

  const resident = async () => (await samples()).get('process_resident_memory_bytes');
  const before = await resident();
  let highest = 0;
  const watching = setInterval(() => resident().then((bytes) => {
    highest = Math.max(highest, bytes);
  }, () => {}), 500);
  ends.unshift(() => clearInterval(watching));

  const others = new OthersCpu(async () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6 + hostile.cpuSeconds + (await samples()).get('process_cpu_seconds_total');
  });
  const quiet = [];
  const attacked = [];
  const convinced = () => median(attacked) <= Math.max(floorMs, 2 * median(quiet));
  while (attacked.length < rounds.least || (!convinced() && attacked.length < rounds.most)) {
    quiet.push(await good.p99());
    await hostile.start();
    attacked.push(await others.during(() => good.p99()));
    await eventually('the gateway holds the crowd', async () => total(await samples(), 'stampede_gateway_connections') > foes / 3);
    await hostile.stop();
    await eventually('the crowd is gone', async () =>
      total(await samples(), 'stampede_gateway_connections') === good.members.length, { seconds: 60 });
  }
  const p99 = `p99 of rounds in ms, quiet ${quiet.map((v) => v.toFixed(1))}, attacked ${attacked.map((v) => v.toFixed(1))}`;
  const isShared = others.cores > sharedMachine.cores;
  t.diagnostic(`${p99}; ${others.ourCores.toFixed(1)} cores for this test, ${others.cores.toFixed(1)} for others`);

  // Its reason reaches every kind that can hear one, and a metric counts it.
  await hostile.start();
  await eventually('every kind that has to end has been told why', () =>
    Object.entries(kinds).every(([name, { told }]) => told === null || hostile.ended[name].asExpected > 0),
  { seconds: 60, describe: () => JSON.stringify(hostile.ended, null, 1) });
  let uncounted = [];
  await eventually('every end is counted', async () => {
    const now = await samples();
    uncounted = Object.values(kinds).map(({ counted }) => counted).filter((name) => name !== null && !(now.get(name) > 0));
    return uncounted.length === 0;
  }, { seconds: 60, describe: () => uncounted.join(' ') });
  // Who is starved for longer than the gateway lingers can lose its last words to a reset.
  for (const [name, { told: reason }] of Object.entries(kinds)) {
    const { ended, told, other } = hostile.ended[name];
    if (reason) assert.ok(told >= 0.9 * ended, `${name}: ${told} of ${ended} were told why; one heard ${JSON.stringify(other)}`);
  }
  clearInterval(watching);

  // What the limits allow them to hold: an outbox for whoever does not read, a body for whoever sends half of one,
  // and for everyone as much as headers may have.
  const holding = (name, bytes) => kinds[name].count * bytes;
  const bound = holding('does not read what it subscribed to', outboxBytes) +
    holding('pings and does not read', outboxBytes) +
    holding('half a SEND, and heart-beats', bodyBytes) + foes * (16 << 10);
  t.diagnostic(`resident: ${mebibytes(before)} before, ${mebibytes(highest)} at most; bound ${mebibytes(before + bound)}`);
  assert.ok(highest <= before + bound, `${mebibytes(highest)} resident, bound ${mebibytes(before + bound)}`);

  if (!convinced() && isShared) t.diagnostic(`others use the machine, so only ${sharedMachine.boundMs} ms are asked for`);
  assert.ok(convinced() || (isShared && median(attacked) < sharedMachine.boundMs), p99);
  for (const member of good.members) assert.equal(member.whyEnded(), null, 'no good client lost its connection');
  await hostile.stop();
});
