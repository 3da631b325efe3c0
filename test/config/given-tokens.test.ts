import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { client, errorOf, NOW, PLACES, problemsOf, read } from './credential-cases.js';

describe('a token', () => {
  it.each(
    PLACES.flatMap(([path, place]) => ['tok', 'Bearer tok'].map((text) => [path, text, place] as const)),
  )('is found at %s as %j', (_, text, place) => {
    const { client: found, given } = read(place(text));
    expect(found).toBeUndefined();
    expect(given).toEqual({ accessToken: 'tok' });
  });

  it.each(PLACES)('that cannot be sent is refused by its path: %s', (path, place) => {
    expect(problemsOf(place('canary tok')).map(({ setting }) => setting)).toEqual([path]);
    expect(inspect(errorOf(place('canary tok')))).not.toContain('canary');
  });

  it.each(PLACES.slice(1))('that is no text is refused: %s', (path, place) => {
    const settings = problemsOf(place(42)).map(({ setting }) => setting);
    expect(settings).toEqual([path]);
  });

  it.each([
    ['Bearer1234', '1234'],
    ['Bearer  tok', 'tok'],
    [' bearer   tok ', 'tok'],
    ['BEARER\ttok\n', 'tok'],
    ['Bearer Bearer tok', 'tok'],
    ['Bearer Bearerish', 'Bearerish'],
    ['bearer1234', 'bearer1234'],
    ['tok==', 'tok=='],
    ['a'.repeat(16_384), 'a'.repeat(16_384)],
  ])('is repaired without a word: %j', (text, token) => {
    expect(read(text).given?.accessToken).toBe(token);
  });

  it.each([
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'bearer',
    'to ken',
    'tok\r\nx: y',
    'tök',
    '"tok"',
    'a'.repeat(16_385),
  ])('is refused: %j', (text) => {
    expect(problemsOf({ access_token: text })).toMatchObject([
      { setting: 'access_token', problem: expect.stringContaining('no bearer token') as string },
    ]);
  });

  it('may be given twice, but not two of them', () => {
    expect(read({ access_token: 'tok', credentials: 'Bearer tok' }).given?.accessToken).toBe('tok');
    const two = { supertoken: 'canary-1', config: { credentials: { authorization: 'canary-2' } } };
    expect(problemsOf(two)).toEqual([
      {
        setting: 'config.credentials.authorization',
        problem: 'is another token than supertoken: give one of them',
      },
    ]);
  });

  it.each([
    ['supertoken', { supertoken: {} }, 'supertoken.access_token'],
    ['authorization', { credentials: { authorization: {} } }, 'credentials.authorization.access_token'],
    ['null', { supertoken: null }, 'supertoken'],
    ['a list', { credentials: ['tok'] }, 'credentials'],
    ['options that are none', 42, 'options'],
    ['config that is none', { config: 'tok', access_token: 'tok' }, 'config'],
  ])('is missed where it must be: %s', (_, source, setting) => {
    expect(problemsOf(source)[0]?.setting).toBe(setting);
  });

  it('of the environment counts when the options have neither token nor client', () => {
    const env = { WEBEX_ACCESS_TOKEN: 'Bearer env' };
    expect(read(undefined, env).given?.accessToken).toBe('env');
    expect(read({ access_token: 'own' }, env).given?.accessToken).toBe('own');
    expect(read({ credentials: client }, env).given).toBeUndefined();
    expect(problemsOf(undefined, { WEBEX_ACCESS_TOKEN: 'canary tok' })).toMatchObject([
      { setting: 'WEBEX_ACCESS_TOKEN' },
    ]);
  });
});

describe('what is said about a token', () => {
  const full = {
    access_token: 'Bearer at',
    refresh_token: 'rt',
    expires_in: 60.9,
    refresh_token_expires_in: 120,
    scope: 'a:b c:d',
    token_type: 'bearer',
    id_token: 'not ours',
  };

  it.each([
    ['a token response as it came', { supertoken: full }],
    ['the same one level further', { credentials: { authorization: { supertoken: full } } }],
  ])('is kept, lifetimes from now: %s', (_, source) => {
    expect(read(source).given).toEqual({
      accessToken: 'at',
      refreshToken: 'rt',
      expiresAt: NOW + 60_000,
      refreshTokenExpiresAt: NOW + 120_000,
      scope: ['a:b', 'c:d'],
    });
  });

  it('has instants before lifetimes', () => {
    const expires = NOW + 5;
    const given = read({ ...full, id_token: undefined, access_token: 'at', expires }).given;
    expect(given?.expiresAt).toBe(expires);
  });

  it('counts beside the token, wherever that is', () => {
    const source = { access_token: 'at', credentials: { ...client, refresh_token: 'rt', expires: NOW } };
    expect(read(source)).toMatchObject({
      client: { clientId: 'C1', scope: ['a:b', 'c:d'] },
      given: { accessToken: 'at', refreshToken: 'rt', expiresAt: NOW, scope: undefined },
    });
  });

  it('has its scope from credentials without a client', () => {
    expect(read({ credentials: { access_token: 'at', scope: ['a:b'] } })).toMatchObject({
      client: undefined,
      given: { scope: ['a:b'] },
    });
  });

  it.each([
    ['refresh_token', ''],
    ['refresh_token', 'canary rt'],
    ['refresh_token', 'canary\nrt'],
    ['refresh_token', 42],
    ['expires', -1],
    ['expires', Number.NaN],
    ['expires', Number.POSITIVE_INFINITY],
    ['expires', String(NOW)],
    ['expires', NOW / 1000],
    ['expires', new Date(NOW)],
    ['expires_in', -1],
    ['expires_in', Number.NaN],
    ['expires_in', '3600'],
    ['expires_in', 14 * 86_400_000],
    ['refresh_token_expires', 0],
    ['refresh_token_expires_in', 1e12],
    ['refresh_token_expires_in', null],
    ['scope', 42],
    ['scope', ['a:b', 1]],
    ['scope', 'a"canary'],
    ['token_type', 'mac'],
    ['token_type', 1],
  ])('is refused by its path: %s %j', (name, value) => {
    const token = { access_token: 'at', [name]: value };
    for (const [path, source] of [
      [name, token],
      [`supertoken.${name}`, { supertoken: token }],
      [`config.credentials.authorization.${name}`, { config: { credentials: { authorization: token } } }],
    ] as const) {
      expect(problemsOf(source)).toMatchObject([{ setting: path, example: expect.any(String) as string }]);
      expect(inspect(errorOf(source))).not.toContain('canary');
    }
  });

  it('is refused without a token, and where two places disagree', () => {
    expect(problemsOf({ credentials: { ...client, refresh_token: 'canary' } })).toMatchObject([
      { setting: 'credentials.refresh_token', problem: 'is given without an access_token' },
    ]);
    const two = { access_token: 'at', refresh_token: 'r1', credentials: { refresh_token: 'r2' } };
    expect(problemsOf(two)).toEqual([
      {
        setting: 'credentials.refresh_token',
        problem: 'says otherwise than refresh_token: give one of them',
      },
    ]);
  });
});
