// Two thousand clients that stall or flood in every way we know, and a hundred good ones that must not notice.
//
// Quiet and hostile rounds alternate, the 99th percentiles of each kind of round are compared by their median, more
// rounds are taken while they do not convince, and what is below the floor passes anyway, because there the scheduler
// is measured and not the gateway. The hostile process has the lowest priority: elsewhere its work is done by other
// machines. Where somebody else keeps this machine busy meanwhile, a gateway that has more to do waits longer for a core
// than one that has less, whatever it does with it; then only a wide bound holds, and the test says so.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
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

const floorMs = 15;
const rounds = { least: 3, most: 6, seconds: 4 };
const sharedMachine = { cores: 0.25, boundMs: 2000 };
const rooms = 10;
const membersPerRoom = 10;
const outboxBytes = 1 << 20;
const bodyBytes = 256 << 10;
const headerBytes = 16 << 10; // the default

const dir = mkdtempSync(join(tmpdir(), 'stampede-hostile-'));
const ends = [() => rmSync(dir, { recursive: true, force: true })];
after(() => {
  for (const end of ends) end();
});

/** A member of `room`, whose frames `heard` gets: {send(), whyEnded(), end()}. What it sends is the time. */
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
    this.answer = () => {};
    this.child = fork(fileURLToPath(new URL('./support/hostile_crowd.mjs', import.meta.url)));
    this.child.on('message', (message) => {
      this.ended = message.ended ?? this.ended;
      this.cpuSeconds = message.cpuSeconds ?? this.cpuSeconds;
      if (message.inPlace || message.stopped) this.answer();
    });
    ends.unshift(() => this.child.kill('SIGKILL'));
  }

  ask(message) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(message)}`)), 90_000);
      this.answer = () => {
        clearTimeout(timer);
        resolve();
      };
      this.child.send(message);
    });
  }

  /** Resolves when each of them has been where it stalls. */
  start() { return this.ask({ start: this.ports }); }

  stop() { return this.ask({ stop: true }); }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const mebibytes = (bytes) => `${Math.round(bytes / (1 << 20))} MiB`;
const inMs = (values) => values.map((value) => value.toFixed(1)).join(' ');

/** A gateway with a hundred good clients, and the hostile ones ready: {good, hostile, samples()}. */
async function scene() {
  const gateway = await startGateway({ after: (end) => ends.unshift(end) }, [
    '--data-dir', dir, '--stomp-tcp', '127.0.0.1:0', '--connect-timeout', '5s', '--outbox-bytes', `${outboxBytes}`,
    '--max-body', `${bodyBytes}`, '--ws-deflate', '--request-timeout', '5s', '--max-rate', '100', '--rate-patience', '2s',
  ]);
  const [, tcp] = await eventually('it says its TCP port', () => /tcp_port=(\d+)/.exec(gateway.log()));
  const good = new GoodCrowd();
  await good.join(webSocketUrl(gateway.url));
  ends.unshift(() => good.end());
  const hostile = new HostileCrowd({ http: Number(new URL(gateway.url).port), tcp: Number(tcp) });
  return { good, hostile, samples: () => scrape(`${gateway.ops}/metrics`) };
}

/** Rounds until they convince or are enough: {said, convincing, isShared, attackedMs}. */
async function takeRounds({ good, hostile, samples }) {
  const others = new OthersCpu(async () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6 + hostile.cpuSeconds + (await samples()).get('process_cpu_seconds_total');
  });
  const connections = async () => total(await samples(), 'stampede_gateway_connections');
  const quiet = [];
  const attacked = [];
  const convince = () => median(attacked) <= Math.max(floorMs, 2 * median(quiet));
  while (attacked.length < rounds.least || (!convince() && attacked.length < rounds.most)) {
    quiet.push(await good.p99());
    await hostile.start();
    attacked.push(await others.during(() => good.p99()));
    await eventually('the gateway holds the crowd', async () => (await connections()) > foes / 3);
    await hostile.stop();
    await eventually('the crowd is gone', async () => (await connections()) === good.members.length, { seconds: 60 });
  }
  return {
    said: `p99 in ms, quiet ${inMs(quiet)}, attacked ${inMs(attacked)}; ` +
      `${others.ourCores.toFixed(1)} cores for this test, ${others.cores.toFixed(1)} for others`,
    convincing: convince(),
    isShared: others.cores > sharedMachine.cores,
    attackedMs: median(attacked),
  };
}

/** Until its reason has reached every kind that can hear one, and a metric has counted it. */
async function hearReasons({ hostile, samples }) {
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
  await hostile.stop();
}

/** Watches the resident memory until `stop`: {before, highest, stop()}. */
async function watchMemory(samples) {
  const resident = async () => (await samples()).get('process_resident_memory_bytes');
  const watched = { before: await resident(), highest: 0 };
  const timer = setInterval(() => resident().then((bytes) => {
    watched.highest = Math.max(watched.highest, bytes);
  }, () => {}), 500);
  watched.stop = () => clearInterval(timer);
  ends.unshift(watched.stop);
  return watched;
}

// What the limits let the crowd hold: an outbox for whoever does not read, a body for whoever sends half of one, and
// for everyone as much as headers may have.
const held = (name, bytes) => kinds[name].count * bytes;
const memoryBound = held('does not read what it subscribed to', outboxBytes) + held('pings and does not read', outboxBytes) +
  held('half a SEND, and heart-beats', bodyBytes) + foes * headerBytes;

test(`${foes} hostile clients: 100 good ones, memory and the reasons`, { timeout: 280_000 }, async (t) => {
  const crowds = await scene();
  const memory = await watchMemory(crowds.samples);
  const result = await takeRounds(crowds);
  t.diagnostic(result.said);
  await hearReasons(crowds);
  memory.stop();

  const bound = memory.before + memoryBound;
  const said = `resident: ${mebibytes(memory.before)} before, ${mebibytes(memory.highest)} at most, bound ${mebibytes(bound)}`;
  t.diagnostic(said);
  assert.ok(memory.highest <= bound, said);
  const wide = !result.convincing && result.isShared;
  if (wide) t.diagnostic(`others use the machine, so only ${sharedMachine.boundMs} ms are asked for`);
  assert.ok(result.convincing || (wide && result.attackedMs < sharedMachine.boundMs), result.said);
  for (const member of crowds.good.members) assert.equal(member.whyEnded(), null, 'no good client lost its connection');
});
