// The cluster that scripts/test has brought up, as its users see it: addresses from `scripts/cluster env`,
// faults through `scripts/cluster kill|stop|start`.
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../../../', import.meta.url));
const script = `${root}scripts/cluster`;

/**
 * Runs a command of scripts/cluster; rejects with what it printed. Nothing is built: what is tested is what
 * was there when the tests began.
 */
export async function cluster(...args) {
  try {
    return (await run(script, args[0] === 'up' ? [...args, '--no-build'] : args)).stdout;
  } catch (error) {
    throw new Error(`scripts/cluster ${args.join(' ')}: ${error.stderr || error.message}`);
  }
}

/** The assignments of `scripts/cluster env`; those that name several things as arrays. */
export function clusterEnv() {
  const text = execFileSync(script, ['env'], { encoding: 'utf8' });
  const env = {};
  for (const [, name, value] of text.matchAll(/^(STAMPEDE_\w+)='([^']*)'$/gm)) env[name] = value;
  const list = (name) => env[name].split(' ').filter(Boolean);
  return {
    url: env.STAMPEDE_URL,
    gateways: list('STAMPEDE_GATEWAYS'),
    workers: list('STAMPEDE_WORKERS'),
    metrics: list('STAMPEDE_METRICS'),
    gatewayPids: list('STAMPEDE_GATEWAY_PIDS').map(Number),
    workerPids: list('STAMPEDE_WORKER_PIDS').map(Number),
    databaseUrl: env.STAMPEDE_DATABASE_URL,
    amqpUrl: env.STAMPEDE_AMQP_URL,
    redisUrl: env.STAMPEDE_REDIS_URL,
  };
}

/** The URL of an endpoint on a member's metrics port: `opsUrl('gateway-1', 'readyz')`. */
export function opsUrl(name, endpoint) {
  const env = clusterEnv();
  const [kind, number] = name.split('-');
  const index = Number(number) - 1 + (kind === 'worker' ? env.gateways.length : 0);
  return env.metrics[index].replace(/metrics$/, endpoint);
}

/** Rows of a query, each an array of texts. */
export function query(sql) {
  const text = execFileSync('psql', [clusterEnv().databaseUrl, '-XAtq', '-F', '\t', '-c', sql], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return text.split('\n').filter(Boolean).map((line) => line.split('\t'));
}

/** A room that no other test uses. */
export function freshRoom(purpose) {
  return `${purpose}.${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
}
