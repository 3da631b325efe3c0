import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.js';
import { CLIENT, MACHINE, askToken, emulatorForTest, tokensFrom } from './emulator-client.js';

const EU_ORG = 'fa4e0000-0000-4000-8000-00000000000e';

const REGIONS: EmulatorOptions = {
  regions: ['us', 'eu'],
  users: [
    { email: 'ada@example.com', displayName: 'Ada Example' },
    { email: 'Emil@Example.com', displayName: 'Emil Europe', region: 'eu', orgId: EU_ORG },
  ],
};

const hashOf = (email: string): string => createHash('sha256').update(email.toLowerCase()).digest('hex');

interface Reply {
  status: number;
  body: Record<string, unknown>;
}

async function catalog(
  url: string,
  path: string,
  { query, token }: { query: Record<string, string> | string; token?: string },
): Promise<Reply> {
  const search = typeof query === 'string' ? query : new URLSearchParams(query).toString();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/u2c/api/v1/${path}?${search}`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function machineToken(emulator: Emulator): Promise<string> {
  const { body } = await askToken(emulator, {
    grant_type: 'client_credentials',
    client_id: MACHINE.clientId,
    client_secret: MACHINE.clientSecret,
  });
  return body.access_token;
}

/** The base URL of every service, whichever the version. */
function bases({ body }: Reply): Record<string, string> {
  if ('serviceLinks' in body) return body['serviceLinks'] as Record<string, string>;
  const services = body['services'] as { serviceName: string; serviceUrls: { baseUrl: string }[] }[];
  return Object.fromEntries(
    services.map(({ serviceName, serviceUrls }) => [serviceName, serviceUrls[0]!.baseUrl]),
  );
}

const regionOf = (emulator: Emulator, reply: Reply): string => {
  const origins = new Set(Object.values(bases(reply)).map((base) => new URL(base).origin));
  const found = Object.entries(emulator.regions).filter(([, { url }]) => origins.has(url));
  return found.map(([name]) => name).join();
};

const SERVICES = ['conversation', 'hydra', 'idbroker', 'identity', 'u2c', 'wdm'];

describe('the payload', () => {
  test('as hostmap', async () => {
    const emulator = await emulatorForTest();
    const query = { mode: 'DEFAULT_BY_PROXIMITY', format: 'hostmap' };
    const { status, body } = await catalog(emulator.url, 'limited/catalog', { query });
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['hostCatalog', 'serviceLinks']);
    const { url } = emulator;
    expect(body['serviceLinks']).toEqual({
      hydra: `${url}/v1/`,
      idbroker: `${url}/`,
      identity: `${url}/`,
      wdm: `${url}/wdm/api/v1`,
      conversation: `${url}/conversation/api/v1`,
      u2c: `${url}/u2c/api/v1`,
    });
    const hosts = body['hostCatalog'] as Record<string, { host: string; ttl: number; id: string }[]>;
    const { host, hostname } = new URL(url);
    expect(Object.keys(hosts)).toEqual([host]);
    expect(hosts[host]!.map(({ id }) => id.split(':')[3]).sort()).toEqual(SERVICES);
    for (const entry of hosts[host]!) expect(entry).toMatchObject({ host: hostname, ttl: -1, priority: 5 });
  });

  test('as U2CV2', async () => {
    const emulator = await emulatorForTest();
    const query = { orgId: emulator.users[0]!.orgId, format: 'U2CV2' };
    const { status, body } = await catalog(emulator.url, 'limited/catalog', { query });
    expect(status).toBe(200);
    expect(body).toMatchObject({ orgId: emulator.users[0]!.orgId, format: 'U2CV2' });
    expect(body['timestamp']).toMatch(/^\d{10}$/);
    const services = body['services'] as { id: string; serviceName: string; serviceUrls: object[] }[];
    expect(services.map(({ serviceName }) => serviceName).sort()).toEqual(SERVICES);
    expect(body['activeServices']).toEqual(
      Object.fromEntries(services.map(({ serviceName, id }) => [serviceName, id])),
    );
    for (const { id, serviceName, serviceUrls } of services) {
      expect(id).toMatch(/^urn:TEAM:[a-z_-]+:[a-z0-9]+$/);
      expect(id.split(':')[3]).toBe(serviceName);
      expect(serviceUrls).toEqual([{ baseUrl: expect.stringMatching(/[^/]$/) as string, priority: 1 }]);
    }
    expect(bases({ status, body })).toMatchObject({
      hydra: `${emulator.url}/v1`,
      idbroker: emulator.url,
      u2c: emulator.endpoints.serviceCatalog,
    });
  });

  test('names an organisation only where one is known', async () => {
    const emulator = await emulatorForTest();
    const query = { mode: 'DEFAULT_BY_PROXIMITY', format: 'U2CV2' };
    expect((await catalog(emulator.url, 'limited/catalog', { query })).body).not.toHaveProperty('orgId');
  });
});

describe('the limited catalog', () => {
  test.each<[string, (emulator: Emulator) => Record<string, string>, string]>([
    ['the hash of an address', () => ({ emailhash: hashOf('emil@example.com') }), 'eu'],
    ['the hash of another', () => ({ emailhash: hashOf('ada@example.com') }), 'us'],
    ['a user', ({ users }) => ({ userId: users[1]!.id }), 'eu'],
    ['an organisation', () => ({ orgId: EU_ORG }), 'eu'],
    ['an organisation as a user', () => ({ userId: EU_ORG }), 'us'],
    ['nobody known', () => ({ orgId: randomUUID() }), 'us'],
    ['no more than a mode', () => ({ mode: 'DEFAULT_BY_PROXIMITY' }), 'us'],
  ])('for %s needs no token', async (_name, key, region) => {
    const emulator = await emulatorForTest(REGIONS);
    for (const format of ['hostmap', 'U2CV2']) {
      const query = { ...key(emulator), format, timestamp: '1767225600000' };
      const reply = await catalog(emulator.url, 'limited/catalog', { query });
      expect([reply.status, regionOf(emulator, reply)]).toEqual([200, region]);
    }
  });

  test('for nobody known is that of the host that was called', async () => {
    const emulator = await emulatorForTest(REGIONS);
    const query = { mode: 'DEFAULT_BY_PROXIMITY', format: 'hostmap' };
    const reply = await catalog(emulator.regions['eu']!.url, 'limited/catalog', { query });
    expect(regionOf(emulator, reply)).toBe('eu');
  });

  test.each([
    ['no key', 'format=hostmap'],
    ['two keys', `mode=DEFAULT_BY_PROXIMITY&orgId=${EU_ORG}&format=hostmap`],
    ['a key twice', `orgId=${EU_ORG}&orgId=${EU_ORG}&format=hostmap`],
    ['an address in place of its hash', 'email=ada%40example.com&format=hostmap'],
    ['an address as the hash', 'emailhash=ada%40example.com&format=hostmap'],
    ['a hash in capitals', `emailhash=${hashOf('ada@example.com').toUpperCase()}&format=hostmap`],
    ['an organisation that is no UUID', 'orgId=x&format=hostmap'],
    ['an empty user', 'userId=&format=hostmap'],
    ['no format', 'mode=DEFAULT_BY_PROXIMITY'],
    ['an unknown format', 'mode=DEFAULT_BY_PROXIMITY&format=U2CV3'],
    ['a timestamp that is none', 'mode=DEFAULT_BY_PROXIMITY&format=hostmap&timestamp=now'],
    ['a token in the query', 'mode=DEFAULT_BY_PROXIMITY&format=hostmap&access_token=x'],
  ])('refuses %s', async (_name, query) => {
    const emulator = await emulatorForTest();
    const { status, body } = await catalog(emulator.url, 'limited/catalog', { query });
    expect([status, Object.keys(body)]).toEqual([400, ['message', 'errors', 'trackingId']]);
  });
});

describe('the sign-in catalog', () => {
  const query = { emailhash: hashOf('emil@example.com'), format: 'hostmap' };

  test('is for a token of the client', async () => {
    const emulator = await emulatorForTest(REGIONS);
    const token = await machineToken(emulator);
    const reply = await catalog(emulator.url, 'signin/catalog', { query, token });
    expect([reply.status, regionOf(emulator, reply)]).toEqual([200, 'eu']);
  });

  test('refuses no token, a made-up one, and that of a person', async () => {
    const emulator = await emulatorForTest(REGIONS);
    const { access_token } = await tokensFrom(emulator);
    expect((await catalog(emulator.url, 'signin/catalog', { query })).status).toBe(401);
    for (const token of ['made-up', access_token]) {
      expect((await catalog(emulator.url, 'signin/catalog', { query, token })).status).toBe(401);
    }
  });

  test.each([
    ['no hash', 'format=hostmap'],
    ['another key', `orgId=${EU_ORG}&format=hostmap`],
    ['a malformed hash', 'emailhash=abc&format=hostmap'],
    ['no format', `emailhash=${hashOf('ada@example.com')}`],
  ])('refuses %s', async (_name, search) => {
    const emulator = await emulatorForTest();
    const token = await machineToken(emulator);
    expect((await catalog(emulator.url, 'signin/catalog', { query: search, token })).status).toBe(400);
  });
});

describe('the catalog of a user', () => {
  test('is that of their region, whichever host is called', async () => {
    const emulator = await emulatorForTest(REGIONS);
    for (const [index, region] of ['us', 'eu'].entries()) {
      const { email, orgId } = emulator.users[index]!;
      const { access_token: token } = await tokensFrom(emulator, {}, email);
      for (const { url } of Object.values(emulator.regions)) {
        const reply = await catalog(url, 'catalog', { query: { format: 'U2CV2', timestamp: '1' }, token });
        expect([reply.status, regionOf(emulator, reply)]).toEqual([200, region]);
        expect(reply.body).toMatchObject({ orgId });
      }
    }
  });

  test('names an API that answers', async () => {
    const emulator = await emulatorForTest(REGIONS);
    const { access_token: token } = await tokensFrom(emulator, {}, 'Emil@Example.com');
    for (const format of ['hostmap', 'U2CV2']) {
      const { hydra = '' } = bases(await catalog(emulator.url, 'catalog', { query: { format }, token }));
      const me = await fetch(`${hydra.replace(/\/$/, '')}/people/me`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(await me.json()).toMatchObject({ emails: ['Emil@Example.com'] });
    }
  });

  test('refuses with the 401 of Webex whatever is no live access token of a user', async () => {
    const emulator = await emulatorForTest();
    const { access_token, refresh_token } = await tokensFrom(emulator);
    emulator.revokeAll();
    const own = await machineToken(emulator);
    for (const token of [undefined, '', 'made-up', refresh_token, access_token, own]) {
      const { status, body } = await catalog(emulator.url, 'catalog', {
        query: { format: 'hostmap' },
        ...(token === undefined ? {} : { token }),
      });
      expect([status, Object.keys(body)]).toEqual([401, ['message', 'errors', 'trackingId']]);
    }
  });

  test.each(['', 'format=xml', `format=hostmap&orgId=${EU_ORG}`, 'format=hostmap&format=hostmap'])(
    'refuses the query %j',
    async (query) => {
      const emulator = await emulatorForTest({ clients: [CLIENT] });
      const { access_token: token } = await tokensFrom(emulator);
      expect((await catalog(emulator.url, 'catalog', { query, token })).status).toBe(400);
    },
  );
});
