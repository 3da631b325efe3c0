import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import {
  ConfigurationError,
  NetworkError,
  RateLimitError,
  StarterMismatchError,
  StoreUnavailableError,
} from '../../src/errors.js';
import type { LoginEvent } from '../../src/web/login-handler.js';
import { ADA, asFake, BOB, CLIENT_SECRET, codeOf, ORIGIN, REDIRECT_URI, rig } from './rig.js';

const LOGIN = '/auth/webex/login';
const CALLBACK = '/auth/webex/callback';
const LOGOUT = '/auth/webex/logout';
const JSON_ONLY = { accept: 'application/json' };

describe('signing in', () => {
  it('B7, I1: ends on a clean URL with a session, the grant kept before', async () => {
    const seen: string[] = [];
    const logins: LoginEvent[] = [];
    const { browser, signIn, sessions, store } = withStore({
      handler: {
        keep: async () => void seen.push('kept'),
        custom: (_request, person) => ({ name: person.displayName }),
        onLogin: (event) => void (seen.push('told'), logins.push(event)),
      },
    });
    const ada = browser();
    const answer = await signIn(ada, ADA, `${LOGIN}?returnTo=${encodeURIComponent('/rooms?page=2')}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/rooms?page=2');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    for (const cookie of answer.headers.getSetCookie()) {
      expect(cookie).toMatch(
        /^__Host-webex-auth-[\w-]+=[\w.-]*; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/,
      );
    }
    expect(ada.logins).toEqual([]);
    expect(seen).toEqual(['kept', 'told']);
    expect(logins).toMatchObject([{ subject: 'org-1:person-ada', person: ADA }]);
    const signedIn = await sessions.read({ headers: new Headers({ cookie: ada.cookieHeader }) });
    expect(signedIn?.subject).toBe('org-1:person-ada');
    expect(await store.sessions.list('default', 'org-1:person-ada')).toHaveLength(1);
  });

  it('keeps the whole grant, under the subject that the app names', async () => {
    const { browser, signIn, kept } = rig({
      handler: {
        subject: (request) => request.headers.get('x-user') ?? 'user-42',
        custom: async () => ({ plan: 'x' }),
      },
    });
    await signIn(browser());
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({
      subject: 'user-42',
      person: ADA,
      custom: { plan: 'x' },
      requestedScope: ['spark:people_read'],
    });
    expect(kept[0]?.tokenSet.refreshToken).toMatch(/^canary-refresh/);
  });

  it.each([
    [{ id: 'p', orgId: 'o' }, 'o:p'],
    [{ id: 'p' }, 'p'],
    [{ id: 'p:q', orgId: 'o' }, 'o:p%3Aq'],
    [{ id: 'q', orgId: 'o:p' }, 'o%3Ap:q'],
  ])('I10: names %j by organisation and person', async (person, subject) => {
    const { browser, signIn, kept } = rig({ handler: { subject: () => undefined } });
    await signIn(browser(), person);
    expect(kept[0]?.subject).toBe(subject);
  });

  it('I1: works on loopback without TLS, with cookies that browsers take there', async () => {
    const { browser, signIn } = rig({ redirectUri: 'http://127.0.0.1:8787/auth/callback' });
    const ada = browser();
    const answer = await signIn(ada, ADA, '/auth/login');
    expect(answer.status).toBe(303);
    expect(ada.session).toBeDefined();
    expect(answer.headers.getSetCookie().join()).not.toMatch(/Secure|__Host-/);
  });

  it('takes any path, and the redirect URI’s own last segment as the callback', async () => {
    const { browser, signIn } = rig({ redirectUri: `${ORIGIN}/oauth/webex-return` });
    expect((await signIn(browser(), ADA, '/anything/at/all/login')).status).toBe(303);
    expect(() => rig({ redirectUri: `${ORIGIN}/login` })).toThrow(ConfigurationError);
    expect(() => rig({ redirectUri: 'http://app.example.test/callback' })).toThrow(ConfigurationError);
  });

  it('lets a person choose the account to reconnect with', async () => {
    const { browser } = rig();
    const url = await browser().start('/auth/webex/reconnect?returnTo=/x');
    expect(new URL(url).searchParams.get('prompt')).toBe('select_account');
    expect(new URL(await browser().start()).searchParams.get('prompt')).toBeNull();
  });

  it.each([
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    LOGIN,
    '/auth/webex/reconnect',
    CALLBACK,
  ])('does not return to %s', async (returnTo) => {
    const { browser, signIn } = rig();
    const answer = await signIn(browser(), ADA, `${LOGIN}?returnTo=${encodeURIComponent(returnTo)}`);
    expect(answer.headers.get('location')).toBe('/');
  });

  it('stands when the app’s own hooks fail afterwards', async () => {
    const broken = new Error('hook');
    const { browser, signIn, errors } = rig({ handler: { onLogin: () => Promise.reject(broken) } });
    const ada = browser();
    expect((await signIn(ada)).status).toBe(303);
    expect(ada.session).toBeDefined();
    expect(errors).toEqual([broken]);
  });

  it('signs nobody in when the grant cannot be kept', async () => {
    const { browser, signIn, counts } = rig({
      handler: { keep: () => Promise.reject(new StoreUnavailableError('down')) },
    });
    const ada = browser();
    const answer = await signIn(ada);
    expect([answer.status, await codeOf(answer)]).toEqual([503, 'STORE_UNAVAILABLE']);
    expect(ada.session).toBeUndefined();
    expect(counts.sessionWrites).toBe(0);
  });

  it('waits no longer than 30 s to learn who it is', async () => {
    const { browser, webex, clock } = rig({
      handler: {
        identify: (_tokens, { signal }) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          ),
      },
    });
    const ada = browser();
    const answering = ada.send(webex.approve(await ada.start()));
    await asFake(clock).advance(30_000);
    const answer = await answering;
    expect([answer.status, await codeOf(answer)]).toEqual([504, 'TIMEOUT']);
  });
});

describe('state', () => {
  it.each<[string, (state: string) => string]>([
    ['missing', () => ''],
    ['empty', () => '&state='],
    ['wrong', () => '&state=AAAA'],
    ['foreign', (state) => `&state=${state.slice(0, -1)}_`],
    ['cut', (state) => `&state=${state.slice(1)}`],
  ])('A2, A5: that is %s exchanges nothing, and the genuine callback still works', async (_name, query) => {
    const { browser, webex, kept, counts } = rig();
    const ada = browser();
    const callback = webex.approve(await ada.start());
    const { searchParams } = new URL(callback);
    for (const outcome of [`code=${searchParams.get('code') ?? ''}`, 'error=access_denied']) {
      const answer = await ada.send(`${CALLBACK}?${outcome}${query(searchParams.get('state') ?? '')}`);
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'STATE_MISMATCH']);
    }
    expect([webex.exchanges.length, kept.length, counts.sessionWrites]).toEqual([0, 0, 0]);
    expect((await ada.send(callback)).status).toBe(303);
  });

  it('A2: that has expired exchanges nothing', async () => {
    const { browser, webex, clock } = rig();
    const ada = browser();
    const callback = webex.approve(await ada.start());
    const cookie = ada.cookieHeader;
    asFake(clock).jump(600_001);
    const answer = await ada.send(callback, { headers: { cookie } });
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'STATE_EXPIRED']);
    expect(webex.exchanges).toEqual([]);
    expect(ada.logins).toEqual([]);
  });

  it('A5: with a denial is told, exchanges nothing and leaves no session', async () => {
    const { browser, webex, errors } = rig();
    const ada = browser();
    const state = new URL(await ada.start(`${LOGIN}?returnTo=/rooms`)).searchParams.get('state') ?? '';
    const answer = await ada.send(`${CALLBACK}?error=access_denied&error_description=<b>x&state=${state}`);
    expect(answer.status).toBe(403);
    const text = await answer.text();
    expect(text).toContain('ACCESS_DENIED');
    expect(text).toContain('login?returnTo&#61;%2Frooms');
    expect(errors).toMatchObject([{ code: 'ACCESS_DENIED' }]);
    expect([webex.exchanges.length, ada.session]).toEqual([0, undefined]);
  });

  const doubled = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'].flatMap((name) =>
    ['{v}', '', 'x', '{v}%00'].flatMap((value) =>
      [name, `${name}[]`, `${name}[0]`].map((key) => `{code}&{state}&${name}={v}&${key}=${value}`),
    ),
  );
  const shapes = [
    ...doubled,
    '{code}&{state}&error=access_denied',
    'error=access_denied&{state}&{code}',
    'code[]={v}&{state}',
    'code[0]={v}&{state}',
    'code.x={v}&{state}',
    '{code}&state[]={s}',
    '{state}',
    'code=&{state}',
    '{code}&{state}&access_token=x',
    '{code}&{state}&id_token=x',
    '{code}&{state}&iss=https://evil.example',
    `code=${'x'.repeat(5000)}&{state}`,
    'CODE={v}&{state}',
    '{code};{state}',
    '{code}&STATE={s}',
  ];

  it.each([...new Set(shapes)].map((shape, at) => [at, shape.slice(0, 60), shape]))(
    'A6: in odd shape %i (%s) exchanges nothing, and the login survives',
    async (_at, _name, shape) => {
      const { browser, webex, counts } = rig();
      const ada = browser();
      const callback = webex.approve(await ada.start());
      const { searchParams } = new URL(callback);
      const code = searchParams.get('code') ?? '';
      const state = searchParams.get('state') ?? '';
      const query = shape
        .replaceAll('state={v}', `state=${state}`)
        .replaceAll('{code}', `code=${code}`)
        .replaceAll('{state}', `state=${state}`)
        .replaceAll('{v}', code)
        .replaceAll('{s}', state);
      const answer = await ada.send(`${CALLBACK}?${query}`);
      expect(answer.status).toBe(400);
      expect([webex.exchanges.length, counts.consumed]).toEqual([0, 0]);
      expect((await ada.send(callback)).status).toBe(303);
    },
  );

  it('A8: of another login does not fit a swapped code', async () => {
    const { browser, webex, signIn, counts } = rig();
    const [ada, bob] = [browser(), browser()];
    const [a, b] = [webex.approve(await ada.start(), ADA), webex.approve(await bob.start(), BOB)];
    const codeOfUrl = (url: string) => new URL(url).searchParams.get('code') ?? '';
    for (const [someone, own, other] of [
      [ada, a, b],
      [bob, b, a],
    ] as const) {
      const answer = await someone.send(own.replace(codeOfUrl(own), codeOfUrl(other)));
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'INVALID_GRANT']);
      expect([someone.session, someone.logins]).toEqual([undefined, []]);
    }
    expect(counts.sessionWrites).toBe(0);
    for (const someone of [ada, bob]) expect((await signIn(someone)).status).toBe(303);
  });
});

describe('A3: who starts is who finishes', () => {
  it('refuses a link that was sent to somebody without the cookie', async () => {
    const { browser, webex, kept, counts } = rig();
    const [attacker, victim] = [browser(), browser()];
    const callback = webex.approve(await attacker.start(), BOB);
    const answer = await victim.send(callback);
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'STATE_MISMATCH']);
    expect([webex.exchanges.length, kept.length, counts.consumed]).toEqual([0, 0, 0]);
  });

  it('refuses it in a browser with a login of its own in flight', async () => {
    const { browser, webex } = rig();
    const [attacker, victim] = [browser(), browser()];
    await victim.start();
    expect((await victim.send(webex.approve(await attacker.start(), BOB))).status).toBe(400);
    expect(webex.exchanges).toEqual([]);
  });

  it('refuses it in a browser that is signed in, and leaves that session alone', async () => {
    const { browser, webex, signIn, kept } = rig();
    const [attacker, victim] = [browser(), browser()];
    await signIn(victim, BOB);
    const { session } = victim;
    const answer = await victim.send(webex.approve(await attacker.start(), BOB));
    expect([answer.status, victim.session]).toEqual([400, session]);
    expect([webex.exchanges.length, kept.length]).toEqual([1, 1]);
  });

  it('refuses what was started outside any browser', async () => {
    const { browser, webex, login } = rig();
    const { url } = await login.initiate({ starter: 'cli' });
    expect((await browser().send(webex.approve(url))).status).toBe(400);
    expect(webex.exchanges).toEqual([]);
  });

  it('refuses another app user in the same browser, before the exchange', async () => {
    let user: string | undefined = 'ada';
    const { browser, webex, errors } = rig({ handler: { starter: () => user } });
    const shared = browser();
    const callback = webex.approve(await shared.start());
    user = 'bob';
    const answer = await shared.send(callback);
    expect([answer.status, await codeOf(answer)]).toEqual([403, 'STARTER_MISMATCH']);
    expect(errors[0]).toBeInstanceOf(StarterMismatchError);
    expect(webex.exchanges).toEqual([]);
    user = 'ada';
    expect((await shared.send(callback)).status).toBe(303);
  });
});

describe('the same callback again', () => {
  it('A4, I9: fired 50 times at once at 4 processes: one exchange, one session, all arrive', async () => {
    const first = withStore({ clock: systemClock });
    const processes = [first, ...[2, 3, 4].map(() => rig(first.shared))];
    first.webex.pause = () => systemClock.sleep(30);
    const ada = first.browser();
    const callback = first.webex.approve(await ada.start(`${LOGIN}?returnTo=/rooms`));
    const headers = { cookie: ada.cookieHeader };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => {
        const { handler } = processes[at % 4] ?? first;
        return handler(new Request(callback, { headers }));
      }),
    );
    expect(first.webex.exchanges).toHaveLength(1);
    expect(await first.store.sessions.list('default', 'org-1:person-ada')).toHaveLength(1);
    expect(new Set(answers.map(({ status, headers }) => `${status} ${headers.get('location')}`))).toEqual(
      new Set(['303 /rooms']),
    );
    const ids = answers.map(({ headers }) => /-session=([\w-]+)/.exec(headers.getSetCookie().join())?.[1]);
    expect(new Set(ids).size).toBe(1);
  });

  it('I9: by a double click whose first answer got lost ends signed in', async () => {
    const { browser, webex, handler } = rig();
    const ada = browser();
    const callback = webex.approve(await ada.start());
    const lost = await handler(new Request(callback, { headers: { cookie: ada.cookieHeader } }));
    expect(lost.status).toBe(303);
    expect((await ada.send(callback)).status).toBe(303);
    expect(ada.session).toBe(/-session=([\w-]+)/.exec(lost.headers.getSetCookie().join())?.[1]);
    expect(webex.exchanges).toHaveLength(1);
  });

  it('I9: goes where it went when its browser is signed in, as after the back button', async () => {
    const { browser, webex } = rig();
    const ada = browser();
    const callback = webex.approve(await ada.start(`${LOGIN}?returnTo=/rooms`));
    await ada.send(callback);
    const { session } = ada;
    const answer = await ada.send(callback);
    expect([answer.status, answer.headers.get('location'), ada.session]).toEqual([303, '/rooms', session]);
    expect(webex.exchanges).toHaveLength(1);
  });

  it('brings no session back after logout, not even with the old login cookie', async () => {
    const { browser, webex, handler, clock } = rig();
    const ada = browser();
    const callback = webex.approve(await ada.start());
    const { cookieHeader: cookie } = ada;
    await ada.send(callback);
    await ada.post(LOGOUT);
    expect((await ada.send(callback)).status).toBe(400);
    const answering = handler(new Request(callback, { headers: { cookie } }));
    await asFake(clock).advance(10_000);
    const answer = await answering;
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([409, []]);
  });

  it('is refused, late, when the first one failed', async () => {
    const { browser, webex, clock } = rig({
      handler: { keep: () => Promise.reject(new StoreUnavailableError('down')) },
    });
    const ada = browser();
    const callback = webex.approve(await ada.start());
    expect((await ada.send(callback)).status).toBe(503);
    const answering = ada.send(callback);
    await asFake(clock).advance(10_000);
    const answer = await answering;
    expect([answer.status, await codeOf(answer)]).toEqual([409, 'STATE_USED']);
    expect(webex.exchanges).toHaveLength(1);
  });

  it('with another code is not given the session that the first one made', async () => {
    const { browser, webex, handler, clock } = rig();
    const ada = browser();
    const url = await ada.start();
    const headers = { cookie: ada.cookieHeader };
    const [first, second] = [webex.approve(url), webex.approve(url)];
    expect((await handler(new Request(first, { headers }))).status).toBe(303);
    const answering = handler(new Request(second, { headers }));
    await asFake(clock).advance(10_000);
    expect((await answering).status).toBe(409);
  });

  it.each<[string, RequestInit]>([
    ['HEAD', { method: 'HEAD' }],
    ['a prefetch', { headers: { 'sec-purpose': 'prefetch' } }],
    ['a prerender', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['an old prefetch', { headers: { purpose: 'prefetch' } }],
    ['a Safari preview', { headers: { 'x-purpose': 'preview' } }],
    ['an old Firefox prefetch', { headers: { 'x-moz': 'prefetch' } }],
  ])('I9: as %s consumes nothing and sets no cookie', async (_name, init) => {
    const { browser, webex, counts, handler } = rig();
    const ada = browser();
    const callback = webex.approve(await ada.start());
    for (const url of [callback, `${ORIGIN}${LOGIN}`]) {
      const headers = { cookie: ada.cookieHeader, ...(init.headers as Record<string, string>) };
      const answer = await handler(new Request(url, { ...init, headers }));
      expect([204, 503]).toContain(answer.status);
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect([webex.exchanges.length, counts.consumed]).toEqual([0, 0]);
    expect((await ada.send(callback)).status).toBe(303);
  });
});

describe('one browser', () => {
  it('I7: may sign in in two tabs at once', async () => {
    const { browser, webex } = rig();
    const ada = browser();
    const [one, two] = [
      webex.approve(await ada.start(`${LOGIN}?returnTo=/1`)),
      webex.approve(await ada.start(`${LOGIN}?returnTo=/2`)),
    ];
    expect((await ada.send(two)).headers.get('location')).toBe('/2');
    expect((await ada.send(one)).headers.get('location')).toBe('/1');
    expect(webex.exchanges).toHaveLength(2);
  });

  it('I7, K1: may abandon 200 logins: cookies stay below 8 KB, the last five still work', async () => {
    const { browser, webex, clock, counts } = rig();
    const ada = browser();
    const urls: string[] = [];
    for (let round = 0; round < 200; round++) {
      urls.push(await ada.start(`${LOGIN}?returnTo=/${'a'.repeat(200)}`));
      expect(ada.cookieHeader.length).toBeLessThan(8_192);
      expect(ada.logins.length).toBeLessThanOrEqual(5);
      asFake(clock).jump(1000);
    }
    expect(counts).toEqual({ consumed: 0, sessionWrites: 0 });
    expect(ada.logins).toHaveLength(5);
    expect((await ada.send(webex.approve(urls[194] ?? ''))).status).toBe(400);
    for (const url of urls.slice(195)) expect((await ada.send(webex.approve(url))).status).toBe(303);
  });

  it('is not asked to keep a cookie that it would drop', async () => {
    const scope = Array.from({ length: 70 }, (_, at) => `spark-admin:some_long_scope_${String(at)}`);
    const { browser, webex, signIn } = rig({ login: { scope } });
    const ada = browser();
    for (let round = 0; round < 4; round++) {
      await ada.start();
      expect(ada.cookieHeader.length).toBeLessThan(8_192);
      for (const [name, value] of ada.cookies) expect(name.length + value.length).toBeLessThan(4_096);
    }
    expect((await signIn(ada)).status).toBe(303);
    const { browser: other } = rig({
      webex,
      login: { scope: [...scope, ...scope.map((one) => `${one}_write`)] },
    });
    const answer = await other().send(LOGIN);
    expect([answer.status, await codeOf(answer)]).toEqual([500, 'CONFIGURATION_INVALID']);
  });

  it.each([
    '',
    'x',
    '.',
    'zzzzzzzz.',
    '.AAAA',
    'not sealed at all',
    'd3hz',
    'A'.repeat(4000),
    'k5z.d3hzAQEC',
    '%00%ff',
    '"quoted"',
    '{}',
    'null',
    '__proto__',
  ])('with the corrupt login cookie %j is told to start again', async (value) => {
    const { browser, webex, counts } = rig();
    const ada = browser();
    const callback = webex.approve(await ada.start());
    const cookie = `${ada.logins[0] ?? ''}=${value}`;
    for (const query of [new URL(callback).search, new URL(callback).search.replace('code=', 'error=')]) {
      const answer = await ada.send(`${CALLBACK}${query}`, { headers: { cookie, ...JSON_ONLY } });
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'STATE_MISMATCH']);
    }
    expect((await ada.send(LOGIN, { headers: { cookie } })).status).toBe(303);
    expect([webex.exchanges.length, counts.consumed]).toEqual([0, 0]);
  });

  it('I2: gets a new session id at each sign-in, and the old one ends', async () => {
    const { browser, signIn, sessions } = rig();
    const ada = browser();
    await signIn(ada, ADA);
    const before = ada.cookieHeader;
    await signIn(ada, ADA);
    expect(ada.cookieHeader).not.toBe(before);
    expect(await sessions.read({ headers: new Headers({ cookie: before }) })).toBeUndefined();
  });

  it('I2, I10: that finishes as somebody else is that somebody, in a new session', async () => {
    const { browser, signIn, sessions, kept } = rig();
    const shared = browser();
    await signIn(shared, ADA);
    const before = shared.cookieHeader;
    await signIn(shared, BOB, '/auth/webex/reconnect');
    const read = (cookie: string) => sessions.read({ headers: new Headers({ cookie }) });
    expect(await read(before)).toBeUndefined();
    expect((await read(shared.cookieHeader))?.subject).toBe('org-1:person-bob');
    expect(kept.map(({ subject }) => subject)).toEqual(['org-1:person-ada', 'org-1:person-bob']);
  });

  it.each(['x', 'A'.repeat(43), '../..', ''])(
    'I2: never has its planted session %j adopted',
    async (planted) => {
      const { browser, signIn } = rig();
      const victim = browser();
      victim.jar.setCookieSync(`__Host-webex-auth-session=${planted}; Path=/; Secure`, ORIGIN);
      await signIn(victim);
      expect(victim.session).toMatch(/^[\w-]{43}$/);
      expect(victim.session).not.toBe(planted);
    },
  );
});

describe('I4: logout', () => {
  it('ends the session on the server, and does what the app wants', async () => {
    const ended: string[] = [];
    const { browser, signIn, sessions } = rig({
      handler: { end: async (subject) => void ended.push(subject) },
    });
    const ada = browser();
    await signIn(ada);
    const { cookieHeader } = ada;
    const answer = await ada.post(`${LOGOUT}?returnTo=/bye`);
    expect([answer.status, answer.headers.get('location'), ada.session]).toEqual([303, '/bye', undefined]);
    expect(await sessions.read({ headers: new Headers({ cookie: cookieHeader }) })).toBeUndefined();
    expect(ended).toEqual(['org-1:person-ada']);
    expect((await ada.post(LOGOUT)).status).toBe(303);
    expect(ended).toHaveLength(1);
    expect((await ada.post(LOGOUT, { origin: ORIGIN, ...JSON_ONLY })).status).toBe(204);
  });

  it.each<[string, Record<string, string>]>([
    ['without proof', {}],
    ['from another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['from a sister site', { origin: 'https://other.example.test', 'sec-fetch-site': 'same-site' }],
    [
      'with a spoofed host',
      { origin: 'https://evil.example', host: 'evil.example', 'x-forwarded-host': 'evil.example' },
    ],
  ])('is refused %s', async (_name, headers) => {
    const { browser, signIn } = rig();
    const ada = browser();
    await signIn(ada);
    const { session } = ada;
    const answer = await ada.post(LOGOUT, headers);
    expect([answer.status, await codeOf(answer), ada.session]).toEqual([403, 'CROSS_SITE_REQUEST', session]);
  });

  it('is no GET', async () => {
    const { browser, signIn } = rig();
    const ada = browser();
    await signIn(ada);
    const answer = await ada.send(LOGOUT);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(ada.session).toBeDefined();
  });

  it('says so when the rest of it failed; the session has ended all the same', async () => {
    const { browser, signIn } = rig({
      handler: {
        end: () => Promise.reject(new NetworkError('down', { reason: 'refused', maybeProcessed: false })),
      },
    });
    const ada = browser();
    await signIn(ada);
    const answer = await ada.post(LOGOUT, { origin: ORIGIN, ...JSON_ONLY });
    expect([answer.status, await codeOf(answer), ada.session]).toEqual([502, 'NETWORK_ERROR', undefined]);
  });
});

describe('answers', () => {
  it.each([
    ['GET', '/auth/webex/', 404],
    ['GET', '/auth/webex/login/', 404],
    ['GET', '/auth/webex/Login', 404],
    ['GET', '/auth/webex/constructor', 404],
    ['POST', LOGIN, 405],
    ['POST', CALLBACK, 405],
    ['DELETE', LOGOUT, 405],
    ['OPTIONS', '/auth/webex/reconnect', 405],
    ['HEAD', LOGOUT, 405],
  ])('%s %s → %i', async (method, path, status) => {
    const { browser } = rig();
    const answer = await browser().send(path, { method });
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.get('allow')).toBe(path === LOGOUT ? 'POST' : 'GET, HEAD');
  });

  const spoofs = [
    'host',
    'x-forwarded-host',
    'x-forwarded-server',
    'x-original-host',
    'forwarded',
    'x-forwarded-proto',
    'x-forwarded-port',
    'x-forwarded-prefix',
    'x-original-url',
    'x-rewrite-url',
  ].flatMap((name): Record<string, string>[] => [
    { [name]: 'evil.example' },
    { [name]: 'http://evil.example:81/x', origin: 'https://evil.example', referer: 'https://evil.example/' },
  ]);

  it.each(spoofs)(
    'A10: are the same under %j: redirect URI byte for byte, and no other host',
    async (spoof) => {
      const { browser, webex } = rig();
      const ada = browser();
      const started = await ada.send(`${LOGIN}?returnTo=/rooms`, { headers: spoof });
      const url = new URL(started.headers.get('location') ?? '');
      expect(url.origin).toBe('https://webex.example.test');
      expect(url.searchParams.get('redirect_uri')).toBe(REDIRECT_URI);
      const answer = await ada.send(webex.approve(url.href), { headers: spoof });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/rooms']);
      expect(webex.exchanges[0]?.get('redirect_uri')).toBe(REDIRECT_URI);
      for (const cookie of answer.headers.getSetCookie()) expect(cookie).not.toMatch(/domain|evil/i);
    },
  );

  it('I8: reflect no markup and no secret, whatever comes in', async () => {
    const markup = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
    const { browser, webex, handler } = rig();
    const ada = browser();
    const callback = new URL(
      webex.approve(await ada.start(`${LOGIN}?returnTo=${encodeURIComponent(`/${markup}`)}`)),
    );
    const answers: Response[] = [];
    for (const name of [
      'code',
      'state',
      'error',
      'error_description',
      'error_uri',
      'iss',
      'returnTo',
      markup,
    ]) {
      const url = new URL(callback);
      url.searchParams.set(name, markup);
      answers.push(await ada.send(url.pathname + url.search));
      url.searchParams.append('error', markup);
      answers.push(await ada.send(url.pathname + url.search, { headers: JSON_ONLY }));
    }
    const path = `${ORIGIN}/auth/${encodeURIComponent(markup)}`;
    answers.push(await handler(new Request(path, { headers: { 'user-agent': markup, referer: markup } })));
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const text = (await answer.text()) + JSON.stringify([...answer.headers]);
      expect(text).not.toMatch(/<script|<img|onerror/i);
      expect(text).not.toMatch(/canary|at .*\.ts:/);
      expect(text).not.toContain(CLIENT_SECRET);
    }
  });

  it('I8: carry policy, type and caching rules on every error page', async () => {
    const { browser } = rig();
    for (const path of [CALLBACK, '/nowhere', LOGOUT]) {
      const { headers } = await browser().send(path);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it('say when to come back', async () => {
    const clock = rig().clock;
    const { browser, signIn } = rig({
      clock,
      handler: { keep: () => Promise.reject(new RateLimitError('x', { retryAt: clock.now() + 9_500 })) },
    });
    const answer = await signIn(browser());
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
  });

  it('can be the app’s own, and survive an app that fails to make one', async () => {
    const own = rig({ handler: { onError: () => new Response('own', { status: 418 }) } });
    expect((await own.browser().send(CALLBACK)).status).toBe(418);
    const broken = rig({
      handler: {
        onError: () => {
          throw new Error('hook');
        },
      },
    });
    expect((await broken.browser().send(CALLBACK)).status).toBe(400);
    const odd = rig({ handler: { starter: () => Promise.reject(new Error('canary')) } });
    const answer = await odd.browser().send(LOGIN);
    expect([answer.status, await codeOf(answer)]).toEqual([500, 'INTERNAL_ERROR']);
  });
});

function withStore(options: Parameters<typeof rig>[0] = {}) {
  const made = rig(options);
  return { ...made, store: made.shared.store };
}
