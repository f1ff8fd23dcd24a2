// A real Prometheus reads every member's metrics and has nothing against them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clusterEnv } from './support/cluster.mjs';
import { eventually } from './support/wait.mjs';

test('promtool finds no fault with the metrics of any member', async () => {
  for (const url of clusterEnv().metrics) {
    const text = await (await fetch(url)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(status, 0, `${url}: ${stdout}${stderr}`);
  }
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

test('Prometheus scrapes all members and answers queries about them', async (t) => {
  const { metrics } = clusterEnv();
  const dir = mkdtempSync(join(tmpdir(), 'stampede-prometheus-'));
  const port = await freePort();
  const targets = metrics.map((url) => new URL(url).host);
  writeFileSync(
    join(dir, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'stampede', static_configs: [{ targets }] }],
    }),
  );
  const prometheus = spawn(
    'prometheus',
    [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: 'ignore' },
  );
  t.after(async () => {
    prometheus.kill('SIGTERM');
    if (prometheus.exitCode === null) await once(prometheus, 'exit');
    rmSync(dir, { recursive: true, force: true });
  });

  const ask = async (query) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = await response.json();
    return data.result.map(({ metric, value }) => [metric.instance, Number(value[1])]);
  };
  await eventually('every target is up', async () => {
    const up = await ask('up{job="stampede"}');
    return up.length === targets.length && up.every(([, value]) => value === 1);
  });
  const built = await ask('stampede_build_info');
  assert.deepEqual(built.map(([instance]) => instance).sort(), [...targets].sort());
});
