import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Emulator } from '../../src/emulator/emulator.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { callApi, emulatorForTest, probe, tokensFrom } from './emulator-client.js';
import {
  ADMIN,
  ORG,
  OTHER_ORG,
  SERVICE_APP,
  askServiceApp,
  idOf,
  refreshServiceApp,
  serviceAppEmulator,
} from './service-app-client.js';

const directory = temporaryDirectories();
const APPLICATION = idOf('APPLICATION', SERVICE_APP.clientId);
const NARROW = { scope: 'spark:people_read' };

async function owned(emulator: Emulator): Promise<string> {
  return (await tokensFrom(emulator, NARROW, 'ada@example.com')).access_token;
}

describe('a token of a service app', () => {
  test('has the body of every token answer, and acts as a machine of the organisation', async () => {
    const emulator = await serviceAppEmulator({ tokenFormat: 'jwt' });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, OTHER_ORG);
    const reply = await askServiceApp(emulator, {
      token: await owned(emulator),
      targetOrgId: idOf('ORGANIZATION', OTHER_ORG),
    });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toEqual({
      access_token: expect.any(String) as string,
      expires_in: 1_209_599,
      refresh_token: expect.stringMatching(/^FAKE/) as string,
      refresh_token_expires_in: 7_775_999,
      token_type: 'Bearer',
      scope: SERVICE_APP.scopes.join(' '),
    });
    const payload = Buffer.from(reply.body.access_token.split('.')[1] ?? '', 'base64url').toString();
    expect(JSON.parse(payload)).toMatchObject({ user_type: 'machine', realm: OTHER_ORG });
    const me = await (await callApi(emulator, '/people/me', reply.body.access_token)).json();
    expect(me).toMatchObject({
      type: 'bot',
      displayName: 'Nightly report',
      orgId: idOf('ORGANIZATION', OTHER_ORG),
    });
  });

  test('is refreshed like that of an integration, by its own client alone', async () => {
    const emulator = await serviceAppEmulator({ refreshMode: 'rotate-strict' });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const { body } = await askServiceApp(emulator, { token: await owned(emulator) });
    const renewed = await refreshServiceApp(emulator, body.refresh_token);
    expect(renewed.status).toBe(200);
    expect(renewed.body.refresh_token).not.toBe(body.refresh_token);
    expect(await probe(emulator, renewed.body.access_token)).toBe(200);
    const integration = await tokensFrom(emulator, NARROW);
    expect((await refreshServiceApp(emulator, integration.refresh_token)).status).toBe(400);
  });

  test('each call opens a grant of its own, of one and the same machine', async () => {
    const emulator = await serviceAppEmulator({ refreshMode: 'rotate-strict' });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const token = await owned(emulator);
    const first = (await askServiceApp(emulator, { token })).body;
    const second = (await askServiceApp(emulator, { token })).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    await refreshServiceApp(emulator, first.refresh_token);
    // Reuse ends the first family; the second is none of its business.
    expect((await refreshServiceApp(emulator, first.refresh_token)).status).toBe(400);
    expect((await refreshServiceApp(emulator, second.refresh_token)).status).toBe(200);
    const machine = async (one: string): Promise<unknown> =>
      (await callApi(emulator, '/people/me', one)).json();
    const third = (await askServiceApp(emulator, { token })).body;
    expect(await machine(second.access_token)).toEqual(await machine(third.access_token));
  });

  test('lives as long as the lifetimes say', async () => {
    const emulator = await serviceAppEmulator({ lifetimes: { accessToken: 60, refreshToken: 120 } });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const { body } = await askServiceApp(emulator, { token: await owned(emulator) });
    expect([body.expires_in, body.refresh_token_expires_in]).toEqual([60, 120]);
    emulator.clock.advance(60_000);
    expect(await probe(emulator, body.access_token)).toBe(401);
    emulator.clock.advance(60_000);
    expect((await refreshServiceApp(emulator, body.refresh_token)).status).toBe(400);
  });

  test.each([
    ['the owner, whatever the scope', 'ada@example.com', 'spark:people_read', 200],
    ['somebody else with spark:applications_token', 'linus@example.org', 'spark:applications_token', 200],
    ['somebody else without it', 'grace@example.com', 'spark:people_read', 403],
    ['somebody else with an admin scope', 'grace@example.com', 'identity:tokens_write', 403],
  ])('may be asked for by %s', async (_name, user, scope, status) => {
    const emulator = await serviceAppEmulator();
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const { access_token: token } = await tokensFrom(emulator, { scope }, user);
    expect((await askServiceApp(emulator, { token })).status).toBe(status);
  });

  test.each([
    ['unpadded', APPLICATION],
    ['padded', Buffer.from(`ciscospark://us/APPLICATION/${SERVICE_APP.clientId}`).toString('base64')],
  ])('the application id may be %s', async (_name, applicationId) => {
    const emulator = await serviceAppEmulator();
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect((await askServiceApp(emulator, { token: await owned(emulator), applicationId })).status).toBe(200);
  });
});

describe('no token of a service app', () => {
  const LONG = 'The request requires a valid access token set in the Authorization request header.';
  test.each<[string, Partial<Parameters<typeof askServiceApp>[1]>, number, string, string?]>([
    [
      'a wrong secret',
      { clientSecret: 'wrong' },
      400,
      'Invalid client credentials',
      'The provided clientSecret is invalid',
    ],
    [
      'the secret of another',
      { clientSecret: ADMIN.clientSecret },
      400,
      'Invalid client credentials',
      'The provided clientSecret is invalid',
    ],
    [
      'the credentials of another',
      { clientId: ADMIN.clientId, clientSecret: ADMIN.clientSecret },
      400,
      'Invalid client credentials',
      'The provided clientId is invalid',
    ],
    [
      'no secret',
      { clientSecret: undefined },
      400,
      'A clientId, a clientSecret and a targetOrgId are required, as JSON.',
    ],
    [
      'no client id',
      { clientId: undefined },
      400,
      'A clientId, a clientSecret and a targetOrgId are required, as JSON.',
    ],
    [
      'no organisation',
      { targetOrgId: undefined },
      400,
      'A clientId, a clientSecret and a targetOrgId are required, as JSON.',
    ],
    [
      'an organisation that is a number',
      { targetOrgId: 1 },
      400,
      'A clientId, a clientSecret and a targetOrgId are required, as JSON.',
    ],
    [
      'an organisation that is none',
      { targetOrgId: 'acme' },
      400,
      'The targetOrgId is not that of an organisation.',
    ],
    [
      'the public id of a person',
      { targetOrgId: idOf('PEOPLE', ORG) },
      400,
      'The targetOrgId is not that of an organisation.',
    ],
    [
      'a body that is no JSON',
      { raw: '{' },
      400,
      'A clientId, a clientSecret and a targetOrgId are required, as JSON.',
    ],
    [
      'a body that is null',
      { raw: 'null' },
      400,
      'A clientId, a clientSecret and a targetOrgId are required, as JSON.',
    ],
    ['no bearer', { token: undefined }, 401, LONG],
    ['a made-up bearer', { token: 'made-up' }, 401, LONG],
    [
      'an organisation that did not authorize',
      { targetOrgId: OTHER_ORG },
      403,
      'The application is not authorized in the organisation by a Full Admin.',
    ],
    [
      'an organisation that nobody knows',
      { targetOrgId: 'fa4e0000-0000-4000-8000-000000000009' },
      403,
      'The application is not authorized in the organisation by a Full Admin.',
    ],
    [
      'an integration',
      { applicationId: idOf('APPLICATION', ADMIN.clientId) },
      404,
      'The application could not be found.',
    ],
    [
      'an unknown application',
      { applicationId: idOf('APPLICATION', 'C1') },
      404,
      'The application could not be found.',
    ],
    [
      'an id of another type',
      { applicationId: idOf('PEOPLE', SERVICE_APP.clientId) },
      404,
      'The application could not be found.',
    ],
    [
      'the bare client id',
      { applicationId: SERVICE_APP.clientId },
      404,
      'The application could not be found.',
    ],
    [
      'an id with wrong padding',
      { applicationId: `${APPLICATION}==` },
      404,
      'The application could not be found.',
    ],
    [
      'a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, raw: 'clientId=x' },
      415,
      'The body must be application/json.',
    ],
  ])('for %s', async (_name, changes, status, message, description = message) => {
    const emulator = await serviceAppEmulator();
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const reply = await askServiceApp(emulator, { token: await owned(emulator), ...changes });
    expect(reply.status).toBe(status);
    expect(reply.body).toEqual({
      message,
      errors: [{ description }],
      trackingId: reply.headers.get('trackingid'),
    });
  });

  test('for a bearer that has expired or is a refresh token', async () => {
    const emulator = await serviceAppEmulator({ lifetimes: { accessToken: 60 } });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const { access_token, refresh_token } = await tokensFrom(emulator, NARROW, 'ada@example.com');
    expect((await askServiceApp(emulator, { token: refresh_token })).status).toBe(401);
    expect((await askServiceApp(emulator, { token: access_token })).status).toBe(200);
    emulator.clock.advance(60_000);
    expect((await askServiceApp(emulator, { token: access_token })).status).toBe(401);
  });

  test('by client credentials or a login page', async () => {
    const emulator = await serviceAppEmulator();
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const { clientId, clientSecret } = SERVICE_APP;
    const fields = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    const url = emulator.endpoints.idbrokerTokenEndpoint;
    const reply = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
    expect(await reply.json()).toHaveProperty('error', 'unauthorized_client');
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      scope: 'spark:people_read',
    });
    expect((await fetch(`${emulator.endpoints.authorizationEndpoint}?${query.toString()}`)).status).toBe(400);
  });

  test('whatever the application id', async () => {
    const emulator = await serviceAppEmulator();
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const token = await owned(emulator);
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (applicationId) => {
        fc.pre(!['.', '..', APPLICATION].includes(applicationId));
        expect((await askServiceApp(emulator, { token, applicationId })).status).toBe(404);
      }),
      { numRuns: 30 },
    );
  });
});

describe('authorization', () => {
  test('holds for one organisation, and taking it back ends the tokens there alone', async () => {
    const emulator = await serviceAppEmulator();
    const token = await owned(emulator);
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, idOf('ORGANIZATION', OTHER_ORG));
    const here = (await askServiceApp(emulator, { token })).body;
    const there = (await askServiceApp(emulator, { token, targetOrgId: OTHER_ORG })).body;
    await emulator.deauthorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(await probe(emulator, here.access_token)).toBe(401);
    expect((await refreshServiceApp(emulator, here.refresh_token)).status).toBe(400);
    expect((await askServiceApp(emulator, { token })).status).toBe(403);
    expect(await probe(emulator, there.access_token)).toBe(200);
    expect((await refreshServiceApp(emulator, there.refresh_token)).status).toBe(200);
    expect(await probe(emulator, token)).toBe(200);
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect((await askServiceApp(emulator, { token })).status).toBe(200);
    expect(await probe(emulator, here.access_token)).toBe(401);
  });

  test.each([
    ['an unknown client', 'C1', ORG, 'EMULATOR_UNKNOWN_CLIENT'],
    ['an integration', ADMIN.clientId, ORG, 'EMULATOR_UNKNOWN_CLIENT'],
    [
      'an organisation without users',
      SERVICE_APP.clientId,
      'fa4e0000-0000-4000-8000-000000000009',
      'EMULATOR_UNKNOWN_ORG',
    ],
    ['something else', SERVICE_APP.clientId, 'acme', 'EMULATOR_UNKNOWN_ORG'],
  ])('is refused for %s', async (_name, clientId, orgId, code) => {
    const emulator = await serviceAppEmulator();
    await expect(emulator.authorizeServiceApp(clientId, orgId)).rejects.toMatchObject({ code });
    await expect(emulator.deauthorizeServiceApp(clientId, orgId)).rejects.toMatchObject({ code });
  });

  test('outlives a restart, and reset forgets it', async () => {
    const dataDir = directory();
    const first = await serviceAppEmulator({ dataDir });
    await first.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const { body } = await askServiceApp(first, { token: await owned(first) });
    await first.close();
    const second = await serviceAppEmulator({ dataDir });
    expect((await refreshServiceApp(second, body.refresh_token)).status).toBe(200);
    const token = await owned(second);
    expect((await askServiceApp(second, { token })).status).toBe(200);
    second.reset();
    expect((await askServiceApp(second, { token: await owned(second) })).status).toBe(403);
    await second.close();
  });

  test('a service app needs an owner among the users', async () => {
    const client = { ...SERVICE_APP, ownerId: 'nobody@example.com' };
    await expect(emulatorForTest({ clients: [client] })).rejects.toMatchObject({
      code: 'EMULATOR_BAD_OPTIONS',
    });
  });
});

describe('the control API', () => {
  const control = async (emulator: Emulator, body: unknown): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${emulator.url}/_emulator/service-apps`, init)).status;
  };

  test('authorizes, lists and takes back', async () => {
    const emulator = await serviceAppEmulator();
    const { clientId } = SERVICE_APP;
    const list = async (): Promise<unknown> => (await fetch(`${emulator.url}/_emulator/service-apps`)).json();
    expect(await control(emulator, { clientId, orgId: ORG, authorized: true })).toBe(204);
    const app = { clientId, applicationId: APPLICATION, ownerId: emulator.users[0]?.id, authorizedIn: [ORG] };
    expect(await list()).toEqual({ serviceApps: [app] });
    expect(await control(emulator, { clientId, orgId: ORG, authorized: false })).toBe(204);
    expect(await list()).toEqual({ serviceApps: [{ ...app, authorizedIn: [] }] });
  });

  test.each([
    ['no client', { orgId: ORG, authorized: true }],
    ['an integration', { clientId: ADMIN.clientId, orgId: ORG, authorized: true }],
    ['no decision', { clientId: SERVICE_APP.clientId, orgId: ORG }],
    ['a decision that is a text', { clientId: SERVICE_APP.clientId, orgId: ORG, authorized: 'true' }],
    ['no organisation', { clientId: SERVICE_APP.clientId, authorized: true }],
    [
      'an unknown organisation',
      { clientId: SERVICE_APP.clientId, orgId: ORG.replace('1', '9'), authorized: true },
    ],
    ['more', { clientId: SERVICE_APP.clientId, orgId: ORG, authorized: true, by: 'me' }],
  ])('refuses %s', async (_name, body) => {
    expect(await control(await serviceAppEmulator(), body)).toBe(400);
  });
});

describe('the admin page', () => {
  interface Shown {
    url: string;
    cookie: string;
    csrf: string;
    page: string;
    policy: string;
  }

  async function open(emulator: Emulator): Promise<Shown> {
    const url = `${emulator.url}/admin/service-apps`;
    const response = await fetch(url);
    const page = await response.text();
    const csrf = /name="csrf" value="([^"]*)"/.exec(page)?.[1] ?? '';
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    return { url, cookie, csrf, page, policy: response.headers.get('content-security-policy') ?? '' };
  }

  async function submit(
    { url, cookie, csrf }: Shown,
    changes: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<number> {
    const fields = { csrf, client: SERVICE_APP.clientId, org: ORG, decision: 'authorize', ...changes };
    const init = { method: 'POST', redirect: 'manual' as const, body: new URLSearchParams(fields) };
    const response = await fetch(url, { ...init, headers: { ...(cookie && { cookie }), ...headers } });
    await response.arrayBuffer();
    return response.status;
  }

  test('shows each app with each organisation, and carries a decision out', async () => {
    const emulator = await serviceAppEmulator();
    const token = await owned(emulator);
    const shown = await open(emulator);
    expect(shown.page.match(/value="authorize"/g)).toHaveLength(2);
    expect(shown.page).toContain('Nightly report');
    expect(shown.page).not.toContain(SERVICE_APP.clientSecret);
    expect(shown.policy).toContain("form-action 'self'");
    expect(await submit(shown)).toBe(303);
    expect((await askServiceApp(emulator, { token })).status).toBe(200);
    const after = await open(emulator);
    expect(after.page.match(/value="deauthorize"/g)).toHaveLength(1);
    expect(await submit(after, { decision: 'deauthorize' })).toBe(303);
    expect((await askServiceApp(emulator, { token })).status).toBe(403);
  });

  test('escapes what it is given', async () => {
    const nasty = `"'><script>alert('x')</script>&`;
    const emulator = await serviceAppEmulator({
      clients: [{ ...SERVICE_APP, name: nasty, scopes: [nasty] }],
    });
    const { page } = await open(emulator);
    expect(page).not.toContain('<script');
    expect(page).not.toContain(`"'>`);
    expect(page).toContain('&lt;script&gt;');
  });

  test.each<[string, (shown: Shown) => Shown, Record<string, string>, Record<string, string>, number]>([
    ['without the cookie', (shown) => ({ ...shown, cookie: '' }), {}, {}, 403],
    [
      'from another browser',
      (shown) => ({ ...shown, cookie: `${shown.cookie.slice(0, -6)}AAAAAA` }),
      {},
      {},
      403,
    ],
    ['without the token', (shown) => shown, { csrf: '' }, {}, 403],
    ['from another site', (shown) => shown, {}, { origin: 'https://attacker.example' }, 403],
    ['from an opaque origin', (shown) => shown, {}, { origin: 'null' }, 403],
    ['across sites', (shown) => shown, {}, { 'sec-fetch-site': 'cross-site' }, 403],
    ['for an unknown app', (shown) => shown, { client: 'C1' }, {}, 400],
    ['for an integration', (shown) => shown, { client: ADMIN.clientId }, {}, 400],
    ['for an unknown organisation', (shown) => shown, { org: 'acme' }, {}, 400],
    ['without a decision', (shown) => shown, { decision: '' }, {}, 400],
  ])('refuses a form %s', async (_name, change, fields, headers, status) => {
    const emulator = await serviceAppEmulator();
    expect(await submit(change(await open(emulator)), fields, headers)).toBe(status);
    expect((await askServiceApp(emulator, { token: await owned(emulator) })).status).toBe(403);
  });
});
