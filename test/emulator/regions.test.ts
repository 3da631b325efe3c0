import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.js';
import { CLIENT, askToken, codeFrom, emulatorForTest, exchangeOf, probe } from './emulator-client.js';

const REGIONS: EmulatorOptions = {
  regions: ['us', 'eu', 'b-us'],
  users: [
    { email: 'ada@example.com', displayName: 'Ada Example', region: 'us' },
    { email: 'emil@example.com', displayName: 'Emil Europe', region: 'eu' },
    { email: 'nora@example.com', displayName: 'Nora Nowhere' },
  ],
};

async function idTokenOf(emulator: Emulator, user: string): Promise<string> {
  const code = await codeFrom(emulator, { scope: 'openid', nonce: 'n' }, user);
  const { body } = await askToken(emulator, exchangeOf(code));
  return (body as unknown as { id_token: string }).id_token;
}

async function keysAt(url: string): Promise<JSONWebKeySet> {
  return (await (await fetch(url)).json()) as JSONWebKeySet;
}

describe('regions', () => {
  // One for all: each of its three RSA keys takes a while to make.
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startEmulator({ clients: [CLIENT], ...REGIONS });
  });
  afterAll(() => emulator.close());

  test('by default there is one', async () => {
    const emulator = await emulatorForTest();
    const { url } = emulator;
    const issuer = `${url}/idb`;
    const jwksUri = `${issuer}/oauth2/v2/keys/verificationjwk`;
    expect(emulator.regions).toEqual({ us: { url, issuer, jwksUri } });
    expect(emulator.users.map(({ region }) => region)).toEqual(['us', 'us', 'us']);
    expect(emulator.endpoints).toMatchObject({
      identityBroker: url,
      deviceAuthorizationEndpoint: `${url}/v1/device/authorize`,
      deviceTokenEndpoint: `${url}/v1/device/token`,
      serviceCatalog: `${url}/u2c/api/v1`,
      idTokenIssuers: [{ issuer, jwksUri }],
    });
  });

  test('each has a host of its own; the first is that of the emulator', async () => {
    const { regions, endpoints } = emulator;
    expect(Object.keys(regions)).toEqual(['us', 'eu', 'b-us']);
    expect(regions['us']?.url).toBe(emulator.url);
    expect(new Set(Object.values(regions).map(({ url }) => url)).size).toBe(3);
    expect(endpoints.idTokenIssuers).toEqual(
      Object.values(regions).map(({ issuer, jwksUri }) => ({ issuer, jwksUri })),
    );
    for (const { url } of Object.values(regions)) expect((await fetch(url)).status).toBe(200);
  });

  test('an ID token is of its person’s region, and only that region shows its key', async () => {
    for (const [user, home] of [
      ['ada@example.com', 'us'],
      ['emil@example.com', 'eu'],
      ['nora@example.com', 'us'],
    ] as const) {
      const idToken = await idTokenOf(emulator, user);
      for (const [name, { issuer, jwksUri }] of Object.entries(emulator.regions)) {
        expect(decodeJwt(idToken).iss === issuer).toBe(name === home);
        const verified = jwtVerify(idToken, createLocalJWKSet(await keysAt(jwksUri)), {
          issuer,
          audience: CLIENT.clientId,
        });
        if (name === home) await verified;
        else await expect(verified).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
      }
    }
  });

  test('no key is shown by two hosts, and each shows its own on both paths', async () => {
    const kids: (string | undefined)[] = [];
    for (const { url, jwksUri } of Object.values(emulator.regions)) {
      const set = await keysAt(jwksUri);
      expect(await keysAt(`${url}/v1/verification`)).toEqual(set);
      kids.push(...set.keys.map(({ kid }) => kid));
    }
    expect(new Set(kids).size).toBe(6);
  });

  test('a rotation may be of one region alone', async () => {
    const kidsOf = async (name: string) =>
      (await keysAt(emulator.regions[name]!.jwksUri)).keys.map(({ kid }) => kid);
    const [us, eu] = [await kidsOf('us'), await kidsOf('eu')];
    emulator.rotateSigningKey('eu');
    expect(await kidsOf('us')).toEqual(us);
    const rotated = await kidsOf('eu');
    expect(rotated[0]).toBe(eu[1]);
    expect(eu).not.toContain(rotated[1]);
    expect(decodeProtectedHeader(await idTokenOf(emulator, 'emil@example.com')).kid).toBe(rotated[1]);
  });

  test('discovery names the first region on every host, webfinger the region of the person', async () => {
    const { us, eu } = emulator.regions;
    for (const { url } of [us!, eu!]) {
      for (const base of ['/v1', '/idb']) {
        const response = await fetch(`${url}${base}/.well-known/openid-configuration`);
        const document = (await response.json()) as Record<string, string>;
        expect(document['issuer']).toBe(us?.issuer);
        expect(document['jwks_uri']?.startsWith(`${url}/`)).toBe(true);
      }
      const found = await fetch(`${url}/v1/.well-known/webfinger?resource=acct:emil@example.com`);
      expect(await found.json()).toMatchObject({ links: [{ href: eu?.issuer }] });
    }
  });

  test('all hosts share grants, faults and ledger', async () => {
    const emulator = await emulatorForTest(REGIONS);
    const code = await codeFrom(emulator);
    const url = `${emulator.regions['eu']!.url}/v1/access_token`;
    const { status, body } = await askToken(emulator, exchangeOf(code), { url });
    expect(status).toBe(200);
    expect(await probe(emulator, body.access_token)).toBe(200);
    expect(emulator.ledger.count('authorization_code')).toBe(1);
    emulator.faults.add({ route: 'POST /v1/access_token', status: 503, body: {} });
    expect((await askToken(emulator, {}, { url })).status).toBe(503);
  });

  test('all hosts end with the emulator', async () => {
    const emulator = await startEmulator(REGIONS);
    const urls = Object.values(emulator.regions).map(({ url }) => url);
    await emulator.close();
    for (const url of urls) await expect(fetch(url)).rejects.toBeInstanceOf(TypeError);
  });

  test('a port that is taken is told', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    await expect(startEmulator({ ...REGIONS, port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test.each<[string, EmulatorOptions]>([
    ['none', { regions: [] }],
    ['one twice', { regions: ['us', 'us'] }],
    ['a name that is none', { regions: ['us', 'EU!'] }],
    ['an empty name', { regions: [''] }],
    ['a person of a region that is not there', { ...REGIONS, regions: ['us'] }],
  ])('%s is refused', async (_name, options) => {
    await expect(startEmulator(options)).rejects.toMatchObject({ code: 'EMULATOR_BAD_OPTIONS' });
  });
});
