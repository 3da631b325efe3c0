// What a fresh pair of eyes broke; each stays mended.
import { describe, expect, it } from 'vitest';
import {
  GrantNotFoundError,
  ProtocolError,
  RateLimitError,
  ServiceUnavailableError,
  StoreUnavailableError,
} from '../../src/errors.js';
import type { Renewer } from '../../src/oauth/grants/renewer.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import { Scheduler } from '../../src/refresh/scheduler.js';
import { drive, owner, rig, SUBJECT, type Process, type Rig } from './rig.js';

const HOUR = 3_600_000;
const key = { ...owner, subject: SUBJECT };

async function signedIn(one: Rig, process = one.process()): Promise<Process> {
  await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'k', custom: { plan: 'gold' } });
  return process;
}

function scheduler(one: Rig, { refresher, tokens }: Process): Scheduler {
  return new Scheduler({ grants: one.store.grants, owner, refresher, tokens, clock: one.clock });
}

const away = (): Promise<never> => Promise.reject(new StoreUnavailableError('away'));

describe('the cache', () => {
  it('sees a disconnect elsewhere within a second, also while the token is due and a gate is shut', async () => {
    const one = rig();
    const process = await signedIn(one);
    await one.clock.advance(0.92 * HOUR);
    await one.store.gates.shut(owner, 'token-endpoint', { until: one.clock.now() + HOUR, reason: 'x' });
    await process.tokens.token(SUBJECT);
    await one.process().vault.disconnect(SUBJECT);
    await one.clock.advance(1_001);
    await expect(process.tokens.token(SUBJECT)).rejects.toBeInstanceOf(GrantNotFoundError);
  });

  it('adopts what another process refreshed, also when it is asked all the while', async () => {
    const one = rig();
    one.server.latencyMs = 3_000;
    const process = await signedIn(one);
    await one.clock.advance(0.92 * HOUR);
    void one.process().refresher.refresh(SUBJECT, { cause: 'scheduled', generation: 1 });
    for (let call = 0; call < 12; call++) {
      await process.tokens.token(SUBJECT);
      await one.clock.advance(500);
    }
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-2');
  });

  it('does not bring a grant back into view that was forgotten while it was read', async () => {
    const one = rig();
    const process = await signedIn(one);
    const read = one.store.grants.read.bind(one.store.grants);
    one.store.grants.read = async (of) => {
      const record = await read(of);
      await one.clock.sleep(100);
      return record;
    };
    const reading = process.tokens.read(SUBJECT);
    await one.clock.advance(50);
    process.tokens.forget(SUBJECT);
    await drive(one.clock, reading);
    expect(process.tokens.seen(SUBJECT)).toBeUndefined();
  });
});

describe('custom fields', () => {
  it('changed by another process survive a refresh and a login here', async () => {
    const one = rig('none');
    const process = await signedIn(one);
    await one.clock.advance(HOUR - 30_000);
    await process.tokens.read(SUBJECT);
    await one.process().vault.updateCustom(SUBJECT, { plan: 'platinum' });
    await drive(one.clock, process.tokens.token(SUBJECT));
    const known = process.tokens.seen(SUBJECT);
    expect(known?.custom).toEqual({ plan: 'platinum' });
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'k', known, requestedScope: ['a:b'] });
    expect((await one.process().vault.read(SUBJECT))?.custom).toEqual({ plan: 'platinum' });
  });
});

describe('F6: odd lifetimes never storm', () => {
  async function presentationsIn(one: Rig, process: Process, ms: number): Promise<number> {
    const work = scheduler(one, process);
    work.start();
    for (let passed = 0; passed < ms; passed += 100) await one.clock.advance(100);
    await work.close();
    return one.server.presentations.length;
  }

  it.each([0, -5_000])('a life of %i ms', async (lifetimeMs) => {
    const one = rig('none');
    one.server.lifetimeMs = lifetimeMs;
    expect(await presentationsIn(one, await signedIn(one), 10_000)).toBeLessThanOrEqual(2);
    const before = one.server.presentations.length;
    for (let call = 0; call < 5; call++) {
      const error: unknown = await drive(one.clock, one.process().tokens.token(SUBJECT)).catch(
        (caught: unknown) => caught,
      );
      expect(error).toBeInstanceOf(ProtocolError);
    }
    expect(one.server.presentations.length - before).toBeLessThanOrEqual(1);
  });

  it.each([
    ['ends at once', 0],
    ['ends in an hour and is never renewed', HOUR],
  ])('a refresh token whose noted end %s', async (_, life) => {
    const one = rig('none');
    one.server.lifetimeMs = 14 * 24 * HOUR;
    const process = one.process();
    const end = one.clock.now() + life;
    const noted = (tokenSet: TokenSet): TokenSet =>
      new TokenSet({ ...tokenSet.toData(), refreshTokenExpiresAt: end });
    const renew = one.server.renew.bind(one.server);
    one.server.renew = async (current) => noted(await renew(current));
    await process.vault.keep(SUBJECT, noted(one.server.issue()), { kind: 'k' });
    await one.clock.advance(Math.max(0, life - 60_000));
    expect(await presentationsIn(one, process, 120_000)).toBeLessThanOrEqual(12);
  });

  it('a wanted life longer than any', async () => {
    const one = rig();
    one.server.lifetimeMs = 24 * HOUR;
    const process = await signedIn(one);
    for (let minute = 0; minute < 60; minute++) {
      await drive(one.clock, process.tokens.token(SUBJECT, { minTtl: 48 * 3_600 }));
      await one.clock.advance(60_000);
    }
    expect(one.server.presentations.length).toBeLessThanOrEqual(1);
  });

  it('a Retry-After of 300 years', async () => {
    const one = rig();
    const process = await signedIn(one);
    const retryAt = one.clock.now() + 300 * 365 * 24 * HOUR;
    one.server.faults.push({ refuse: new RateLimitError('later', { status: 429, retryAt }) });
    await drive(one.clock, process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 }));
    await one.clock.advance(25 * HOUR);
    expect((await drive(one.clock, process.tokens.token(SUBJECT))).accessToken).toBe('access-2');
  });
});

describe('the scheduler', () => {
  it('is not held up by rows that it cannot read, nor by refreshes that hang', async () => {
    const one = rig('none');
    const process = one.process();
    const stranger = rig().process({ store: one.store });
    for (let index = 0; index < 60; index++) {
      await stranger.vault.keep(`a${String(index).padStart(2, '0')}`, one.server.issue(), { kind: 'k' });
    }
    await one.clock.advance(1_000);
    for (const subject of ['hang-1', 'hang-2', 'hang-3', 'hang-4', 'last']) {
      await process.vault.keep(subject, one.server.issue(), { kind: 'k' });
    }
    await one.clock.advance(0.92 * HOUR);
    one.server.faults.push('hang', 'hang', 'hang', 'hang');
    const work = scheduler(one, process);
    work.start();
    await one.clock.advance(20_000);
    expect((await process.vault.read('last'))?.record.generation).toBe(2);
    await drive(one.clock, work.close());
  });
});

describe('after a rejection', () => {
  it('all who report at once wait for the one refresh and get its token', async () => {
    const one = rig();
    one.server.latencyMs = 200;
    const process = await signedIn(one);
    const reports = Array.from({ length: 50 }, () => process.tokens.reportRejected(SUBJECT, 'access-1'));
    const answers = await drive(one.clock, Promise.all(reports));
    expect(new Set(answers.map(({ accessToken }) => accessToken))).toEqual(new Set(['access-2']));
  });

  it('a refresh that fails for a while does not ask the person to sign in', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.faults.push({ refuse: new ServiceUnavailableError('down', { status: 503 }) });
    expect(await drive(one.clock, process.tokens.reportRejected(SUBJECT, 'access-1'))).toMatchObject({
      accessToken: 'access-1',
      stale: true,
    });
    expect(process.events.map(([name]) => name)).toEqual(['auth:error']);
  });

  it('is refreshed once the gate opens, although reports go on', async () => {
    const one = rig();
    one.server.lifetimeMs = 14 * 24 * HOUR;
    const process = await signedIn(one);
    await one.store.gates.shut(owner, 'token-endpoint', { until: one.clock.now() + 60_000, reason: 'x' });
    for (let call = 0; call < 20; call++) {
      const { accessToken } = await process.tokens.token(SUBJECT);
      await drive(one.clock, process.tokens.reportRejected(SUBJECT, accessToken));
      await one.clock.advance(10_000);
    }
    expect(one.server.presentations.length).toBeGreaterThanOrEqual(1);
  });
});

describe('no login is lost', () => {
  it('when the store is away at the very moment a candidate is to be kept', async () => {
    const one = rig('strict-family');
    let failures = 1;
    const keep = one.store.leases.keepCandidate.bind(one.store.leases);
    one.store.leases.keepCandidate = (...parameters) => (failures-- > 0 ? away() : keep(...parameters));
    let odd = 1;
    const renewer: Renewer = {
      renew: async (current, options) => {
        const next = await one.server.renew(current);
        if (odd-- <= 0) return next;
        const { accessToken: access_token, refreshToken: refresh_token } = next;
        await options?.onCandidate?.({ access_token, refresh_token, expires_in: 3_600 });
        throw new ProtocolError('odd', { status: 200 });
      },
    };
    const process = await signedIn(one, one.process({ renewerOf: () => renewer }));
    const { grant } = await drive(
      one.clock,
      process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 }),
    );
    expect(grant.state).toBe('live');
    expect(one.server.accepts(grant.tokenSet)).toBe(true);
    expect(one.server.presentations).toHaveLength(1);
  });

  it('when an overtaken process holds the only successor and nobody knows the overtaker’s outcome', async () => {
    const one = rig('strict-family');
    await signedIn(one);
    one.store.leases.renew = () => Promise.resolve(false);
    await one.clock.advance(0.92 * HOUR);
    one.server.latencyMs = 30_000;
    const overtaken = one.process().refresher.refresh(SUBJECT, { cause: 'scheduled', generation: 1 });
    await one.clock.advance(16_000);
    one.server.latencyMs = 0;
    one.server.faults.push('request lost', 'request lost', 'request lost');
    await drive(one.clock, one.process().refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 }));
    const { grant } = await drive(one.clock, overtaken);
    expect(grant.state).toBe('live');
    expect(one.server.accepts(grant.tokenSet)).toBe(true);
  });
});

describe('close()', () => {
  it('ends although the store stays away', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.store.leases.commit = away;
    const refreshing = process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    refreshing.catch(() => undefined);
    await one.clock.advance(100);
    await drive(one.clock, process.refresher.close(), 30_000);
    await expect(refreshing).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it('lets no follower begin a presentation', async () => {
    const one = rig();
    const process = await signedIn(one);
    await one.clock.advance(HOUR);
    const version = (await one.store.grants.read(key))?.version ?? 0;
    await one.store.leases.claim(key, { holder: 'other', version, leaseMs: 15_000, deadlineMs: 120_000 });
    const following = process.refresher.refresh(SUBJECT, { cause: 'access', generation: 1 });
    following.catch(() => undefined);
    await one.clock.advance(1_000);
    const closing = process.refresher.close();
    await one.clock.advance(60_000);
    await closing;
    expect(one.server.presentations).toEqual([]);
  });
});

it('a caller who gave up before asking leaves no unhandled rejection behind', async () => {
  const one = rig();
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  globalThis.process.on('unhandledRejection', note);
  const process = await signedIn(one);
  await one.clock.advance(HOUR);
  await process.tokens.read(SUBJECT);
  await one.process().vault.disconnect(SUBJECT);
  const asked = process.tokens.token(SUBJECT, { signal: AbortSignal.abort(new Error('gone')) });
  await expect(asked).rejects.toThrow('gone');
  await one.clock.advance(1_000);
  globalThis.process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
