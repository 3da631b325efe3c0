import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RefusalMessage, RequestMessage, RetryMessage } from '../../src/base/tracing.js';
import { WebexAuth, isWebexAuthError, KeyRing, memoryStore, type WebexOptions } from '../../src/index.js';
import { loopbackServer, type SeenRequest } from '../http/loopback-server.js';
import { webexAt } from '../http/webex-at.js';
import { fakeClock } from '../support/fake-clock.js';

const TOKEN = 'a-token-of-ada-lovelace';
const JSON_TYPE = { 'content-type': 'application/json' };

/** What is published on a channel while the test runs. */
function heard<Message>(name: string): Message[] {
  const messages: Message[] = [];
  const listener = (message: unknown): void => void messages.push(message as Message);
  subscribe(name, listener);
  onTestFinished(() => void unsubscribe(name, listener));
  return messages;
}

/** A Webex whose API answers like this, with the lines of its log and what its channels say. */
async function watched(
  answer: (response: ServerResponse, seen: SeenRequest) => void,
  options: WebexOptions = {},
) {
  const lines: string[] = [];
  const { origin, seen } = await loopbackServer(answer);
  const webex = await webexAt(origin, { token: TOKEN, log: (line) => lines.push(line), ...options });
  lines.length = 0;
  return {
    webex,
    origin,
    seen,
    requests: heard<RequestMessage>('tracing:webex-auth.request:asyncEnd'),
    refusals: heard<RefusalMessage>('webex-auth.refusal'),
    /** The lines since the last time, without their times. */
    fresh: () =>
      lines.splice(0).map((line) => line.replace(/^\S+Z /, '').replaceAll(/trackingId=\S+/g, 'trackingId=…')),
  };
}

/** Many principals of a server, one of them Ada. */
async function authAt(origin: string): Promise<WebexAuth> {
  const auth = await WebexAuth.open({
    client: { clientId: 'C1234', clientSecret: 'secret-0123456789', redirectUri: 'http://127.0.0.1/cb' },
    endpoints: {
      apiBase: `${origin}/v1`,
      tokenEndpoint: `${origin}/v1/access_token`,
      revocationEndpoint: `${origin}/revoke`,
    },
    store: memoryStore(),
    keys: KeyRing.ephemeral(),
    scheduler: false,
  });
  onTestFinished(() => auth.close());
  await auth.grants.import('ada', { access_token: TOKEN, refresh_token: `refresh-${TOKEN}` });
  return auth;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (isWebexAuthError(error)) return error.code;
  throw new Error('it did not fail as it should', { cause: error });
}

const drip = (response: ServerResponse): void => void response.writeHead(200, JSON_TYPE).write('{');
const cut = (response: ServerResponse): void => {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': '100' }).write('{');
  setTimeout(() => response.destroy(), 10);
};
const large = (response: ServerResponse): void =>
  void response.writeHead(200, JSON_TYPE).end(`"${'x'.repeat(5_000)}"`);

describe('a body that fails after its headers', () => {
  it.each([
    ['comes to no end', drip, 'TIMEOUT'],
    ['breaks off', cut, 'NETWORK_ERROR'],
    ['is too large', large, 'RESPONSE_TOO_LARGE'],
  ] as const)('one that %s is told of with its code and the whole time', async (_, answer, code) => {
    const { webex, origin, requests, fresh } = await watched(answer);
    const started = performance.now();
    const call = webex.get('/rooms', { deadlineMs: 300, maxBodyBytes: 1_000, retry: false });
    expect(await codeOf(call)).toBe(code);
    const took = performance.now() - started;
    const [request, ...others] = requests;
    expect(others).toEqual([]);
    expect(request).toMatchObject({ status: 200, code, error: { code } });
    if (code === 'TIMEOUT') expect(request?.ms).toBeGreaterThan(250);
    expect(request?.ms).toBeLessThanOrEqual(took);
    expect(fresh()).toEqual([
      expect.stringMatching(
        new RegExp(`^request GET ${origin}/v1/rooms status=200 error=${code} trackingId=… ms=\\d+$`),
      ),
    ]);
  });

  it('is told of for calls of the token endpoint as well', async () => {
    const auth = await authAt((await loopbackServer(cut)).origin);
    const requests = heard<RequestMessage>('tracing:webex-auth.request:asyncEnd');
    expect(await codeOf(auth.refresh('ada'))).toBe('NETWORK_ERROR');
    expect(requests[0]).toMatchObject({ purpose: 'authorization', status: 200, code: 'NETWORK_ERROR' });
  });

  it('what fetch streams is told of at its headers: the body is the caller’s', async () => {
    const { webex, requests, fresh } = await watched(cut);
    const response = await webex.fetch('/rooms');
    expect(requests).toMatchObject([{ status: 200 }]);
    expect(fresh()).toEqual([expect.stringMatching(/ status=200 trackingId=… ms=\d+$/)]);
    await expect(response.text()).rejects.toThrow();
    expect([requests.length, requests[0]?.code, fresh()]).toEqual([1, undefined, []]);
  });

  it('an answer that is followed by another try is told before it, its body unread', async () => {
    let count = 0;
    const { webex, fresh } = await watched((response) => {
      if (count++ > 0) return void response.writeHead(200, JSON_TYPE).end('{}');
      response.writeHead(503).write('never ends');
    });
    await webex.get('/rooms');
    expect(fresh().map((line) => line.replaceAll(/http\S+|(delayM|m)s=\d+/g, '…'))).toEqual([
      'request GET … status=503 trackingId=… …',
      'retry GET … attempt=1 status=503 trackingId=… …',
      'request GET … status=200 trackingId=… resend=1 …',
    ]);
  });
});

describe('a call that is refused before it is sent', () => {
  it('says so while the rate gate is shut: code, address and when it opens', async () => {
    const { webex, origin, seen, requests, refusals, fresh } = await watched((response) =>
      response.writeHead(429, { 'retry-after': '3600' }).end('{}'),
    );
    expect(await codeOf(webex.get('/rooms'))).toBe('RATE_LIMITED');
    // That one was sent.
    expect(refusals).toEqual([]);
    fresh();
    expect(await codeOf(webex.post('/messages', {}))).toBe('RATE_LIMITED');
    const retryAt = expect.any(Number) as number;
    expect(refusals).toEqual([{ code: 'RATE_LIMITED', method: 'POST', origin, retryAt }]);
    const opens = new Date(refusals[0]?.retryAt ?? 0).toISOString();
    expect(fresh()).toEqual([`refused POST ${origin} error=RATE_LIMITED retryAt=${opens}`]);
    expect([seen.length, requests.length]).toEqual([1, 1]);
  });

  it('says so while the circuit of an origin is open', async () => {
    const clock = fakeClock();
    const { webex, origin, refusals, fresh } = await watched(
      (response) => void response.writeHead(503).end(),
      { http: { retry: false }, clock },
    );
    let code = '';
    for (let calls = 0; calls < 40 && refusals.length === 0; calls++) {
      fresh();
      code = await codeOf(webex.get(calls % 2 ? '/rooms' : '/people/me'));
      await clock.advance(300);
    }
    expect([code, refusals]).toEqual([
      'SERVICE_UNAVAILABLE',
      [{ code: 'SERVICE_UNAVAILABLE', method: 'GET', origin, retryAt: expect.any(Number) as number }],
    ]);
    expect(fresh()).toEqual([
      expect.stringMatching(/^refused GET http:\S+ error=SERVICE_UNAVAILABLE retryAt=\S+Z$/),
    ]);
  });

  it('says so of an address where no token may go, without the address', async () => {
    const { webex, refusals, fresh } = await watched((response) =>
      response
        .writeHead(200, { ...JSON_TYPE, link: '<https://evil.example/ada>; rel="next"' })
        .end('{"items":[]}'),
    );
    const elsewhere = `https://ada:${TOKEN}@evil.example/ada`;
    expect(await codeOf(webex.request({ uri: elsewhere, method: 'put' }))).toBe('ORIGIN_NOT_ALLOWED');
    expect(await codeOf(webex.fetch(elsewhere))).toBe('ORIGIN_NOT_ALLOWED');
    expect(await codeOf(webex.paginate('/rooms').next())).toBe('ORIGIN_NOT_ALLOWED');
    const told = ['PUT', 'GET', 'GET'].map((method) => ({ code: 'ORIGIN_NOT_ALLOWED', method }));
    expect(refusals).toEqual(told);
    expect(fresh().filter((line) => !line.startsWith('request'))).toEqual(
      told.map(({ method }) => `refused ${method} error=ORIGIN_NOT_ALLOWED`),
    );
  });

  it('says so where there is no token to send', async () => {
    const { origin, seen } = await loopbackServer();
    const auth = await authAt(origin);
    const ada = await auth.user('ada');
    await auth.disconnect('ada');
    const sent = seen.length;
    const refusals = heard<RefusalMessage>('webex-auth.refusal');
    const code = await codeOf(ada.get('/rooms'));
    expect(code).toMatch(/^(GRANT_NOT_FOUND|REAUTH_REQUIRED)$/);
    expect([refusals, seen.length]).toEqual([[{ code, method: 'GET', origin, retryAt: undefined }], sent]);
  });

  it('a caller who gives up is refused nothing', async () => {
    const { webex, refusals } = await watched((response) => response.end());
    await expect(webex.get('/rooms', { signal: AbortSignal.abort('mine') })).rejects.toBe('mine');
    expect(refusals).toEqual([]);
  });
});

it('after close a call says what is closed, whatever was stored where', async () => {
  const { webex } = await watched((response) => response.end());
  const auth = await authAt((await loopbackServer()).origin);
  const ada = await auth.user('ada');
  await webex.close();
  await auth.close();
  const closed = {
    code: 'CLOSED',
    message: expect.stringMatching(/^This Webex or WebexAuth is closed/) as string,
  };
  for (const call of [webex.get('/rooms'), ada.get('/rooms'), auth.token('ada'), auth.refresh('ada')])
    await expect(call).rejects.toMatchObject(closed);
});

describe('what pages say of themselves', () => {
  const TRACKING = 'ROUTER_5F3A1B2C-01BB';
  it.each([
    ['without a list', '{"a":1}', {}, 'PROTOCOL_ERROR'],
    ['in a circle', '{"items":[]}', { link: '</v1/rooms>; rel="next"' }, 'PROTOCOL_ERROR'],
    [
      'that lead elsewhere',
      '{"items":[]}',
      { link: '<https://evil.example/>; rel="next"' },
      'ORIGIN_NOT_ALLOWED',
    ],
  ])('pages %s are refused with their tracking id and status', async (_, body, headers, code) => {
    const { webex } = await watched((response) =>
      response.writeHead(200, { ...JSON_TYPE, trackingid: TRACKING, ...headers }).end(body),
    );
    await expect(webex.paginate('/rooms').next()).rejects.toMatchObject({
      code,
      status: 200,
      trackingId: TRACKING,
    });
  });
});

it('the wait until a retry is told in whole milliseconds', async () => {
  let count = 0;
  const told: number[] = [];
  const retries = heard<RetryMessage>('webex-auth.retry');
  const { webex } = await watched(
    (response) => void response.writeHead(count++ % 2 ? 200 : 503, JSON_TYPE).end('{}'),
    { http: { onRetry: ({ delayMs }) => told.push(delayMs) } },
  );
  for (let calls = 0; calls < 3; calls++) await webex.get('/rooms');
  expect(told).toHaveLength(3);
  expect(told.filter((ms) => !Number.isInteger(ms))).toEqual([]);
  expect(retries.map(({ delayMs }) => delayMs)).toEqual(told);
});
