import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CredentialSources, WebexConfig } from '../../src/config/credential-shapes.js';
import { mergeConfig } from '../../src/config/merge-config.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import { client, read } from './credential-cases.js';

describe('a change of the configuration', () => {
  it('is made member by member in credentials, and wins', () => {
    const before = { credentials: { redirect_uri: 'https://a.example' }, config: { credentials: client } };
    expect(mergeConfig(before, { credentials: { scope: 'x:y' } })).toEqual({
      credentials: { ...client, redirect_uri: 'https://a.example', scope: 'x:y' },
      config: {},
    });
    expect(mergeConfig(before, { credentials: { scope: undefined } }).credentials).toMatchObject({
      scope: 'a:b c:d',
    });
  });

  it('takes every other section whole', () => {
    const before = { config: { credentials: client, logger: { level: 'debug', history: 1 }, fedramp: true } };
    expect(mergeConfig(before, { logger: { level: 'error' } }).config).toEqual({
      logger: { level: 'error' },
      fedramp: true,
    });
  });

  it.each<[string, CredentialSources | string, WebexConfig]>([
    ['of a bare token', 'old', { credentials: 'new' }],
    ['of a token outside', { access_token: 'old', expires: 2e12 }, { credentials: { access_token: 'new' } }],
    [
      'of one token shape by another',
      { credentials: { authorization: { supertoken: { access_token: 'old', refresh_token: 'old' } } } },
      { credentials: { supertoken: { access_token: 'new' } } },
    ],
    [
      'of a token with what was said of it',
      { credentials: { access_token: 'old', refresh_token: 'old', expires_in: 1, scope: 'old' } },
      { credentials: { access_token: 'new' } },
    ],
  ])('puts the new token in place %s', (_, before, change) => {
    expect(read(mergeConfig(before, change)).given).toEqual({ accessToken: 'new' });
  });

  it('keeps the token when only the client changes, and the client when only the token does', () => {
    const before = { access_token: 'at', credentials: client };
    expect(read(mergeConfig(before, { credentials: { scope: 'x:y' } }))).toMatchObject({
      given: { accessToken: 'at' },
      client: { clientId: 'C1', clientSecret: 's', scope: ['x:y'] },
    });
    expect(read(mergeConfig(before, { credentials: 'new' }))).toMatchObject({
      given: { accessToken: 'new' },
      client: { clientId: 'C1', clientSecret: 's', scope: ['a:b', 'c:d'] },
    });
  });

  it('never hands one client the secret of another', () => {
    const before = { credentials: client };
    expect(() => read(mergeConfig(before, { credentials: { client_id: 'C2' } }))).toThrow(
      /client_secret: is missing/,
    );
    const same = mergeConfig(before, { credentials: { client_id: 'C1', scope: 'x' } });
    expect(read(same).client?.clientSecret).toBe('s');
    const string = 'https://webexapis.com/v1/authorize?client_id=C2&scope=x:y';
    expect(() => read(mergeConfig(before, { credentials: { authorizationString: string } }))).toThrow(
      /client_secret: is missing/,
    );
  });

  it('takes a new authorization string at its word', () => {
    const authorizationString = 'https://webexapis.com/v1/authorize?client_id=C1&scope=x:y';
    const merged = mergeConfig({ credentials: client }, { credentials: { authorizationString } });
    expect(read(merged).client).toMatchObject({ clientId: 'C1', clientSecret: 's', scope: ['x:y'] });
  });

  it('leaves stores and functions the same ones', () => {
    const store = memoryStore();
    const jwtRefreshCallback = (): string => 'jwt';
    const before = { store, credentials: { jwtRefreshCallback } } as CredentialSources;
    const merged = mergeConfig(before, { fedramp: true }) as { store?: unknown } & CredentialSources;
    expect(merged.store).toBe(store);
    expect(merged.credentials).toHaveProperty('jwtRefreshCallback', jwtRefreshCallback);
  });

  it('changes neither argument and shares nothing with them', () => {
    const settings = fc.record(
      {
        client_secret: fc.array(fc.string(), { maxLength: 2 }),
        scope: fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 })),
        supertoken: fc.record({ access_token: fc.string(), scope: fc.array(fc.string()) }),
        guestIssuer: fc.record({ issuer: fc.string(), secret: fc.string() }),
      },
      { requiredKeys: [] },
    );
    const section = fc.dictionary(
      fc.constantFrom('level', '__proto__', 'list'),
      fc.array(fc.dictionary(fc.string(), fc.nat()), { maxLength: 3 }),
    );
    const config = fc.record({ credentials: settings, logger: section, device: section });
    fc.assert(
      fc.property(config, config, ({ credentials, ...rest }, change) => {
        const before = { credentials, config: rest };
        const copies = structuredClone([before, change]);
        const merged = mergeConfig(before, change);
        expect([before, change]).toEqual(copies);
        const known = objectsIn([before, change]);
        for (const one of objectsIn(merged)) expect(known.has(one)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a circle a circle', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const { config } = mergeConfig(undefined, { logger: circle });
    const copy = config?.['logger'] as typeof circle;
    expect(copy).not.toBe(circle);
    expect(copy['self']).toBe(copy);
  });
});

function objectsIn(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found;
  found.add(value);
  for (const member of Object.values(value)) objectsIn(member, found);
  return found;
}
