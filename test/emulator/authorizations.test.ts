import { describe, expect, test } from 'vitest';
import type { Emulator } from '../../src/emulator/emulator.js';
import {
  CLIENT,
  MACHINE,
  callApi,
  emulatorForTest,
  probe,
  refreshWith,
  tokensFrom,
} from './emulator-client.js';
import { ADMIN, ORG, OTHER_ORG, SERVICE_APP, askServiceApp, idOf } from './service-app-client.js';

interface Item {
  id: string;
  applicationId: string;
  applicationName: string;
  personId: string;
  clientId: string;
  created: string;
  type: string;
}

const READ = 'identity:tokens_read';
const WRITE = 'identity:tokens_write';
const UNKNOWN = 'The request requires a valid access token set in the Authorization request header.';

const start = (options = {}): Promise<Emulator> =>
  emulatorForTest({
    clients: [{ ...ADMIN, scopes: [...ADMIN.scopes, 'spark:all'] }, SERVICE_APP, MACHINE],
    ...options,
  });

/** An admin is Grace, of the organisation of Ada. */
async function admin(emulator: Emulator, scope = `${READ} ${WRITE}`): Promise<string> {
  return (await tokensFrom(emulator, { scope }, 'grace@example.com')).access_token;
}

const ada = (emulator: Emulator): ReturnType<typeof tokensFrom> =>
  tokensFrom(emulator, { scope: 'spark:people_read' }, 'ada@example.com');

async function list(
  emulator: Emulator,
  token: string,
  query = '?personEmail=ada@example.com',
): Promise<Item[]> {
  const response = await callApi(emulator, `/authorizations${query}`, token);
  expect(response.status).toBe(200);
  return ((await response.json()) as { items: Item[] }).items;
}

async function remove(emulator: Emulator, token: string, rest: string): Promise<number> {
  const response = await callApi(emulator, `/authorizations${rest}`, token, { method: 'DELETE' });
  await response.arrayBuffer();
  return response.status;
}

describe('the list of authorizations', () => {
  test('names every live token of a person once, and no token', async () => {
    const emulator = await start({ refreshMode: 'rotate-grace' });
    const first = await ada(emulator);
    const second = (await refreshWith(emulator, first.refresh_token)).body;
    const [person] = emulator.users;
    const items = await list(emulator, await admin(emulator));
    expect(items.map(({ type }) => type).sort()).toEqual(['access', 'access', 'refresh']);
    expect(new Set(items.map(({ id }) => id)).size).toBe(3);
    for (const item of items) {
      expect(item).toEqual({
        id: expect.any(String) as string,
        applicationId: idOf('APPLICATION', CLIENT.clientId),
        applicationName: 'Test integration',
        personId: person?.personId,
        clientId: CLIENT.clientId,
        created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        type: item.type,
      });
    }
    const told = JSON.stringify(items);
    for (const { access_token, refresh_token } of [first, second]) {
      expect(told).not.toContain(access_token.slice(0, 24));
      expect(told).not.toContain(refresh_token?.slice(0, 24));
    }
    const byId = await list(emulator, await admin(emulator, READ), `?personId=${person?.personId ?? ''}`);
    expect(byId).toEqual(items);
  });

  test('holds what is live: not what expired or was revoked', async () => {
    const emulator = await start({ lifetimes: { accessToken: 60, refreshToken: 120 } });
    const types = async (): Promise<string[]> =>
      (await list(emulator, await admin(emulator))).map(({ type }) => type).sort();
    await ada(emulator);
    emulator.clock.advance(60_000);
    expect(await types()).toEqual(['refresh']);
    emulator.clock.advance(60_000);
    expect(await types()).toEqual([]);
    await ada(emulator);
    expect(await types()).toEqual(['access', 'refresh']);
    emulator.revokeAll('ada@example.com');
    expect(await types()).toEqual([]);
  });

  test('shows a service app under its machine', async () => {
    const emulator = await start();
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const { body } = await askServiceApp(emulator, { token: (await ada(emulator)).access_token });
    const me = (await (await callApi(emulator, '/people/me', body.access_token)).json()) as { id: string };
    const items = await list(emulator, await admin(emulator), `?personId=${me.id}`);
    expect(items.map(({ type, clientId }) => [type, clientId])).toEqual([
      ['refresh', SERVICE_APP.clientId],
      ['access', SERVICE_APP.clientId],
    ]);
  });

  test.each([
    ['nobody', '', 400],
    ['two', `?personEmail=ada@example.com&personId=${idOf('PEOPLE', 'x')}`, 400],
    ['an unknown address', '?personEmail=nobody@example.com', 404],
    ['an unknown person', `?personId=${idOf('PEOPLE', ORG)}`, 404],
    ['an id of another type', `?personId=${idOf('ORGANIZATION', ORG)}`, 404],
    ['a bare text', '?personId=ada', 404],
    ['somebody in another organisation', '?personEmail=linus@example.org', 404],
  ])('is refused for %s', async (_name, query, status) => {
    const emulator = await start();
    const response = await callApi(emulator, `/authorizations${query}`, await admin(emulator));
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('errors');
  });

  test.each([[WRITE], ['spark:all'], ['spark:people_read']])('is refused to %s', async (scope) => {
    const emulator = await start();
    const token = await admin(emulator, scope);
    const response = await callApi(emulator, '/authorizations?personEmail=ada@example.com', token);
    expect(response.status).toBe(403);
  });
});

describe('ending an authorization', () => {
  test('of a refresh token ends its access tokens too', async () => {
    const emulator = await start();
    const [one, other] = [await ada(emulator), await ada(emulator)];
    const token = await admin(emulator);
    const refreshes = (await list(emulator, token)).filter(({ type }) => type === 'refresh');
    expect(await remove(emulator, token, `/${refreshes[0]?.id ?? ''}`)).toBe(204);
    expect(await probe(emulator, one.access_token)).toBe(401);
    expect((await refreshWith(emulator, one.refresh_token)).status).toBe(400);
    expect(await probe(emulator, other.access_token)).toBe(200);
    expect((await list(emulator, token)).map(({ type }) => type)).toEqual(['refresh', 'access']);
  });

  test('of an access token ends it alone, and only once', async () => {
    const emulator = await start();
    const { access_token, refresh_token } = await ada(emulator);
    const token = await admin(emulator);
    const access = (await list(emulator, token)).find(({ type }) => type === 'access');
    expect(await remove(emulator, token, `/${access?.id ?? ''}`)).toBe(204);
    expect(await probe(emulator, access_token)).toBe(401);
    expect((await refreshWith(emulator, refresh_token)).status).toBe(200);
    expect(await remove(emulator, token, `/${access?.id ?? ''}`)).toBe(404);
  });

  test('is refused for an unknown id, from another organisation and without the scope', async () => {
    const emulator = await start();
    const { access_token } = await ada(emulator);
    const [item] = await list(emulator, await admin(emulator));
    const elsewhere = (await tokensFrom(emulator, { scope: WRITE }, 'linus@example.org')).access_token;
    expect(await remove(emulator, await admin(emulator), '/made-up')).toBe(404);
    expect(await remove(emulator, elsewhere, `/${item?.id ?? ''}`)).toBe(404);
    for (const scope of [READ, 'spark:all', 'spark:people_read']) {
      expect(await remove(emulator, await admin(emulator, scope), `/${item?.id ?? ''}`)).toBe(403);
    }
    expect(await probe(emulator, access_token)).toBe(200);
  });
});

describe('ending all of a client', () => {
  const other = { ...CLIENT, clientId: `C${'0d'.repeat(32)}` };

  test.each([
    ['the own organisation by default', ''],
    ['the own organisation by UUID', `&orgId=${ORG}`],
    ['the own organisation by public id', `&orgId=${idOf('ORGANIZATION', ORG)}`],
  ])('takes %s, and nobody else', async (_name, rest) => {
    const emulator = await start({ clients: [ADMIN, MACHINE, other] });
    const mine = await ada(emulator);
    const elsewhere = await tokensFrom(emulator, { scope: 'spark:people_read' }, 'linus@example.org');
    const token = await admin(emulator);
    expect(await remove(emulator, token, `?clientId=${other.clientId}${rest}`)).toBe(204);
    expect(await probe(emulator, mine.access_token)).toBe(200);
    expect(await remove(emulator, token, `?clientId=${ADMIN.clientId}${rest}`)).toBe(204);
    expect(await probe(emulator, mine.access_token)).toBe(401);
    expect((await refreshWith(emulator, mine.refresh_token)).status).toBe(400);
    expect(await probe(emulator, elsewhere.access_token)).toBe(200);
    // The admin's own token was one of them.
    expect(await remove(emulator, token, `?clientId=${ADMIN.clientId}`)).toBe(401);
  });

  test.each([
    ['no client', '', 400],
    ['an organisation alone', `?orgId=${ORG}`, 400],
    ['an organisation that is none', `?clientId=${ADMIN.clientId}&orgId=acme`, 400],
    ['another organisation', `?clientId=${ADMIN.clientId}&orgId=${OTHER_ORG}`, 403],
    ['an unknown client', '?clientId=C1', 404],
  ])('is refused for %s', async (_name, query, status) => {
    const emulator = await start();
    const { access_token } = await ada(emulator);
    expect(await remove(emulator, await admin(emulator), query)).toBe(status);
    expect(await probe(emulator, access_token)).toBe(200);
  });

  test.each([[READ], ['spark:all']])('is refused to %s', async (scope) => {
    const emulator = await start();
    const { access_token } = await ada(emulator);
    expect(await remove(emulator, await admin(emulator, scope), `?clientId=${ADMIN.clientId}`)).toBe(403);
    expect(await probe(emulator, access_token)).toBe(200);
  });
});

describe('tokenExpiry', () => {
  const expiry = (emulator: Emulator, token: string): Promise<Response> =>
    callApi(emulator, '/authorizations/tokenExpiry', token);

  test('is the end of the bearer in milliseconds, whatever its scope', async () => {
    const emulator = await start({ lifetimes: { accessToken: 100 } });
    const { access_token } = await ada(emulator);
    const { exp } = (await (await expiry(emulator, access_token)).json()) as { exp: number };
    expect(Number.isSafeInteger(exp)).toBe(true);
    emulator.clock.advance(exp - emulator.clock.now() - 10_000);
    expect((await expiry(emulator, access_token)).status).toBe(200);
    emulator.clock.advance(10_000);
    expect((await expiry(emulator, access_token)).status).toBe(401);
  });

  test('is told to no, a made-up, a revoked and a refresh token: to none of them', async () => {
    const emulator = await start();
    const revoked = await ada(emulator);
    emulator.revokeAll();
    const { refresh_token } = await ada(emulator);
    for (const token of ['', 'made-up', revoked.access_token, refresh_token]) {
      const response = await expiry(emulator, token);
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({
        message: UNKNOWN,
        errors: [{ description: UNKNOWN }],
        trackingId: response.headers.get('trackingid'),
      });
    }
  });

  test('cannot be ended', async () => {
    const emulator = await start();
    expect(await remove(emulator, await admin(emulator), '/tokenExpiry')).toBe(404);
  });
});
