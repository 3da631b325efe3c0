import { describe, expect, it } from 'vitest';
import type { WebexAuth } from '../src/index.js';
import { startWorld, type World } from './support/principals.js';

const TOKEN = 'POST /v1/access_token';
const DAY = 86_400_000;

/** Grants of so many subjects, due for days. */
async function dueGrants(world: World, auth: WebexAuth, count: number): Promise<readonly string[]> {
  const subjects = Array.from({ length: count }, (_, index) => `user-${String(index)}`);
  for (const _ of subjects) await world.signIn(auth);
  await world.clock.advance(13 * DAY);
  world.emulator.ledger.clear();
  return subjects;
}

function naming(): { login: { subject: () => string } } {
  let next = 0;
  return { login: { subject: () => `user-${String(next++)}` } };
}

const states = async (auth: WebexAuth): Promise<Record<string, number>> => {
  const found: Record<string, number> = {};
  for (const { state } of await auth.grants.list({ limit: 100 })) found[state] = (found[state] ?? 0) + 1;
  return found;
};

const presented = (world: World): number =>
  world.emulator.ledger.entries.filter(({ path }) => path === '/v1/access_token').length;

describe('a client that Webex refuses', () => {
  it('F7, H3: ends no grant, is asked about once in 10 s by all processes together, and heals within a minute without anybody', async () => {
    const world = await startWorld();
    const setUp = await world.auth(naming());
    const subjects = await dueGrants(world, setUp, 8);
    const fault = world.emulator.faults.add({ route: TOKEN, status: 401, body: { error: 'invalid_client' } });
    const degraded: string[] = [];
    const fleet = await Promise.all([0, 1, 2].map(() => world.auth({ scheduler: true })));
    for (const auth of fleet) auth.on('degraded', ({ reason }) => void degraded.push(reason));
    await world.pass(60_000);
    // Each process may meet the first refusal by itself, with what it had under way.
    expect(presented(world)).toBeLessThanOrEqual(3 * 4 + 6);
    const before = presented(world);
    await world.pass(60_000);
    expect(presented(world) - before).toBeLessThanOrEqual(7);
    expect(await states(setUp)).toEqual({ live: subjects.length });
    for (const subject of subjects)
      expect(await world.drive(fleet[0]?.token(subject) ?? Promise.reject(new Error('none')))).toMatchObject({
        accessToken: expect.any(String) as string,
      });
    expect(degraded).toContain('CLIENT_REFUSED');
    fault.remove();
    await world.pass(60_000);
    const records = await Promise.all(subjects.map((subject) => setUp.token(subject)));
    expect(records.map(({ stale }) => stale)).toEqual(subjects.map(() => false));
  });

  it('F7: a sign-in finds out by itself, at once, and heals it for all', async () => {
    const world = await startWorld();
    const auth = await world.auth(naming());
    const other = await world.auth(naming());
    await world.signIn(auth);
    const fault = world.emulator.faults.add({
      route: TOKEN,
      times: 2,
      status: 401,
      body: { error: 'invalid_client' },
    });
    await expect(auth.refresh('user-0')).rejects.toMatchObject({ code: 'INVALID_CLIENT' });
    expect(await world.signIn(other)).toBe('');
    expect(fault.count).toBe(2);
    expect(await world.signIn(other)).not.toBe('');
    await world.clock.advance(1_000);
    await auth.refresh('user-0');
  });
});

describe('an outage of the token endpoint', () => {
  it('A2: a sign-in that is not sent for it uses up nothing: the same callback succeeds afterwards', async () => {
    const world = await startWorld();
    const auth = await world.auth(naming());
    for (let count = 0; count < 5; count++) await world.signIn(auth);
    const begin = await auth.handler(new Request('http://127.0.0.1:5010/login'));
    const cookie = begin.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const callback = await world.emulator.signIn(begin.headers.get('location') ?? '');
    const fault = world.emulator.faults.add({ route: TOKEN, status: 503 });
    for (let count = 0; count < 5; count++)
      await expect(auth.refresh(`user-${String(count)}`)).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
      });
    fault.remove();
    world.emulator.ledger.clear();
    const finish = (): Promise<Response> => auth.handler(new Request(callback, { headers: { cookie } }));
    expect([(await finish()).status, presented(world)]).toEqual([503, 0]);
    await world.clock.advance(3_000);
    expect([(await finish()).status, presented(world)]).toEqual([303, 1]);
  });

  it('H1, H3, H4: valid tokens go on, expired ones get UpstreamUnavailable and never re-authentication, calls are bounded, and the end is noticed in 10 s', async () => {
    const world = await startWorld();
    const setUp = await world.auth(naming());
    const subjects = await dueGrants(world, setUp, 8);
    const fault = world.emulator.faults.add({ route: TOKEN, status: 503 });
    const auth = await world.auth({ scheduler: true });
    await world.pass(30_000);
    const tries = presented(world);
    expect(tries).toBeGreaterThan(0);
    for (const subject of subjects)
      expect((await world.drive(auth.token(subject))).accessToken).toBeTypeOf('string');
    await world.clock.advance(2 * DAY);
    world.emulator.ledger.clear();
    await world.pass(60_000);
    // 8 expired grants: at most six attempts a minute each, and all together one probe every 3 s once the endpoint rests.
    expect(presented(world)).toBeLessThanOrEqual(30);
    for (const subject of subjects)
      await expect(world.drive(auth.token(subject))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await states(setUp)).toEqual({ live: subjects.length });
    fault.remove();
    const backAt = world.clock.now();
    let firstAt = Infinity;
    auth.on('token:refresh', () => void (firstAt = Math.min(firstAt, world.clock.now())));
    await world.pass(60_000);
    expect(firstAt - backAt).toBeLessThanOrEqual(10_000);
    for (const subject of subjects)
      expect(await world.drive(auth.token(subject))).toMatchObject({ stale: false });
  });
});
