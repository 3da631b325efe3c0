import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigurationError, ProtocolError, WebhookSignatureError } from '../../src/errors.js';
import { publicId } from '../../src/platform/public-id.js';
import { readServiceAppEvent, readWebhook, webhookSignatureMatches } from '../../src/platform/webhooks.js';

const SECRET = 'canary-webhook-secret';
const sign = (body: string | Uint8Array, secret = SECRET): string =>
  createHmac('sha1', secret).update(body).digest('hex');

describe('webhookSignatureMatches', () => {
  test('a vector made elsewhere', () => {
    // RFC 2202, 3, case 2.
    expect(
      webhookSignatureMatches(
        'what do ya want for nothing?',
        'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
        'Jefe',
      ),
    ).toBe(true);
  });

  test('holds for what was signed, as text and as bytes, and for nothing else', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, fc.string({ minLength: 1 }), fc.nat({ max: 39 }), (body, secret, at) => {
        const signature = sign(body, secret);
        expect(webhookSignatureMatches(body, signature, secret)).toBe(true);
        expect(webhookSignatureMatches(Buffer.from(body), signature.toUpperCase(), secret)).toBe(true);
        expect(webhookSignatureMatches(`${body} `, signature, secret)).toBe(false);
        expect(webhookSignatureMatches(body, signature, `${secret}x`)).toBe(false);
        const other = signature[at] === '0' ? '1' : '0';
        const changed = signature.slice(0, at) + other + signature.slice(at + 1);
        expect(webhookSignatureMatches(body, changed, secret)).toBe(false);
      }),
    );
  });

  test.each([
    undefined,
    null,
    '',
    'nonsense',
    sign('{}').slice(0, -1),
    `${sign('{}')}0`,
    ` ${sign('{}')}`,
    `${sign('{}')}\n`,
    `sha1=${sign('{}')}`,
    createHmac('sha1', SECRET).update('{}').digest('base64'),
    createHmac('sha256', SECRET).update('{}').digest('hex'),
    `${sign('{}').slice(0, 38)}é`,
    [sign('{}')] as unknown as string,
  ])('the signature %j is false', (signature) => {
    expect(webhookSignatureMatches('{}', signature, SECRET)).toBe(false);
  });

  test.each([
    ['webhook.secret', '{}', ''],
    ['webhook.secret', '{}', undefined],
    ['webhook.body', { parsed: true }, SECRET],
    ['webhook.body', undefined, SECRET],
  ])('%s: body %j, secret %j', (setting, body, secret) => {
    const check = (): boolean => webhookSignatureMatches(body as string, sign('{}'), secret as string);
    expect(check).toThrow(ConfigurationError);
    expect(check).toThrow(setting);
  });
});

describe('readWebhook', () => {
  test('reads what is signed', () => {
    const body = '{"resource":"serviceApp"}';
    expect(readWebhook({ body, signature: sign(body) }, SECRET)).toEqual({ resource: 'serviceApp' });
    expect(readWebhook({ body: Buffer.from(body), signature: sign(body) }, SECRET)).toEqual({
      resource: 'serviceApp',
    });
  });

  test.each([undefined, null, '', sign('{}', 'other')])('refuses the signature %j', (signature) => {
    const read = (): unknown => readWebhook({ body: '{}', signature }, SECRET);
    expect(read).toThrow(WebhookSignatureError);
    try {
      read();
    } catch (error) {
      expect(inspect(error, { showHidden: true, depth: Infinity })).not.toContain('canary');
    }
  });

  test('looks at the signature before the JSON', () => {
    const body = '{"canary';
    expect(() => readWebhook({ body, signature: null }, SECRET)).toThrow(WebhookSignatureError);
    expect(() => readWebhook({ body, signature: sign(body) }, SECRET)).toThrow(ProtocolError);
    expect(() => readWebhook({ body, signature: sign(body) }, SECRET)).not.toThrow(/canary/);
  });
});

describe('readServiceAppEvent', () => {
  const owner = '11111111-0000-4000-8000-123456789abc';
  const org = '8d2c4e1a-0000-4000-8000-123456789abc';
  const data = {
    id: publicId('APPLICATION', 'C1'),
    authorizerOrgId: publicId('ORGANIZATION', org),
    authorizationDate: '2026-01-01T00:00:00.500Z',
  };
  const body = {
    id: publicId('WEBHOOK', owner),
    resource: 'serviceApp',
    event: 'authorized',
    orgId: publicId('ORGANIZATION', owner),
    appId: publicId('APPLICATION', 'C9'),
    data,
  };

  test.each(['authorized', 'deauthorized'])('%s', (event) => {
    expect(readServiceAppEvent({ ...body, event })).toEqual({
      event,
      orgId: org,
      applicationId: data.id,
      at: Date.UTC(2026, 0, 1) + 500,
    });
  });

  test.each([
    ['a plain UUID', { authorizerOrgId: org.toUpperCase() }, { orgId: org }],
    ['base64 of a plain UUID', { authorizerOrgId: Buffer.from(org).toString('base64') }, { orgId: org }],
    ['orgId in its place', { authorizerOrgId: undefined, orgId: org }, { orgId: org }],
    ['no application', { id: undefined }, { applicationId: undefined }],
    ['an unusable application', { id: 'a\nb' }, { applicationId: undefined }],
    ['no date', { authorizationDate: undefined }, { at: undefined }],
    ['a date that is none', { authorizationDate: '2026-13-01T00:00:00Z' }, { at: undefined }],
    ['a date in words', { authorizationDate: 'yesterday' }, { at: undefined }],
    ['a date as number', { authorizationDate: 5 }, { at: undefined }],
  ])('%s', (_name, changed, expected) => {
    expect(readServiceAppEvent({ ...body, data: { ...data, ...changed } })).toMatchObject({
      event: 'authorized',
      ...expected,
    });
  });

  test.each([
    ['another resource', { ...body, resource: 'messages' }],
    ['another event', { ...body, event: 'created' }],
    ['an event of a wrong type', { ...body, event: ['authorized'] }],
    ['no organisation but the owner of the webhook', { ...body, data: { id: data.id } }],
    [
      'an organisation that cannot be read beside another',
      { ...body, data: { ...data, authorizerOrgId: 'nonsense', orgId: org } },
    ],
    ['the id of a person', { ...body, data: { ...data, authorizerOrgId: publicId('PEOPLE', org) } }],
    ['no data', { ...body, data: undefined }],
    ['data as a list', { ...body, data: [data] }],
    ['inherited members', Object.create(body) as unknown],
    ['members behind __proto__', JSON.parse(`{"__proto__":${JSON.stringify(body)}}`)],
    ['a list', [body]],
    ['a string', JSON.stringify(body)],
    ['null', null],
    ['nothing', undefined],
    ['a deep body', JSON.parse(`${'{"data":'.repeat(5_000)}1${'}'.repeat(5_000)}`)],
  ])('%s is no event', (_name, wrong: unknown) => {
    expect(readServiceAppEvent(wrong)).toBeUndefined();
  });

  test('any JSON gives an event with a UUID, or nothing', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(org, data.authorizerOrgId, data.id));
    const member = fc.constantFrom('id', 'authorizerOrgId', 'orgId', 'authorizationDate', '__proto__');
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(member, value).map((one) => ({ ...body, data: one })),
    );
    let events = 0;
    fc.assert(
      fc.property(anything, (sent) => {
        const event = readServiceAppEvent(sent);
        if (!event) return;
        events++;
        expect(event.orgId).toBe(org);
        expect(Number.isSafeInteger(event.at ?? 0)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    expect(events).toBeGreaterThan(0);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});
