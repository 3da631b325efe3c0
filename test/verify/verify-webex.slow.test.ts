import { afterEach, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmulatorOptions } from '../../src/emulator/emulator.js';
import { allQuestions } from '../../verify/questions.js';
import { PACE_MS } from '../../verify/recorder.js';
import { summaryTable } from '../../verify/summary-table.js';
import { writeFindings } from '../../verify/write-findings.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { emulatedRun, findingOf, passOn, PERSON, sleepingClock } from './emulated-run.js';
import type { EmulatedRun } from './emulated-run.js';

const directory = temporaryDirectories();
const running: EmulatedRun[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ emulator }) => emulator.close()));
});

async function start(options?: EmulatorOptions): Promise<EmulatedRun> {
  const run = await emulatedRun(options);
  running.push(run);
  return run;
}

const NEEDS_SETTINGS = [
  'guest-jwt-bearer',
  'guest-jwt-raw',
  'service-app-wrong-secret',
  'service-app-token',
  'bot-token-expiry',
];

describe('what a run against the emulator finds', () => {
  /** Refresh mode, and what the questions on it have to say. */
  const MODES: { mode: NonNullable<EmulatorOptions['refreshMode']>; answers: Record<string, string> }[] = [
    {
      mode: 'same',
      answers: {
        'refresh-rotation': 'the same',
        'refresh-same-access': 'another access token',
        'refresh-twice': 'another access token',
        'refresh-lifetime': 'renewed',
        'old-access-token': 'accepted',
        'replaced-refresh-token': 'no refresh replaced it',
      },
    },
    {
      mode: 'rotate-strict',
      answers: {
        'refresh-rotation': 'a new one',
        'refresh-same-access': 'another access token',
        'refresh-lifetime': 'renewed',
        'replaced-refresh-token': '400, shape A',
      },
    },
    {
      mode: 'same-access',
      answers: {
        'refresh-rotation': 'the same',
        'refresh-same-access': 'the same access token; expires_in 1209599, then 12095',
        'refresh-twice': 'the same access token',
        'refresh-lifetime': 'not renewed',
        'old-access-token': 'the refresh gave the same access token',
      },
    },
    {
      mode: 'omit',
      answers: {
        'refresh-rotation': 'absent',
        'refresh-lifetime': 'needs two answers',
        'refresh-scope': 'access_token, expires_in, scope, token_type',
      },
    },
  ];

  it.each(MODES)('with refresh mode $mode', async ({ mode, answers }) => {
    const { run } = await start({ refreshMode: mode });
    const verified = await run();
    const found = Object.keys(answers).map((id) => [id, findingOf(verified, id).answer] as const);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(
        Object.entries(answers).map(([id, text]) => [id, expect.stringContaining(text) as string]),
      ),
    );
    expect(verified.findings.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(verified.findings.map(({ id }) => id)).toEqual(allQuestions.map(({ id }) => id));
    expect(verified).toMatchObject({ limited: undefined, signInFailure: undefined, leftAlive: 0 });
  });

  it('in both error shapes, each read as the library would', async () => {
    const { run } = await start();
    const verified = await run();
    const rows = ['wrong-secret', 'bad-code', 'malformed-refresh-token', 'client-credentials'].flatMap((id) =>
      ['public', 'broker'].map((path) => {
        const { answer, agrees } = findingOf(verified, `${id}-${path}`);
        return [
          `${id}-${path}`,
          /^\d+, shape \w/.exec(answer)?.[0],
          /read as (\w+)$/.exec(answer)?.[1],
          agrees,
        ];
      }),
    );
    expect(rows).toEqual([
      ['wrong-secret-public', '401, shape A', 'invalid_client', 'yes'],
      ['wrong-secret-broker', '401, shape B', 'invalid_client', 'yes'],
      ['bad-code-public', '400, shape A', 'invalid_grant', 'yes'],
      ['bad-code-broker', '400, shape B', 'invalid_grant', 'yes'],
      ['malformed-refresh-token-public', '400, shape A', 'invalid_grant', 'yes'],
      ['malformed-refresh-token-broker', '400, shape B', 'invalid_grant', 'yes'],
      ['client-credentials-public', '400, shape A', 'unauthorized_client', 'yes'],
      ['client-credentials-broker', '400, shape B', 'unauthorized_client', 'yes'],
    ]);
  });

  it('where the sign-in goes through the identity broker', async () => {
    const { run, env, emulator } = await start({ refreshMode: 'rotate-strict' });
    const { endpoints } = emulator;
    const verified = await run(undefined, {
      TOKEN_URL: endpoints.idbrokerTokenEndpoint,
      WEBEX_AUTHORIZE_URL: endpoints.idbrokerAuthorizationEndpoint,
    });
    expect(env['TOKEN_URL']).not.toBe(endpoints.idbrokerTokenEndpoint);
    expect(findingOf(verified, 'token-answer').exchanges[0]?.request.path).toBe(
      '/idb/oauth2/v1/access_token',
    );
    expect(findingOf(verified, 'bad-code-public').answer).toContain('shape A');
    expect(findingOf(verified, 'refresh-rotation').answer).toBe('a new one');
  });

  it('says no where Webex differs from what was assumed, and that is no failure', async () => {
    const { run, emulator } = await start();
    emulator.faults.add({
      route: 'POST /v1/access_token',
      status: 418,
      headers: { 'content-type': 'text/html' },
      body: '<html>teapot</html>',
    });
    const verified = await run({ only: ['bad-code-public', 'bad-code-broker'] });
    expect(verified.findings.map(({ id, outcome, agrees }) => [id, outcome, agrees])).toEqual([
      ['bad-code-public', 'settled', 'no'],
      ['bad-code-broker', 'settled', 'yes'],
    ]);
    expect(findingOf(verified, 'bad-code-public').exchanges[0]?.answer.body).toBe(
      '<text/html, 19 characters>',
    );
  });

  it('asks guests, service apps and bots where they are given', async () => {
    const { run, emulator } = await start();
    const [, app] = emulator.clients;
    const [{ orgId } = { orgId: '' }] = emulator.users;
    const [{ issuer, secret } = { issuer: '', secret: '' }] = emulator.guestIssuers;
    await emulator.authorizeServiceApp(app?.clientId ?? '', orgId);
    const verified = await run(
      { only: NEEDS_SETTINGS },
      {
        WEBEX_GUEST_ISSUER: issuer,
        WEBEX_GUEST_SECRET: secret,
        WEBEX_SERVICE_APP_ORG: orgId,
        WEBEX_SERVICE_APP_OWNER_TOKEN: emulator.issuePersonalToken(),
        WEBEX_SERVICE_APP_CLIENT_ID: app?.clientId ?? '',
        WEBEX_SERVICE_APP_CLIENT_SECRET: app?.clientSecret ?? '',
        WEBEX_BOT_TOKEN: emulator.issueBotToken(),
      },
    );
    expect(verified.findings.map(({ id, agrees }) => [id, agrees])).toEqual(
      NEEDS_SETTINGS.map((id) => [id, 'yes']),
    );
    expect(JSON.stringify(verified.findings)).not.toContain(orgId);
  });
});

describe('what is not settled', () => {
  it('is what was not given, each with its reason, and never a guess', async () => {
    const { run, env } = await start();
    const { U2C_SERVICE_URL: _left, ...rest } = env;
    const verified = await run(undefined, { ...rest, U2C_SERVICE_URL: '' });
    const open = verified.findings.filter(({ outcome }) => outcome === 'not settled');
    expect(open.map(({ id }) => id)).toEqual([
      'catalog-hostmap',
      'catalog-u2cv2',
      'catalog-signed-in',
      ...NEEDS_SETTINGS,
      'replaced-refresh-token',
    ]);
    expect(open.every(({ answer, agrees }) => answer !== '' && agrees === 'not settled')).toBe(true);
  });

  it('is what needs further sign-ins, where there is to be only one', async () => {
    const { run, signIns } = await start();
    const verified = await run({ oneSignIn: true });
    expect(signIns).toHaveLength(1);
    for (const id of ['second-sign-in', 'used-code', 'wrong-redirect-uri', 'wrong-code-verifier']) {
      expect(findingOf(verified, id).answer).toContain('--one-sign-in');
    }
  });

  it('is what would end a grant that the run did not make', async () => {
    const { run, emulator, env, clock } = await start({ refreshMode: 'rotate-strict' });
    const first = await run({ only: ['token-type'], oneSignIn: true });
    expect(first.leftAlive).toBe(0);
    const refreshToken = await ownRefreshToken(emulator, env);
    emulator.ledger.clear();
    const verified = await run({ clock }, { WEBEX_REFRESH_TOKEN: refreshToken });
    const revocations = emulator.ledger.find('POST /idb/oauth2/v1/revoke');
    expect(revocations).toHaveLength(1);
    expect(findingOf(verified, 'revoke-unknown').outcome).toBe('settled');
    for (const id of ['revoke-access-token', 'revoke-refresh-token', 'refresh-after-revoke']) {
      expect(findingOf(verified, id).answer).toContain('did not make');
    }
    expect(findingOf(verified, 'refresh-rotation').answer).toBe('a new one');
    expect(verified.replacedGivenToken).toBe(true);
  });

  it.each([
    { answers: 'confirms it', status: undefined, alive: 0, statusAfter: 401 },
    { answers: 'does not confirm it', status: 503, alive: 1, statusAfter: 200 },
  ])('is no reason to leave a grant alive; told where Webex $answers', async (one) => {
    const { run, emulator } = await start();
    const { status, alive, statusAfter } = one;
    if (status !== undefined) emulator.faults.add({ route: 'POST /idb/oauth2/v1/revoke', status });
    let bearer = '';
    const verified = await run({
      only: ['token-type'],
      fetch: (url, init) => {
        const { authorization = '' } = init.headers;
        if (authorization.startsWith('Bearer ')) bearer = authorization;
        return passOn(url, init);
      },
    });
    const { apiBase } = emulator.endpoints;
    const after = await fetch(`${apiBase}/people/me`, { headers: { authorization: bearer } });
    expect([verified.leftAlive, after.status]).toEqual([alive, statusAfter]);
  });

  it('is what needs a sign-in, where the person declines', async () => {
    const { run, emulator } = await start();
    const verified = await run({
      onLoginUrl: async (url) => void (await fetch(await emulator.signIn(url, { deny: true }))),
    });
    expect(verified.signInFailure).toContain('ACCESS_DENIED');
    expect(findingOf(verified, 'bad-code-public').outcome).toBe('settled');
    expect(findingOf(verified, 'refresh-rotation').outcome).toBe('not settled');
  });

  it('is the rest, once the run is stopped', async () => {
    const { run } = await start();
    const stop = new AbortController();
    const verified = await run({ signal: stop.signal, onLoginUrl: () => stop.abort() });
    expect(findingOf(verified, 'bad-code-public').outcome).toBe('settled');
    expect(findingOf(verified, 'token-type')).toMatchObject({ answer: 'the run was stopped' });
    expect(verified.findings).toHaveLength(allQuestions.length);
  });
});

describe('the pace', () => {
  it('is two requests a second, one after the other', async () => {
    const { run } = await start();
    const clock = sleepingClock();
    const begun: number[] = [];
    let under = 0;
    let most = 0;
    await run({
      clock,
      fetch: async (url, init) => {
        begun.push(clock.monotonic());
        most = Math.max(most, (under += 1));
        try {
          return await passOn(url, init);
        } finally {
          under -= 1;
        }
      },
    });
    const gaps = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    expect(begun.length).toBeGreaterThan(40);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(PACE_MS);
    expect(most).toBe(1);
  });

  it('ends at a 429: nothing more is sent, and what is known by then is kept', async () => {
    const { run, emulator } = await start();
    emulator.faults.add({ route: 'POST /v1/access_token', retryAfter: 17 });
    const verified = await run();
    expect(verified.limited).toMatchObject({ retryAfter: 17 });
    expect(findingOf(verified, 'jwks-broker').outcome).toBe('settled');
    expect(emulator.ledger.entries.at(-1)).toMatchObject({ path: '/v1/access_token', status: 429 });
    const open = verified.findings.filter(({ outcome }) => outcome === 'not settled');
    expect(open[0]?.id).toBe('wrong-secret-public');
    expect(open.every(({ answer }) => answer === 'Webex limited the rate of requests (429)')).toBe(true);
    expect(verified.findings).toHaveLength(allQuestions.length);
  });

  it('ends at a 429 during the sign-in, too', async () => {
    const { run, emulator } = await start();
    emulator.faults.add({
      route: ({ path, grantType }) => path === '/v1/access_token' && grantType === 'authorization_code',
      status: 429,
    });
    const verified = await run({ only: ['token-type', 'refresh-rotation'] });
    expect(verified.limited).toMatchObject({ retryAfter: undefined });
    expect(verified.findings.map(({ outcome }) => outcome)).toEqual(['not settled', 'not settled']);
    expect(verified.signInFailure).toBeUndefined();
  });
});

describe('what is written', () => {
  it('holds no secret and nobody’s data, in any form that an independent scanner knows', async () => {
    const { run, emulator, env, signIns } = await start({ refreshMode: 'rotate-strict', tokenFormat: 'jwt' });
    const scanner = createLeakScanner();
    const sent: string[] = [];
    const received: string[] = [];
    const verified = await run({
      fetch: async (url, init) => {
        const { body, headers } = init;
        sent.push(typeof body === 'string' ? body : '', headers['authorization'] ?? '');
        const response = await passOn(url, init);
        received.push(await response.clone().text());
        return response;
      },
    });
    const path = join(directory(), 'findings');
    const table = summaryTable(verified.findings);
    await writeFindings(verified.findings, { directory: path, secrets: verified.secrets, also: { table } });
    const [person] = emulator.users;
    const secrets = [
      env['WEBEX_CLIENT_ID'],
      env['WEBEX_CLIENT_SECRET'],
      ...Object.values(PERSON),
      person?.id,
      person?.orgId,
      person?.personId,
      ...signIns.flatMap((url) => [...new URL(url).searchParams.values()]),
      ...tokensIn([...sent, ...received].join('\n')),
    ].filter((one) => one !== undefined);
    expect(secrets.length).toBeGreaterThan(20);
    for (const [index, secret] of [...new Set(secrets)].entries())
      scanner.watch(secret, `no. ${String(index)}`);
    scanner.scanFiles('findings', path);
    scanner.scanText('table', table);
    scanner.assertClean();
    const texts = await Promise.all((await readdir(path)).map((name) => readFile(join(path, name), 'utf8')));
    for (const part of ['Zdenka', 'Quixote', 'zdenka', 'example.com']) {
      expect(texts.filter((text) => text.includes(part))).toEqual([]);
    }
    // And the scanner would have seen it.
    scanner.scanText('what was received', received.join('\n'));
    expect(scanner.hits.length).toBeGreaterThan(0);
  });

  it('is one file for each question, with what was exchanged', async () => {
    const { run } = await start();
    const verified = await run({ only: ['bad-code-public', 'refresh-rotation'] });
    const path = join(directory(), 'findings');
    await writeFindings(verified.findings, { directory: path, secrets: verified.secrets });
    expect((await readdir(path)).sort()).toEqual(['bad-code-public.json', 'refresh-rotation.json']);
    expect(JSON.parse(readFileSync(join(path, 'refresh-rotation.json'), 'utf8'))).toMatchObject({
      id: 'refresh-rotation',
      facts: '3.4, 11',
      outcome: 'settled',
      answer: 'the same',
      agrees: 'yes',
      exchanges: [
        {
          request: {
            method: 'POST',
            path: '/v1/access_token',
            authorization: 'none',
            body: {
              grant_type: 'refresh_token',
              refresh_token: '<refresh token, 64+4+36 characters>',
              client_id: '<client id, 65 characters>',
              client_secret: '<client secret, 64 characters>',
            },
          },
          answer: {
            status: 200,
            headers: { 'cache-control': 'no-store' },
            body: {
              access_token: '<access token, 64+4+36 characters>',
              expires_in: 1_209_599,
              refresh_token: '<refresh token, 64+4+36 characters>',
              refresh_token_expires_in: 7_775_999,
              token_type: 'Bearer',
              scope: 'spark:people_read spark:rooms_read',
            },
          },
        },
      ],
    });
  });
});

/** Everything that looks like one of the emulator's tokens. */
function tokensIn(text: string): string[] {
  return text.match(/FAKE[A-Za-z0-9]{60}_EMUL_[0-9a-f-]{36}|eyJ[\w-]+\.[\w-]{20,}\.[\w-]+/g) ?? [];
}

async function ownRefreshToken(emulator: EmulatedRun['emulator'], env: EmulatedRun['env']): Promise<string> {
  const query = { response_type: 'code', scope: env['WEBEX_SCOPE'] ?? '', state: 'any' };
  const client = { client_id: env['WEBEX_CLIENT_ID'] ?? '', redirect_uri: env['WEBEX_REDIRECT_URI'] ?? '' };
  const url = `${emulator.endpoints.authorizationEndpoint}?${new URLSearchParams({ ...query, ...client }).toString()}`;
  const code = new URL(await emulator.signIn(url)).searchParams.get('code') ?? '';
  const body = new URLSearchParams({
    ...client,
    grant_type: 'authorization_code',
    code,
    client_secret: env['WEBEX_CLIENT_SECRET'] ?? '',
  });
  const answer = await fetch(emulator.endpoints.tokenEndpoint, { method: 'POST', body });
  return ((await answer.json()) as { refresh_token: string }).refresh_token;
}
