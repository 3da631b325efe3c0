import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/emulator/emulator.js';
import type { ErrorCode, WebexAuth, WebexAuthOptions } from '../../src/index.js';
import { badInputRig } from './bad-input-rig.js';

const rig = badInputRig();

const EXCHANGE = 'authorization_code';
const BASE = 'http://127.0.0.1:5010';

/** A redirect that is wrong; `other` is that of another login, which is just as genuine. */
type Row = readonly [
  input: string,
  source: string,
  change: (parameters: URLSearchParams, context: { other: URLSearchParams; canary: string }) => void,
  code: ErrorCode,
  status: number,
];

const error = (parameters: URLSearchParams, code: string, text = ''): void => {
  parameters.delete('code');
  parameters.set('error', code);
  if (text !== '') parameters.set('error_description', text);
};

const REDIRECTS: readonly Row[] = [
  ['no code', 'RFC 6749 4.1.2', (given) => given.delete('code'), 'AUTHORIZATION_RESPONSE_INVALID', 400],
  ['an empty code', 'RFC 6749 A.11', (given) => given.set('code', ''), 'AUTHORIZATION_RESPONSE_INVALID', 400],
  [
    'two codes',
    'reliability A6',
    (given, { other }) => given.append('code', other.get('code') ?? ''),
    'AUTHORIZATION_RESPONSE_INVALID',
    400,
  ],
  [
    'a code in a list',
    'reliability A6',
    (given, { other }) => given.append('code[]', other.get('code') ?? ''),
    'AUTHORIZATION_RESPONSE_INVALID',
    400,
  ],
  [
    'a code of 10 KB',
    'RFC 6749 A.11',
    (given) => given.set('code', 'x'.repeat(10_000)),
    'AUTHORIZATION_RESPONSE_INVALID',
    400,
  ],
  [
    'a code and an error',
    'reliability A6',
    (given) => given.set('error', 'access_denied'),
    'AUTHORIZATION_RESPONSE_INVALID',
    400,
  ],
  [
    'tokens of the implicit grant',
    'webex-facts 2.2',
    (given, { canary }) => given.set('access_token', canary),
    'AUTHORIZATION_RESPONSE_INVALID',
    400,
  ],
  [
    'everything in the fragment',
    'webex-facts 2.2',
    (given) => [...given.keys()].forEach((name) => given.delete(name)),
    'STATE_MISMATCH',
    400,
  ],
  ['no state', 'reliability A2', (given) => given.delete('state'), 'STATE_MISMATCH', 400],
  ['an empty state', 'reliability A2', (given) => given.set('state', ''), 'STATE_MISMATCH', 400],
  [
    'a state in other letters',
    'reliability A2',
    (given) => given.set('state', (given.get('state') ?? '').toUpperCase()),
    'STATE_MISMATCH',
    400,
  ],
  [
    'the state of another login',
    'reliability A3',
    (given, { other }) => given.set('state', other.get('state') ?? ''),
    'STATE_MISMATCH',
    400,
  ],
  [
    'a state of 10 KB',
    'reliability A2',
    (given) => given.set('state', 'x'.repeat(10_000)),
    'STATE_MISMATCH',
    400,
  ],
  [
    'the state twice',
    'reliability A6',
    (given) => given.append('state', given.get('state') ?? ''),
    'AUTHORIZATION_RESPONSE_INVALID',
    400,
  ],
  [
    'another issuer',
    'RFC 9207 2.4',
    (given, { canary }) => given.set('iss', `https://${canary}.example`),
    'ISSUER_MISMATCH',
    400,
  ],
  ['access_denied', 'webex-facts 2.2', (given) => error(given, 'access_denied'), 'ACCESS_DENIED', 403],
  ['invalid_scope', 'webex-facts 2.2', (given) => error(given, 'invalid_scope'), 'INVALID_SCOPE', 500],
  [
    'server_error',
    'webex-facts 2.2',
    (given) => error(given, 'server_error'),
    'AUTHORIZATION_SERVER_ERROR',
    502,
  ],
  [
    'temporarily_unavailable',
    'RFC 6749 4.1.2.1',
    (given) => error(given, 'temporarily_unavailable'),
    'AUTHORIZATION_SERVER_ERROR',
    502,
  ],
  ['login_required', 'webex-facts 2.2', (given) => error(given, 'login_required'), 'LOGIN_REQUIRED', 401],
  ['invalid_request', 'webex-facts 2.2', (given) => error(given, 'invalid_request'), 'INVALID_REQUEST', 500],
  ['invalid_client', 'webex-facts 2.2', (given) => error(given, 'invalid_client'), 'INVALID_CLIENT', 500],
  [
    'unauthorized_client',
    'webex-facts 2.2',
    (given) => error(given, 'unauthorized_client'),
    'UNAUTHORIZED_CLIENT',
    500,
  ],
  [
    'unsupported_response_type',
    'RFC 6749 4.1.2.1',
    (given) => error(given, 'unsupported_response_type'),
    'INVALID_REQUEST',
    500,
  ],
  [
    'an error that nobody knows, with markup and secrets in it',
    'reliability B2',
    (given, { canary }) => error(given, `<b>${canary}</b>`, `<script>${canary}</script>\u001b[2J`),
    'AUTHORIZATION_SERVER_ERROR',
    502,
  ],
  [
    'an error with the state of another login',
    'reliability A5',
    (given, { other }) => {
      error(given, 'access_denied');
      given.set('state', other.get('state') ?? '');
    },
    'STATE_MISMATCH',
    400,
  ],
];

const exchanges = (): number => rig.emulator.ledger.count(EXCHANGE);

describe('completeLogin refuses, exchanges nothing, and the genuine redirect still works', () => {
  it.each(REDIRECTS)('%s (%s)', async (_input, _source, change, code) => {
    const webex = await rig.webexWithToken();
    const kept = (await webex.credentials.getUserToken()).access_token;
    const { callback, transaction } = await rig.redirect(webex);
    const other = await rig.redirect(webex);
    const wrong = new URL(callback);
    const canary = rig.leaks.canary('value');
    change(wrong.searchParams, { other: new URL(other.callback).searchParams, canary });
    const before = exchanges();
    expect((await rig.refusal(() => webex.authorization.completeLogin(wrong, transaction))).code).toBe(code);
    expect(exchanges()).toBe(before);
    expect((await webex.credentials.getUserToken()).access_token).toBe(kept);
    const { supertoken } = await webex.authorization.completeLogin(callback, transaction);
    expect((await webex.credentials.getUserToken()).access_token).toBe(supertoken.access_token);
  });

  it.each<readonly [string, string, (context: { transaction: string; other: string }) => string, ErrorCode]>([
    ['none', 'reliability A2', () => '', 'STATE_MISMATCH'],
    ['that of another login', 'reliability A3', ({ other }) => other, 'STATE_MISMATCH'],
    ['cut', 'reliability C4', ({ transaction }) => transaction.slice(0, -8), 'STATE_MISMATCH'],
    ['100 KB', 'reliability A2', () => 'A'.repeat(100_000), 'STATE_MISMATCH'],
    [
      'other characters than base64url',
      'reliability C4',
      () => '\u0000é{"authorization":{}}',
      'STATE_MISMATCH',
    ],
  ])('a transaction that is %s (%s)', async (_input, _source, damage, code) => {
    const webex = await rig.webexWithToken();
    const { callback, transaction } = await rig.redirect(webex);
    const { transaction: other } = await webex.authorization.initiateLogin();
    const wrong = damage({ transaction, other });
    const before = exchanges();
    expect((await rig.refusal(() => webex.authorization.completeLogin(callback, wrong))).code).toBe(code);
    expect(exchanges()).toBe(before);
    await webex.authorization.completeLogin(callback, transaction);
  });

  it('a callback that is no URL (RFC 3986)', async () => {
    const webex = await rig.webexWithToken();
    const { callback, transaction } = await rig.redirect(webex);
    const wrong = 'http://[callback';
    const { code } = await rig.refusal(() => webex.authorization.completeLogin(wrong, transaction));
    expect(code).toBe('AUTHORIZATION_RESPONSE_INVALID');
    await webex.authorization.completeLogin(callback, transaction);
  });

  it('the code of another login, which PKCE gives away (reliability A8)', async () => {
    const webex = await rig.webexWithToken();
    const kept = (await webex.credentials.getUserToken()).access_token;
    const mine = await rig.redirect(webex);
    const other = await rig.redirect(webex);
    const wrong = new URL(mine.callback);
    wrong.searchParams.set('code', new URL(other.callback).searchParams.get('code') ?? '');
    const { code } = await rig.refusal(() => webex.authorization.completeLogin(wrong, mine.transaction));
    expect(code).toBe('INVALID_GRANT');
    expect((await webex.credentials.getUserToken()).access_token).toBe(kept);
    await rig.signIn(webex);
  });

  it.each<readonly [string, string, string | undefined]>([
    ['starts and nobody finishes', 'user-1', undefined],
    ['starts and another finishes', 'user-1', 'user-2'],
  ])('one user %s (reliability A3)', async (_, starts, finishes) => {
    const webex = await rig.webexWithToken();
    const { url, transaction } = await webex.authorization.initiateLogin({ starter: starts });
    const callback = await rig.emulator.signIn(url);
    const before = exchanges();
    const wrong = finishes === undefined ? {} : { starter: finishes };
    const refused = await rig.refusal(() => webex.authorization.completeLogin(callback, transaction, wrong));
    expect([refused.code, exchanges()]).toEqual(['STARTER_MISMATCH', before]);
    await webex.authorization.completeLogin(callback, transaction, { starter: starts });
  });
});

interface Begun {
  callback: string;
  cookie: string;
}

async function begin(auth: WebexAuth, query = ''): Promise<Begun> {
  const answer = await auth.handler(new Request(`${BASE}/login${query}`));
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { cookie, callback: await rig.emulator.signIn(answer.headers.get('location') ?? '') };
}

async function finish(
  auth: WebexAuth,
  callback: string | URL,
  cookie: string,
): Promise<{ status: number; page: string; location: string | null }> {
  const answer = await auth.handler(new Request(callback, { headers: { cookie } }));
  const page = await answer.text();
  rig.leaks.scanText('page', page);
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') rig.leaks.scanText(name, value);
  expect(page).not.toMatch(/<script>|\bat .*:\d+:\d+/);
  return { status: answer.status, page, location: answer.headers.get('location') };
}

describe('the login handler answers a page with the code, stores nothing, and the genuine redirect still works', () => {
  it.each(REDIRECTS)('%s (%s)', async (_input, _source, change, code, status) => {
    const auth = await rig.auth();
    const { callback, cookie } = await begin(auth);
    const other = await begin(auth);
    const wrong = new URL(callback);
    const canary = rig.leaks.canary('value');
    change(wrong.searchParams, { other: new URL(other.callback).searchParams, canary });
    const before = exchanges();
    const answer = await finish(auth, wrong, cookie);
    expect([answer.status, answer.page.includes(code)]).toEqual([status, true]);
    expect([exchanges(), await auth.grants.list()]).toEqual([before, []]);
    expect(await finish(auth, callback, cookie)).toMatchObject({ status: 303, location: '/' });
  });

  it.each([
    ['script', 'reliability I5', 'javascript:alert(1)'],
    ['another site', 'RFC 9700 4.11', 'https://evil.example/'],
    ['another site without a scheme', 'RFC 9700 4.11', '//evil.example'],
    ['another site by a backslash', 'reliability I5', '/\\evil.example'],
    ['another site by a line break', 'reliability I5', '/\n/evil.example'],
    ['another site once decoded', 'reliability I5', '/%2f/evil.example'],
    ['2 KB', 'reliability I5', `/${'x'.repeat(2_000)}`],
    ['the login itself', 'reliability I5', '/login?returnTo=/login'],
  ])('returnTo is %s (%s): the browser goes to the start page', async (_input, _source, returnTo) => {
    const auth = await rig.auth();
    const { callback, cookie } = await begin(auth, `?${new URLSearchParams({ returnTo }).toString()}`);
    expect(await finish(auth, callback, cookie)).toMatchObject({ status: 303, location: '/' });
  });
});

const ME: Fault['route'] = 'GET /v1/people/me';

describe('a login that nobody can be found for is not kept, and the next one works', () => {
  it.each<readonly [string, string, Omit<Fault, 'route'>, ErrorCode]>([
    [
      'a page with 200',
      'reliability F3',
      { body: '<html>', headers: { 'Content-Type': 'text/html' } },
      'PROTOCOL_ERROR',
    ],
    ['a person without an id', 'webex-facts 7', { body: { emails: ['a@example.com'] } }, 'PROTOCOL_ERROR'],
    ['an id with a line break', 'webex-facts 7', { body: { id: 'Y2lz\r\nx: y' } }, 'PROTOCOL_ERROR'],
    [
      'an organisation that is a list',
      'webex-facts 7',
      { body: { id: 'Y2lz', orgId: ['Y2lz'] } },
      'PROTOCOL_ERROR',
    ],
    ['a list of people', 'webex-facts 7', { body: [{ id: 'Y2lz' }] }, 'PROTOCOL_ERROR'],
    ['a token that is refused at once', 'webex-facts 4.2', { status: 401 }, 'UNAUTHORIZED'],
    ['a token without the scope', 'webex-facts 4.2', { status: 403 }, 'FORBIDDEN'],
    ['an outage', 'webex-facts 4.2', { status: 503 }, 'SERVICE_UNAVAILABLE'],
  ])('people/me: %s (%s)', async (_input, _source, fault, code) => {
    const auth = await rig.auth();
    rig.emulator.faults.add({ ...fault, route: ME });
    const first = await begin(auth);
    const answer = await finish(auth, first.callback, first.cookie);
    expect([answer.status >= 400, answer.page.includes(code)]).toEqual([true, true]);
    expect(await auth.grants.list()).toEqual([]);
    rig.emulator.faults.clear();
    const second = await begin(auth);
    expect((await finish(auth, second.callback, second.cookie)).status).toBe(303);
  });

  it.each<readonly [string, string, WebexAuthOptions['login'], string]>([
    ['a subject that could be a bot', 'design 4.2', { subject: () => 'bot:1' }, 'CONFIGURATION_INVALID'],
    [
      'a subject of another type',
      'design 4.2',
      { subject: () => 42 as unknown as string },
      'CONFIGURATION_INVALID',
    ],
    [
      'custom fields that JSON cannot hold',
      'design 4.2',
      { custom: () => ({ big: 1n }) },
      'CONFIGURATION_INVALID',
    ],
    [
      'a failure of its own',
      'design 4.2',
      {
        subject: () => {
          throw new Error(rig.leaks.canary('value'));
        },
      },
      'INTERNAL_ERROR',
    ],
  ])('the application gives %s (%s)', async (_input, _source, login, code) => {
    const auth = await rig.auth({ login });
    const { callback, cookie } = await begin(auth);
    const answer = await finish(auth, callback, cookie);
    expect([answer.status, answer.page.includes(code)]).toEqual([500, true]);
    expect(await auth.grants.list()).toEqual([]);
  });
});
