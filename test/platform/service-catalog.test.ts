import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WholeFetch } from '../../src/base/fetch.js';
import { ConfigurationError, ServiceNotFoundError, TimeoutError } from '../../src/errors.js';
import { ApiTarget } from '../../src/http/api-target.js';
import { identityBroker, webexEndpoints } from '../../src/platform/endpoints.js';
import { ServiceCatalog, type ServiceCatalogOptions } from '../../src/platform/service-catalog.js';
import { fakeClock } from '../support/fake-clock.js';
import { type FakeCall, fakeFetch, json } from '../support/fake-fetch.js';

const ORG = '8d2c4e1a-0000-4000-8000-123456789abc';
const OTHER_ORG = '8d2c4e1a-0000-4000-8000-fedcba987654';
const TOKEN = `canaryCanary_P0A1_${ORG}`;
const U2C = 'https://u2c.wbx2.com/u2c/api/v1';
const hostmap = (serviceLinks: Record<string, unknown>): Response => json({ serviceLinks, hostCatalog: {} });
const tokenSource =
  (accessToken: string | undefined) => (): ReturnType<NonNullable<ServiceCatalogOptions['peek']>> =>
    accessToken === undefined
      ? undefined
      : { accessToken, expiresAt: undefined, stale: false, lastError: undefined };

type Told = [reason: string, message: string];

function rig(
  answer: (call: FakeCall) => Response | Promise<Response>,
  options: Partial<ServiceCatalogOptions> = {},
): {
  catalog: ServiceCatalog;
  clock: ReturnType<typeof fakeClock>;
  calls: FakeCall[];
  told: Told[];
} {
  const clock = fakeClock();
  const { fetch, calls } = fakeFetch(answer);
  const told: Told[] = [];
  const catalog = new ServiceCatalog({
    fetch,
    endpoints: webexEndpoints(),
    clock,
    onDegraded: (reason, message) => told.push([reason, message]),
    ...options,
  });
  return { catalog, clock, calls, told };
}

const sent = (calls: FakeCall[]): [string, string | undefined][] =>
  calls.map(({ url, init }) => [url.replace(U2C, ''), init.headers['authorization']]);
const isLimited = ({ url }: FakeCall): boolean => url.includes('/limited/');

describe('the built-in table', () => {
  test('answers before anything was asked', () => {
    const { catalog, calls } = rig(() => hostmap({}));
    expect(catalog.list()).toEqual({
      hydra: 'https://webexapis.com/v1',
      idbroker: 'https://idbroker.webex.com',
      identity: 'https://identity.webex.com',
      u2c: U2C,
    });
    expect(catalog.get('hydra')).toBe('https://webexapis.com/v1');
    expect(catalog.has('wdm')).toBe(false);
    expect(catalog.get('constructor')).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test('a moved API has no catalog: nothing is sent, not even for an email address', async () => {
    const endpoints = {
      ...webexEndpoints(),
      apiBase: 'http://localhost:9/v1',
      serviceCatalog: undefined,
    };
    const { catalog, calls } = rig(() => hostmap({}), { endpoints, peek: tokenSource(TOKEN) });
    await catalog.discover({ force: true });
    await catalog.discoverForEmail('ann@example.com');
    await expect(catalog.waitForService('wdm')).rejects.toThrow(ServiceNotFoundError);
    expect(await catalog.waitForService('hydra')).toBe('http://localhost:9/v1');
    expect(calls).toEqual([]);
    expect(catalog.has('u2c')).toBe(false);
  });

  test('knows the identity host of a regional broker, and of no other', () => {
    const identity = (broker: string): string | undefined =>
      rig(() => hostmap({}), {
        endpoints: { ...webexEndpoints(), idbroker: identityBroker(broker) },
      }).catalog.get('identity');
    expect(identity('https://idbroker-b-us.webex.com')).toBe('https://identity-b-us.webex.com');
    expect(identity('https://idbroker.example')).toBeUndefined();
  });
});

describe('what is asked', () => {
  test('with a token: the limited catalog of its organisation without it, then the user catalog with it', async () => {
    const { catalog, calls } = rig(
      (call) => hostmap({ wdm: isLimited(call) ? 'https://wdm-a.wbx2.com/' : 'https://wdm-b.wbx2.com/x/' }),
      { peek: tokenSource(TOKEN) },
    );
    await catalog.discover();
    expect(sent(calls)).toEqual([
      [`/limited/catalog?orgId=${ORG}&format=hostmap`, undefined],
      ['/catalog?format=hostmap', `Bearer ${TOKEN}`],
    ]);
    expect(calls[0]?.init).toMatchObject({ method: 'GET', redirect: 'manual' });
    expect(catalog.get('wdm')).toBe('https://wdm-b.wbx2.com/x');
  });

  test.each([
    [undefined, [['/limited/catalog?mode=DEFAULT_BY_PROXIMITY&format=hostmap', undefined]]],
    [
      'opaque',
      [
        ['/limited/catalog?mode=DEFAULT_BY_PROXIMITY&format=hostmap', undefined],
        ['/catalog?format=hostmap', 'Bearer opaque'],
      ],
    ],
  ])('with the token %s', async (token, expected) => {
    const { catalog, calls } = rig(() => hostmap({}), { peek: tokenSource(token) });
    await catalog.discover();
    expect(sent(calls)).toEqual(expected);
  });

  test('an answer serves for an hour; force asks again, past caches', async () => {
    const { catalog, calls, clock } = rig(() => hostmap({}));
    await catalog.discover();
    await clock.advance(3_599_999);
    await catalog.discover();
    expect(calls).toHaveLength(1);
    await catalog.discover({ force: true });
    expect(new URL(calls[1]?.url ?? '').searchParams.get('timestamp')).toBe(String(clock.now()));
    await clock.advance(3_600_000);
    await catalog.discover();
    expect(calls).toHaveLength(3);
    expect(calls[2]?.url).not.toContain('timestamp');
  });

  test('either payload is understood whatever was asked for', async () => {
    const { catalog, calls } = rig(
      () =>
        json({
          activeServices: { wdm: 'id' },
          services: [
            {
              id: 'id',
              serviceUrls: [
                { baseUrl: 'https://wdm.evil.example', priority: 1 },
                { baseUrl: 'https://wdm-a.wbx2.com/', priority: 2 },
              ],
            },
          ],
        }),
      { format: 'U2CV2' },
    );
    await catalog.discover();
    expect(calls[0]?.url).toContain('format=U2CV2');
    expect(catalog.get('wdm')).toBe('https://wdm-a.wbx2.com');
  });

  test('concurrent callers share one flight; who aborts leaves alone', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { catalog, calls } = rig(async () => {
      await gate;
      return hostmap({ wdm: 'https://wdm-a.wbx2.com' });
    });
    const caller = new AbortController();
    const reason = new Error('no more patience');
    const impatient = catalog.discover({ signal: caller.signal });
    const patient = Promise.all([catalog.discover(), catalog.discover()]);
    caller.abort(reason);
    await expect(impatient).rejects.toBe(reason);
    open();
    await patient;
    expect(calls).toHaveLength(1);
    expect(catalog.get('wdm')).toBe('https://wdm-a.wbx2.com');
    await expect(catalog.discover({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('force does not join a discovery that may come from a cache; others join the forced one', async () => {
    const open: (() => void)[] = [];
    const { catalog, calls } = rig(async () => {
      await new Promise<void>((resolve) => open.push(resolve));
      return hostmap({});
    });
    const waits = [
      catalog.discover(),
      catalog.discover({ force: true }),
      catalog.discover({ force: true }),
      catalog.discover(),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.map(({ url }) => url.includes('timestamp'))).toEqual([false, true]);
    for (const release of open) release();
    await Promise.all(waits);
  });

  test('a token that comes later is a new question; so is another organisation, of which nothing old is told', async () => {
    let token: string | undefined;
    let well = true;
    const { catalog, calls } = rig(
      (call) => (well ? hostmap(isLimited(call) ? {} : { wdm: 'https://wdm-a.wbx2.com' }) : json({}, 503)),
      { peek: () => tokenSource(token)() },
    );
    await catalog.discover();
    token = TOKEN;
    await catalog.discover();
    await catalog.discover();
    expect(calls).toHaveLength(3);
    expect(catalog.has('wdm')).toBe(true);
    token = `other_P0A1_${OTHER_ORG}`;
    well = false;
    await catalog.discover();
    expect(catalog.has('wdm')).toBe(false);
    expect(catalog.allows('https://wdm-a.wbx2.com')).toBe(false);
  });

  test('an answer for the organisation before comes too late', async () => {
    let token = TOKEN;
    const late: (() => void)[] = [];
    const { catalog } = rig(
      async (call) => {
        const old = call.init.headers['authorization']?.includes(ORG) === true;
        if (old) await new Promise<void>((resolve) => late.push(resolve));
        return isLimited(call) ? hostmap({}) : hostmap({ wdm: `https://${old ? 'old' : 'new'}.wbx2.com` });
      },
      { peek: () => tokenSource(token)() },
    );
    const first = catalog.discover();
    await new Promise((resolve) => setImmediate(resolve));
    token = `other_P0A1_${OTHER_ORG}`;
    await catalog.discover();
    for (const release of late) release();
    await first;
    expect(catalog.get('wdm')).toBe('https://new.wbx2.com');
  });
});

describe('before a sign-in', () => {
  const emailhash = createHash('sha256').update('ann@example.com').digest('hex');

  test('the hash of the address is asked about, the sign-in catalog with a token of the client', async () => {
    const { catalog, calls } = rig(
      (call) =>
        hostmap(
          isLimited(call)
            ? { a: 'https://limited.wbx2.com', b: 'https://limited.wbx2.com' }
            : { a: 'https://signin.wbx2.com' },
        ),
      { clientToken: () => Promise.resolve('client-token') },
    );
    await catalog.discoverForEmail('Ann@Example.com');
    expect(sent(calls)).toEqual([
      [`/limited/catalog?emailhash=${emailhash}&format=hostmap`, undefined],
      [`/signin/catalog?emailhash=${emailhash}&format=hostmap`, 'Bearer client-token'],
    ]);
    expect(catalog.get('a')).toBe('https://signin.wbx2.com');
    expect(catalog.get('b')).toBe('https://limited.wbx2.com');
  });

  test.each([
    ['none', undefined, 0],
    ['one that gives nothing', () => Promise.resolve(undefined), 0],
    ['one that fails', () => Promise.reject(new Error('canary')), 1],
    ['one that never answers', () => new Promise<undefined>(() => undefined), 1],
  ])('client token: %s; the limited catalog is read all the same', async (_, clientToken, failures) => {
    const { catalog, calls, clock, told } = rig(() => hostmap({ a: 'https://a.wbx2.com' }), { clientToken });
    const done = catalog.discoverForEmail('ann@example.com');
    await clock.advance(5_000);
    await done;
    expect(calls).toHaveLength(1);
    expect(catalog.has('a')).toBe(true);
    expect(told).toHaveLength(failures);
    expect(JSON.stringify(told)).not.toContain('canary');
  });

  test.each(['', 'ann', 'ann@', '@example.com', 'a b@example.com', 'a@b@c', `${'a'.repeat(320)}@b.c`])(
    '%j is no address',
    async (email) => {
      const { catalog, calls } = rig(() => hostmap({}));
      await expect(catalog.discoverForEmail(email)).rejects.toThrow(ConfigurationError);
      expect(calls).toEqual([]);
    },
  );
});

test('look-up: override, user, sign-in, limited, built-in', async () => {
  const layers = ['override', 'user', 'signin', 'limited'] as const;
  // Each layer names its own service and those of the layers before it.
  const named = (layer: (typeof layers)[number]): Record<string, string> =>
    Object.fromEntries([
      ...layers
        .slice(0, layers.indexOf(layer) + 1)
        .map((from): [string, string] => [`from-${from}`, `https://${layer}.webex.com/`]),
      ...(layer === 'limited' ? [['idbroker', 'https://idbroker-eu.webex.com/'] as const] : []),
    ]);
  const { catalog } = rig(
    ({ url }) =>
      hostmap(named(url.includes('/limited/') ? 'limited' : url.includes('/signin/') ? 'signin' : 'user')),
    {
      peek: tokenSource(TOKEN),
      clientToken: () => Promise.resolve('client-token'),
      overrides: named('override'),
    },
  );
  await catalog.discoverForEmail('ann@example.com');
  await catalog.discover();
  expect(catalog.list()).toEqual({
    'from-override': 'https://override.webex.com',
    'from-user': 'https://user.webex.com',
    'from-signin': 'https://signin.webex.com',
    'from-limited': 'https://limited.webex.com',
    hydra: 'https://webexapis.com/v1',
    idbroker: 'https://idbroker-eu.webex.com',
    identity: 'https://identity.webex.com',
    u2c: U2C,
  });
  for (const [name, url] of Object.entries(catalog.list())) expect(catalog.get(name)).toBe(url);
});

describe('failures cost nothing but a report', () => {
  test.each<[what: string, code: string, bad: () => Response | Promise<Response>]>([
    ['503', 'SERVICE_UNAVAILABLE', () => json({ message: 'canary' }, 503)],
    ['401', 'UNAUTHORIZED', () => json({}, 401)],
    ['404', 'PROTOCOL_ERROR', () => json({}, 404)],
    [
      'a redirect',
      'PROTOCOL_ERROR',
      () => new Response(null, { status: 302, headers: { location: 'https://canary.example' } }),
    ],
    ['HTML', 'PROTOCOL_ERROR', () => new Response('<html>canary')],
    ['another object', 'PROTOCOL_ERROR', () => json({ canary: true })],
    ['a list', 'PROTOCOL_ERROR', () => json([])],
    ['a reset', 'NETWORK_ERROR', () => Promise.reject(new Error('canary'))],
    ['silence', 'TIMEOUT', () => new Promise(() => undefined)],
  ])('%s is %s', async (_, code, bad) => {
    let answer: typeof bad = () => hostmap({ wdm: 'https://wdm-a.wbx2.com' });
    const { catalog, clock, told, calls } = rig(() => answer());
    const discover = async (): Promise<void> => {
      const done = catalog.discover({ force: true });
      await clock.advance(5_000);
      await done;
    };
    await discover();
    answer = bad;
    await discover();
    await discover();
    expect(catalog.get('wdm')).toBe('https://wdm-a.wbx2.com');
    expect(catalog.get('hydra')).toBe('https://webexapis.com/v1');
    expect(told).toEqual([['DISCOVERY_FAILED', expect.stringContaining(`(${code})`)]]);
    expect(JSON.stringify(told)).not.toMatch(/canary/i);
    answer = () => hostmap({});
    await discover();
    expect(catalog.has('wdm')).toBe(false);
    answer = bad;
    await discover();
    expect(told).toHaveLength(2);
    expect(calls).toHaveLength(5);
  });

  test('one deadline over all of it, also where the fetch heeds no signal', async () => {
    const { catalog, clock, calls, told } = rig(() => new Promise(() => undefined), {
      peek: tokenSource(TOKEN),
      deadlineMs: 700,
    });
    let done = false;
    const discovery = catalog.discover().then(() => (done = true));
    await clock.advance(699);
    expect(done).toBe(false);
    await clock.advance(1);
    await discovery;
    expect(calls).toHaveLength(1);
    expect(told).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  test('the user catalog is read although the limited one is unwell, and the other way round', async () => {
    for (const unwell of [true, false]) {
      const { catalog, calls } = rig(
        (call) => (isLimited(call) === unwell ? json({}, 500) : hostmap({ wdm: 'https://wdm-a.wbx2.com' })),
        { peek: tokenSource(TOKEN) },
      );
      await catalog.discover();
      expect(catalog.has('wdm')).toBe(true);
      await catalog.discover();
      expect(calls).toHaveLength(4);
    }
  });

  test('after a 429 nothing is sent before its time', async () => {
    const { catalog, clock, calls } = rig(() => json({}, 429, { 'retry-after': '60' }), {
      peek: tokenSource(TOKEN),
    });
    await catalog.discover();
    await clock.advance(59_999);
    await catalog.discover({ force: true });
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    await catalog.discover();
    expect(calls).toHaveLength(2);
  });

  test('no Retry-After holds for longer than an hour', async () => {
    const { catalog, clock, calls } = rig(() => json({}, 429, { 'retry-after': '9999999999' }));
    await catalog.discover();
    await clock.advance(3_600_000);
    await catalog.discover();
    expect(calls).toHaveLength(2);
  });
});

describe('which addresses are taken', () => {
  const taken = async (
    url: string,
    endpoints = webexEndpoints(),
  ): Promise<{ base: string | undefined; told: Told[]; catalog: ServiceCatalog }> => {
    const { catalog, told } = rig(() => hostmap({ svc: url }), { endpoints });
    await catalog.discover();
    return { base: catalog.get('svc'), told, catalog };
  };

  test.each([
    ['https://webex.com', 'https://webex.com'],
    ['https://a.b.webex.com/x/api/v1/', 'https://a.b.webex.com/x/api/v1'],
    ['HTTPS://WDM-A.WBX2.COM/', 'https://wdm-a.wbx2.com'],
    ['https://wdm-a.wbx2.com:443/x', 'https://wdm-a.wbx2.com/x'],
    ['https://a.broadcloud.com.au/', 'https://a.broadcloud.com.au'],
    ['https://webexapis.com/v1/', 'https://webexapis.com/v1'],
  ])('%s', async (url, base) => {
    const result = await taken(url);
    expect(result.base).toBe(base);
    expect(result.catalog.allows(new URL(base).origin)).toBe(true);
    expect(result.told).toEqual([]);
  });

  test.each([
    'https://notwebex.com/x',
    'https://webex.com.attacker.example/x',
    'https://attacker.example/webex.com',
    'https://attacker.example/?webex.com',
    'https://attacker.example#.webex.com',
    'https://webex.com@attacker.example/x',
    'https://user:pass@a.webex.com/x',
    'https://a.webex.com:8443/x',
    'https://a.webex.com:80/x',
    'http://a.webex.com/x',
    'ftp://a.webex.com/x',
    'javascript:alert(1)',
    'data:text/plain,webex.com',
    '//a.webex.com/x',
    'a.webex.com/x',
    '',
    'https://',
    'https://.webex.com/x',
    'https://a..webex.com/x',
    'https://a.webex.com./x',
    'https://webex.com.',
    'https://wébex.com/x',
    'https://a.wеbex.com/x',
    'https://xn--wbex-bpa.com/x',
    'https://xn--a-ecp.webex.com/x',
    'https://webex。com/x',
    'https://ａ.webex.com/x',
    'https://a%2ewebex.com/x',
    'https://a.webex.com%2f.attacker.example/x',
    'https://attacker.example\\.webex.com/x',
    'https://a.webex.com\\@attacker.example/x',
    'https://attacker.example\t.webex.com/x',
    'https://a.web\nex.com/x',
    ' https://a.webex.com/x',
    'https:/a.webex.com/x',
    'https:\\\\a.webex.com/x',
    'https://a.webex.com/x?y=1',
    'https://a.webex.com/x#y',
    'https://127.0.0.1/x',
    'https://localhost/x',
    'http://localhost:8788/x',
    'https://[::1]/x',
    'https://10.0.0.1/x',
    'https://0x7f.1/x',
  ])('%j is not', async (url) => {
    const { base, told, catalog } = await taken(url);
    expect(base).toBeUndefined();
    expect(told).toEqual([['CATALOG_UNTRUSTED_HOST', expect.stringContaining('not used: 1;')]]);
    expect(told[0]?.[1]).not.toContain('attacker');
    for (const origin of ['https://attacker.example', 'https://notwebex.com', 'https://a.webex.com'])
      expect(catalog.allows(origin)).toBe(false);
  });

  test('the longest address has 2,048 characters', async () => {
    const start = 'https://a.webex.com/';
    const longest = start + 'x'.repeat(2_048 - start.length);
    expect((await taken(longest)).base).toBe(longest);
    expect((await taken(`${longest}x`)).base).toBeUndefined();
  });

  test('WebSocket services are left out without a word', async () => {
    const { base, told } = await taken('wss://mercury.wbx2.com/x');
    expect(base).toBeUndefined();
    expect(told).toEqual([]);
  });

  test("the government's catalog gets none of the commercial domains", async () => {
    const fedramp = webexEndpoints('fedramp');
    expect((await taken('https://a.wbx2.com/x', fedramp)).base).toBeUndefined();
    expect((await taken('https://wdm.gov.ciscospark.com/x', fedramp)).base).toBe(
      'https://wdm.gov.ciscospark.com/x',
    );
    expect((await taken('https://ciscospark.com/x', fedramp)).base).toBeUndefined();
  });

  test.each([
    ['the allowed origins', 'https://mine.example:8443/x', 'https://mine.example:8443/x'],
    ['the origin of the catalog', 'https://u2c.example/y/', 'https://u2c.example/y'],
    ['loopback', 'http://127.0.0.1:1/x', undefined],
    ['another port', 'https://mine.example/x', undefined],
  ])('exact origins that count: %s', async (_, url, expected) => {
    const endpoints = {
      ...webexEndpoints(),
      serviceCatalog: 'https://u2c.example/u2c',
      allowedOrigins: ['https://mine.example:8443'],
    };
    expect((await taken(url, endpoints)).base).toBe(expected);
  });

  test.each(['http://127.0.0.1:1/x', 'http://localhost:2/x', 'https://localhost/x', 'http://[::1]:3/x'])(
    'a catalog on loopback may name %s',
    async (url) => {
      const endpoints = {
        ...webexEndpoints(),
        serviceCatalog: 'http://localhost:8788/u2c',
      };
      const { base, catalog } = await taken(url, endpoints);
      expect(base).toBe(url);
      expect(catalog.allows(new URL(url).origin)).toBe(true);
      expect((await taken('http://attacker.example/x', endpoints)).base).toBeUndefined();
      expect((await taken('http://127.0.0.1.attacker.example/x', endpoints)).base).toBeUndefined();
      for (const spelling of ['127.1', '0x7f000001', '2130706433', '0177.0.0.1'])
        expect((await taken(`http://${spelling}:1/x`, endpoints)).base).toBeUndefined();
    },
  );

  test('hosts that are not taken are told once until they are gone', async () => {
    let links: Record<string, string> = { a: 'https://evil.example', b: 'https://evil2.example' };
    const { catalog, told } = rig(() => hostmap(links));
    const discover = (): Promise<void> => catalog.discover({ force: true });
    await discover();
    await discover();
    expect(told).toEqual([['CATALOG_UNTRUSTED_HOST', expect.stringContaining('not used: 2;')]]);
    links = {};
    await discover();
    links = { a: 'https://evil.example' };
    await discover();
    expect(told).toHaveLength(2);
  });

  test('law: what a catalog says opens no origin outside the domains', async () => {
    const piece = fc.constantFrom(
      'webex.com',
      '.',
      '@',
      ':',
      '/',
      '\\',
      '%2e',
      'evil.example',
      'https://',
      '#',
      '?',
    );
    const url = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 8 })
      .map((parts) => `https://${parts.join('')}`);
    await fc.assert(
      fc.asyncProperty(fc.array(url, { maxLength: 5 }), async (urls) => {
        const { catalog } = rig(() => hostmap({ ...urls }));
        await catalog.discover();
        for (const text of urls) {
          const origin = URL.canParse(text) ? new URL(text).origin : text;
          const inside = /^https:\/\/([^/]+\.)?(webex|webexapis)\.com$/.test(origin);
          expect(catalog.allows(origin) && !inside).toBe(false);
        }
        for (const [name, base] of Object.entries(catalog.list()))
          if (/^\d$/.test(name)) expect(new URL(base).hostname).toMatch(/(^|\.)webex\.com$/);
      }),
    );
  });
});

describe('overrides', () => {
  test("are the application's own word: a bearer may go there", () => {
    const { catalog } = rig(() => hostmap({}), { overrides: { mine: 'http://localhost:1/x/' } });
    expect(catalog.get('mine')).toBe('http://localhost:1/x');
    expect(catalog.allows('http://localhost:1')).toBe(true);
    expect(catalog.allows('http://localhost:2')).toBe(false);
  });

  test.each(['http://mine.example', 'https://u:canary@mine.example', 'https://mine.example?x', 'mine', ''])(
    '%j is none',
    (url) => {
      const make = (): unknown => rig(() => hostmap({}), { overrides: { mine: url } });
      expect(make).toThrow(ConfigurationError);
      expect(make).toThrow('services.override.mine');
      expect(make).not.toThrow(/canary/);
    },
  );

  test('names that objects have by birth', async () => {
    const overrides = JSON.parse('{"__proto__":"https://a.webex.com"}') as Record<string, string>;
    const { catalog } = rig(() => hostmap({ toString: 'https://b.webex.com' }), { overrides });
    await catalog.discover();
    expect(catalog.get('__proto__')).toBe('https://a.webex.com');
    expect(catalog.get('hasOwnProperty')).toBeUndefined();
    expect(Object.getPrototypeOf(catalog.list())).toBeNull();
    expect(Object.keys(catalog.list())).toContain('__proto__');
  });
});

describe('waitForService', () => {
  test('asks for what is not known yet', async () => {
    const { catalog, calls, clock } = rig(() => hostmap({ wdm: 'https://wdm-a.wbx2.com' }));
    expect(await catalog.waitForService('hydra')).toBe('https://webexapis.com/v1');
    expect(calls).toHaveLength(0);
    expect(await catalog.waitForService('wdm')).toBe('https://wdm-a.wbx2.com');
    expect(clock.timers).toBe(0);
  });

  test('a catalog that was read and does not name it ends the wait', async () => {
    const { catalog, calls } = rig(() => hostmap({}), { maxAgeMs: 0 });
    await expect(catalog.waitForService('wdm')).rejects.toThrow(ServiceNotFoundError);
    expect(calls).toHaveLength(1);
  });

  test('while the catalog cannot be read it is asked again, and again', async () => {
    let well = false;
    const { catalog, clock } = rig(() => (well ? hostmap({ wdm: 'https://wdm-a.wbx2.com' }) : json({}, 503)));
    const wait = catalog.waitForService('wdm');
    await clock.advance(10_000);
    well = true;
    await clock.advance(30_000);
    expect(await wait).toBe('https://wdm-a.wbx2.com');
  });

  test('until the time is up, with nothing left behind', async () => {
    const { catalog, clock, calls } = rig(() => json({}, 503));
    let outcome: unknown;
    void catalog.waitForService('wdm', { timeout: 8_000 }).catch((error: unknown) => (outcome = error));
    await clock.advance(7_999);
    expect(outcome).toBeUndefined();
    await clock.advance(1);
    expect(outcome).toBeInstanceOf(TimeoutError);
    const asked = calls.length;
    expect(asked).toBeGreaterThan(1);
    await clock.advance(100_000);
    expect(calls).toHaveLength(asked);
  });

  test("the caller's own abort", async () => {
    const { catalog } = rig(() => new Promise(() => undefined));
    const caller = new AbortController();
    const reason = new Error('enough');
    const wait = catalog.waitForService('wdm', { signal: caller.signal });
    caller.abort(reason);
    await expect(wait).rejects.toBe(reason);
    await expect(catalog.waitForService('hydra', { signal: caller.signal })).rejects.toBe(reason);
  });
});

test('an API client sends its bearer where the catalog points, and only from then on', async () => {
  const { catalog } = rig(() => hostmap({ wdm: 'https://wdm-a.wbx2.com/wdm/api/v1/' }));
  const target = new ApiTarget({
    apiBase: 'https://webexapis.com/v1',
    allowedOrigins: [],
    isAllowed: (origin) => catalog.allows(origin),
    resolveService: (name) => catalog.get(name),
  });
  expect(() => target.resolve('https://wdm-a.wbx2.com/x')).toThrow('no allowed origin');
  await catalog.discover();
  expect(target.resolve('https://wdm-a.wbx2.com/x').href).toBe('https://wdm-a.wbx2.com/x');
  expect(target.resolveResource('wdm', 'devices').href).toBe('https://wdm-a.wbx2.com/wdm/api/v1/devices');
  expect(() => target.resolve('https://wdm-b.wbx2.com/x')).toThrow('no allowed origin');
  expect(() => target.resolve('http://wdm-a.wbx2.com/x')).toThrow('no allowed origin');
});

test('whatever the wire does, discovery resolves', async () => {
  const broken: WholeFetch = () => {
    throw new TypeError('canary');
  };
  const { catalog, told } = rig(() => hostmap({}), { fetch: broken, peek: tokenSource(TOKEN) });
  await catalog.discover();
  await catalog.discoverForEmail('ann@example.com');
  expect(told).toEqual([['DISCOVERY_FAILED', expect.stringContaining('NETWORK_ERROR')]]);
});
