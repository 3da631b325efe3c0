import fc from 'fast-check';
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

interface List {
  items: Record<string, string>[];
}

async function pages(emulator: Emulator, path: string, token: string): Promise<List['items'][]> {
  const found: List['items'][] = [];
  let next: string | undefined = `${emulator.endpoints.apiBase}${path}`;
  while (next !== undefined) {
    const response: Response = await fetch(next, { headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(200);
    found.push(((await response.json()) as List).items);
    next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return found;
}

describe('a bearer', () => {
  test('no, a made-up, an expired, a revoked and a refresh token get the 401 of Webex', async () => {
    const emulator = await emulatorForTest({ lifetimes: { accessToken: 60 } });
    const old = await tokensFrom(emulator);
    emulator.clock.advance(60_000);
    const revoked = await tokensFrom(emulator);
    emulator.revokeAll();
    const { refresh_token } = await tokensFrom(emulator);
    for (const token of ['', 'made-up', old.access_token, revoked.access_token, refresh_token]) {
      const response = await callApi(emulator, '/people/me', token);
      expect(response.status).toBe(401);
      const message = 'The request requires a valid access token set in the Authorization request header.';
      expect(await response.json()).toEqual({
        message,
        errors: [{ description: message }],
        trackingId: response.headers.get('trackingid'),
      });
    }
  });

  test('without the scope gets 403; spark:all opens everything', async () => {
    const emulator = await emulatorForTest({
      clients: [{ ...CLIENT, scopes: ['spark:all', 'spark:people_read'] }],
    });
    const narrow = await tokensFrom(emulator, { scope: 'spark:people_read' });
    const wide = await tokensFrom(emulator, { scope: 'spark:all' });
    for (const path of ['/rooms', '/memberships', '/messages']) {
      expect((await callApi(emulator, path, narrow.access_token)).status).toBe(403);
      expect((await callApi(emulator, path, wide.access_token)).status).toBe(200);
    }
    expect(await probe(emulator, narrow.access_token)).toBe(200);
  });
});

describe('people/me', () => {
  test('names the person; the organisation is that of the token', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator, {}, 'linus@example.org');
    const me = (await (await callApi(emulator, '/people/me', access_token)).json()) as Record<string, string>;
    expect(me).toMatchObject({
      displayName: 'Linus Elsewhere',
      emails: ['linus@example.org'],
      loginEnabled: true,
    });
    const decoded = Buffer.from(me['orgId'] ?? '', 'base64').toString();
    expect(decoded).toBe(`ciscospark://us/ORGANIZATION/${access_token.split('_')[2] ?? ''}`);
  });
});

describe('lists', () => {
  test('any page size gives every room once, in order', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const [all = []] = await pages(emulator, '/rooms', access_token);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), async (max) => {
        const found = await pages(emulator, `/rooms?max=${max}`, access_token);
        expect(found.flat()).toEqual(all);
        expect(found).toHaveLength(Math.ceil(all.length / max));
      }),
      { numRuns: 12 },
    );
  });

  test('memberships have an empty page with more behind it, and keep the filter', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const found = await pages(emulator, '/memberships?max=5', access_token);
    expect(found[1]).toEqual([]);
    expect(found.flat()).toHaveLength(14);
    expect(new Set(found.flat().map(({ id }) => id)).size).toBe(14);
    const roomId = found[0]?.[0]?.['roomId'] ?? '';
    const one = await pages(emulator, `/memberships?max=1&roomId=${roomId}`, access_token);
    expect(one.flat().map((membership) => membership['roomId'])).toEqual([roomId, roomId]);
  });

  test.each(['max=0', 'max=1001', 'max=x', 'max=-1', 'cursor=AAAA', 'cursor='])(
    'refuse %s',
    async (query) => {
      const emulator = await emulatorForTest();
      const { access_token } = await tokensFrom(emulator);
      expect((await callApi(emulator, `/rooms?${query}`, access_token)).status).toBe(400);
    },
  );
});

describe('messages', () => {
  test('are kept as often as they are posted', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    const [rooms = []] = await pages(emulator, '/rooms', access_token);
    const roomId = rooms[0]?.['id'] ?? '';
    const post = (body: unknown): Promise<Response> =>
      callApi(emulator, '/messages', access_token, { method: 'POST', body: JSON.stringify(body) });
    expect(await (await post({ roomId, text: 'hello' })).json()).toMatchObject({ roomId, text: 'hello' });
    await post({ roomId, text: 'hello' });
    const kept = await pages(emulator, `/messages?roomId=${roomId}&max=1`, access_token);
    expect(kept.flat().map(({ text }) => text)).toEqual(['hello', 'hello']);
    expect((await post({ roomId })).status).toBe(400);
    expect((await post('text')).status).toBe(400);
    expect((await post({ roomId: 'nowhere', text: 'x' })).status).toBe(404);
  });
});

describe('revocation', () => {
  const revoke = async (emulator: Emulator, token: string | undefined, client = CLIENT): Promise<number> => {
    const fields = { client_id: client.clientId, client_secret: client.clientSecret };
    const body = new URLSearchParams(token === undefined ? fields : { ...fields, token });
    return (await fetch(emulator.endpoints.revocationEndpoint, { method: 'POST', body })).status;
  };

  test('of an access token ends it alone; of a refresh token, its access tokens too', async () => {
    const emulator = await emulatorForTest();
    const first = await tokensFrom(emulator);
    const second = (await refreshWith(emulator, first.refresh_token)).body;
    expect(await revoke(emulator, first.access_token)).toBe(200);
    expect(await probe(emulator, first.access_token)).toBe(401);
    expect(await probe(emulator, second.access_token)).toBe(200);
    expect(await revoke(emulator, first.refresh_token)).toBe(200);
    expect(await probe(emulator, second.access_token)).toBe(401);
    expect((await refreshWith(emulator, first.refresh_token)).status).toBe(400);
  });

  test('needs the right client, and says 200 for what it does not know', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    expect(await revoke(emulator, access_token, { ...CLIENT, clientSecret: 'wrong' })).toBe(401);
    expect(await revoke(emulator, access_token, MACHINE)).toBe(200);
    expect(await probe(emulator, access_token)).toBe(200);
    expect(await revoke(emulator, 'made-up')).toBe(200);
    expect(await revoke(emulator, undefined)).toBe(400);
  });

  test('revokeAll takes one user or all', async () => {
    const emulator = await emulatorForTest();
    const ada = await tokensFrom(emulator, {}, 'ada@example.com');
    const grace = await tokensFrom(emulator, {}, 'grace@example.com');
    emulator.revokeAll('ada@example.com');
    expect([await probe(emulator, ada.access_token), await probe(emulator, grace.access_token)]).toEqual([
      401, 200,
    ]);
    emulator.revokeAll();
    expect(await probe(emulator, grace.access_token)).toBe(401);
    expect(() => emulator.revokeAll('nobody')).toThrow(
      expect.objectContaining({ code: 'EMULATOR_UNKNOWN_USER' }),
    );
  });
});

describe('logout', () => {
  test.each(['GET', 'POST'])('by %s ends the token', async (method) => {
    const emulator = await emulatorForTest();
    const { access_token: token } = await tokensFrom(emulator);
    const { logoutEndpoint: logout } = emulator.endpoints;
    const response =
      method === 'GET'
        ? await fetch(`${logout}?cisService=webex&token=${encodeURIComponent(token)}`)
        : await fetch(logout, { method, body: JSON.stringify({ token, cisService: 'webex' }) });
    expect(response.status).toBe(200);
    expect(await probe(emulator, token)).toBe(401);
  });

  test('leads on only to a registered application', async () => {
    const emulator = await emulatorForTest();
    const ends = async (goto: string): Promise<string | null> => {
      const url = `${emulator.endpoints.logoutEndpoint}?goto=${encodeURIComponent(goto)}`;
      return (await fetch(url, { redirect: 'manual' })).headers.get('location');
    };
    expect(await ends('http://127.0.0.1:5000/bye?x=1')).toBe('http://127.0.0.1:5000/bye?x=1');
    for (const goto of [
      'https://attacker.example/',
      '//attacker.example',
      'javascript:alert(1)',
      'nowhere',
    ]) {
      expect(await ends(goto)).toBe(null);
    }
  });
});

test('unknown paths are 404 and wrong methods 405, in the shape of Webex', async () => {
  const emulator = await emulatorForTest();
  const nowhere = await fetch(`${emulator.url}/v1/nowhere`);
  expect(nowhere.status).toBe(404);
  expect(await nowhere.json()).toHaveProperty('trackingId', nowhere.headers.get('trackingid'));
  const wrong = await fetch(`${emulator.url}/v1/messages`, { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST']);
  expect((await fetch(emulator.url)).status).toBe(200);
});
