import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { dataHome, readGatewaySettings } from '../../src/gateway/gateway-settings.js';

function problemsOf(env: Record<string, string>): string[] {
  try {
    readGatewaySettings(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(({ setting }) => setting);
    throw error;
  }
}

describe('the demo', () => {
  it('runs when nothing at all is set about Webex, on loopback, outside production', () => {
    expect(readGatewaySettings({}).mode).toEqual({ kind: 'demo', emulatorPort: 8788 });
    expect(
      readGatewaySettings({ WEBEX_AUTH_HOME: '/x', EMULATOR_PORT: '1', HOST: 'localhost' }).mode,
    ).toEqual({
      kind: 'demo',
      emulatorPort: 1,
    });
  });

  it.each([
    ['half a client', { WEBEX_CLIENT_ID: 'C' }, ['WEBEX_CLIENT_SECRET']],
    ['only a secret', { WEBEX_CLIENT_SECRET: 's' }, ['WEBEX_CLIENT_ID']],
    ['an empty client id', { WEBEX_CLIENT_ID: '' }, ['WEBEX_CLIENT_ID', 'WEBEX_CLIENT_SECRET']],
    ['only a scope', { WEBEX_SCOPE: 'a:b' }, ['WEBEX_CLIENT_ID', 'WEBEX_CLIENT_SECRET']],
    ['production', { NODE_ENV: 'production' }, ['WEBEX_CLIENT_ID', 'WEBEX_CLIENT_SECRET']],
    [
      'a public host',
      { HOST: '0.0.0.0' },
      ['HOST', 'WEBEX_CLIENT_ID', 'WEBEX_CLIENT_SECRET', 'WEBEX_REDIRECT_URI'],
    ],
  ])('never runs with %s: it says what is missing', (_, env, settings) => {
    expect(problemsOf(env)).toEqual(settings);
  });
});

describe('settings', () => {
  const webex = { WEBEX_CLIENT_ID: 'C', WEBEX_CLIENT_SECRET: 's' };

  it('talk to Webex with a client, asking for reading scopes unless told', () => {
    expect(readGatewaySettings(webex)).toMatchObject({
      host: '127.0.0.1',
      port: 8787,
      mode: { kind: 'webex', client: { clientId: 'C', scope: 'spark:people_read spark:rooms_read' } },
    });
  });

  it.each([
    ['a port that is none', { ...webex, PORT: 'x' }, 'PORT'],
    ['a port out of range', { ...webex, PORT: '65536' }, 'PORT'],
    [
      'a redirect URI on another port',
      { ...webex, WEBEX_REDIRECT_URI: 'http://127.0.0.1:1/auth/callback' },
      'WEBEX_REDIRECT_URI',
    ],
    [
      'a redirect URI on a path of its own',
      { ...webex, WEBEX_REDIRECT_URI: 'https://a.example/grant' },
      'WEBEX_REDIRECT_URI',
    ],
    [
      'plain http beyond loopback',
      { ...webex, HOST: '0.0.0.0', WEBEX_REDIRECT_URI: 'https://a.example/auth/callback' },
      'HOST',
    ],
    [
      'an odd proxy setting',
      { ...webex, WEBEX_AUTH_BEHIND_TLS_PROXY: 'perhaps' },
      'WEBEX_AUTH_BEHIND_TLS_PROXY',
    ],
  ])('refuse %s', (_, env, setting) => {
    expect(problemsOf(env)).toEqual([setting]);
  });

  it('listen beyond loopback behind a TLS proxy that is told', () => {
    const env = { ...webex, HOST: '0.0.0.0', WEBEX_REDIRECT_URI: 'https://a.example/auth/callback' };
    expect(readGatewaySettings({ ...env, WEBEX_AUTH_BEHIND_TLS_PROXY: '1' }).host).toBe('0.0.0.0');
  });
});

it('the data directory is WEBEX_AUTH_HOME, else where the platform keeps such things', () => {
  expect(dataHome({ WEBEX_AUTH_HOME: '/data' })).toBe('/data');
  expect(dataHome({ XDG_DATA_HOME: '/xdg' })).toBe('/xdg/webex-auth');
  expect(dataHome({ XDG_DATA_HOME: 'relative' })).toBe(`${homedir()}/.local/share/webex-auth`);
});
