// scripts/cluster itself: what it prints and that it can be asked twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cluster, clusterEnv } from './support/cluster.mjs';

test('env names every part, and each of them answers', async () => {
  const env = clusterEnv();
  assert.deepEqual([env.gateways.length, env.workers.length, env.metrics.length], [2, 2, 4]);
  assert.deepEqual([env.gatewayPids.length, env.workerPids.length], [2, 2]);
  assert.equal((await fetch(env.url)).status, 200);
  for (const gateway of env.gateways) assert.equal((await fetch(`${gateway}/ws`)).status, 426);
  for (const worker of env.workers) assert.equal((await fetch(`${worker}/api/v1/rooms`)).status, 200);
  for (const url of env.metrics) assert.match(await (await fetch(url)).text(), /^stampede_build_info/m);
  for (const pid of [...env.gatewayPids, ...env.workerPids]) process.kill(pid, 0);
});

test('status says that all are ready', async () => {
  const lines = (await cluster('status')).trim().split('\n').slice(1, -1);
  assert.deepEqual(
    lines.map((line) => line.split(/ +/).slice(0, 2).join(' ')),
    ['rabbitmq', 'redis', 'postgres', 'gateway-1', 'gateway-2', 'worker-1', 'worker-2', 'nginx'].map((n) => `${n} ready`),
  );
});

test('up a second time changes nothing', async () => {
  const before = clusterEnv();
  assert.match(await cluster('up'), new RegExp(`http://localhost:${new URL(before.url).port}`));
  assert.deepEqual(clusterEnv(), before);
});

test('stop, start and restart are for one part', async () => {
  const before = clusterEnv();
  await cluster('stop', 'worker-2');
  assert.deepEqual(clusterEnv().workerPids, before.workerPids.slice(0, 1));
  await assert.rejects(cluster('stop', 'worker-2'), /worker-2 does not run/);
  await cluster('start', 'worker-2');
  await cluster('restart', 'nginx');
  assert.equal((await fetch(before.url)).status, 200);
  assert.deepEqual(clusterEnv().gatewayPids, before.gatewayPids);
});

test('a name that is not there is refused with those that are', async () => {
  await assert.rejects(cluster('kill', 'gateway-7'), /no 'gateway-7'.*gateway-1 gateway-2/);
  await assert.rejects(cluster('kill'), /needs one NAME/);
  await assert.rejects(cluster('up', '--gateways', 'many'), /'many'; allowed is a number from 0 to 20/);
});
