import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeExchange, parseObject } from '../../verify/exchange.js';
import type { RawAnswer } from '../../verify/exchange.js';
import { KnownSecrets } from '../../verify/known-secrets.js';
import { redactBody, redactText } from '../../verify/redact.js';
import { summaryTable } from '../../verify/summary-table.js';
import { LeakFound, writeFindings } from '../../verify/write-findings.js';
import type { RecordedFinding } from '../../verify/verify-webex.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

const directory = temporaryDirectories();
const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
const TOKEN = `${'Zx9'.repeat(21)}q_P0A1_0b7a5c1d-2e3f-4a5b-8c6d-7e8f9a0b1c2d`;

function known(...values: string[]): KnownSecrets {
  const secrets = new KnownSecrets();
  for (const value of values) secrets.learn(value, 'access token');
  return secrets;
}

describe('redaction', () => {
  const CASES: [body: object, redacted: object][] = [
    [{ access_token: TOKEN }, { access_token: '<access token, 64+4+36 characters>' }],
    [{ access_token: 'eyJh.eyJi.c2ln' }, { access_token: '<access token, a JWT, 14 characters>' }],
    [
      { expires_in: 14, token_type: 'Bearer' },
      { expires_in: 14, token_type: 'Bearer' },
    ],
    [{ scope: 'spark:people_read a' }, { scope: 'spark:people_read a' }],
    [
      { error: 'invalid_grant', code: 401 },
      { error: 'invalid_grant', code: 401 },
    ],
    [{ errors: [{ code: 'invalid_request' }] }, { errors: [{ code: 'invalid_request' }] }],
    [{ message: 'no ada@example.com here' }, { message: 'no <email address> here' }],
    [{ message: `bad ${TOKEN}.` }, { message: 'bad <access token>.' }],
    [{ message: `${'k7'.repeat(10)} unknown` }, { message: '<20 characters> unknown' }],
    [{ trackingId: 'ROUTER_0b7a5c1d-2e3f-4a5b-8c6d-7e8f9a0b1c2d' }, { trackingId: 'ROUTER_<UUID>' }],
    [{ displayName: 'Ada' }, { displayName: '<text, 3 characters>' }],
    [{ emails: ['a@b.example'] }, { emails: ['<email address, 11 characters>'] }],
    [{ extension: 5551234 }, { extension: '<number>' }],
    [{ created: '2026-01-01T08:00:00.000Z' }, { created: '<date and time, 24 characters>' }],
    [
      { items: [1, 2, 3, 4, 5, 6, 7].map(() => 'x') },
      { items: [...Array<string>(5).fill('<text, 1 character>'), '<2 more>'] },
    ],
    [{ 'ada@example.com': true }, { '<email address>': true }],
  ];

  it.each(CASES)('%j → %j', (body, redacted) => {
    expect(redactBody(body, { secrets: known(TOKEN) })).toEqual(redacted);
  });

  it('leaves nothing of a text that it was given in a field it does not know, whatever stands there', () => {
    const text = fc.string({ minLength: 4 }).filter((one) => !'<text, 0123456789 characters>'.includes(one));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('name', 'about', 'x'), text, { minKeys: 1 }), (body) => {
        const written = JSON.stringify(redactBody(body, { secrets: known() }));
        const kinds =
          /"<(text|email address|URL|date and time|Webex id), (\d+ characters?|a UUID|[\d+]+ characters|a JWT, \d+ characters)>"/g;
        expect(written.replace(kinds, '""')).toMatch(/^\{("(name|about|x)":"",?)+\}$/);
      }),
      { seed: SEED },
    );
  });

  it('keeps long protocol words and takes long generated ones', () => {
    expect(redactText('unsupported_grant_type client_secret_basic', known())).toBe(
      'unsupported_grant_type client_secret_basic',
    );
    expect(redactText('abcdefghijklmnoP1', known())).toBe('<17 characters>');
  });
});

describe('an exchange', () => {
  const answer = (status: number, text: string, headers: Record<string, string> = {}): RawAnswer => ({
    status,
    text,
    headers: new Headers(headers),
    body: parseObject(text),
    receivedAt: 0,
  });
  const secrets = known(TOKEN);

  it('tells header names, few values, and how the request was authorized, without the credentials', () => {
    const request = {
      method: 'GET',
      url: 'https://webexapis.com/v1/people/me',
      headers: { authorization: TOKEN },
    };
    const received = answer(401, '', { 'WWW-Authenticate': 'Bearer realm="x"', 'X-Served-By': 'somebody' });
    expect(describeExchange(request, received, { secrets })).toEqual({
      request: {
        method: 'GET',
        host: 'webexapis.com',
        path: '/v1/people/me',
        query: {},
        authorization: 'a token without a scheme',
        body: 'none',
      },
      answer: {
        status: 401,
        headerNames: ['www-authenticate', 'x-served-by'],
        headers: { 'www-authenticate': 'Bearer realm="x"' },
        body: '<empty>',
      },
    });
  });

  it.each([
    ['https://a.example/cb?code=abc&state=def', 'a.example/cb?code&state'],
    ['https://a.example/cb#error=login_required', 'a.example/cb#error=login_required'],
    ['/somewhere', '<a relative address>'],
  ])('tells of a redirect to %s: %s', (location, told) => {
    const request = { method: 'GET', url: 'https://webexapis.com/v1/authorize?client_id=C1', headers: {} };
    const exchange = describeExchange(request, answer(302, '', { location }), { secrets });
    expect(exchange.answer.headers).toEqual({ location: told });
    expect(exchange.request.query).toEqual({ client_id: '<client id, 2 characters>' });
  });
});

describe('the last look', () => {
  const finding = (answer: string): RecordedFinding => ({
    id: 'bad-code',
    facts: '11',
    question: 'How?',
    assumption: 'so',
    outcome: 'settled',
    agrees: 'yes',
    askedOn: '2026-01-01',
    answer,
    exchanges: [],
  });
  const bytes = Buffer.from(TOKEN);
  const WAYS: [form: string, text: string][] = [
    ['raw', TOKEN],
    ['16 characters of it', TOKEN.slice(31, 47)],
    ['base64', bytes.toString('base64')],
    ['base64 at another position', Buffer.concat([Buffer.from('ab'), bytes]).toString('base64')],
    ['base64url', bytes.toString('base64url')],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(`${TOKEN}/+`)],
  ];

  it.each(WAYS)('finds a secret written as %s, and nothing at all is written', async (_form, text) => {
    const path = join(directory(), 'findings');
    const findings = [{ ...finding('fine'), id: 'first' }, finding(`it said ${text}`)];
    const written = writeFindings(findings, { directory: path, secrets: known(TOKEN, `${TOKEN}/+`) });
    const error: unknown = await written.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LeakFound);
    expect(String(error)).toBe(
      'LeakFound: Nothing was written: it would have held access token in bad-code.json',
    );
    expect(() => readdirSync(path)).toThrow('ENOENT');
  });

  it('holds what goes to the terminal to the same', async () => {
    const path = join(directory(), 'findings');
    const also = { 'the summary': summaryTable([finding(TOKEN)]) };
    await expect(
      writeFindings([finding('fine')], { directory: path, secrets: known(TOKEN), also }),
    ).rejects.toThrow('access token in the summary');
  });

  it('finds any secret anywhere, and none where there is none', () => {
    const secret = fc.base64String({ minLength: 24, maxLength: 200 });
    const around = fc.string({ maxLength: 40 });
    fc.assert(
      fc.property(secret, around, around, fc.nat(), (value, before, after, at) => {
        const secrets = known(value);
        const part = value.slice(at % (value.length - 15)).slice(0, 16);
        expect(secrets.findIn('here', before + part + after)).toEqual([
          { where: 'here', label: 'access token' },
        ]);
        expect(secrets.findIn('here', '{"message":"nothing to see"}')).toEqual([]);
      }),
      { seed: SEED },
    );
  });

  it('never adds to what is in a directory already', async () => {
    const path = directory();
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'bad-code.json'), 'older');
    await expect(writeFindings([finding('x')], { directory: path, secrets: known() })).rejects.toThrow(
      'not empty',
    );
  });
});
