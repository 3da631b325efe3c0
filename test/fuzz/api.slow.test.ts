import { expect } from 'vitest';
import type { Webex } from '../../src/index.js';
import { answersLike, type RawAnswer } from './answers.js';
import { expectNoSecret, fuzz, settled, watchProcess } from './fuzzed.js';
import { API, CLIENT, fuzzedWebex, storedMembers, type FuzzedWebex } from './fuzzed-webex.js';

watchProcess();

const TOKEN = 'access-token-of-somebody-0123456789';
const SECRETS = [CLIENT.clientSecret, TOKEN];
const ORIGINS = [new URL(API).origin];
const ROOM = {
  id: 'Y2lzY29zcGFyazovL3VzL1JPT00',
  title: 'Room',
  type: 'group',
  created: '2026-01-01T00:00:00Z',
};
const PERSON = { id: 'Y2lz', orgId: 'b3Jn', displayName: 'Ada', emails: ['ada@example.com'], type: 'bot' };

/** Calls the API while `path` gives this answer to each of the first 20 requests. The bearer goes to Webex alone, and stays in force. */
async function calling(
  answer: RawAnswer,
  path: string,
  call: (webex: Webex, rig: FuzzedWebex) => Promise<void>,
): Promise<void> {
  const rig = fuzzedWebex(
    ({ path: asked }, count) =>
      asked === path || (asked.startsWith('/v1/rooms') && count <= 20) ? answer : { items: [] },
    { secrets: SECRETS },
  );
  const webex = await rig.webex({ credentials: { access_token: TOKEN } });
  await call(webex, rig);
  for (const { origin, bearer } of rig.sent) {
    expect(ORIGINS).toContain(origin);
    expect(bearer).toBe(TOKEN);
  }
  await rig.close();
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];

fuzz('request', answersLike(ROOM), (answer) =>
  calling(answer, '/v1/rooms', async (webex, { sent }) => {
    const method = METHODS[answer.body.length % METHODS.length] ?? 'GET';
    const body = method === 'GET' ? undefined : { text: 'hello' };
    const { value, error } = await settled(() => webex.request({ resource: 'rooms', method, body }), SECRETS);
    if (value) {
      expect(value.statusCode).toBe(answer.status);
      expect(Object.values(value.headers).every((one) => typeof one === 'string')).toBe(true);
    } else expect(error?.code).toBeDefined();
    expect(sent.filter(({ path }) => path === '/v1/rooms').length).toBeLessThanOrEqual(4);
  }),
);

fuzz('fetch', answersLike(ROOM), (answer) =>
  calling(answer, '/v1/rooms', async (webex) => {
    const { value: response } = await settled(() => webex.fetch('/rooms'), SECRETS);
    if (!response) return;
    expect(response.status).toBe(answer.status);
    const { value: text } = await settled(() => response.text(), SECRETS);
    if (text !== undefined) expect(response.bodyUsed || text === '').toBe(true);
  }),
);

fuzz('paginate', answersLike({ items: [ROOM, { ...ROOM, title: 'Another' }], total: 2 }), (answer) =>
  calling(answer, '/v1/rooms', async (webex, { sent }) => {
    await settled(async () => {
      let items = 0;
      for await (const _ of webex.paginate('/rooms', { limit: 50 })) items++;
      return items;
    }, SECRETS);
    expect(sent.length).toBeLessThan(100);
  }),
);

fuzz('people/me', answersLike(PERSON), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path === '/v1/people/me' ? answer : {}), { secrets: SECRETS });
  const auth = await rig.auth();
  const { value } = await settled(() => auth.bot(TOKEN), SECRETS);
  const [grant] = await auth.grants.list();
  expect(grant?.subject).toBe(value?.subject);
  const stored = await rig.stored(grant?.subject ?? '');
  storedMembers(stored);
  for (const [name, text] of Object.entries(stored?.person ?? {})) {
    expect(Object.keys(PERSON).concat('email')).toContain(name);
    expect(text).toMatch(/^[^\p{Cc}\p{Cf}]+$/u);
  }
  await rig.close();
});

fuzz('token expiry', answersLike({ exp: 1_900_000_000_000 }), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path === '/v1/authorizations/tokenExpiry' ? answer : {}), {
    secrets: SECRETS,
  });
  const auth = await rig.auth();
  await auth.grants.import('user-1', { access_token: TOKEN, expires_in: 3_600 });
  const { value } = await settled(() => auth.validate('user-1'), SECRETS);
  if (value) {
    expectNoSecret(value, SECRETS);
    expect(value.expiresAt === undefined || Number.isSafeInteger(value.expiresAt)).toBe(true);
  }
  expect((await auth.token('user-1')).accessToken).toBe(TOKEN);
  await rig.close();
});

// Who may be named by Webex's catalog (webex-facts 1.5).
const DOMAINS =
  /^https:\/\/([a-z0-9-]+\.)*(wbx2\.com|ciscospark\.com|webex\.com|webexapis\.com|broadcloud(pbx)?\.[a-z.]+)(:443)?(\/|$)/;
const CATALOG = {
  serviceLinks: {
    wdm: 'https://wdm-a.wbx2.com/wdm/api/v1',
    evil: 'https://evil.example/api',
    plain: 'http://a.wbx2.com',
  },
  activeServices: { wdm: 'urn:a', board: 'urn:b' },
  services: [{ id: 'urn:a', serviceUrls: [{ baseUrl: 'https://wdm-b.wbx2.com/v1', priority: 1 }] }],
  format: 'hostmap',
};

fuzz('catalogs', answersLike(CATALOG), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path.startsWith('/u2c/') ? answer : {}), { secrets: SECRETS });
  const webex = await rig.webex({ credentials: { access_token: TOKEN } });
  await settled(() => webex.services.discover(), SECRETS);
  const listed: Record<string, unknown> = webex.services.list();
  for (const [name, url] of Object.entries(listed)) {
    expect(name).toMatch(/^[\x21-\x7e]{1,100}$/);
    if (url !== undefined) expect(url).toEqual(expect.stringMatching(/^https:/));
  }
  await settled(() => webex.request({ service: 'evil', resource: 'x' }), SECRETS);
  await settled(() => webex.request({ service: 'plain', resource: 'x' }), SECRETS);
  await settled(() => webex.request({ service: 'wdm', resource: 'x' }), SECRETS);
  for (const { origin, bearer } of rig.sent) if (bearer !== undefined) expect(`${origin}/`).toMatch(DOMAINS);
  await rig.close();
});
