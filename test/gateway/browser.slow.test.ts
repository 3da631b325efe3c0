import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDemoWebex, type DemoWebex } from '../../src/cli/demo-webex.js';
import { DEFAULT_SCOPE } from '../../src/gateway/gateway-settings.js';
import { startGateway, type Gateway } from '../../src/gateway/gateway.js';
import { KeyRing } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';

const CHROMIUM = findChromium();
const KEPT_IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const ARGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

describe('a newcomer in a browser', () => {
  let directory: string;
  let browser: Browser;
  let page: Page;
  let gateway: Gateway;
  let demo: DemoWebex;

  beforeAll(async () => {
    if (CHROMIUM !== undefined) browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  });

  afterAll(async () => {
    if (CHROMIUM !== undefined) await browser.close();
  });

  beforeEach(async (context) => {
    if (CHROMIUM === undefined)
      return context.skip('Chromium is not installed (Debian: apt-get install chromium)');
    directory = await mkdtemp(join(tmpdir(), 'webex-auth-browser-'));
    gateway = await startGateway({
      port: 0,
      store: sqliteStore({ path: join(directory, 'vault.db') }),
      keys: KeyRing.createFile(join(directory, 'vault.key')),
      upstream: async (url) => {
        demo = await startDemoWebex({
          port: 0,
          home: directory,
          redirectUri: `${url}/auth/callback`,
          scope: DEFAULT_SCOPE,
          clientSecret: 'fake-secret',
        });
        const { client, emulator } = demo;
        return { client, endpoints: emulator.endpoints, tenant: 'demo', emulator: emulator.url };
      },
    });
    page = await browser.newPage({ viewport: { width: 1000, height: 1000 } });
  });

  afterEach(async () => {
    if (CHROMIUM === undefined) return;
    await page.close();
    await gateway.close();
    await demo.emulator.close();
    await rm(directory, { recursive: true });
  });

  async function picture(name: string): Promise<void> {
    const folder = process.env['UPDATE_SCREENSHOTS'] === '1' ? KEPT_IMAGES : join(directory, 'images');
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }

  it('signs in, calls, refreshes, watches a refresh happen, disconnects', async () => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));

    await page.goto(gateway.url);
    await page.getByText('Webex is emulated on this machine').waitFor();
    await picture('1-signed-out');
    await page.getByRole('link', { name: 'Sign in with Webex' }).click();

    await page.getByText('Ada Example').first().waitFor();
    expect(page.url()).toContain(demo.emulator.url);
    await picture('2-emulator-login');
    await page.getByText('Grace Sample').first().click();
    await page.getByRole('button', { name: 'Allow' }).click();

    await page.getByRole('heading', { name: 'Grace Sample' }).waitFor();
    expect(page.url()).toBe(`${gateway.url}/`);
    await page.getByText('spark:rooms_read').waitFor();
    await picture('3-grant');

    await page.getByRole('button', { name: 'Call people/me' }).click();
    await page.getByText('"displayName": "Grace Sample"').waitFor();
    await picture('4-call');

    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('Refreshed by hand').waitFor();
    expect(await page.locator('#live').getAttribute('data-generation')).toBe('2');

    // Tokens of a few seconds from now on: the page shows the refresh happen without being touched.
    demo.emulator.setLifetimes({ accessToken: 4 });
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('Refreshed automatically').first().waitFor({ timeout: 30_000 });
    await page.locator('#live[data-generation="5"]').waitFor({ timeout: 30_000 });
    await picture('5-refreshed-automatically');

    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByText('Webex confirmed that they are revoked').waitFor();
    await page.getByRole('link', { name: 'Sign in with Webex' }).waitFor();
    expect(await gateway.auth.grants.list()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('declines, reads why nothing happened, and finds the way back', async () => {
    await page.goto(gateway.url);
    await page.getByRole('link', { name: 'Sign in with Webex' }).click();
    await page.getByRole('button', { name: 'Decline' }).click();
    await page.getByText('ACCESS_DENIED').waitFor();
    await picture('6-declined');
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'Ada Example' }).waitFor();
  });

  it('B7: the code and the state are in no address that stays, and in no Referer', async () => {
    const asked: Promise<{ url: string; referer: string }>[] = [];
    page.on('request', (request) =>
      asked.push(request.allHeaders().then(({ referer = '' }) => ({ url: request.url(), referer }))),
    );
    const addresses: string[] = [];
    page.on('framenavigated', (frame) => void addresses.push(frame.url()));
    await page.goto(gateway.url);
    await page.getByRole('link', { name: 'Sign in with Webex' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'Ada Example' }).waitFor();
    await page.getByRole('button', { name: 'Call people/me' }).click();
    await page.getByText('"displayName": "Ada Example"').waitFor();
    const requests = await Promise.all(asked);
    const at = requests.findIndex(({ url }) => url.includes('/auth/callback?'));
    const { searchParams } = new URL(requests[at]?.url ?? '');
    const later = requests.slice(at + 1);
    const secrets = ['code', 'state'].map((name) => searchParams.get(name) ?? '');
    expect(secrets.map(({ length }) => length >= 22)).toEqual([true, true]);
    expect(later.length).toBeGreaterThan(1);
    for (const secret of secrets) expect(later.filter(({ referer }) => referer.includes(secret))).toEqual([]);
    // The callback is answered with a redirect: no page ever has its address.
    expect(addresses.length).toBeGreaterThan(2);
    expect(addresses.filter((url) => url.includes('/auth/callback'))).toEqual([]);
  });

  it('works without JavaScript too', async () => {
    await page.close();
    page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(gateway.url);
    await page.getByRole('link', { name: 'Sign in with Webex' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'Ada Example' }).waitFor();
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('Refreshed by hand').waitFor();
  });
});

function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = [
    named,
    ...folders.flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')]),
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}
