import { describe, expect, test } from 'vitest';
import type { Emulator, Fault } from '../../src/emulator/emulator.js';
import { fakeClock } from '../support/fake-clock.js';
import { callApi, emulatorForTest, probe, refreshWith, tokensFrom } from './emulator-client.js';

const TOKEN = 'POST /v1/access_token';

async function faulty(fault: Omit<Fault, 'route'>) {
  const emulator = await emulatorForTest({ refreshMode: 'rotate-strict' });
  const first = await tokensFrom(emulator);
  const handle = emulator.faults.add({ route: TOKEN, times: 1, ...fault });
  return { emulator, first, handle };
}

/** Whether the refresh token was rotated: then a second presentation is reuse and fails. */
const wasProcessed = async (emulator: Emulator, token: string): Promise<boolean> =>
  (await refreshWith(emulator, token)).status !== 200;

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => 'no error').catch((e: unknown) => e);

function causeCode(error: unknown): string {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code ?? 'none';
}

describe('a fault that answers', () => {
  test('does so in place of the endpoint, as often as asked', async () => {
    const { emulator, first, handle } = await faulty({ status: 503, body: { down: true }, times: 2 });
    for (let round = 0; round < 2; round++) {
      const reply = await refreshWith(emulator, first.refresh_token);
      expect([reply.status, reply.body]).toEqual([503, { down: true }]);
      expect(reply.headers.get('trackingid')).toMatch(/^EMULATOR_/);
    }
    expect((await refreshWith(emulator, first.refresh_token)).status).toBe(200);
    expect(handle.count).toBe(2);
  });

  test('may let the endpoint do its work first', async () => {
    const { emulator, first } = await faulty({ status: 502, body: '<h1>Bad gateway</h1>', processed: true });
    const fields = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    expect(await errorOf(refreshWith(emulator, fields.refresh_token))).toBeInstanceOf(SyntaxError);
    expect(await wasProcessed(emulator, first.refresh_token)).toBe(true);
  });

  test.each([7, 'Wed, 21 Oct 2026 07:28:00 GMT'])(
    'retryAfter %s is a 429 unless told otherwise',
    async (retryAfter) => {
      const emulator = await emulatorForTest();
      emulator.faults.add({
        route: 'GET /v1/people/me',
        retryAfter,
        headers: { 'Content-Type': 'text/html' },
        body: 'x',
      });
      const response = await callApi(emulator, '/people/me', 'any');
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe(String(retryAfter));
      expect(response.headers.get('content-type')).toBe('text/html');
      expect(await response.text()).toBe('x');
    },
  );

  test('headers alone are added to the true answer', async () => {
    const { emulator, first } = await faulty({ headers: { 'X-Odd': 'yes' } });
    const reply = await refreshWith(emulator, first.refresh_token);
    expect([reply.status, reply.headers.get('x-odd')]).toEqual([200, 'yes']);
  });
});

describe('a fault that cuts off', () => {
  test('a reset before processing leaves the grant as it was', async () => {
    const { emulator, first } = await faulty({ resetBefore: true });
    expect(causeCode(await errorOf(refreshWith(emulator, first.refresh_token)))).toBe('ECONNRESET');
    expect(await wasProcessed(emulator, first.refresh_token)).toBe(false);
  });

  test('a reset after processing has rotated the refresh token', async () => {
    const { emulator, first } = await faulty({ resetAfterProcessing: true });
    expect(causeCode(await errorOf(refreshWith(emulator, first.refresh_token)))).toBe('ECONNRESET');
    expect(await wasProcessed(emulator, first.refresh_token)).toBe(true);
  });

  test.each([0, 10, 1_000_000])('a body cut at byte %d ends short of its promise', async (truncateBodyAt) => {
    const { emulator, first } = await faulty({ truncateBodyAt });
    expect(await errorOf(refreshWith(emulator, first.refresh_token))).toBeInstanceOf(TypeError);
    expect(await wasProcessed(emulator, first.refresh_token)).toBe(true);
  });

  test('a malformed body is complete but not JSON', async () => {
    const { emulator, first } = await faulty({ malformed: true });
    expect(await errorOf(refreshWith(emulator, first.refresh_token))).toBeInstanceOf(SyntaxError);
    expect(await wasProcessed(emulator, first.refresh_token)).toBe(true);
  });
});

describe('a fault that delays', () => {
  test('runs on the injected clock, before and after the work', async () => {
    const clock = fakeClock();
    const emulator = await emulatorForTest({ clock, refreshMode: 'rotate-strict' });
    const first = await tokensFrom(emulator);
    const newest = () =>
      emulator.ledger.find('refresh_token').map(({ processed, status }) => [processed, status]);
    emulator.faults.add({ route: TOKEN, times: 1, delayBeforeMs: 1000, delayAfterMs: 500 });
    const pending = refreshWith(emulator, first.refresh_token);
    await expect.poll(() => clock.timers).toBe(1);
    expect(newest()).toEqual([[false, undefined]]);
    await clock.advance(1000);
    await expect.poll(newest).toEqual([[true, undefined]]);
    await expect.poll(() => clock.timers).toBe(1);
    await clock.advance(500);
    expect((await pending).status).toBe(200);
    expect(newest()).toEqual([[true, 200]]);
  });

  test('does not hold up close', async () => {
    const clock = fakeClock();
    const emulator = await emulatorForTest({ clock });
    emulator.faults.add({ route: /./, delayBeforeMs: 3_600_000 });
    const pending = errorOf(fetch(emulator.url));
    await expect.poll(() => clock.timers).toBe(1);
    await emulator.close();
    expect(await pending).toBeInstanceOf(TypeError);
    expect(clock.timers).toBe(0);
  });
});

describe('the route of a fault', () => {
  test.each<[string, Fault['route'], boolean]>([
    ['method and path', 'GET /v1/people/me', true],
    ['any method', '* /v1/people/me', true],
    ['another method', 'POST /v1/people/me', false],
    ['the beginning of a path', 'GET /v1/people', false],
    ['a pattern', /people/, true],
    ['a global pattern', /people/g, true],
    ['a predicate', ({ path }) => path.endsWith('/me'), true],
    ['a predicate that says no', ({ clientId }) => clientId !== undefined, false],
  ])('%s', async (_name, route, strikes) => {
    const emulator = await emulatorForTest();
    emulator.faults.add({ route, status: 503 });
    expect(await probe(emulator, 'none')).toBe(strikes ? 503 : 401);
    expect(await probe(emulator, 'none')).toBe(strikes ? 503 : 401);
  });

  test('the first that matches strikes, until it is removed or used up', async () => {
    const emulator = await emulatorForTest();
    const first = emulator.faults.add({ route: /./, status: 500 });
    emulator.faults.add({ route: /./, status: 502, times: 1 });
    emulator.faults.add({ route: /./, status: 503 });
    expect(await probe(emulator, 'x')).toBe(500);
    first.remove();
    expect([await probe(emulator, 'x'), await probe(emulator, 'x')]).toEqual([502, 503]);
    emulator.faults.clear();
    expect(await probe(emulator, 'x')).toBe(401);
  });

  test.each<[string, Fault]>([
    ['a route without method', { route: '/v1/people/me', status: 500 }],
    ['a status out of range', { route: /./, status: 99 }],
    ['processed without an answer', { route: /./, processed: true }],
    ['a reset and an answer', { route: /./, status: 500, resetBefore: true }],
  ])('%s is refused', async (_name, fault) => {
    const emulator = await emulatorForTest();
    expect(() => emulator.faults.add(fault)).toThrow(expect.objectContaining({ code: 'EMULATOR_BAD_FAULT' }));
  });
});
