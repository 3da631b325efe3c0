import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/emulator.js';
import { startGateway, type Gateway } from '../../src/gateway/gateway.js';
import { KeyRing, memoryStore } from '../../src/index.js';
import { Browser } from '../support/browser.js';

const SCOPES = ['spark:people_read', 'spark:rooms_read'];

describe('the gateway', () => {
  let emulator: Emulator;
  let gateway: Gateway;

  beforeEach(async () => {
    gateway = await startGateway({
      port: 0,
      store: memoryStore(),
      keys: KeyRing.ephemeral(),
      upstream: async (url) => {
        const client = {
          clientId: 'gw',
          clientSecret: 'gateway-secret',
          redirectUri: `${url}/auth/callback`,
        };
        const known = { ...client, name: '<b>App</b>', redirectUris: [client.redirectUri], scopes: SCOPES };
        emulator = await startEmulator({ clients: [known], refreshMode: 'rotate-strict' });
        return {
          client: { ...client, scope: SCOPES },
          endpoints: emulator.endpoints,
          emulator: emulator.url,
        };
      },
    });
  });

  afterEach(async () => {
    await gateway.close();
    await emulator.close();
  });

  async function signIn(browser: Browser, user?: string): Promise<void> {
    const start = await browser.open(`${gateway.url}/auth/login`);
    const callback = await emulator.signIn(Browser.target(start), { ...(user && { user }) });
    const end = await browser.open(callback);
    expect([end.status, end.headers.get('location')]).toEqual([303, '/']);
  }

  const press = (browser: Browser, path: string, headers: Record<string, string> = {}): Promise<Response> =>
    browser.open(`${gateway.url}${path}`, { method: 'POST', headers: { origin: gateway.url, ...headers } });

  async function pageOf(browser: Browser): Promise<string> {
    return (await browser.open(gateway.url)).text();
  }

  it('offers to sign in, then shows one’s own grant with its scopes, expiry and history', async () => {
    const browser = new Browser();
    expect(await pageOf(browser)).toContain('Sign in with Webex');
    await signIn(browser);
    const page = await pageOf(browser);
    for (const words of [
      'Ada Example',
      'Live',
      ...SCOPES,
      'expires in',
      'Signed in',
      'Refresh now',
      'Disconnect',
    ]) {
      expect(page).toContain(words);
    }
    const { accessToken } = await gateway.auth.token((await gateway.auth.grants.list())[0]?.subject ?? '');
    expect(page).not.toContain(accessToken);
  });

  it('has buttons that work: call, refresh, disconnect, sign out', async () => {
    const browser = new Browser();
    await signIn(browser);
    const called = await (await press(browser, '/grant/call')).text();
    expect(called).toMatch(/GET people\/me[\s\S]*displayName(&quot;|&#34;): (&quot;|&#34;)Ada Example/);

    expect((await press(browser, '/grant/refresh')).status).toBe(303);
    expect(await pageOf(browser)).toMatch(/Refreshed\. Webex gave a new token[\s\S]*Refreshed by hand/);
    expect(emulator.ledger.count('refresh_token')).toBe(1);

    const fragment = await browser.open(`${gateway.url}/grant`);
    expect(await fragment.text()).toContain('data-generation="2"');

    expect((await press(browser, '/grant/disconnect')).status).toBe(303);
    expect(await pageOf(browser)).toContain('Webex confirmed that they are revoked');
    expect(await gateway.auth.grants.list()).toEqual([]);

    await signIn(browser);
    expect((await press(browser, '/auth/logout')).status).toBe(303);
    expect(await pageOf(browser)).toContain('Sign in with Webex');
    expect(await gateway.auth.grants.list()).toHaveLength(1);
  });

  it('shows and ends only one’s own grant', async () => {
    const [ada, grace] = [new Browser(), new Browser()];
    await signIn(ada, emulator.users[0]?.email);
    await signIn(grace, emulator.users[1]?.email);
    expect(await pageOf(grace)).not.toContain('Ada Example');
    await press(grace, '/grant/disconnect');
    expect(await gateway.auth.grants.list()).toHaveLength(1);
    expect(await pageOf(ada)).toContain('Ada Example');
  });

  it.each(['/grant/call', '/grant/refresh', '/grant/disconnect', '/auth/logout'])(
    'takes POST %s from its own page only',
    async (path) => {
      const browser = new Browser();
      await signIn(browser);
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: `${gateway.url}.evil.example` },
        { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      ]) {
        expect((await press(browser, path, headers)).status).toBe(403);
      }
      expect((await browser.open(`${gateway.url}${path}`)).status).not.toBe(200);
      expect(emulator.ledger.count('refresh_token')).toBe(0);
      expect(await pageOf(browser)).toContain('Ada Example');
    },
  );

  it('without a session does nothing and says so', async () => {
    const stranger = new Browser();
    expect((await stranger.open(`${gateway.url}/grant`)).status).toBe(401);
    expect((await press(stranger, '/grant/disconnect')).status).toBe(303);
    expect(await pageOf(stranger)).toContain('You are signed out');
  });

  it('answers under its own name only (DNS rebinding), and leads loopback aliases there', async () => {
    const { port } = new URL(gateway.url);
    const answerTo = (
      host: string,
      method = 'GET',
    ): Promise<{ status: number; location: string | undefined }> =>
      new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: '/?a=1', method, headers: { host } }, (response) => {
          response.resume();
          resolve({ status: response.statusCode ?? 0, location: response.headers.location });
        })
          .on('error', reject)
          .end();
      });
    expect((await answerTo(`127.0.0.1:${port}`)).status).toBe(200);
    expect(await answerTo(`localhost:${port}`)).toEqual({ status: 307, location: `${gateway.url}/?a=1` });
    expect((await answerTo(`localhost:${port}`, 'POST')).status).toBe(421);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      '127.0.0.1:1',
      `127.0.0.1.evil.example:${port}`,
    ]) {
      expect((await answerTo(host)).status).toBe(421);
    }
  });

  it('escapes what it shows and lets only its own script and style run', async () => {
    const browser = new Browser();
    await signIn(browser);
    const { subject = '' } = (await gateway.auth.grants.list())[0] ?? {};
    const page = await browser.open(gateway.url);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'/);
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(await page.text()).not.toContain(subject);
    const wrong = await browser.open(
      `${gateway.url}/auth/callback?error=<script>alert(1)</script>&error_description=<img src=x>`,
    );
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).not.toMatch(/<script>alert|<img/);
  });

  it('a declined consent is a friendly page with a way back', async () => {
    const browser = new Browser();
    const start = await browser.open(`${gateway.url}/auth/login`);
    const end = await browser.open(await emulator.signIn(Browser.target(start), { deny: true }));
    const page = await end.text();
    expect(end.status).toBe(403);
    expect(page).toContain('ACCESS_DENIED');
    expect(page).toContain('Sign in again');
  });

  it('health and readiness, and pages that are not there', async () => {
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toEqual({ status: 'alive' });
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toEqual({ status: 'ready' });
    expect((await fetch(`${gateway.url}/nowhere`)).status).toBe(404);
    const wrongMethod = await fetch(gateway.url, { method: 'POST' });
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('tells a taken port in one error, and leaves nothing open', async () => {
    const port = Number(new URL(gateway.url).port);
    const upstream = { client: { clientId: 'a', clientSecret: 'b' } };
    await expect(
      startGateway({ port, store: memoryStore(), keys: KeyRing.ephemeral(), upstream }),
    ).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', problems: [{ setting: 'PORT' }] });
  });
});
