// What npm packs is what a stranger can install, import and compile against.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const kProgram = `
import { connect, StampedeError, type Message, type Room } from 'stampede-client';

const client = connect({
  url: 'ws://127.0.0.1:9/ws',
  credentials: async (reason) => ({ token: reason }),
  stomp: { webSocketFactory: () => { throw new Error('never reached: it is closed before'); } },
});
const room: Room = client.join('lobby', {
  history: 10,
  onMessage: (message: Message) => console.log(message.seq, message.body),
  onPresence: (presence, event) => console.log(presence.count, event.kind),
});
room.joined.catch((error: unknown) => {
  console.log(error instanceof StampedeError && error.code, client.stomp.connected, client.state.kind);
});
// @ts-expect-error: a room has a name
client.join(7);
await client.close();
`;

test('the packed package installs, imports and has its types', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-package-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const run = (cwd: string, command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  const pack = (from: string, ...options: string[]) =>
    (JSON.parse(run(from, 'npm', 'pack', '--json', '--pack-destination', dir, ...options)) as Packed[])[0]!;
  const packed = pack(root, '--silent');
  const names = packed.files.map(({ path }) => path);
  for (const name of ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']) {
    assert.ok(names.includes(name), `${name} is in the package`);
  }
  assert.deepEqual(names.filter((name) => /test|src|tsconfig|node_modules/u.test(name)), []);

  // STOMP.js comes from what is installed here, so that nothing has to be fetched.
  const stomp = pack(join(root, 'node_modules/@stomp/stompjs'), '--ignore-scripts', '--silent');
  writeFileSync(join(dir, 'package.json'), '{"name":"stranger","private":true,"type":"module"}');
  const tarballs = [packed, stomp].map(({ filename }) => join(dir, filename));
  run(dir, 'npm', 'install', '--no-audit', '--no-fund', '--silent', '--offline', ...tarballs);

  writeFileSync(join(dir, 'program.ts'), kProgram);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const flags = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom'];
  run(dir, process.execPath, tsc, ...flags, '--exactOptionalPropertyTypes', 'program.ts');
  assert.equal(run(dir, process.execPath, 'program.js'), 'closed false closed\n');
});

interface Packed {
  readonly filename: string;
  readonly files: ReadonlyArray<{ readonly path: string }>;
}
