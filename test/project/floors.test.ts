import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ICruiseOptions, ICruiseResult } from 'dependency-cruiser';
import { cruise } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One file of each floor, to be imported by the others. */
const HOME: Record<string, string> = {
  base: 'base/clock',
  errors: 'errors',
  events: 'events',
  oauth: 'oauth/token-set',
  sealing: 'sealing/envelope',
  stores: 'stores/grant-store',
  drivers: 'stores/memory/memory-store',
  http: 'http/transport',
  platform: 'platform/endpoints',
  vault: 'vault/vault',
  refresh: 'refresh/refresher',
  web: 'web/login-handler',
  config: 'config/options',
  telemetry: 'telemetry/metrics',
  assembly: 'assembly',
  webex: 'webex',
  'webex-auth': 'webex-auth',
  index: 'index',
  browser: 'browser',
  adapters: 'adapters/express',
  gateway: 'gateway/gateway',
  emulator: 'emulator/emulator',
  cli: 'cli/main',
  sqlite: 'stores/sqlite/sqlite-store',
};

/** The floor table once more, by hand: floor → floors it may import values from. */
const TABLE: Record<string, string> = {
  base: '',
  errors: 'base',
  events: 'base errors',
  oauth: 'base errors',
  sealing: 'base errors',
  stores: 'base errors',
  drivers: 'base errors stores sqlite',
  sqlite: 'base errors stores drivers',
  http: 'base errors oauth',
  platform: 'base errors oauth http',
  vault: 'base errors oauth sealing',
  refresh: 'base errors events oauth vault',
  web: 'base errors events oauth sealing',
  config: 'base errors platform',
  telemetry: 'base events',
  assembly:
    'base errors events oauth sealing stores drivers sqlite http platform vault refresh web config telemetry',
  webex: 'base errors events oauth sealing http platform vault refresh web config telemetry assembly',
  'webex-auth':
    'base errors events oauth sealing http platform vault refresh web config telemetry assembly webex',
  index:
    'base errors events oauth sealing stores drivers sqlite http platform vault refresh web config telemetry webex webex-auth',
  browser: 'errors',
  adapters: 'webex-auth web',
  gateway:
    'base errors events oauth sealing http platform vault refresh web config telemetry assembly webex webex-auth index adapters sqlite',
  emulator: 'base',
  cli: 'index adapters sqlite emulator gateway',
};

/** Floors that may not even import the types of the store contracts. */
const NO_STORE_TYPES = ['base', 'errors', 'events', 'oauth', 'emulator', 'browser'];

const floors = Object.keys(HOME);
const pairs = floors.flatMap((from) => floors.filter((to) => to !== from).map((to) => ({ from, to })));
const home = (floor: string): string => {
  const path = HOME[floor];
  if (path === undefined) throw new Error(`no home for ${floor}`);
  return path;
};
const mayImport = (from: string, to: string): boolean => (TABLE[from] ?? '').split(' ').includes(to);
const mayImportType = (from: string, to: string): boolean =>
  mayImport(from, to) ||
  (to === 'stores' && !NO_STORE_TYPES.includes(from)) ||
  (to === 'assembly' && from === 'index');

/** Where the probe of a pair lives: on the importing floor, where floors that are one file can have only one. */
const isFile = (floor: string): boolean => !home(floor).includes('/');

let cwd: string;
const options = async (): Promise<ICruiseOptions> =>
  extractDepcruiseOptions(join(root, '.dependency-cruiser.mjs'));

async function violations(files: Record<string, string>): Promise<Set<string>> {
  const base = await mkdtemp(join(cwd, 'tree-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), text);
  }
  const { output } = await cruise(['src'], { ...(await options()), baseDir: base });
  if (typeof output === 'string') throw new Error('expected an object');
  return new Set(
    (output satisfies ICruiseResult).summary.violations.map(
      ({ rule, from, to }) => `${rule.name}: ${from} → ${to}`,
    ),
  );
}

/** A tree in which every floor imports every other, and the imports that the rules complain about. */
async function forbiddenPairs(keyword: 'import' | 'import type'): Promise<Set<string>> {
  const files: Record<string, string> = {};
  for (const floor of floors)
    files[`src/${home(floor)}.ts`] = `export const thing = 1;\nexport type Thing = 1;\n`;
  const name = keyword === 'import' ? 'thing' : 'Thing';
  for (const { from, to } of pairs) {
    const at = isFile(from) ? `src/${home(from)}.ts` : `src/${dirname(home(from))}/probe-of-${to}.ts`;
    const path = relative(dirname(at), `src/${home(to)}.js`);
    const statement = `${keyword} { ${name} as ${name}${to.replace('-', '')} } from '${path.startsWith('.') ? path : `./${path}`}';`;
    const use = `export ${keyword === 'import' ? 'const' : 'type'} ${to.replace('-', '')} = ${name}${to.replace('-', '')};\n`;
    files[at] = `${statement}\n${files[at] ?? ''}${use}`;
  }
  const found = await violations(files);
  const floorOf = (file: string): string | undefined => {
    const path = file.replace(/^src\//, '').replace(/\.ts$/, '');
    return (
      floors.find((floor) => path === home(floor)) ??
      floors.find((floor) => dirname(path) === dirname(home(floor)))
    );
  };
  const complaints = [...found]
    .filter((line) => !line.startsWith('no-cycle'))
    .map((line) => line.replace(/^.*?: /, '').split(' → '));
  return new Set(complaints.map(([from = '', to = '']) => `${floorOf(from) ?? from} → ${floorOf(to) ?? to}`));
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'webex-auth-floors-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe('the floor rules', () => {
  it('forbid every value import that the table does not allow, and no other', async () => {
    const expected = pairs.filter(({ from, to }) => !mayImport(from, to));
    expect([...(await forbiddenPairs('import'))].sort()).toEqual(
      expected.map(({ from, to }) => `${from} → ${to}`).sort(),
    );
  });

  it('let the types of the store contracts through where the type rule says so', async () => {
    const expected = pairs.filter(({ from, to }) => !mayImportType(from, to));
    expect([...(await forbiddenPairs('import type'))].sort()).toEqual(
      expected.map(({ from, to }) => `${from} → ${to}`).sort(),
    );
  });

  it('see a value import beside a type import of the same contract', async () => {
    const found = await violations({
      'src/stores/gate-store.ts': 'export interface Gate { until: number }\nexport const GATE = 1;\n',
      'src/refresh/scheduler.ts':
        "import type { Gate } from '../stores/gate-store.js';\nimport { GATE } from '../stores/gate-store.js';\nexport const gate: Gate = { until: GATE };\n",
    });
    expect(found).toEqual(
      new Set(['refresh-imports-types-of-stores: src/refresh/scheduler.ts → src/stores/gate-store.ts']),
    );
  });

  it('forbid cycles, homeless files, packages of other floors, Node in the browser stub, dead imports', async () => {
    const found = await violations({
      'package.json': '{"dependencies":{"undici":"1","hono":"1"}}',
      'node_modules/undici/package.json': '{"name":"undici","version":"1.0.0","main":"./index.js"}',
      'node_modules/undici/index.js': 'export const request = 1;\n',
      'node_modules/hono/package.json': '{"name":"hono","version":"1.0.0","main":"./index.js"}',
      'node_modules/hono/index.js': 'export const Hono = 1;\n',
      'src/http/transport.ts': "export { request } from 'undici';\n",
      'src/web/pages.ts': "export { Hono } from 'hono';\n",
      'src/base/a.ts': "import { b } from './b.js';\nexport const a = b;\n",
      'src/base/b.ts': "import type { a } from './a.js';\nexport const b: typeof a = 1;\n",
      'src/utils/pad.ts': 'export const pad = 1;\n',
      'src/helpers.ts': "export { a } from './base/a.js';\n",
      'src/browser.ts': "export { readFile } from 'node:fs';\n",
      'src/vault/vault.ts': "export { gone } from './gone.js';\n",
    });
    const rules = (rule: string) => [...found].filter((line) => line.startsWith(`${rule}:`));
    expect(rules('no-cycle')).toHaveLength(1);
    expect(rules('web-packages')).toEqual(['web-packages: src/web/pages.ts → node_modules/hono/index.js']);
    expect(rules('http-packages')).toEqual([]);
    expect(rules('no-floor')).toEqual(['no-floor: src/helpers.ts → src/base/a.ts']);
    expect(rules('no-floor-alone')).toEqual(['no-floor-alone: src/utils/pad.ts → src/utils/pad.ts']);
    expect(rules('browser-builtins')).toHaveLength(1);
    expect(rules('no-unresolved')).toEqual(['no-unresolved: src/vault/vault.ts → ./gone.js']);
    expect(found.size).toBe(6);
  });

  it('give every source file of this project a floor', async () => {
    const { floors: table } = JSON.parse(await readFile(join(root, 'floors.json'), 'utf8')) as {
      floors: { path: string }[];
    };
    const files = (await readdir(join(root, 'src'), { recursive: true }))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `src/${file}`);
    expect(files.filter((file) => !table.some(({ path }) => new RegExp(path).test(file)))).toEqual([]);
  });
});
