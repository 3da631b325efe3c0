import { createHash } from 'node:crypto';
import { request } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Emulator } from '../../src/emulator/emulator.js';
import { CLIENT, authorizeUrl, emulatorForTest, exchangeOf, askToken, codeFrom } from './emulator-client.js';

const open = (url: string): Promise<Response> => fetch(url, { redirect: 'manual' });

interface LoginForm {
  url: string;
  cookie: string;
  fields: Record<string, string>;
}

async function loginForm(emulator: Emulator): Promise<LoginForm> {
  const url = authorizeUrl(emulator, { state: 'plain' });
  const shown = await open(url);
  const page = await shown.text();
  const field = (name: string): string =>
    (new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '').replaceAll('&amp;', '&');
  return {
    url,
    cookie: shown.headers.getSetCookie()[0]?.split(';')[0] ?? '',
    fields: { request: field('request'), csrf: field('csrf'), user: 'ada@example.com', decision: 'allow' },
  };
}

async function submit(
  { url, cookie, fields }: LoginForm,
  headers: Record<string, string> = {},
): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
    body: new URLSearchParams(fields),
  });
  await response.arrayBuffer();
  return response.status;
}

/** A request whose Host field is chosen freely, as a rebound name would send it. */
function statusFor(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    sent.on('error', reject).end();
  });
}

describe('signing in', () => {
  test('allow comes back with a code and the state, decline with an error', async () => {
    const emulator = await emulatorForTest();
    const allowed = new URL(await emulator.signIn(authorizeUrl(emulator)));
    expect(allowed.origin + allowed.pathname).toBe(CLIENT.redirectUris[0]);
    expect([...allowed.searchParams.keys()]).toEqual(['code', 'state']);
    expect(allowed.searchParams.get('code')).toMatch(/^FAKE.{60}_EMUL_/);
    const declined = new URL(await emulator.signIn(authorizeUrl(emulator), { deny: true }));
    expect(declined.searchParams.get('error')).toBe('access_denied');
    expect(declined.searchParams.get('state')).toBe('state-1');
    expect(declined.searchParams.has('code')).toBe(false);
  });

  test('any state comes back as it was sent', async () => {
    const emulator = await emulatorForTest();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), async (state) => {
        const back = new URL(await emulator.signIn(authorizeUrl(emulator, { state })));
        expect(back.searchParams.get('state')).toBe(state);
      }),
      { numRuns: 25 },
    );
  });

  test('the identity-broker path works too, and a redirect URI keeps its own query', async () => {
    const emulator = await emulatorForTest();
    const url = authorizeUrl(emulator, { redirect_uri: CLIENT.redirectUris[1] });
    const back = await emulator.signIn(url.replace('/v1/authorize', '/idb/oauth2/v1/authorize'));
    expect(back).toMatch(/^http:\/\/127\.0\.0\.1:5000\/other\?tab=1&code=FAKE/);
  });

  test('the person who was picked is the one who is signed in', async () => {
    const emulator = await emulatorForTest();
    for (const { email, id, personId } of emulator.users) {
      for (const name of [email, id, personId]) {
        const { body } = await askToken(emulator, exchangeOf(await codeFrom(emulator, {}, name)));
        const headers = { authorization: `Bearer ${body.access_token}` };
        const me = await fetch(`${emulator.endpoints.apiBase}/people/me`, { headers });
        expect(await me.json()).toMatchObject({ id: personId, emails: [email], type: 'person' });
      }
    }
    await expect(emulator.signIn(authorizeUrl(emulator), { user: 'nobody' })).rejects.toMatchObject({
      code: 'EMULATOR_UNKNOWN_USER',
    });
  });
});

describe('an error page, and no redirect', () => {
  test.each([
    ['client_id missing', { client_id: undefined }],
    ['client_id unknown', { client_id: 'C1' }],
    ['redirect_uri unknown', { redirect_uri: 'http://127.0.0.1:5000/elsewhere' }],
    ['redirect_uri with more at its end', { redirect_uri: `${CLIENT.redirectUris[0] ?? ''}/` }],
    ['redirect_uri missing though two are registered', { redirect_uri: undefined }],
  ])('%s', async (_name, changes) => {
    const emulator = await emulatorForTest();
    const response = await open(authorizeUrl(emulator, changes));
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBe(null);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    await expect(emulator.signIn(authorizeUrl(emulator, changes))).rejects.toMatchObject({
      code: 'EMULATOR_SIGN_IN_REFUSED',
    });
  });

  test('redirect_uri sent twice', async () => {
    const emulator = await emulatorForTest();
    const twice = `${authorizeUrl(emulator)}&redirect_uri=${encodeURIComponent(CLIENT.redirectUris[0] ?? '')}`;
    expect((await open(twice)).status).toBe(400);
  });
});

describe('an error by redirect', () => {
  test.each([
    ['response_type missing', { response_type: undefined }, 'invalid_request'],
    ['implicit', { response_type: 'token' }, 'unsupported_response_type'],
    ['scope missing', { scope: undefined }, 'invalid_scope'],
    ['scope not registered', { scope: 'spark:people_read spark:kms' }, 'invalid_scope'],
    ['openid without nonce', { scope: 'openid' }, 'invalid_request'],
    ['unknown challenge method', { code_challenge_method: 'S512' }, 'invalid_request'],
    ['method without challenge', { code_challenge: undefined }, 'invalid_request'],
    ['malformed challenge', { code_challenge: 'short' }, 'invalid_request'],
    ['prompt=none', { prompt: 'none' }, 'login_required'],
  ])('%s', async (_name, changes, error) => {
    const emulator = await emulatorForTest();
    const response = await open(authorizeUrl(emulator, changes));
    expect(response.status).toBe(302);
    const back = new URL(response.headers.get('location') ?? '');
    expect(back.searchParams.get('error')).toBe(error);
    expect(back.searchParams.get('state')).toBe('state-1');
    expect(await emulator.signIn(authorizeUrl(emulator, changes))).toBe(back.href);
  });

  test('a repeated parameter', async () => {
    const emulator = await emulatorForTest();
    const response = await open(`${authorizeUrl(emulator)}&scope=spark%3Apeople_read`);
    expect(response.headers.get('location')).toContain('error=invalid_request');
  });

  test('OIDC scopes need no registration', async () => {
    const emulator = await emulatorForTest();
    expect((await open(authorizeUrl(emulator, { scope: 'openid email', nonce: 'n' }))).status).toBe(200);
  });
});

describe('the login page', () => {
  test('escapes whatever it is given', async () => {
    const nasty = `"'><script>alert('x')</script>&`;
    const emulator = await emulatorForTest({
      clients: [{ ...CLIENT, name: nasty, scopes: [nasty] }],
      users: [{ email: `${nasty}@example.com`, displayName: nasty }],
      banner: nasty,
    });
    const url = authorizeUrl(emulator, { scope: nasty, state: nasty, login_hint: nasty });
    const page = await (await open(url)).text();
    expect(page).not.toContain('<script');
    expect(page).not.toContain(`"'>`);
    expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThanOrEqual(4);
    expect(new URL(await emulator.signIn(url)).searchParams.get('state')).toBe(nasty);
  });

  test('has a policy that lets in its own style alone, and no script', async () => {
    const emulator = await emulatorForTest();
    const response = await open(authorizeUrl(emulator));
    const style = /<style>(.*)<\/style>/s.exec(await response.text())?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${hash}';`);
    expect(policy).toContain("form-action 'self' http://127.0.0.1:5000 ");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test('names the application, marks itself as an emulator and preselects the hinted person', async () => {
    const emulator = await emulatorForTest({ banner: 'Started by npm start' });
    const page = await (await open(authorizeUrl(emulator, { login_hint: 'grace@example.com' }))).text();
    expect(page).toContain('EMULATOR');
    expect(page).toContain('Started by npm start');
    expect(page).toContain('Test integration');
    expect(page).toContain('spark:messages_write');
    expect(page).toMatch(/value="grace@example\.com"\s+required\s+checked/);
    expect(page.match(/checked\s*\/>/g)).toHaveLength(1);
  });
});

describe('the consent form is taken from its own browser only', () => {
  test('as it was made', async () => {
    expect(await submit(await loginForm(await emulatorForTest()))).toBe(302);
  });

  test.each<[string, (form: LoginForm) => LoginForm]>([
    ['without the cookie', (form) => ({ ...form, cookie: '' })],
    [
      'with the cookie of another browser',
      (form) => ({ ...form, cookie: `${form.cookie.slice(0, -6)}AAAAAA` }),
    ],
    ['without the token', (form) => ({ ...form, fields: { ...form.fields, csrf: '' } })],
    [
      'with a changed request',
      (form) => ({
        ...form,
        fields: { ...form.fields, request: `${form.fields['request'] ?? ''}&max_age=1` },
      }),
    ],
  ])('%s', async (_name, change) => {
    expect(await submit(change(await loginForm(await emulatorForTest())))).toBe(403);
  });

  test('from another site', async () => {
    const form = await loginForm(await emulatorForTest());
    expect(await submit(form, { origin: 'https://attacker.example' })).toBe(403);
    expect(await submit(form, { origin: 'null' })).toBe(403);
    expect(await submit(form, { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await submit(form, { origin: new URL(form.url).origin, 'sec-fetch-site': 'same-origin' })).toBe(
      302,
    );
  });

  test('with a decision and a known person', async () => {
    const form = await loginForm(await emulatorForTest());
    expect(await submit({ ...form, fields: { ...form.fields, user: 'mallory@example.com' } })).toBe(400);
    expect(await submit({ ...form, fields: { ...form.fields, decision: '' } })).toBe(400);
  });

  test('the page is not shown under a foreign host name', async () => {
    const emulator = await emulatorForTest();
    expect(await statusFor(authorizeUrl(emulator), { host: 'attacker.example' })).toBe(400);
    expect(await statusFor(authorizeUrl(emulator), { host: `localhost:${emulator.port}` })).toBe(200);
  });
});
