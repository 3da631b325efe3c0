import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Tracing } from '../../src/base/tracing.js';
import {
  ConfigurationError,
  NetworkError,
  Webex,
  WebexAuth,
  type WebexAuthOptions,
} from '../../src/index.js';
import { startDebugLog } from '../../src/telemetry/debug-log.js';
import { publicPath } from '../../src/telemetry/public-path.js';
import { emulatedWebex } from '../seed/emulated-webex.js';
import { fakeClock } from '../support/fake-clock.js';

const TRACKING_ID = /trackingId=[A-Za-z][\w-]+(\+\d)?/g;

/** A line without what differs from run to run; how long something took is checked to be a number. */
function constant(line: string): string {
  return line
    .replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, '')
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'https://webexapis.com')
    .replaceAll(/subject:[0-9a-f]{10}\b/g, 'subject:******')
    .replaceAll(TRACKING_ID, 'trackingId=…')
    .replaceAll(/(ms|delayMs)=\d+/gi, '$1=…');
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the debug log', () => {
  const webex = emulatedWebex();
  const ROOM = 'Y2lzY29zcGFyazovL3VzL1JPT00vYmJjZWIxYWQ';

  async function logged(options: Partial<WebexAuthOptions> = {}) {
    const lines: string[] = [];
    const auth = await webex().open({ log: (line) => lines.push(line), scheduler: false, ...options });
    return { auth, lines, fresh: () => lines.splice(0).map(constant) };
  }

  it('B1: tells a sign-in, a call, a refresh after a 401 and a logout, each in one line', async () => {
    const { auth, fresh, lines } = await logged();
    expect(fresh()).toEqual([
      expect.stringMatching(
        /^webex-auth version=\d[\w.-]+ node=20[\d.]+ store=memory durable=no shared=no api=https:\/\/webexapis\.com tokens=https:\/\/webexapis\.com secrets=1 scheduler=no discovery=no transport=undici proxy=environment$/,
      ),
      'event phase phase=plugins',
      'event phase phase=configuration',
      'event phase phase=discovery',
      'event phase phase=ready',
      'event ready ms=…',
    ]);

    const { subject } = await webex().signInTo(auth);
    expect(fresh()).toEqual([
      'request POST https://webexapis.com/v1/access_token status=200 trackingId=… ms=…',
      'request GET https://webexapis.com/v1/people/me status=200 trackingId=… ms=…',
      'event degraded reason=STORE_NOT_DURABLE',
      'event login subject:****** kind=authorization_code',
    ]);

    const user = await auth.user(subject);
    await user.request({ uri: `/rooms/${ROOM}/meetingInfo?email=ada@example.com` }).catch(() => undefined);
    expect(fresh()).toEqual([
      'request GET https://webexapis.com/v1/rooms/:id/meetingInfo status=404 trackingId=… ms=…',
    ]);

    webex().emulator.faults.add({ route: 'GET /v1/people/me', times: 1, status: 401 });
    await user.request({ uri: '/people/me' });
    expect(fresh()).toEqual([
      'request GET https://webexapis.com/v1/people/me status=401 trackingId=… ms=…',
      'request POST https://webexapis.com/v1/access_token status=200 trackingId=… ms=…',
      'refresh subject:****** cause=rejected outcome=refreshed ms=…',
      'request GET https://webexapis.com/v1/people/me status=200 trackingId=… resend=1 ms=…',
    ]);

    await auth.disconnect(subject);
    expect(fresh()).toEqual([
      expect.stringMatching(
        /^request POST https:\/\/webexapis\.com\/idb\/oauth2\/v1\/revoke status=200 trackingId=… ms=…$/,
      ),
      'event logout subject:****** revoked=yes',
    ]);
    expect(lines).toEqual([]);
  });

  it('B1: tells a retry after a 429, an outage, and why a grant has ended', async () => {
    const { auth, fresh } = await logged({ http: { retry: { attempts: 2 } } });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    const { faults } = webex().emulator;
    fresh();
    faults.add({ route: 'GET /v1/rooms', times: 1, status: 503 });
    await user.request({ uri: '/rooms' });
    expect(fresh()).toEqual([
      'request GET https://webexapis.com/v1/rooms status=503 trackingId=… ms=…',
      'retry GET https://webexapis.com attempt=1 status=503 trackingId=… delayMs=…',
      'request GET https://webexapis.com/v1/rooms status=200 trackingId=… resend=1 ms=…',
    ]);
    faults.add({ route: 'GET /v1/rooms', times: 1, retryAfter: 0 });
    await user.request({ uri: '/rooms' });
    expect(fresh()[1]).toBe('retry GET https://webexapis.com attempt=1 status=429 trackingId=… delayMs=…');

    faults.add({ route: 'GET /v1/rooms', times: 2, resetBefore: true });
    await user.request({ uri: '/rooms' }).catch(() => undefined);
    expect(fresh()).toEqual([
      'request GET https://webexapis.com/v1/rooms error=NETWORK_ERROR trackingId=… ms=…',
      'retry GET https://webexapis.com attempt=1 error=NETWORK_ERROR trackingId=… delayMs=…',
      'request GET https://webexapis.com/v1/rooms error=NETWORK_ERROR trackingId=… resend=1 ms=…',
    ]);

    faults.add({ route: 'POST /v1/access_token', times: 1, status: 400, body: { error: 'invalid_grant' } });
    await auth.refresh(subject).catch(() => undefined);
    expect(fresh()).toEqual([
      'request POST https://webexapis.com/v1/access_token status=400 trackingId=… ms=…',
      'event auth:error subject:****** error=INVALID_GRANT retryable=no trackingId=…',
      'event unauthorized subject:****** kind=dead reason=revoked action=sign_in_again',
      'refresh subject:****** cause=manual outcome=failed error=REAUTH_REQUIRED trackingId=… ms=…',
    ]);
  });

  it('shows the same subject alike in all lines, and two subjects apart', async () => {
    const { auth, lines } = await logged();
    const ada = await webex().signInTo(auth);
    const grace = await webex().signInTo(auth, { user: 'grace@example.com' });
    await auth.refresh(ada.subject);
    // 40 bits.
    const marks = lines.flatMap((line) => /subject:[0-9a-f]{10}\b/.exec(line)?.[0] ?? []);
    expect(marks).toHaveLength(3);
    expect(new Set(marks).size).toBe(2);
    expect(marks[0]).toBe(marks[2]);
    for (const secret of [ada.subject, grace.subject, 'example.com'])
      expect(lines.join()).not.toContain(secret);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('full');
      },
    ],
    ['rejects', (): unknown => Promise.reject(new Error('full'))],
  ])('a log that %s harms nobody, and is told of once', async (_, log) => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const auth = await webex().open({ log: log });
    const { subject } = await webex().signInTo(auth);
    await auth.refresh(subject);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      'The log function failed: Error',
      expect.objectContaining({ code: 'LOG_FAILED' }),
    );
  });

  it('is of its own part alone, and the same after setConfig', async () => {
    const first: string[] = [];
    const second: string[] = [];
    const one = webex().init({ log: (line) => first.push(line) });
    const other = webex().init({ log: (line) => second.push(line), discovery: false });
    await one.whenReady();
    await other.whenReady();
    expect(first.some((line) => line.includes('/u2c/api/v1/'))).toBe(true);
    expect(second.some((line) => line.includes(' request '))).toBe(false);
    second.length = 0;
    other.setConfig({
      credentials: {
        client_id: 'another',
        client_secret: 'secret',
        scope: 'spark:all',
        redirect_uri: 'http://localhost/cb',
      },
    });
    await other.whenReady();
    expect(second.map(constant).filter((line) => /^(webex-auth|event ready)/.test(line))).toEqual([
      expect.stringMatching(/^webex-auth version=/),
      'event ready ms=…',
    ]);
  });

  it.each(['stderr', 7, {}])('refuses a log that is no function: %j', async (log) => {
    const wrong = { log } as never;
    expect(() => Webex.init({ access_token: 'abc', ...(wrong as object) })).toThrow(
      /log: must be a function/,
    );
    await expect(WebexAuth.open(wrong)).rejects.toThrow(ConfigurationError);
    await expect(WebexAuth.open(wrong)).rejects.toThrow(/log: must be a function/);
  });
});

describe('what a line may hold', () => {
  const now = Date.UTC(2026, 0, 1);
  const LINE = /^2026-01-01T00:00:00\.000Z [\x21-\x7e]+( [\x21-\x7e]+)*$/;

  it('B10: whatever a subject, a path, a tracking id or a reason holds, a line is one line of plain words', async () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('\u001b[31m', 'a\nb c', 'a b=c'),
    );
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (subject, path, text) => {
        const lines: string[] = [];
        const tracing = new Tracing({ clock: fakeClock() });
        startDebugLog({
          tracing,
          clock: { now: () => now },
          log: (line) => lines.push(line),
          settings: { store: text },
        });
        const request = {
          method: text,
          origin: 'https://webexapis.com',
          purpose: 'api',
          resends: 0,
        } as const;
        await tracing.requests.run({ ...request, path: `/v1/${path}` }, async () => undefined);
        await tracing.refreshes.run({ subject, cause: text, trackingId: text }, async () => undefined);
        tracing.retries.publish({ ...request, attempt: 1, delayMs: 1, trackingId: text, code: text });
        const payload = { subject, reason: text, code: text, kind: text, trackingId: text, retryAt: 1e300 };
        for (const name of ['unauthorized', 'auth:error', 'degraded', 'login', text])
          tracing.events.publish({ name, payload });
        for (const line of lines) expect(line).toMatch(LINE);
        expect(lines.length).toBeGreaterThanOrEqual(8);
      }),
    );
  });

  it('B1: no subject and no segment of a path is seen as it is, unless it is a word of Webex', async () => {
    // Long enough not to come up by chance in a time, a mark or a word.
    const name = fc
      .string({ unit: 'grapheme-ascii', minLength: 9, maxLength: 30 })
      .map((text) => text.replaceAll(/[/\s]/g, '-'));
    await fc.assert(
      fc.asyncProperty(name, fc.array(name, { minLength: 1, maxLength: 4 }), async (subject, segments) => {
        fc.pre([subject, ...segments].every((text) => publicPath(text) === ':id'));
        const lines: string[] = [];
        const tracing = new Tracing({ clock: fakeClock() });
        startDebugLog({
          tracing,
          clock: { now: () => now },
          log: (line) => lines.push(line),
          settings: {},
        });
        const path = `/v1/people/${segments.join('/')}`;
        const request = {
          method: 'GET',
          origin: 'https://webexapis.com',
          path,
          purpose: 'api',
          resends: 0,
        } as const;
        await tracing.requests.run({ ...request }, async () => undefined);
        await tracing.refreshes.run({ subject, cause: 'access' }, async () => undefined);
        for (const event of [
          'login',
          'logout',
          'unauthorized',
          'auth:error',
          'grant:suspect',
          'grant:recovered',
        ])
          tracing.events.publish({ name: event, payload: { subject } });
        expect(lines).toHaveLength(9);
        for (const text of [subject, ...segments]) expect(lines.join('\n')).not.toContain(text);
        expect(lines[1]).toContain(`/v1/people${'/:id'.repeat(segments.length)}`);
      }),
    );
  });

  it.each([
    ['ROUTER_5F3A1B2C-01BB-00A8', true],
    ['webex-auth_6f0c2a8e-53f4-4f0e-8f59-1c2b7a9d0e11_8', true],
    ['webex-auth_6f0c2a8e-53f4-4f0e-8f59-1c2b7a9d0e11_8+1', true],
    ['ada_lovelace', false],
    ['ada_lovelace_1815', false],
    ['ada_1815', false],
    ['ROUTER_5F3A1B2C_lovelace1', false],
    ['ada@example.com', false],
  ])('B1: the tracking id %s is shown: %s', async (trackingId, shown) => {
    const lines: string[] = [];
    const tracing = new Tracing({ clock: fakeClock() });
    startDebugLog({ tracing, clock: { now: () => now }, log: (line) => lines.push(line), settings: {} });
    await tracing.refreshes.run({ subject: 'a', cause: 'access', trackingId }, async () => undefined);
    expect(lines[1]?.includes(` trackingId=${trackingId} `)).toBe(shown);
    expect(lines[1]?.includes('trackingId')).toBe(shown);
  });

  it.each([
    ['of a host in brackets', 'http://[::1]:8787', '/v1/rooms', 'http://[::1]:8787/v1/rooms'],
    [
      'with a long id',
      'https://webexapis.com',
      `/v1/telephony/config/people/${'Y2lz'.repeat(40)}/voicemail`,
      'https://webexapis.com/v1/telephony/config/people/:id/voicemail',
    ],
    [
      'of a long host',
      `https://${'long-label.'.repeat(20)}example`,
      '/v1/telephony/config/workspaces/ada/autoAttendants/ada/callForwarding/availableNumbers',
      `https://${'long-label.'.repeat(20)}example/v1/telephony/config/workspaces/:id/autoAttendants/:id/callForwarding/availableNumbers`,
    ],
    [
      'of a path without end',
      'https://webexapis.com',
      `/v1${'/deviceConfigurations'.repeat(900)}/ada`,
      `https://webexapis.com/v1${'/deviceConfigurations'.repeat(15)}/...`,
    ],
  ])('an address %s is shown with the words that are known', async (_, origin, path, shown) => {
    const lines: string[] = [];
    const tracing = new Tracing({ clock: fakeClock() });
    startDebugLog({ tracing, clock: { now: () => now }, log: (line) => lines.push(line), settings: {} });
    const request = { method: 'GET', origin, path, purpose: 'api', resends: 0 } as const;
    await tracing.requests.run({ ...request, status: 200 }, async () => undefined);
    expect(lines[1]).toBe(`2026-01-01T00:00:00.000Z request GET ${shown} status=200 ms=0`);
  });

  it.each([
    ['/v1/people/me', '/v1/people/me'],
    ['/v1/rooms/Y2lzY29zcGFyazovL3VzL1JPT00vYmJjZWIxYWQ/meetingInfo', '/v1/rooms/:id/meetingInfo'],
    ['/v1/people/ada@example.com', '/v1/people/:id'],
    ['/v1/people/ada', '/v1/people/:id'],
    [
      '/v1/telephony/config/people/6e9a7c1e-52a0-4a6d-9d5e-2f8f3a8c0c7d/voicemail',
      '/v1/telephony/config/people/:id/voicemail',
    ],
    ['/v1/meetings/123456', '/v1/meetings/:id'],
    ['/', '/'],
  ])('%s is shown as %s', (path, shown) => {
    expect(publicPath(path)).toBe(shown);
  });

  it('an error says its code, and nothing of its message', async () => {
    const lines: string[] = [];
    const tracing = new Tracing({ clock: fakeClock() });
    startDebugLog({
      tracing,
      clock: { now: () => now },
      log: (line) => lines.push(line),
      settings: {},
    });
    const error = new NetworkError('secret words', { reason: 'reset', maybeProcessed: true });
    const request = {
      method: 'GET',
      origin: 'https://webexapis.com',
      path: '/v1/rooms',
      purpose: 'api',
      resends: 0,
    } as const;
    const message = { ...request, error, code: error.code };
    await expect(tracing.requests.run(message, () => Promise.reject(error))).rejects.toBe(error);
    expect(lines[1]).toContain('error=NETWORK_ERROR');
    expect(lines.join()).not.toContain('secret');
  });
});
