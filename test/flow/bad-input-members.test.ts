import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KeyRing, memoryStore, WebexAuth, type ErrorCode, type Transport } from '../../src/index.js';
import { fakeClock } from '../support/fake-clock.js';
import { wellFormed } from './raw-webex.js';
import { FIRST, GOOD, NEXT, readingRig, SUBJECT } from './reading-rig.js';

// The other rows of "What is read" (docs/http-client.md): members and verdicts, for a refresh through the public face.

const rig = readingRig();
const { isAccepted, isRefused } = rig;

const answer = (changes: Readonly<Record<string, unknown>>): Buffer =>
  wellFormed(JSON.stringify({ ...GOOD, ...changes }));
const current = async (auth: WebexAuth): Promise<string> => (await auth.token(SUBJECT)).accessToken;
/** The refresh token that the next refresh presents. */
async function presentedNext(auth: WebexAuth): Promise<string | undefined> {
  rig.server.well();
  await auth.refresh(SUBJECT);
  return rig.server.presented().at(-1);
}

describe('fields that are missing, empty or odd', () => {
  it.each([undefined, null, '', 7, {}, []])(
    'F5: refresh_token %j keeps the old one',
    async (refresh_token) => {
      const auth = await isAccepted(answer({ refresh_token }));
      expect(await current(auth)).toBe(NEXT.access_token);
      expect(await presentedNext(auth)).toBe(FIRST.refresh_token);
    },
  );

  it('F5: the same access token again, accepted', async () => {
    const auth = await isAccepted(answer({ access_token: FIRST.access_token }));
    expect(await current(auth)).toBe(FIRST.access_token);
    expect(await presentedNext(auth)).toBe(NEXT.refresh_token);
  });

  it.each([undefined, null, '', 7, {}, ['a']])(
    'F5: access_token %j is refused, and the refresh token beside it is kept and presented',
    async (access_token) => {
      const { auth, refusal } = await rig.opened();
      rig.server.answerWith(answer({ access_token }));
      expect((await refusal()).code).toBe('PROTOCOL_ERROR');
      expect(await current(auth)).toBe(FIRST.access_token);
      expect(rig.server.presented()).toEqual([FIRST.refresh_token, NEXT.refresh_token, NEXT.refresh_token]);
      expect(await presentedNext(auth)).toBe(NEXT.refresh_token);
    },
  );

  it.each(['\r\nx-admin: 1', '\u0000', ' x', 'é', '\u2028', '=x'])(
    'B9: an access token with %j in it is never sent, and the old one is kept',
    async (bad) => {
      const { auth, refusal } = await rig.opened();
      rig.server.answerWith(answer({ access_token: `${NEXT.access_token}${bad}`, refresh_token: undefined }));
      expect((await refusal()).code).toBe('PROTOCOL_ERROR');
      rig.server.well();
      await (await auth.user(SUBJECT)).fetch('/people/me');
      expect(rig.server.seen.at(-1)).toContain(`authorization: Bearer ${FIRST.access_token}\r\n`);
    },
  );

  it.each(['\r\nx-admin: 1', '\u0000', 'é', '\u2028', 'x'.repeat(16_384)])(
    'B9: a refresh token with %j in it is never presented, and the old one is kept',
    (bad) => isRefused(answer({ refresh_token: `${NEXT.refresh_token}${bad}` }), 'PROTOCOL_ERROR'),
  );

  it.each(['access_token', 'refresh_token'])('B9: a %s of 1 MB is never sent', (name) =>
    isRefused(answer({ refresh_token: undefined, [name]: 'x'.repeat(1_000_000) }), 'PROTOCOL_ERROR'),
  );
});

describe('the type and the scopes of a token', () => {
  const scopes = ['spark:kms', 'spark:people_read'];
  const asked = scopes.join(' ');

  it.each<[string, Record<string, unknown>, scope: string[] | undefined]>([
    ['Bearer', { token_type: 'Bearer' }, undefined],
    ['bearer', { token_type: 'bearer' }, undefined],
    ['BEARER', { token_type: 'BEARER' }, undefined],
    ['bEaReR', { token_type: 'bEaReR' }, undefined],
    ['no type', { token_type: undefined }, undefined],
    ['a type of null', { token_type: null }, undefined],
    ['an empty type', { token_type: '' }, undefined],
    ['a member that nobody knows', { nobody_knows: 1 }, undefined],
    [
      'members of prototypes',
      { constructor: { prototype: { a: 1 } }, toString: 1, valueOf: null },
      undefined,
    ],
    ['an error beside the tokens', { error: 'invalid_grant' }, undefined],
    ['an ID token nobody asked for', { id_token: 'x' }, undefined],
    ['no scope', { scope: undefined }, undefined],
    ['a scope of null', { scope: null }, undefined],
    ['an empty scope', { scope: '' }, undefined],
    ['blanks for a scope', { scope: '   ' }, undefined],
    ['a scope in a list', { scope: ['spark:kms'] }, undefined],
    ['a scope that is a number', { scope: 1 }, undefined],
    ['a scope with bytes no scope has', { scope: 'a\u0000b' }, undefined],
    ['a scope of 20 KB', { scope: 'x'.repeat(20_000) }, undefined],
    ['the scopes that were asked for', { scope: asked }, scopes],
    [
      'the same in another order, twice',
      { scope: `${[...scopes].reverse().join('  ')} spark:kms` },
      [...scopes].reverse(),
    ],
    ['fewer scopes', { scope: 'spark:kms' }, ['spark:kms']],
    ['other scopes', { scope: 'spark:all' }, ['spark:all']],
  ])('A11: %s, accepted', async (_, changes, scope) => {
    const auth = await isAccepted(answer(changes));
    expect(await current(auth)).toBe(NEXT.access_token);
    const described = await auth.grants.get(SUBJECT);
    expect(described?.scope).toEqual(scope);
  });

  it.each([['mac'], ['DPoP'], ['N_A'], ['bearer '], ['Bearer x'], [NEXT.access_token]])(
    'A11: the type %j, refused',
    async (token_type) => {
      await isRefused(answer({ token_type, refresh_token: undefined }), 'PROTOCOL_ERROR');
    },
  );

  it.each([[5], [['Bearer']], [{}]])('A11: the type %j, refused', async (token_type) => {
    await isRefused(answer({ token_type, refresh_token: undefined }), 'PROTOCOL_ERROR');
  });
});

describe('what a status and an error code mean', () => {
  const says = (status: number, body: unknown): Buffer =>
    wellFormed(typeof body === 'string' ? body : JSON.stringify(body), { status });
  const oauth = (error: unknown): object => ({ error, error_description: 'no' });

  it.each<[string, Buffer]>([
    ['400 invalid_grant', says(400, oauth('invalid_grant'))],
    ['401 invalid_grant', says(401, oauth('invalid_grant'))],
    ['400 invalid_request (webex-facts 4.2)', says(400, oauth('invalid_request'))],
    [
      '400 and its words',
      says(400, { message: 'The refresh token provided is expired, revoked, malformed, or invalid.' }),
    ],
  ])('F7: %s ends the grant of the newest refresh token', async (_, talk) => {
    const { auth, refusal } = await rig.opened();
    rig.server.answerWith(talk);
    expect((await refusal()).code).toBe('REAUTH_REQUIRED');
    expect((await auth.grants.get(SUBJECT))?.state).toBe('dead');
    expect(rig.server.presented()).toEqual([FIRST.refresh_token]);
  });

  it.each<[string, Buffer, ErrorCode]>([
    ['400 invalid_scope', says(400, oauth('invalid_scope')), 'INVALID_SCOPE'],
    ['400 unauthorized_client', says(400, oauth('unauthorized_client')), 'UNAUTHORIZED_CLIENT'],
    ['400 unsupported_grant_type', says(400, oauth('unsupported_grant_type')), 'UNSUPPORTED_GRANT_TYPE'],
    ['400 of a code nobody knows', says(400, oauth('constructor')), 'PROTOCOL_ERROR'],
    ['400 of a code in a list', says(400, oauth(['invalid_grant'])), 'PROTOCOL_ERROR'],
    ['400 of a page', says(400, '<html>'), 'PROTOCOL_ERROR'],
    ['400 of nothing', says(400, ''), 'PROTOCOL_ERROR'],
    ['401 of nothing', says(401, ''), 'UNAUTHORIZED'],
    ['403', says(403, oauth('invalid_grant')), 'FORBIDDEN'],
    ['404', says(404, oauth('invalid_grant')), 'PROTOCOL_ERROR'],
    ['408', says(408, ''), 'PROTOCOL_ERROR'],
    ['418', says(418, oauth('invalid_grant')), 'PROTOCOL_ERROR'],
    ['451', says(451, ''), 'PROTOCOL_ERROR'],
    ['500', says(500, oauth('invalid_grant')), 'SERVICE_UNAVAILABLE'],
    ['502', says(502, oauth('invalid_grant')), 'SERVICE_UNAVAILABLE'],
    ['503', says(503, ''), 'SERVICE_UNAVAILABLE'],
    ['504', says(504, ''), 'SERVICE_UNAVAILABLE'],
    ['599', says(599, ''), 'SERVICE_UNAVAILABLE'],
    ['302', wellFormed('', { status: 302, fields: ['location: https://evil.example/'] }), 'PROTOCOL_ERROR'],
    ['304', Buffer.from('HTTP/1.1 304 Not Modified\r\n\r\n'), 'PROTOCOL_ERROR'],
    ['200 with an error', says(200, oauth('invalid_grant')), 'PROTOCOL_ERROR'],
  ])('F7: %s ends no grant', (_, talk, code) => isRefused(talk, code));

  it.each<[string, Buffer, ErrorCode]>([
    ['401 invalid_client', says(401, oauth('invalid_client')), 'INVALID_CLIENT'],
    ['400 invalid_client', says(400, oauth('invalid_client')), 'INVALID_CLIENT'],
    ['429', wellFormed('', { status: 429, fields: ['retry-after: 1'] }), 'RATE_LIMITED'],
    ['429 with invalid_grant', says(429, oauth('invalid_grant')), 'RATE_LIMITED'],
  ])('F7: %s ends no grant, and the whole client waits', async (_, talk, code) => {
    const { auth, refusal } = await rig.opened();
    rig.server.answerWith(talk);
    expect((await refusal()).code).toBe(code);
    expect(await auth.grants.get(SUBJECT)).toMatchObject({ generation: 1, state: 'live' });
    expect(await current(auth)).toBe(FIRST.access_token);
    expect(rig.server.presented()).toEqual([FIRST.refresh_token]);
  });
});

const HOUR_MS = 3_600_000;
const LONGEST_MS = 3_652.5 * 24 * HOUR_MS;

/** The sixteen lifetimes, as JSON, and what is made of them: milliseconds from the arrival, or not known. */
const LIFETIMES: readonly [json: string | undefined, ms: number | undefined][] = [
  ['3600', HOUR_MS],
  ['"3600"', HOUR_MS],
  ['3600.9', HOUR_MS],
  ['0.5', 0],
  ['0', 0],
  ['"0"', 0],
  ['-1', 0],
  ['-1e999', undefined],
  ['1e999', undefined],
  ['9007199254740992', LONGEST_MS],
  ['"3600abc"', undefined],
  ['""', undefined],
  ['null', undefined],
  ['true', undefined],
  ['[3600]', undefined],
  [undefined, undefined],
];

describe('lifetimes', () => {
  it.each(
    LIFETIMES.flatMap(([json, ms]) =>
      ['expires_in', 'refresh_token_expires_in'].map((name) => [name, json, ms] as const),
    ),
  )(
    'F6: %s %s is read as documented, refreshed at most once in 10 s, and overflows no timer',
    async (name, json, ms) => {
      const warnings: string[] = [];
      const note = (warning: Error): void => void warnings.push(warning.name);
      process.on('warning', note);
      onTestFinished(() => void process.off('warning', note));
      const clock = fakeClock();
      const { [name]: _, ...others } = GOOD as Record<string, unknown>;
      const text = JSON.stringify(others).replace('{', json === undefined ? '{' : `{"${name}":${json},`);
      let refreshes = 0;
      const transport: Transport = {
        send: async ({ body }) => {
          if (typeof body === 'string' && body.includes('refresh_token=')) refreshes++;
          return {
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: Readable.from([Buffer.from(text)]),
          };
        },
        close: () => Promise.resolve(),
      };
      const client = { clientId: 'client-1', clientSecret: 'secret' };
      const auth = await WebexAuth.open({
        client,
        store: memoryStore({ clock }),
        keys: KeyRing.ephemeral(),
        clock,
        transport,
      });
      onTestFinished(() => auth.close());
      await auth.grants.import(SUBJECT, { ...FIRST, expires_in: 3_600 });
      const { expiresAt, refreshExpiresAt } = await auth.refresh(SUBJECT);
      const expected = ms === undefined ? undefined : clock.now() + ms;
      expect(name === 'expires_in' ? expiresAt : refreshExpiresAt).toBe(expected);
      expect(refreshes).toBe(1);

      refreshes = 0;
      for (let passed = 0; passed < 10_000; passed += 500) {
        await auth.token(SUBJECT).catch(() => undefined);
        await clock.advance(500);
      }
      await setTimeout(0);
      expect(refreshes).toBeLessThanOrEqual(1);
      expect(warnings).toEqual([]);
    },
  );

  it.each(['9007199254740992', '2592000000', '"315576000"'])(
    'F6: lives of %s s start no timer of the machine that fires at once',
    async (seconds) => {
      const warnings: string[] = [];
      const note = (warning: Error): void => void warnings.push(warning.name);
      process.on('warning', note);
      onTestFinished(() => void process.off('warning', note));
      rig.server.well();
      const client = { clientId: 'client-1', clientSecret: 'secret' };
      const { endpoints } = rig.server;
      const auth = await WebexAuth.open({
        client,
        endpoints,
        store: memoryStore(),
        keys: KeyRing.ephemeral(),
      });
      onTestFinished(() => auth.close());
      await auth.grants.import(SUBJECT, FIRST);
      const lives = `"expires_in":${seconds},"refresh_token_expires_in":${seconds}`;
      rig.server.answerWith(wellFormed(`{${lives},"access_token":"${NEXT.access_token}"}`));
      await auth.refresh(SUBJECT);
      rig.server.seen.length = 0;
      for (let round = 0; round < 20; round++) {
        await auth.token(SUBJECT);
        await setTimeout(10);
      }
      expect(rig.server.presented()).toEqual([]);
      expect(warnings).toEqual([]);
    },
  );
});
