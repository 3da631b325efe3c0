import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ForbiddenError } from '../../src/errors.js';
import { apiError } from '../../src/http/api-error.js';
import { missingScopesOf } from '../../src/http/missing-scopes.js';

const sent = `${'Ab1'.repeat(21)}x_P0A1_12345678-1234-1234-1234-123456789012`;
const TEXT = 'Access token does not have required scope: spark-admin:people_read.';
const scopesOf = (body: unknown, challenge?: string) => missingScopesOf({ body, challenge, sent });

function forbidden(body: unknown, headers: Record<string, string> = {}) {
  const error = apiError({
    what: 'GET https://x/y',
    status: 403,
    headers,
    trackingId: undefined,
    sent,
    body,
    now: 0,
  });
  if (error instanceof ForbiddenError) return error;
  throw error;
}

describe('the scopes that a 403 names', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['A', { message: 'Forbidden', errors: [{ description: TEXT }] }, ['spark-admin:people_read']],
    [
      'A, in its message',
      { message: `Missing [spark:kms,meeting:schedules_read]` },
      ['spark:kms', 'meeting:schedules_read'],
    ],
    ['B', { error: 'insufficient_scope', error_description: TEXT }, ['spark-admin:people_read']],
    ['C', { code: 403, message: "needs 'cjp:config_read' or 'cjp:config_read'" }, ['cjp:config_read']],
    ['D', { errors: [{ key: 'forbidden', description: '(guest-issuer:read)' }] }, ['guest-issuer:read']],
    ['E', `<html><p>${TEXT}</p>`, []],
    ['nothing', undefined, []],
    ['bytes', Buffer.from(TEXT), []],
    ['odd types', { message: 5, errors: [null, 'x', { description: [TEXT] }] }, []],
    ['errors that are no list', { message: 'no', errors: { description: TEXT } }, []],
  ])('in shape %s of webex-facts 4.1', (_, body, scopes) => {
    expect(scopesOf(body)).toEqual(scopes);
  });

  it.each<[string, readonly string[]]>([
    [
      'Bearer realm="x", error="insufficient_scope", scope="spark:rooms_read spark:kms"',
      ['spark:rooms_read', 'spark:kms'],
    ],
    ['Bearer error=insufficient_scope,scope="Identity:SCIM"', ['Identity:SCIM']],
    ['Bearer scope = "spark:all" , error = "insufficient_scope"', ['spark:all']],
    ['Bearer error="invalid_token", scope="spark:all"', []],
    ['Bearer error="insufficient_scope"', []],
    ['Bearer error="insufficient_scope", scope="openid"', []],
    ['Bearer error="insufficient_scope", scope="', []],
  ])('in the challenge %s (RFC 6750, 3.1)', (challenge, scopes) => {
    expect(scopesOf(undefined, challenge)).toEqual(scopes);
  });

  it.each([
    'analytics:read_all',
    'application:webhooks_read',
    'audit:events_read',
    'cjds:admin_org_read',
    'cjp:config_read',
    'cjp:user',
    'cloud-contact-center:pod_conv',
    'guest-issuer:write',
    'guest-meeting:rw',
    'Identity:Config',
    'Identity:contact',
    'Identity:OAuthClient',
    'Identity:one_time_password',
    'Identity:Organization',
    'Identity:SCIM',
    'identity:people_rw',
    'identity:placeonetimepassword_create',
    'meeting:admin_schedule_write',
    'spark-admin:broadworks_billing_reports_read',
    'spark-compliance:team_memberships_write',
    'webex-squared:admin',
    'webexsquare:get_conversation',
    'wxc-dedicateduc:admin_perfmon_read',
  ])('of the family of %s, wherever it stands', (scope) => {
    expect(scopesOf({ message: `Missing scope ${scope}.` })).toEqual([scope]);
    expect(scopesOf({ message: `one of "${scope}","spark:kms"` })).toEqual([scope, 'spark:kms']);
    expect(scopesOf(undefined, `Bearer error="insufficient_scope", scope="${scope}"`)).toEqual([scope]);
  });

  it('are those of the challenge where both name some', () => {
    const challenge = 'Bearer error="insufficient_scope", scope="spark:all"';
    expect(scopesOf({ message: TEXT }, challenge)).toEqual(['spark:all']);
  });

  it('stand in the error and in its message, with what to do', () => {
    const error = forbidden({ message: TEXT });
    expect(error).toMatchObject({ missingScopes: ['spark-admin:people_read'], action: 'sign_in_again' });
    expect(error.message).toContain('spark-admin:people_read');
    expect(error.message).toMatch(/to the integration .* sign in again: older tokens keep their scopes/);
    expect(forbidden({ message: 'Forbidden' })).toMatchObject({ missingScopes: [], action: 'ask_admin' });
  });
});

describe('B2: nothing else that a server writes gets into the error of a 403', () => {
  const words = [
    'Bearer',
    'token',
    'spark:',
    'https:',
    'a:b',
    'error:forbidden',
    'color:red',
    'x:spark:all',
    'spark:all:x',
  ];
  it.each([
    ...words,
    `spark:${sent}`,
    `spark:${sent.slice(0, 10)}`,
    `spark:${'a'.repeat(21)}`,
    'spark:ALL',
    'spark:a1',
    'spark:all-x',
    'spark:Organization',
    'spark:SCIM',
    'Identity:ORGANIZATION',
    'Identity:OrganizationToken',
    'Identity:Organization9',
    `Identity:A${'a'.repeat(16)}`,
    'cloud:pod_conv',
    'guest:rw',
    `spark:${Array.from({ length: 8 }, () => 'abcdefgh').join('_')}`,
  ])('as %s', (text) => {
    const error = forbidden(
      { message: text, errors: [{ description: text }] },
      {
        'www-authenticate': `Bearer error="insufficient_scope", scope="${text}"`,
      },
    );
    expect(error.missingScopes).toEqual([]);
  });

  it('as a part of the bearer that looks like a scope', () => {
    const bearer = 'eyJ.spark:messages_read_all.x';
    const error = { body: { message: 'no spark:messages_read_all' }, challenge: undefined };
    expect(missingScopesOf({ ...error, sent: bearer })).toEqual([]);
    expect(missingScopesOf({ ...error, sent: 'other' })).toEqual(['spark:messages_read_all']);
  });

  it('law: whatever comes, names of known families, ten at most, and no 16 characters of the bearer', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        sent,
        'spark:',
        'spark:rooms_read',
        'meeting:',
        'Identity:',
        'Identity:Organization',
        ':',
        '"',
        ' ',
        ',',
        'scope="',
        'error="insufficient_scope"',
      ),
    );
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, fc.jsonValue(), (challenge, message, errors) => {
        const found = scopesOf({ message, errors }, challenge);
        expect(found.length).toBeLessThanOrEqual(10);
        for (const scope of found) expect(scope).toMatch(/^(?=.{5,64}$)[A-Za-z-]{3,20}:[A-Za-z_]+$/);
        const shown = inspect(forbidden({ message, errors }, { 'www-authenticate': challenge }), {
          showHidden: true,
        });
        for (let at = 0; at + 16 <= sent.length; at++) expect(shown).not.toContain(sent.slice(at, at + 16));
      }),
      { numRuns: 500 },
    );
  });

  it('however much of it there is', () => {
    const many = Array.from(
      { length: 5_000 },
      (_, at) => `spark:${'abcdefghij'[at % 10] ?? ''}_${'x'.repeat(at % 19)}`,
    ).join(' ');
    expect(scopesOf({ errors: Array.from({ length: 9_999 }, () => ({ description: many })) })).toHaveLength(
      10,
    );
  });
});

it('K5: a challenge of 100 KB is read at once, whatever it is made of', () => {
  const units = [
    ' ',
    ',',
    'scope',
    ' scope=',
    ' scope="',
    ' error',
    ' error = ',
    ' error="insufficient_scope"',
    'spark:',
    'spark:a_',
    'a',
    '"',
  ];
  for (const unit of units) {
    const text = unit.repeat(100_000 / unit.length);
    const began = performance.now();
    expect(scopesOf({ message: text, errors: [{ description: text }] }, `Bearer ${text}`)).toEqual([]);
    // Microseconds when alone on the machine; the bound is against hangs.
    expect(performance.now() - began).toBeLessThan(250);
  }
});
