// The server under test: the one that STAMPEDE_URL names, restarted by the command STAMPEDE_RESTART
// or else through scripts/cluster; or an embedded gateway of our own on a free port, its data in a
// temporary directory.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);

/** { url, restart(), stop() }. Whoever calls it calls stop(). */
export async function start_server() {
  const url = process.env.STAMPEDE_URL;
  return url ? running_cluster(url.replace(/\/$/u, '')) : embedded_gateway();
}

function running_cluster(url) {
  const restart = async () => {
    if (process.env.STAMPEDE_RESTART) {
      await run('/bin/sh', ['-c', process.env.STAMPEDE_RESTART]);
      return;
    }
    const { stdout } = await run(join(root, 'scripts/cluster'), ['env']);
    const pids = /STAMPEDE_GATEWAY_PIDS=(?:'|")?([\d ]*)/u.exec(stdout)?.[1] ?? '';
    const gateways = pids.trim().split(/\s+/u).length;
    for (let at = 1; at <= gateways; at += 1) {
      await run(join(root, 'scripts/cluster'), ['restart', `gateway-${at}`]);
    }
  };
  return { url, restart, stop: async () => {} };
}

/** { url, metrics(), restart(), stop() }: a gateway of our own, whatever STAMPEDE_URL names. */
export async function embedded_gateway(...more_flags) {
  const binary = find_gateway();
  const page = join(root, 'clients/web/dist');
  if (!existsSync(join(page, 'index.html'))) {
    throw new Error('the chat page is not built: cd clients/web && npm ci && npm run build');
  }
  const data = await mkdtemp(join(tmpdir(), 'stampede-browser-'));
  const [port, metrics] = [await free_port(), await free_port()];
  const url = `http://127.0.0.1:${port}`;
  const flags = [
    ...['--listen', `127.0.0.1:${port}`, '--metrics-listen', `127.0.0.1:${metrics}`],
    ...['--web-root', page, '--data-dir', data, '--log-level', 'warn'],
    ...more_flags,
  ];
  let gateway = await start(binary, flags, url);
  return {
    url,
    metrics: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text(),
    restart: async () => {
      await end(gateway);
      gateway = await start(binary, flags, url);
    },
    stop: async () => {
      await end(gateway);
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** The hash of a passcode, for a line of a users file. */
export function hash_of(passcode) {
  const input = `${passcode}\n`;
  return execFileSync(find_gateway(), ['hash-password'], { input, encoding: 'utf8' }).trim();
}

function find_gateway() {
  const named = process.env.STAMPEDE_GATEWAY;
  // What is under test comes before what an earlier build left.
  const presets = [process.env.STAMPEDE_PRESET, 'release', 'dev'].filter(Boolean);
  const builds = presets.map((preset) => join(root, `build/${preset}/gateway/stampede-gateway`));
  const found = [named, ...builds].find((path) => path && existsSync(path));
  if (found) return found;
  throw new Error('no stampede-gateway is built; build one, or name it with STAMPEDE_GATEWAY');
}

async function start(binary, flags, url) {
  // Our own variables are no configuration of the gateway.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('STAMPEDE_')),
  );
  const gateway = spawn(binary, flags, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  await until('the gateway answers', async () => {
    if (gateway.exitCode !== null)
      throw new Error(`the gateway ended with status ${gateway.exitCode}`);
    return (await fetch(url)).ok;
  });
  return gateway;
}

function end(gateway) {
  if (gateway.exitCode !== null || gateway.signalCode !== null) return Promise.resolve();
  return new Promise((ended) => {
    gateway.once('exit', ended);
    gateway.kill('SIGTERM');
  });
}

function free_port() {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}
