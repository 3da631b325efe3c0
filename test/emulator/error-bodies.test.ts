import { request } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorBodies } from '../../src/emulator/emulator.js';
import type { Emulator, ErrorBody } from '../../src/emulator/emulator.js';
import { emulatorForTest, probe, tokensFrom } from './emulator-client.js';

const ROUTE = 'GET /v1/people/me';

interface RawReply {
  status: number | undefined;
  headers: Record<string, unknown>;
  /** As they were spelled on the wire. */
  names: string[];
  text: string;
}

/** Node's own client, which tells how header names were spelled. */
function raw(url: string, headers: Record<string, string> = {}): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const names = response.rawHeaders.filter((_name, index) => index % 2 === 0);
        resolve({ status: response.statusCode, headers: response.headers, names, text });
      });
    });
    sent.on('error', reject).end();
  });
}

const me = (emulator: Emulator): string => `${emulator.endpoints.apiBase}/people/me`;

async function struck(name: ErrorBody) {
  const emulator = await emulatorForTest();
  emulator.faults.add({ route: ROUTE, ...errorBodies[name] });
  return raw(me(emulator));
}

describe('errorBodies', () => {
  test('has every shape', () => {
    expect(Object.keys(errorBodies)).toEqual(['gateway', 'oauth', 'flat', 'contactCenter', 'html', 'empty']);
  });

  test.each<[ErrorBody, number, string, unknown]>([
    [
      'gateway',
      500,
      'trackingID',
      {
        message: expect.any(String) as string,
        errors: [{ description: expect.any(String) as string }],
        trackingId: expect.stringMatching(/^ROUTER_/) as string,
      },
    ],
    [
      'flat',
      401,
      'TrackingId',
      {
        code: 401,
        message: expect.any(String) as string,
        trackingId: expect.stringMatching(/^GTWY_/) as string,
      },
    ],
    ['oauth', 400, 'TRACKINGID', { error: 'invalid_grant', error_description: expect.any(String) as string }],
  ])('%s', async (name, status, field, body) => {
    const reply = await struck(name);
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toMatch(/^application\/json/);
    const parsed = JSON.parse(reply.text) as Record<string, unknown>;
    expect(parsed).toEqual(body);
    expect(reply.names.filter((one) => one.toLowerCase() === 'trackingid')).toEqual([field]);
    if ('trackingId' in parsed) expect(reply.headers['trackingid']).toBe(parsed['trackingId']);
  });

  test('contactCenter', async () => {
    const { status, text } = await struck('contactCenter');
    expect([status, JSON.parse(text)]).toEqual([400, { errors: [{ key: expect.any(String) as string }] }]);
  });

  test('html', async () => {
    const { status, headers, text } = await struck('html');
    expect([status, headers['content-type'], text.slice(0, 6)]).toEqual([429, 'text/html', '<html>']);
  });

  test('empty', async () => {
    const { status, headers, text } = await struck('empty');
    expect([status, text]).toEqual([503, '']);
    expect(headers['trackingid']).toMatch(/^EMULATOR_/);
  });

  test('take a status, a number of times and a wait of your own', async () => {
    const emulator = await emulatorForTest();
    const { access_token } = await tokensFrom(emulator);
    emulator.faults.add({ route: ROUTE, ...errorBodies.html, status: 502, times: 1 });
    emulator.faults.add({ route: ROUTE, ...errorBodies.empty, status: 429, retryAfter: 7, times: 1 });
    expect((await raw(me(emulator))).status).toBe(502);
    const { status, headers } = await raw(me(emulator));
    expect([status, headers['retry-after']]).toEqual([429, '7']);
    expect(await probe(emulator, access_token)).toBe(200);
  });
});

describe('the tracking id', () => {
  const ofClient = async (trackingid: string) => {
    const emulator = await emulatorForTest();
    const { headers, text } = await raw(me(emulator), { TrackingID: trackingid });
    const { trackingId } = JSON.parse(text) as { trackingId: string };
    const [entry] = emulator.ledger.find(ROUTE);
    expect([headers['trackingid'], entry?.trackingId]).toEqual([trackingId, trackingId]);
    return trackingId;
  };

  test.each([
    'webex-auth_0b9c6f1e-1f2d-4c3b-9a58-76543210fedc_1',
    'webex-js-sdk_0b9c6f1e-1f2d-4c3b-9a58-76543210fedc_42+1',
    'X_1',
  ])('is that of the client: %s', async (own) => {
    expect(await ofClient(own)).toBe(own);
  });

  test.each([
    ['no prefix', '_0b9c6f1e-1f2d-4c3b-9a58-76543210fedc'],
    ['no section', 'webex-auth'],
    ['a space', 'webex auth_1'],
    ['markup', 'webex_<b>'],
    ['too many sections', 'a_1_2_3_4_5'],
    ['an opaque token', `FAKE${'a'.repeat(60)}_EMUL_fa4e0000-0000-4000-8000-000000000001`],
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln'],
    ['a secret', `C_${'0a'.repeat(32)}`],
  ])('is a new one for %s', async (_name, own) => {
    expect(await ofClient(own)).toMatch(/^EMULATOR_[0-9a-f-]{36}$/);
  });

  test('differs from request to request where clients send none', async () => {
    const emulator = await emulatorForTest();
    const ids = [await raw(me(emulator)), await raw(me(emulator))].map(
      ({ headers }) => headers['trackingid'],
    );
    expect(new Set(ids).size).toBe(2);
  });

  test('is never a text that holds a token or a client secret', async () => {
    const emulator = await emulatorForTest();
    const { access_token, refresh_token } = await tokensFrom(emulator);
    const [client] = emulator.clients;
    const secrets = [access_token, refresh_token, client!.clientSecret];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...secrets),
        fc.stringMatching(/^[A-Za-z0-9_-]{0,12}$/),
        async (secret, more) => {
          for (const trackingid of [`${more}${secret}`, `${secret}${more}`, `a_${secret}_${more}`]) {
            const { headers } = await raw(me(emulator), { trackingid });
            expect(headers['trackingid']).toMatch(/^EMULATOR_/);
          }
        },
      ),
      { numRuns: 20 },
    );
    const ledger = JSON.stringify(emulator.ledger.entries);
    for (const secret of secrets) expect(ledger).not.toContain(secret.slice(0, 24));
  });
});
