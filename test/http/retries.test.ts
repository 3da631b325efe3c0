import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ClosedError,
  ConfigurationError,
  NetworkError,
  RateLimitError,
  ServiceUnavailableError,
  TimeoutError,
} from '../../src/errors.js';
import { ApiSettings, type ApiSettingsOptions } from '../../src/http/api-settings.js';
import { AuthorizedClient, type AuthorizedFetchInit } from '../../src/http/authorized-client.js';
import type { RetryNotice } from '../../src/http/retry-notice.js';
import type { RetryOptions } from '../../src/http/retry-settings.js';
import type { TransportRequest } from '../../src/http/transport.js';
import { type FakeClock, fakeClock } from '../support/fake-clock.js';
import { fakeTokenSource } from './fake-token-source.js';
import { connectionError, type Scripted, scriptedTransport } from './scripted-transport.js';

const RESET = connectionError('ECONNRESET', 'read');
const limited = (seconds: number | string, headers: Record<string, string> = {}) => ({
  status: 429,
  headers: { 'retry-after': String(seconds), ...headers },
  body: '',
});

type Script = readonly Scripted[] | ((request: TransportRequest, count: number) => Scripted);

/** A client against a script, on a clock that only moves when told; the shorter half of each backoff is waited. */
function rig(script: Script, options: Partial<ApiSettingsOptions> = {}) {
  const clock = fakeClock();
  const transport = scriptedTransport(clock, script);
  const settings = new ApiSettings({
    transport,
    clock,
    apiBase: 'https://webexapis.com/v1',
    allowedOrigins: ['https://other.example'],
    random: () => 0,
    ...options,
  });
  const clientOf = (principal?: string, tokenSource = fakeTokenSource('old-token', 'new-token')) =>
    new AuthorizedClient({ settings, tokenSource, principal });
  return { clock, transport, sent: transport.sent, settings, clientOf, client: clientOf('ann') };
}

/** What came of a call, with time moved on until it is there. */
async function outcome(clock: FakeClock, call: Promise<unknown>, ms = 200_000): Promise<unknown> {
  const end = clock.monotonic() + ms;
  let over = false;
  const settled = call.then(
    (value) => ((over = true), value),
    (error: unknown) => ((over = true), error),
  );
  await clock.advance(0);
  while (!over && clock.monotonic() < end) await clock.advance(100);
  if (!over) throw new Error('It did not settle');
  return settled;
}

describe('a call is sent again', () => {
  it.each<[string, Scripted]>([
    ['a 500', 500],
    ['a 502', 502],
    ['a 503', 503],
    ['a 504', 504],
    ['a reset', RESET],
    ['a refused connection', connectionError('ECONNREFUSED', 'connect')],
    ['a timeout of connecting', connectionError('UND_ERR_CONNECT_TIMEOUT')],
    ['a 429', limited(2)],
    ['a 423 that says when', { status: 423, headers: { 'retry-after': '2' } }],
  ])('after %s', async (_, fault) => {
    for (const how of ['request', 'fetch'] as const) {
      const { clock, client, sent } = rig([fault, fault, 200]);
      const result = await outcome(
        clock,
        how === 'fetch' ? client.fetch('/x') : client.request({ uri: '/x' }).then((one) => one.body),
      );
      expect(how === 'fetch' ? (result as Response).status : result).toEqual(
        how === 'fetch' ? 200 : { ok: true },
      );
      expect(sent).toHaveLength(3);
      expect(clock.timers).toBe(how === 'fetch' ? 1 : 0);
    }
  });

  it('three times at most', async () => {
    const { clock, client, sent } = rig([503]);
    expect(await outcome(clock, client.request({ uri: '/x' }))).toBeInstanceOf(ServiceUnavailableError);
    expect(sent).toHaveLength(3);
    expect(clock.timers).toBe(0);
  });

  it.each<[string, RetryOptions | false | undefined, number]>([
    ['false', false, 1],
    ['attempts: 1', { attempts: 1 }, 1],
    ['attempts: 2', { attempts: 2 }, 2],
    ['nothing', undefined, 3],
  ])('as often as it says: %s', async (_, retry, times) => {
    for (const script of [[503], [RESET], [limited(1)]]) {
      const perCall = rig(script);
      await outcome(perCall.clock, perCall.client.request({ uri: '/x', retry }));
      expect(perCall.sent).toHaveLength(times);
      const perClient = rig(script, { retry });
      await outcome(perClient.clock, perClient.client.fetch('/x'));
      expect(perClient.sent).toHaveLength(times);
    }
  });

  it('per page', async () => {
    const next = { status: 200, headers: { link: '</v1/rooms?page=2>; rel="next"' }, body: '{"items":[1]}' };
    const script = [503, next, RESET, { status: 200, body: '{"items":[2]}' }];
    const { clock, client, sent } = rig(script);
    const all = async (retry?: false) => {
      const items: unknown[] = [];
      for await (const item of client.paginate('/rooms', { retry })) items.push(item);
      return items;
    };
    expect(await outcome(clock, all())).toEqual([1, 2]);
    expect(sent.map(({ url }) => url.slice(-6))).toEqual(['/rooms', '/rooms', 'page=2', 'page=2']);
    const once = rig([503]);
    const pages = once.client.paginate('/rooms', { retry: false });
    expect(await outcome(once.clock, pages.next())).toBeInstanceOf(ServiceUnavailableError);
    expect(once.sent).toHaveLength(1);
  });

  it.each([
    [{ attempts: 0 }],
    [{ attempts: 4 }],
    [{ attempts: 1.5 }],
    [{ maxRetryAfterMs: -1 }],
    [{ maxRetryAfterMs: NaN }],
  ])('never as %j', async (retry) => {
    const { client, sent } = rig([200]);
    await expect(client.fetch('/x', { retry })).rejects.toThrow(ConfigurationError);
    expect(() => rig([200], { retry })).toThrow(ConfigurationError);
    expect(sent).toEqual([]);
  });

  it('with the same id, marked, and with the token of the moment', async () => {
    const tokens = fakeTokenSource('one', 'two', 'three');
    const { clock, sent, clientOf } = rig([503, 401, RESET, 200]);
    const client = clientOf('ann', tokens);
    expect(((await outcome(clock, client.fetch('/x'))) as Response).status).toBe(200);
    const ids = sent.map(({ headers }) => headers['trackingid']);
    expect(ids).toEqual(['', '+1', '+2', '+3'].map((mark) => `${ids[0]}${mark}`));
    expect(sent.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer one',
      'Bearer one',
      'Bearer two',
      'Bearer two',
    ]);
    await client.fetch('/x');
    expect(sent.at(-1)?.headers['trackingid']).toBe(ids[0]?.replace(/1$/, '2'));
  });

  it('but replayed after a 401 once, whatever comes between', async () => {
    const { clock, sent, clientOf } = rig([401, 503, 401, 200]);
    const tokens = fakeTokenSource('one', 'two', 'three');
    expect(((await outcome(clock, clientOf('ann', tokens).fetch('/x'))) as Response).status).toBe(401);
    expect([sent.length, tokens.rejected]).toEqual([3, ['one']]);
  });

  it('also when the body broke off, where it is read whole', async () => {
    const broken = () => ({
      status: 200,
      body: new Readable({
        read() {
          this.push('{"half":');
          this.destroy(connectionError('ECONNRESET', 'read'));
        },
      }),
    });
    const { clock, client, sent } = rig((_, count) => (count < 3 ? broken() : 200));
    expect(await outcome(clock, client.request({ uri: '/x' }))).toMatchObject({ body: { ok: true } });
    expect(sent).toHaveLength(3);
    const post = rig((_, count) => (count < 3 ? broken() : 200));
    expect(
      await outcome(post.clock, post.client.request({ uri: '/x', method: 'POST', body: {} })),
    ).toBeInstanceOf(NetworkError);
    expect(post.sent).toHaveLength(1);
    const streamed = rig(broken);
    const response = (await outcome(streamed.clock, streamed.client.fetch('/x'))) as Response;
    await expect(response.text()).rejects.toThrow(NetworkError);
    expect(streamed.sent).toHaveLength(1);
  });
});

describe('what may have had an effect', () => {
  it.each<[string, Scripted]>([
    ['503', 503],
    ['reset', RESET],
  ])('G6: is sent once after a %s: POST and PATCH', async (_, fault) => {
    for (const method of ['POST', 'PATCH']) {
      const { clock, client, sent } = rig([fault, 200]);
      await outcome(clock, client.request({ uri: '/x', method, body: { a: 1 } }));
      expect(sent).toHaveLength(1);
      const keyed = rig([fault, 200]);
      const headers = { 'Idempotency-Key': 'k-1' };
      const result = await outcome(
        keyed.clock,
        keyed.client.request({ uri: '/x', method, headers, body: { a: 1 } }),
      );
      expect(result).toMatchObject({ statusCode: 200 });
      expect(keyed.sent.map((one) => [one.body, one.headers['idempotency-key']])).toEqual([
        ['{"a":1}', 'k-1'],
        ['{"a":1}', 'k-1'],
      ]);
    }
  });

  const stream = () => Readable.from([Buffer.from('content')]);
  const form = () => {
    const one = new FormData();
    one.set('a', 'content');
    return one;
  };
  it.each<[string, () => NonNullable<AuthorizedFetchInit['body']>]>([
    ['stream', stream],
    ['web stream', () => new Blob(['content']).stream()],
    ['form', form],
    ['blob', () => new Blob(['content'])],
  ])('G6: or cannot be sent twice: a %s goes once, and the first outcome is handed back', async (_, body) => {
    for (const fault of [429, 503, 502, RESET]) {
      const { clock, client, sent } = rig([fault, 200]);
      const result = await outcome(clock, client.fetch('/x', { method: 'PUT', body: body() }));
      if (typeof fault === 'number') expect((result as Response).status).toBe(fault);
      else expect(result).toBeInstanceOf(NetworkError);
      expect(sent.map((one) => one.body?.includes('content'))).toEqual([true]);
    }
  });

  it('G6: law: no body is ever sent empty or changed, and no call more than three times', async () => {
    const fault = fc.constantFrom<Scripted>(200, 429, limited(1), 500, 503, RESET, 404, 423, limited('junk'));
    const bodies = {
      text: () => 'content',
      bytes: () => Buffer.from('content'),
      parameters: () => new URLSearchParams({ content: '1' }),
      stream,
      form,
      blob: () => new Blob(['content']),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...(Object.keys(bodies) as (keyof typeof bodies)[])),
        fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'),
        fc.boolean(),
        async (script, kind, method, keyed) => {
          const { clock, client, sent } = rig(script);
          const headers = keyed ? { 'idempotency-key': 'k' } : undefined;
          await outcome(clock, client.fetch('/x', { method, body: bodies[kind](), headers }));
          expect(sent.length).toBeLessThanOrEqual(3);
          for (const one of sent) {
            expect(one.body).toContain('content');
            if (kind !== 'form') expect(one.body).toBe(sent[0]?.body);
          }
          if (['stream', 'form', 'blob'].includes(kind)) expect(sent).toHaveLength(1);
          const faults = sent.slice(0, -1).map((_, at) => script[Math.min(at, script.length - 1)]);
          if (!keyed && (method === 'POST' || method === 'PATCH'))
            for (const one of faults)
              expect(one === 429 || (one as { status?: number }).status === 429).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('time', () => {
  it.each([
    ['seconds', limited(7), 7_000],
    [
      'an IMF date',
      limited('Sun, 06 Nov 1994 08:49:44 GMT', { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }),
      7_000,
    ],
    [
      'an RFC 850 date',
      limited('Sunday, 06-Nov-94 08:49:44 GMT', { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }),
      7_000,
    ],
    [
      'an asctime date',
      limited('Sun Nov  6 08:49:44 1994', { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }),
      7_000,
    ],
    ['nothing', { status: 429 }, 500],
    ['0', limited(0), 500],
    ['a negative number', limited(-5), 500],
    ['a fraction', limited('1.5'), 500],
    ['a list', limited('3, 7'), 500],
    ['junk', limited('soon'), 500],
    ['an empty field', limited(''), 500],
    ['a past date', limited('Sun, 06 Nov 1994 08:49:44 GMT'), 500],
  ])('G1, G2, G3: of a 429 that says %s', async (_, fault, ms) => {
    const { clock, client, sent } = rig([fault, 200]);
    const result = await outcome(clock, client.request({ uri: '/x', method: 'POST', body: {} }));
    expect(result).toMatchObject({ statusCode: 200 });
    expect(sent[1]!.at - sent[0]!.at).toBeGreaterThanOrEqual(ms);
    expect(sent[1]!.at - sent[0]!.at).toBeLessThan(ms * 1.1 + 1_000);
  });

  it.each([
    ['more than 30 s', 31, 31_000],
    ['ten digits', 9999999999, 9_999_999_999_000],
    ['the year 9999', 'Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - Date.UTC(2026)],
  ])('G3: of a 429 that says %s is not waited for', async (_, retryAfter, ms) => {
    const { clock, client, sent } = rig([limited(retryAfter)]);
    const first = await client.fetch('/x');
    expect([first.status, first.headers.get('retry-after'), await first.text()]).toEqual([
      429,
      String(retryAfter),
      '',
    ]);
    const other = rig([limited(retryAfter)]);
    await expect(other.client.request({ uri: '/x' })).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAt: other.clock.now() + ms,
    });
    // The gate stays shut: nothing more is sent.
    for (const call of [client.fetch('/x'), client.request({ uri: '/x' })])
      await expect(call).rejects.toMatchObject({
        code: 'RATE_LIMITED',
        retryAt: clock.now() + Math.min(ms, 86_400_000),
      });
    expect(sent).toHaveLength(1);
  });

  it('is allowed by the call: maxRetryAfterMs', async () => {
    const { clock, client, sent } = rig([limited(50), 200]);
    const call = client.fetch('/x', { retry: { maxRetryAfterMs: 50_000 } });
    expect(((await outcome(clock, call)) as Response).status).toBe(200);
    expect(sent[1]!.at - sent[0]!.at).toBeGreaterThanOrEqual(50_000);
  });

  it('is the one deadline: what does not fit into it is not waited for', async () => {
    const { clock, client, sent } = rig([limited(20), limited(20), 200]);
    const started = clock.monotonic();
    const call = client.request({ uri: '/x', deadlineMs: 30_000 });
    expect(await outcome(clock, call)).toBeInstanceOf(RateLimitError);
    expect([sent.length, clock.monotonic() - started < 21_000]).toEqual([2, true]);
    const slow = rig((_, count) => (count === 1 ? 503 : new Promise<never>(() => undefined)));
    const begun = slow.clock.monotonic();
    const hanging = slow.client.request({ uri: '/x', deadlineMs: 5_000 });
    expect(await outcome(slow.clock, hanging)).toBeInstanceOf(TimeoutError);
    expect(slow.clock.monotonic() - begun).toBe(5_000);
    expect(slow.clock.timers).toBe(0);
  });

  it.each<[string, Scripted]>([
    ['backoff', 503],
    ['rate limit', limited(20)],
  ])('ends at once with an abort or the end of the transport: %s', async (_, fault) => {
    const { clock, client, transport } = rig([fault, 200]);
    const leaving = new AbortController();
    const left = expect(client.fetch('/x', { signal: leaving.signal })).rejects.toBe('enough');
    await clock.advance(0);
    leaving.abort('enough');
    await left;
    await clock.advance(0);
    expect(clock.timers).toBe(0);
    const other = rig([fault, 200]);
    const closed = expect(other.client.request({ uri: '/x' })).rejects.toThrow(ClosedError);
    await other.clock.advance(0);
    await other.transport.close();
    await closed;
    await other.clock.advance(0);
    expect(other.clock.timers).toBe(0);
    expect([transport.sent.length, other.sent.length]).toEqual([1, 1]);
  });

  it('of an answer that drips is not waited for longer than the backoff', async () => {
    let destroyed = false;
    const body = new Readable({
      read: () => undefined,
      destroy: (_, done) => ((destroyed = true), done(null)),
    });
    const { clock, client, sent } = rig([{ status: 503, body }, 200]);
    expect(await outcome(clock, client.request({ uri: '/x' }))).toMatchObject({ statusCode: 200 });
    expect(sent[1]!.at - sent[0]!.at).toBe(100);
    expect(destroyed).toBe(true);
  });

  it('G1: law: nothing of a principal is sent before its time', async () => {
    const fault = fc.oneof(
      fc.integer({ min: 1, max: 40 }).map((seconds) => limited(seconds)),
      fc.constant(200),
      fc.constant(503),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(9_000), { minLength: 1, maxLength: 12 }),
        async (script, gaps) => {
          let notBefore = -Infinity;
          const world = rig((_, count) => {
            // Answers take no time here: whatever is sent later knows of them.
            expect(world.clock.monotonic()).toBeGreaterThanOrEqual(notBefore);
            const answer = script[count - 1] ?? 200;
            if (typeof answer === 'object' && 'headers' in answer)
              notBefore = Math.max(
                notBefore,
                world.clock.monotonic() + Number(answer.headers['retry-after']) * 1000,
              );
            return answer;
          });
          const calls: Promise<unknown>[] = [];
          for (const gap of gaps) {
            calls.push(world.client.request({ uri: '/x', method: 'POST', body: {} }).catch(() => undefined));
            await world.clock.advance(gap);
          }
          await world.clock.advance(120_000);
          await Promise.all(calls);
          expect(world.clock.timers).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the gate', () => {
  it("is the principal's: others go on", async () => {
    const { clock, sent, clientOf } = rig((request) =>
      request.headers['authorization'] === 'Bearer a' ? limited(60) : 200,
    );
    const ann = clientOf('ann', fakeTokenSource('a'));
    expect((await ann.fetch('/x')).status).toBe(429);
    await expect(clientOf('ann', fakeTokenSource('b')).fetch('/x')).rejects.toThrow(RateLimitError);
    expect((await clientOf('bob', fakeTokenSource('b')).fetch('/x')).status).toBe(200);
    expect((await clientOf(undefined, fakeTokenSource('b')).fetch('/x')).status).toBe(200);
    expect(sent).toHaveLength(3);
    await clock.advance(60_000);
    expect((await clientOf('ann', fakeTokenSource('b')).fetch('/x')).status).toBe(200);
  });

  it('G4: makes new calls wait, in order and paced, or refuses them unsent', async () => {
    const { clock, client, sent } = rig((_, count) => (count === 1 ? limited(5) : 200));
    const first = client.fetch('/first');
    await clock.advance(0);
    const calls = Array.from({ length: 5 }, (_, at) => client.fetch(`/call-${at}`));
    await expect(client.fetch('/x', { deadlineMs: 4_000 })).rejects.toThrow(RateLimitError);
    await expect(client.fetch('/x', { retry: false })).rejects.toThrow(RateLimitError);
    await expect(client.request({ uri: '/x', retry: { maxRetryAfterMs: 4_000 } })).rejects.toMatchObject({
      retryAt: clock.now() + 5_000,
    });
    expect(sent).toHaveLength(1);
    await clock.advance(10_000);
    await Promise.all([first, ...calls]);
    const start = sent[0]!.at;
    expect(sent.slice(1).map(({ url, at }) => [new URL(url).pathname.slice(4), at - start])).toEqual(
      ['first', 'call-0', 'call-1', 'call-2', 'call-3', 'call-4'].map((url, at) => [url, 5_000 + at * 100]),
    );
  });

  it('shuts also for a 429 that is not repeated', async () => {
    const { client, sent } = rig([limited(5)]);
    const body = Readable.from([Buffer.from('x')]);
    expect((await client.fetch('/x', { method: 'POST', body })).status).toBe(429);
    await expect(client.fetch('/x', { retry: false })).rejects.toThrow(RateLimitError);
    expect(sent).toHaveLength(1);
  });

  it('costs nothing while nobody is limited', async () => {
    const { settings, client } = rig([200]);
    for (let call = 0; call < 10; call++) await client.request({ uri: '/x' });
    expect(settings.gates.size).toBe(0);
  });
});

describe('the budget', () => {
  it('H2: of all principals together ends retries; rate limits do not spend it', async () => {
    const { clock, sent, clientOf } = rig((request) => {
      const url = String(request.url);
      return url.endsWith('limited') ? limited(1) : url.endsWith('bad') ? 503 : 200;
    });
    const timesSent = async (uri: string, principal: string): Promise<number> => {
      const before = sent.length;
      await outcome(clock, clientOf(principal).fetch(uri));
      return sent.length - before;
    };
    for (let user = 0; user < 5; user++) expect(await timesSent('/limited', `user ${user}`)).toBe(3);
    const retries: number[] = [];
    for (let call = 0; call < 10; call++) {
      retries.push((await timesSent('/bad', 'ann')) - 1);
      // Keeps the circuit closed, and earns as much as the one that failed.
      await timesSent('/good', 'ann');
    }
    expect(retries).toEqual([2, 2, 2, 2, 2, 1, 0, 0, 0, 0]);
  });
});

describe('the circuit', () => {
  const hanging = () => new Promise<never>(() => undefined);
  // What is sent of a hundred calls: five, those that were under way, and each resource once a rest.
  it.each<[string, string[], () => Scripted, number]>([
    ['502 for everything', ['/rooms', '/messages', '/people/me'], () => 502, 11],
    ['503 for two resources', ['/rooms', '/rooms/1', '/messages'], () => 503, 9],
    ['504 for everything', ['/rooms', '/messages'], () => 504, 9],
    ['resets everywhere', ['/rooms', '/messages'], () => RESET, 9],
    ['10 s without an answer', ['/rooms', '/messages'], hanging, 21],
    ['connections refused', ['/rooms', '/messages'], () => connectionError('ECONNREFUSED', 'connect'), 7],
    ['names that do not resolve', ['/rooms'], () => connectionError('ENOTFOUND'), 7],
    ['certificates that are not trusted', ['/rooms'], () => connectionError('CERT_HAS_EXPIRED'), 7],
  ])('H2: opens after five attempts that met an outage: %s', async (_, uris, fault, most) => {
    let down = true;
    const { clock, client, sent } = rig(({ url }) =>
      down && String(url).includes('webexapis') ? fault() : 200,
    );
    const once = { retry: false, deadlineMs: 10_000 } as const;
    for (let call = 0; call < 100; call++) {
      client.fetch(uris[call % uris.length]!, once).catch(() => undefined);
      await clock.advance(fault === hanging ? 2_500 : 300);
    }
    expect(sent.length).toBeLessThanOrEqual(most);
    const before = sent.length;
    const refused: unknown = await client.fetch(uris[0]!).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ServiceUnavailableError);
    expect(String(refused)).toContain('is resting');
    expect(sent.length).toBe(before);
    expect((await client.fetch('https://other.example/x')).status).toBe(200);
    down = false;
    await clock.advance((refused as ServiceUnavailableError).retryAt! - clock.now());
    expect((await client.fetch(uris[0]!)).status).toBe(200);
    expect((await client.fetch(uris[0]!)).status).toBe(200);
  });

  it.each<[string, string[], () => Scripted, number]>([
    ['500 for everything', ['/rooms', '/messages'], () => 500, 10_000],
    ['501 for everything', ['/rooms', '/messages'], () => 501, 10_000],
    ['503 for one resource', ['/rooms', '/rooms/1', '/rooms?max=1'], () => 503, 10_000],
    ['resets of one resource', ['/rooms', '/rooms/1'], () => RESET, 10_000],
    ['one resource that hangs', ['/rooms', '/rooms/1'], hanging, 10_000],
    ['less than 10 s to answer in', ['/rooms', '/messages'], hanging, 9_999],
  ])('stays closed: %s', async (_, uris, fault, deadlineMs) => {
    const { clock, clientOf, sent } = rig(fault);
    for (let call = 0; call < 100; call++) {
      clientOf(`user ${call % 7}`)
        .fetch(uris[call % uris.length]!, { retry: false, deadlineMs })
        .catch(() => undefined);
      await clock.advance(300);
    }
    await clock.advance(10_000);
    expect(sent).toHaveLength(100);
  });

  it('does not take a token that cannot be had for an outage of the API, and no call asks twice', async () => {
    const { clock, clientOf, sent } = rig([200]);
    const token = vi.fn(() =>
      Promise.reject(new NetworkError('x', { reason: 'reset', maybeProcessed: true })),
    );
    const failing = { ...fakeTokenSource('t'), token };
    for (let call = 0; call < 10; call++) {
      await outcome(clock, clientOf('ann', failing).fetch('/x'));
      await clock.advance(500);
    }
    expect((await clientOf('bob').fetch('/x')).status).toBe(200);
    expect([sent.length, token.mock.calls.length]).toEqual([1, 10]);
  });

  it('has one probe: the others fail at once, and one that is aborted gives way to the next', async () => {
    const { clock, client, sent } = rig((_, count) =>
      count <= 5 ? 503 : new Promise<never>(() => undefined),
    );
    for (let call = 0; call < 8; call++) {
      await outcome(clock, client.fetch(call % 2 ? '/x' : '/y', { retry: false }));
      await clock.advance(250);
    }
    await clock.advance(5_000);
    const before = sent.length;
    const leaving = new AbortController();
    const probe = expect(client.fetch('/x', { signal: leaving.signal })).rejects.toBe('enough');
    await clock.advance(0);
    await expect(client.fetch('/x')).rejects.toThrow(ServiceUnavailableError);
    expect(sent.length).toBe(before + 1);
    leaving.abort('enough');
    await probe;
    const next = client.fetch('/x', { deadlineMs: 1_000 }).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await next).toBeInstanceOf(TimeoutError);
    expect(sent.length).toBe(before + 2);
  });
});

describe('onRetry', () => {
  it('tells what happens, and no secret', async () => {
    const notices: RetryNotice[] = [];
    const script = [
      { status: 503, headers: { trackingid: 'ROUTER_5F3A-01BB_1' }, body: 'canary' },
      RESET,
      200,
    ];
    const { clock, client } = rig(script, { onRetry: (notice) => notices.push(notice) });
    const perCall = vi.fn();
    await outcome(
      clock,
      client.fetch('/people?email=canary', {
        method: 'PUT',
        body: 'canary',
        headers: { 'x-canary': 'canary' },
        onRetry: perCall,
      }),
    );
    expect(notices).toEqual([
      {
        attempt: 1,
        delayMs: 100,
        status: 503,
        method: 'PUT',
        origin: 'https://webexapis.com',
        trackingId: 'ROUTER_5F3A-01BB_1',
      },
      {
        attempt: 2,
        delayMs: 200,
        code: 'NETWORK_ERROR',
        method: 'PUT',
        origin: 'https://webexapis.com',
        trackingId: expect.stringMatching(/^webex-auth_[0-9a-f-]{36}_1\+1$/) as string,
      },
    ]);
    expect(perCall.mock.calls.map(([notice]: unknown[]) => notice)).toEqual(notices);
    expect(inspect(notices)).not.toMatch(/canary|old-token/);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('hook');
      },
    ],
    ['rejects', () => Promise.reject(new Error('hook'))],
  ])('harms nothing when it %s', async (_, hook) => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    onTestFinished(() => warning.mockRestore());
    const others: number[] = [];
    const { clock, client } = rig([503, limited(1), 200], { onRetry: ({ attempt }) => others.push(attempt) });
    const result = await outcome(clock, client.request({ uri: '/x', onRetry: hook }));
    expect(result).toMatchObject({ statusCode: 200 });
    expect(others).toEqual([1, 2]);
    expect(warning).toHaveBeenCalledTimes(2);
  });
});
