import { createServer as createTlsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { UndiciTransport } from '../../src/http/undici-transport.js';
import {
  ConfigurationError,
  KeyRing,
  memoryStore,
  NetworkError,
  OriginNotAllowedError,
  Webex,
  WebexAuth,
  type WebexOptions,
} from '../../src/index.js';
import { apiExample } from './api-example.js';
import { expired } from './expired.js';
import { listen, loopbackServer } from './loopback-server.js';
import { selfSigned } from './self-signed.js';
import { hostFetch, webexAt } from './webex-at.js';

const TOKEN = 'bearer-canary-0123456789';
type Certificate = typeof selfSigned;

/** An https server that counts the application bytes it could decrypt. */
async function tlsServer(certificate: Certificate, { maxVersion = 'TLSv1.3', location = '' } = {}) {
  const sockets: TLSSocket[] = [];
  let connections = 0;
  const server = createTlsServer(
    { ...certificate, maxVersion: maxVersion as 'TLSv1.3' },
    (_request, response) => response.writeHead(location ? 302 : 200, location ? { location } : {}).end('{}'),
  );
  server.on('connection', () => connections++);
  server.on('secureConnection', (socket) => void sockets.push(socket));
  const { port } = await listen(server);
  return {
    origin: `https://localhost:${port}`,
    connections: () => connections,
    bytes: () => sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
  };
}

function trusting(ca: string): Pick<WebexOptions, 'transport'> {
  return { transport: new UndiciTransport({ ca }) };
}

describe('a server that cannot prove who it is', () => {
  const servers: [string, Certificate, () => Pick<WebexOptions, 'transport' | 'fetch'>][] = [
    ['whose certificate nobody signed', selfSigned, () => ({})],
    ['whose certificate nobody signed, over fetch', selfSigned, () => ({ fetch: hostFetch })],
    ['with the name of another', apiExample, () => trusting(apiExample.cert)],
    ['whose certificate has expired', expired, () => trusting(expired.cert)],
  ];
  const table = servers.flatMap(([name, ...rest]) =>
    ['TLSv1.3', 'TLSv1.2'].map((version) => [name, version, ...rest] as const),
  );

  it.each(table)('B8: one %s, over %s, gets 0 bytes', async (_, maxVersion, certificate, way) => {
    const server = await tlsServer(certificate, { maxVersion });
    const webex = await webexAt(server.origin, { token: TOKEN, http: { retry: false }, ...way() });
    const calls = [
      () => webex.request({ uri: '/people/me' }),
      () => webex.fetch('/rooms', { method: 'POST', body: 'canary' }),
      () => webex.authorization.requestAuthorizationCodeGrant({ code: 'canary' }),
    ];
    for (const call of calls) {
      const failure: unknown = await call().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(NetworkError);
      expect(failure).toMatchObject({ reason: 'tls', maybeProcessed: false });
    }
    expect(server.connections()).toBeGreaterThanOrEqual(calls.length);
    expect(server.bytes()).toBe(0);
  });

  it('is told from one that can', async () => {
    const server = await tlsServer(selfSigned);
    const webex = await webexAt(server.origin, { token: TOKEN, ...trusting(selfSigned.cert) });
    expect((await webex.request({ uri: '/people/me' })).statusCode).toBe(200);
    expect(server.bytes()).toBeGreaterThan(0);
  });
});

describe('plain http', () => {
  const PLACES = [
    'apiBase',
    'tokenEndpoint',
    'revocationEndpoint',
    'authorizationEndpoint',
    'deviceAuthorizationEndpoint',
    'deviceTokenEndpoint',
    'identityBroker',
    'serviceCatalog',
  ] as const;

  it.each(PLACES)('B8: to another machine is refused when Webex is made: %s', async (name) => {
    const endpoints = { [name]: `http://${name.toLowerCase()}.example/v1` };
    expect(() => Webex.init({ credentials: { access_token: TOKEN }, endpoints })).toThrow(ConfigurationError);
    const options = {
      client: { clientId: 'C1', clientSecret: 's3cret-0123' },
      store: memoryStore(),
      endpoints,
    };
    await expect(WebexAuth.open({ ...options, keys: KeyRing.ephemeral() })).rejects.toThrow(
      ConfigurationError,
    );
  });

  it('B8: is not where https leads, by a redirect or by the caller', async () => {
    const plain = await loopbackServer();
    const server = await tlsServer(selfSigned, { location: `${plain.origin}/v1/people/me` });
    const webex = await webexAt(server.origin, { token: TOKEN, ...trusting(selfSigned.cert) });
    expect((await webex.fetch('/people/me')).status).toBe(302);
    expect((await webex.request({ uri: '/people/me' })).statusCode).toBe(302);
    await expect(webex.fetch(`${server.origin.replace('https', 'http')}/v1/people/me`)).rejects.toThrow(
      OriginNotAllowedError,
    );
    expect(plain.seen).toEqual([]);
  });
});

describe('NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
  const degradations = (source: Pick<Webex, 'on'>): string[] => {
    const reasons: string[] = [];
    source.on('degraded', ({ reason }) => void reasons.push(reason));
    return reasons;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  function trustEverybody(): void {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
  }

  it('B8: does not let our own connections trust anybody', async () => {
    trustEverybody();
    const server = await tlsServer(selfSigned);
    const webex = await webexAt(server.origin, { token: TOKEN });
    const reasons = degradations(webex);
    await expect(webex.request({ uri: '/people/me' })).rejects.toMatchObject({ reason: 'tls' });
    expect([server.bytes(), reasons]).toEqual([0, []]);
  });

  it.each<[string, () => Pick<WebexOptions, 'transport' | 'fetch'>]>([
    ['fetch', () => ({ fetch: hostFetch })],
    ['transport', () => ({ transport: new UndiciTransport() })],
  ])("B8: is told once, at the start, where the connections are the caller's own: %s", async (name, way) => {
    trustEverybody();
    const webex = await webexAt('http://127.0.0.1:9', { token: TOKEN, ...way() });
    const reasons = degradations(webex);
    const auth = await WebexAuth.open({
      client: { clientId: 'C1', clientSecret: 's3cret-0123' },
      store: memoryStore(),
      keys: KeyRing.ephemeral(),
      scheduler: false,
      ...way(),
    });
    onTestFinished(() => auth.close());
    let message = '';
    auth.on('degraded', (event) => void (message = event.message));
    await turn();
    expect(reasons).toEqual(['TLS_NOT_VERIFIED']);
    expect(message).toContain(`through the ${name} you gave`);
  });

  it('is no trouble with any other value, nor where it is not set', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const reasons = degradations(await webexAt('http://127.0.0.1:9', { token: TOKEN, fetch: hostFetch }));
    await turn();
    expect(reasons).toEqual([]);
  });
});
