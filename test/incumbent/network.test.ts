// The defects of Webex's own SDK on Node.js, one by one (docs/coming-from-webex-js-sdk.md): what goes over the wire, and when.
import { describe, expect, it } from 'vitest';
import type { EmulatorEndpoints, FaultHandle } from '../../src/emulator/emulator.js';
import { LegalReasonsError, RateLimitError, type Fetch, type Webex } from '../../src/index.js';
import type { EndpointAddresses } from '../../src/config/endpoint-options.js';
import { loopbackServer } from '../http/loopback-server.js';
import { fakeFetch, json } from '../support/fake-fetch.js';
import { DAY, startRig, type Rig } from './rig.js';

const TURN = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves when the fault has struck. */
async function struck(fault: FaultHandle, times = 1): Promise<void> {
  while (fault.count < times) await TURN();
}

/** How `work` ends, though the clock has to move for it. */
async function outcome(
  rig: Rig,
  work: Promise<unknown>,
  { at, ms }: { at: FaultHandle; ms: number },
): Promise<unknown> {
  const settled = work.catch((error: unknown) => error);
  await struck(at);
  await rig.clock.advance(ms);
  return settled;
}

describe('defect 6: after a 429 nothing is sent before Retry-After', () => {
  it.each([
    ['the public token endpoint', (endpoints: EmulatorEndpoints) => endpoints.tokenEndpoint],
    ["the identity broker's", (endpoints: EmulatorEndpoints) => endpoints.idbrokerTokenEndpoint],
  ])('at %s', async (_, endpointOf) => {
    const rig = await startRig();
    const { emulator, endpoints } = rig;
    const webex = await rig.open({ endpoints: { ...endpoints, tokenEndpoint: endpointOf(endpoints) } });
    await rig.signIn(webex);
    emulator.faults.add({ route: /access_token$/, times: 1, retryAfter: 7 });
    const refused: unknown = await webex.refresh().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ retryAt: rig.clock.now() + 7_000, retryable: true });
    await expect(webex.refresh()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(emulator.ledger.count('refresh_token')).toBe(1);
    await rig.clock.advance(6_900);
    await expect(webex.refresh()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(emulator.ledger.count('refresh_token')).toBe(1);
    // Sign-ins first: refreshes begin a second after the gate has opened.
    await rig.clock.advance(1_300);
    await webex.refresh();
    expect(emulator.ledger.count('refresh_token')).toBe(2);
  });

  it('and a call to the API says when to come back', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    rig.emulator.faults.add({ route: 'GET /v1/rooms', retryAfter: 3_600 });
    await expect(webex.request({ resource: 'rooms' })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
      retryAt: rig.clock.now() + 3_600_000,
    });
    expect(webex.canAuthorize).toBe(true);
  });
});

describe('defect 7: a 451 is a typed error', () => {
  it('of the API, which is not sent again and costs nobody their login', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    const body = { message: 'embargoed' };
    rig.emulator.faults.add({ route: 'GET /v1/rooms', status: 451, body });
    const error: unknown = await webex.request({ resource: 'rooms' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LegalReasonsError);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE_FOR_LEGAL_REASONS',
      status: 451,
      retryable: false,
      body,
    });
    expect(rig.emulator.ledger.count('GET /v1/rooms')).toBe(1);
    expect((await webex.fetch('/people/me')).status).toBe(200);
  });

  it('of the token endpoint, which ends no grant', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    rig.emulator.faults.add({ route: 'POST /v1/access_token', times: 1, status: 451, body: 'no' });
    await expect(webex.refresh()).rejects.toMatchObject({ status: 451 });
    expect((await webex.fetch('/people/me')).status).toBe(200);
    expect(webex.credentials.canRefresh).toBe(true);
  });
});

describe('defect 8: the bearer goes to no host that only looks like one of Webex', () => {
  const TOKEN = 'the-bearer-that-must-not-leak';
  const LOOK_ALIKES = [
    'https://webex.com.attacker.example/v1/people/me',
    'https://notwebex.com/v1/people/me',
    'https://evil-ciscospark.com/v1/people/me',
    'https://webexapis.com.attacker.example/v1/people/me',
    'https://attacker.example/webexapis.com',
    'https://webexapis.com@attacker.example/v1/people/me',
    'https://webexapis.com:8443/v1/people/me',
    'http://webexapis.com/v1/people/me',
    'https://attacker.example/?wbx2.com',
  ];

  async function open(
    answer: (url: string) => Response,
  ): Promise<{ webex: Webex; sent: (url: string) => string[] }> {
    const rig = await startRig();
    const { fetch, calls } = fakeFetch(({ url }) => answer(url));
    const webex = await rig.open({ credentials: { access_token: TOKEN }, endpoints: 'commercial', fetch });
    const sent = (part: string): string[] =>
      calls
        .filter(({ init }) => JSON.stringify(init).includes(TOKEN))
        .flatMap(({ url }) => (url.includes(part) ? [url] : []));
    return { webex, sent };
  }

  it.each(LOOK_ALIKES)('%s', async (url) => {
    const { webex, sent } = await open(() => json({}));
    await expect(webex.request({ uri: url })).rejects.toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' });
    await expect(webex.fetch(url)).rejects.toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' });
    expect(sent('')).toEqual([expect.stringContaining('https://u2c.wbx2.com/')]);
    await webex.request({ resource: 'people/me' });
    expect(sent('people/me')).toEqual(['https://webexapis.com/v1/people/me']);
  });

  it('not even when a service catalog or a next page names it', async () => {
    const hosts = LOOK_ALIKES.map((url, index) => [`service-${String(index)}`, url]);
    const { webex, sent } = await open((url) =>
      url.includes('catalog')
        ? json({ serviceLinks: Object.fromEntries(hosts) as object, hostCatalog: {} })
        : json({ items: [1] }, 200, { link: '<https://notwebex.com/v1/rooms?page=2>; rel="next"' }),
    );
    await expect(webex.request({ uri: 'https://notwebex.com/v1/people/me' })).rejects.toMatchObject({
      code: 'ORIGIN_NOT_ALLOWED',
    });
    const items: unknown[] = [];
    const walk = async (): Promise<void> => {
      for await (const item of webex.paginate('/rooms')) items.push(item);
    };
    await expect(walk()).rejects.toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' });
    expect(items).toEqual([1]);
    expect(webex.services.get('service-1')).toBeUndefined();
    expect(sent('attacker').concat(sent('notwebex'), sent('evil'))).toEqual([]);
  });
});

describe('defect 14: a server that never answers ends in TimeoutError', () => {
  const MINUTE_AND_MORE = 121_000;

  it.each<[string, RegExp, (webex: Webex, rig: Rig) => Promise<unknown>]>([
    ['a call to the API', /people\/me/, (webex) => webex.request({ resource: 'people/me' })],
    ['a refresh', /access_token/, (webex) => webex.refresh()],
    ['a guest JWT', /jwt\/login/, (webex) => webex.authorization.requestAccessTokenFromJwt({ jwt: 'a.b.c' })],
    [
      'a client token',
      /access_token/,
      (webex) => webex.credentials.getClientToken({ scope: 'spark:people_read' }),
    ],
    ['a reduced token', /idb/, (webex) => webex.credentials.getUserToken('spark:people_read')],
  ])('%s', async (_, route, call) => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    const at = rig.emulator.faults.add({ route, delayBeforeMs: DAY });
    const error = await outcome(rig, call(webex, rig), { at, ms: MINUTE_AND_MORE });
    expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true });
  });

  it('a code exchange', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    const code = await rig.code(webex);
    const at = rig.emulator.faults.add({ route: /access_token/, delayBeforeMs: DAY });
    const exchange = webex.authorization.requestAuthorizationCodeGrant({ code });
    expect(await outcome(rig, exchange, { at, ms: MINUTE_AND_MORE })).toMatchObject({ code: 'TIMEOUT' });
    expect(webex.isAuthorizing).toBe(false);
  });

  it('and a body that never ends', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    const at = rig.emulator.faults.add({ route: 'GET /v1/rooms', delayAfterMs: DAY });
    const error = await outcome(rig, webex.request({ resource: 'rooms' }), { at, ms: MINUTE_AND_MORE });
    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('defect 18: a catalog that is away delays no request and takes no authorization from it', () => {
  it.each([
    ['is down', { status: 503 }],
    ['hangs', { delayBeforeMs: DAY }],
  ])('while it %s', async (_, fault) => {
    const rig = await startRig();
    const first = await rig.open();
    await rig.signIn(first);
    const access_token = first.credentials.supertoken?.access_token;
    rig.emulator.faults.add({ route: /\/u2c\//, ...fault });
    const started = rig.clock.monotonic();
    const webex = await openWithoutWaiting(rig, { access_token });
    expect((await webex.request({ resource: 'people/me' })).statusCode).toBe(200);
    await expect(webex.request({ uri: 'https://elsewhere.example/' })).rejects.toMatchObject({
      code: 'ORIGIN_NOT_ALLOWED',
    });
    expect(rig.clock.monotonic()).toBe(started);
    const ready = webex.whenReady();
    await rig.clock.advance(6_000);
    await ready;
  });

  it('nor a token that does not say its organisation', async () => {
    const rig = await startRig();
    const api = await loopbackServer((response) => response.end('{}'));
    const started = rig.clock.monotonic();
    const endpoints = { ...rig.endpoints, apiBase: api.origin };
    const webex = await openWithoutWaiting(rig, { access_token: 'opaque' }, endpoints);
    await webex.request({ resource: 'people/me' });
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer opaque']);
    expect(rig.clock.monotonic()).toBe(started);
    await webex.whenReady();
  });

  async function openWithoutWaiting(
    rig: Rig,
    credentials: { access_token: string | undefined },
    endpoints: EndpointAddresses = rig.endpoints,
  ): Promise<Webex> {
    const webex = rig.init({ credentials, endpoints });
    await new Promise<void>((resolve) => webex.once('loaded', () => resolve()));
    return webex;
  }
});

describe('defect 20: nothing is reported to anyone', () => {
  it('not after a refresh that brought other scopes either', async () => {
    const rig = await startRig();
    const asked: string[] = [];
    const fetch: Fetch = (url, init) => {
      asked.push(`${init.method} ${url.split('?')[0] ?? ''}`);
      return globalThis.fetch(url, init as RequestInit);
    };
    const webex = await rig.open({ fetch });
    await rig.signIn(webex);
    const answer = {
      access_token: 'narrower',
      token_type: 'Bearer',
      expires_in: 3_600,
      scope: 'spark:rooms_read',
    };
    rig.emulator.faults.add({ route: 'POST /v1/access_token', times: 1, status: 200, body: answer });
    asked.length = 0;
    const supertoken = await webex.refresh();
    for (let turn = 0; turn < 20; turn++) await TURN();
    expect(supertoken.scope).toBe('spark:rooms_read');
    expect(supertoken.missingScopes).toContain('spark:people_read');
    expect(asked).toEqual([`POST ${rig.endpoints.tokenEndpoint}`]);
  });
});
