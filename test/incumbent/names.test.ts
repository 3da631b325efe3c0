// Holds docs/coming-from-webex-js-sdk.md against the package: what it says exists does, and works; what it calls absent is.
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as library from '../../src/index.js';
import { holders, NAME_CHECKS } from './name-checks.js';
import { readPage, type PageName } from './page.js';

const { names, defects } = await readPage();
const EVENT_SECTION = 'Events';
const EXISTING = names.filter(({ here }) => here !== 'absent' && here !== 'ignored');

// `new Token(attrs)` → ['Token']; `webex.request(options)` → ['webex', 'request'].
function pathOf(name: string): string[] {
  return name.replace(/^new /, '').replace(/\(.*$/, '').split('.');
}

async function exists(name: string): Promise<boolean> {
  const [root = '', member] = pathOf(name);
  if (member === undefined) return root in library;
  const holder = (await holders())[root];
  if (!holder) throw new Error(`nothing is called ${root}`);
  return member in holder;
}

afterEach(() => void vi.unstubAllEnvs());

describe('names of webex-js-sdk', () => {
  it('each that exists is used here, and no other', () => {
    const used = Object.entries(NAME_CHECKS).flatMap(([section, checks]) =>
      Object.keys(checks).map((name) => `${section}: ${name}`),
    );
    expect(EXISTING.map(({ section, name }) => `${section}: ${name}`).sort()).toEqual(used.sort());
    expect(EXISTING.length).toBeGreaterThan(120);
  });

  it.each(EXISTING)('$section: $name works', async ({ section, name }) => {
    const check = NAME_CHECKS[section]?.[name];
    if (!check) throw new Error(`nothing uses ${name}`);
    await check();
  });

  const renamed = EXISTING.filter(({ here, section }) => here !== 'same' && section !== EVENT_SECTION);
  it.each(renamed)('$name is $here', async ({ name, here }) => {
    expect(await exists(here)).toBe(true);
    // Only the parameters are others, or it is what every object has.
    const isThereToo = String(pathOf(name)) === String(pathOf(here)) || pathOf(name).includes('toString');
    if (name.includes('.')) expect(await exists(name)).toBe(isThereToo);
  });

  const inEnvironment = ({ section }: PageName): boolean => section === 'Environment';
  it.each(
    names.filter((one) => one.here === 'absent' && !inEnvironment(one) && one.section !== EVENT_SECTION),
  )('$name is absent', async ({ name }) => {
    expect(await exists(name)).toBe(false);
  });

  it.each(names.filter(({ here }) => here === 'ignored'))(
    '$name is taken, ignored and told',
    async ({ name }) => {
      const [section = '', member = ''] = name.split('.');
      const credentials = { client_id: 'C', client_secret: 's', redirect_uri: 'https://a.example/cb' };
      const config =
        member === ''
          ? { credentials, [section]: {} }
          : { credentials: { ...credentials, [member]: 'text' } };
      const webex = library.Webex.init({ config, discovery: false });
      const told: string[] = [];
      webex.on('degraded', ({ reason, message }) => told.push(`${reason} ${message}`));
      await webex.whenReady();
      await webex.close();
      expect(told).toEqual([
        expect.stringMatching(`^SETTING_IGNORED config\\.${name.replace('.', '\\.')}: .`),
      ]);
    },
  );
});

describe('defects of webex-js-sdk', () => {
  it('are all on the page', () => {
    expect(defects.map(({ number }) => number)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
  });

  it.each(defects)('defect $number has its test in $test', async ({ number, test }) => {
    const text = await readFile(new URL(`../../${test}`, import.meta.url), 'utf8');
    expect(text).toMatch(new RegExp(`describe\\((['"])defect ${String(number)}: `));
  });
});
