import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FetchInit } from '../../src/base/fetch.js';
import { withoutEchoes } from '../../src/oauth/sent-secrets.js';

const SECRET = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4';
const ORG_END = '_PF84_0aa40000-0000-4000-8000-000000000001';

const sent = (init: Partial<FetchInit>): FetchInit => ({
  method: 'POST',
  headers: {},
  redirect: 'manual',
  ...init,
});
const asForm = sent({
  body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: SECRET }).toString(),
});
const withBearer = sent({ headers: { authorization: `Bearer ${SECRET}${ORG_END}` } });
const ENCODED = 'a/b+c=d e:f%g/h+i=j';
const basicEncoded = sent({
  headers: { authorization: `Basic ${Buffer.from(`id:${encodeURIComponent(ENCODED)}`).toString('base64')}` },
});

describe('an answer without echoes', () => {
  it.each<[string, FetchInit, string?]>([
    ['a form', asForm],
    ['JSON', sent({ body: JSON.stringify({ clientId: 'C1', clientSecret: SECRET }) })],
    ['a bearer', withBearer],
    [
      'Basic',
      sent({ headers: { authorization: `Basic ${Buffer.from(`id:${SECRET}`).toString('base64')}` } }),
    ],
    ['Basic, encoded (RFC 6749, 2.3.1)', basicEncoded, ENCODED],
  ])('B2: holds nothing that was sent as %s', (_, init, secret = SECRET) => {
    const body = {
      scope: `a ${secret}`,
      list: [{ name: secret, [secret]: 1, kept: 'kept' }],
      message: secret,
    };
    expect(withoutEchoes(body, init)).toEqual({
      scope: undefined,
      list: [{ kept: 'kept' }],
      message: undefined,
    });
  });

  it('B2: holds nothing of the tokens that it brings, outside of them', () => {
    const body = { access_token: SECRET, scope: `spark:all ${SECRET}`, expires_in: 1 };
    expect(withoutEchoes(body, sent({}))).toEqual({ access_token: SECRET, scope: undefined, expires_in: 1 });
  });

  it('F5: keeps the same refresh token, what was asked for, and the organisation', () => {
    const scope = 'spark:people_read spark:rooms_read';
    const form = new URLSearchParams({
      scope,
      redirect_uri: 'https://app.example.test/callback',
      token: SECRET,
    });
    const body = { refresh_token: SECRET, scope, uri: 'https://app.example.test/callback' };
    expect(withoutEchoes(body, sent({ body: form.toString() }))).toEqual(body);
    const address = { serviceLinks: { x: 'https://x.test/0aa40000-0000-4000-8000-000000000001' } };
    expect(withoutEchoes(address, withBearer)).toEqual(address);
  });

  it.each([0, 1, 2])('keeps ids whose UUID stands in the claims of the bearer, at alignment %i', (length) => {
    const uuid = '4f0c6a52-9f6d-4a0c-9a52-6d4a0c9a526d';
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = { private: 'x'.repeat(30 + length), realm: uuid, cis_uuid: uuid };
    const signature = Buffer.from('a signature that nobody else has').toString('base64url');
    const bearer = sent({
      headers: { authorization: `Bearer ${part({ alg: 'RS256' })}.${part(payload)}.${signature}` },
    });
    const id = (type: string): string => Buffer.from(`ciscospark://us/${type}/${uuid}`).toString('base64');
    const person = { id: id('PEOPLE'), orgId: id('ORGANIZATION'), emails: ['ada@example.com'], uuid };
    expect(withoutEchoes(person, bearer)).toEqual(person);
    expect(withoutEchoes({ name: `x ${signature}` }, bearer)).toEqual({ name: undefined });
  });

  it('B2: is judged by 16 characters: fewer may be there by chance', () => {
    fc.assert(
      fc.property(fc.nat({ max: SECRET.length - 16 }), (at) => {
        const piece = { text: `x${SECRET.slice(at, at + 16)}x`, less: `x${SECRET.slice(at, at + 15)}.` };
        expect(withoutEchoes(piece, asForm)).toEqual({ text: undefined, less: piece.less });
      }),
    );
  });

  it('F3: is cut where it is deeper than anything that is read, and changes no prototype', () => {
    const deep: unknown = JSON.parse(`${'{"a":['.repeat(400)}1${']}'.repeat(400)}`);
    expect(JSON.stringify(withoutEchoes(deep as Record<string, unknown>, asForm)).length).toBeLessThan(60);
    const tricky = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    ) as object;
    expect(JSON.stringify(withoutEchoes({ ...tricky, nested: tricky }, asForm))).toContain('__proto__');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('B2: law: drops a text if and only if it shares 16 characters in a row with a secret', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 60 });
    const shares = (text: string, secret: string): boolean =>
      Array.from({ length: Math.max(0, secret.length - 15) }, (_, at) => secret.slice(at, at + 16)).some(
        (window) => text.includes(window),
      );
    fc.assert(
      fc.property(letters, letters, fc.nat(50), (secret, text, cut) => {
        const init = sent({ body: new URLSearchParams({ refresh_token: secret }).toString() });
        for (const shown of [text, text + secret.slice(cut), secret.slice(0, cut) + text])
          expect(withoutEchoes({ shown }, init)).toEqual({
            shown: shares(shown, secret) ? undefined : shown,
          });
      }),
      { numRuns: 2_000 },
    );
  });
});
