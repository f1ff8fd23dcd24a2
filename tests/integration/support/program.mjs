// Programs of ours outside the cluster, on free ports.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './cluster.mjs';
import { eventually } from './wait.mjs';

const preset = process.env.STAMPEDE_PRESET ?? 'release';
export const gatewayBinary = `${root}build/${preset}/gateway/stampede-gateway`;
export const workerBinary = `${root}build/${preset}/storage-worker/stampede-worker`;

/** The environment without settings of ours. */
export const cleanEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('STAMPEDE_')),
);

/** A worker, in the same way; `env` names its servers. */
export const startWorker = (t, flags = [], env = {}) => start(t, workerBinary, 'worker listens', flags, env);

/** A gateway: {url, ops, log(), alive(), signal(signal), end(signal)}. Killed at the end of `t` if it still runs. */
export const startGateway = (t, flags = [], env = {}) => start(t, gatewayBinary, 'gateway listens', flags, env);

async function start(t, binary, listens, flags, env) {
  const child = spawn(binary, ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', ...flags], {
    env: { ...cleanEnv, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (data) => {
    log += data;
  });
  const [, port, opsPort] = await eventually(
    listens,
    () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${log}`);
      return new RegExp(`${listens}.* port=(\\d+).* metrics_port=(\\d+)`).exec(log);
    },
    { describe: () => log },
  );
  const scheme = /\btls=true\b/.test(log) ? 'https' : 'http';
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    ops: `http://127.0.0.1:${opsPort}`,
    log: () => log,
    alive: () => child.exitCode === null && child.signalCode === null,
    signal: (signal) => child.kill(signal),
    /** Sends the signal; resolves to the exit status when it has ended. */
    end: async (signal) => {
      child.kill(signal);
      return (await exit)[0];
    },
  };
}
