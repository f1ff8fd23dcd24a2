// Builds the page into dist/, or with --tests the unit tests into .cache/tests/. Plain file names:
// the servers answer with ETags, so that a new version is seen at the next load.
import { build, context } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';

const root = new URL('.', import.meta.url);
const path = (relative) => fileURLToPath(new URL(relative, root));

// The library of the same checkout, from its sources.
const library = { 'stampede-client': path('../js/src/index.ts') };

const page = {
  entryPoints: { app: path('src/main.ts'), style: path('src/style.css') },
  outdir: path('dist'),
  bundle: true,
  alias: library,
  format: 'esm',
  target: ['chrome111', 'firefox113', 'safari16.4'],
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  loader: { '.woff2': 'file' },
  assetNames: '[name]',
  logLevel: 'info',
};

async function build_tests() {
  await rm(path('.cache/tests'), { recursive: true, force: true });
  const names = (await readdir(path('test'))).filter((name) => name.endsWith('.test.ts'));
  await build({
    entryPoints: names.map((name) => path(`test/${name}`)),
    outdir: path('.cache/tests'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    alias: library,
    format: 'esm',
    platform: 'node',
    target: 'node18',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}

async function build_page() {
  await rm(path('dist'), { recursive: true, force: true });
  await mkdir(path('dist'), { recursive: true });
  await cp(path('static'), path('dist'), { recursive: true });
  await cp(path('node_modules/@fontsource-variable/inter/LICENSE'), path('dist/inter-license.txt'));
  if (process.argv.includes('--watch')) {
    await (await context({ ...page, minify: false })).watch();
  } else {
    await build(page);
  }
}

await (process.argv.includes('--tests') ? build_tests() : build_page());
