// Compiles the library into dist/, or with --tests library and tests into .cache/tests/.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const tests = process.argv.includes('--tests');

rmSync(path(tests ? '.cache/tests' : 'dist'), { recursive: true, force: true });
execFileSync(
  process.execPath,
  [path('node_modules/typescript/bin/tsc'), '--project', path(tests ? 'tsconfig.json' : 'tsconfig.build.json')],
  { stdio: 'inherit' },
);
// npm takes it along only from beside package.json.
if (!tests) cpSync(path('../../LICENSE'), path('LICENSE'));
