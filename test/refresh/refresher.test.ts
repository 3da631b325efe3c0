import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ClosedError,
  GrantNotFoundError,
  InvalidClientError,
  InvalidGrantError,
  NetworkError,
  RateLimitError,
  ServiceUnavailableError,
  StoreUnavailableError,
  UnauthorizedError,
} from '../../src/errors.js';
import type { Store } from '../../src/stores/store.js';
import { drive, owner, rig, SUBJECT, type Rig } from './rig.js';

const key = { ...owner, subject: SUBJECT };

async function signedIn(one: Rig) {
  const process = one.process();
  await process.vault.keep(SUBJECT, one.server.issue(), {
    kind: 'authorization_code',
    custom: { plan: 'gold' },
  });
  return process;
}

function refreshOnce(one: Rig, process: Awaited<ReturnType<typeof signedIn>>, generation = 1) {
  return drive(one.clock, process.refresher.refresh(SUBJECT, { cause: 'manual', generation }));
}

describe('a refresh', () => {
  it('stores the successor before it announces it, and keeps custom fields', async () => {
    const one = rig();
    const process = await signedIn(one);
    let storedWhenAnnounced = 0;
    process.emitter.on('token:refresh', () => {
      void one.store.grants.read(key).then((record) => (storedWhenAnnounced = record?.generation ?? 0));
    });
    const result = await refreshOnce(one, process);
    expect(result).toMatchObject({ refreshed: true, grant: { state: 'live', custom: { plan: 'gold' } } });
    expect(result.grant.record).toMatchObject({
      generation: 2,
      intent: undefined,
      attempts: 0,
      failure: undefined,
    });
    expect(storedWhenAnnounced).toBe(2);
    expect(process.events.map(([name]) => name)).toEqual(['token:refresh']);
  });

  it('opens the intent durably before the refresh token is presented', async () => {
    const one = rig();
    const seen: unknown[] = [];
    const process = one.process({
      trace: async (point) => {
        if (point === 'presenting') seen.push((await one.store.grants.read(key))?.intent);
      },
    });
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    await refreshOnce(one, process);
    expect(seen).toEqual([expect.objectContaining({ holder: expect.any(String) as string })]);
  });

  it('E1: is one for 1,000 callers of a process, and they all get its token', async () => {
    const one = rig();
    one.server.latencyMs = 2_000;
    const process = await signedIn(one);
    await one.clock.advance(3_600_000);
    const tokens = await drive(
      one.clock,
      Promise.all(Array.from({ length: 1_000 }, () => process.tokens.token(SUBJECT))),
    );
    expect(new Set(tokens.map(({ accessToken }) => accessToken))).toEqual(new Set(['access-2']));
    expect(one.server.presentations).toHaveLength(1);
  });

  it('E3: is one for 8 processes, however slow the server', async () => {
    const one = rig();
    one.server.latencyMs = 90_000;
    await signedIn(one);
    await one.clock.advance(3_600_000);
    const processes = Array.from({ length: 8 }, () => one.process());
    const results = await drive(
      one.clock,
      Promise.all(
        processes.map(({ refresher }) => refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 })),
      ),
    );
    expect(one.server.presentations).toEqual([{ token: 0, stale: false }]);
    expect(results.filter(({ refreshed }) => refreshed)).toHaveLength(1);
    expect(new Set(results.map(({ grant }) => grant.record.generation))).toEqual(new Set([2]));
  });

  it('is not needed when the generation has moved on: the newer token set is adopted', async () => {
    const one = rig();
    const process = await signedIn(one);
    await refreshOnce(one, process);
    expect(await refreshOnce(one, process, 1)).toMatchObject({
      refreshed: false,
      grant: { record: { generation: 2 } },
    });
    expect(one.server.presentations).toHaveLength(1);
  });

  it('F5: accepts the same access token again and comes back near its end', async () => {
    const one = rig('none');
    one.server.sameAccessToken = true;
    const process = await signedIn(one);
    const { grant } = await refreshOnce(one, process);
    expect(grant.tokenSet.accessToken).toBe('access-0');
    expect(grant.record.dueAt).toBe((grant.tokenSet.expiresAt ?? 0) - 60_000);
  });
});

describe('an answer that never came', () => {
  it.each(['none', 'grace-same', 'grace-new'] as const)('costs nothing at a server with %s', async (mode) => {
    const one = rig(mode);
    const process = await signedIn(one);
    one.server.faults.push('answer lost');
    const result = await refreshOnce(one, process);
    expect(result).toMatchObject({ refreshed: true, grant: { state: 'live' } });
    expect(one.server.accepts(result.grant.tokenSet)).toBe(true);
  });

  it('is tried at most three times at once, then left open for whoever comes next', async () => {
    const one = rig('grace-same');
    const process = await signedIn(one);
    one.server.faults.push('request lost', 'request lost', 'request lost');
    const first = await refreshOnce(one, process);
    expect(first).toMatchObject({
      refreshed: false,
      error: { code: 'NETWORK_ERROR' },
      grant: { state: 'live' },
    });
    expect(first.grant.record).toMatchObject({
      intent: expect.anything() as unknown,
      leaseHolder: undefined,
    });
    const next = await refreshOnce(one, one.process());
    expect(next).toMatchObject({ refreshed: true });
  });

  it('ends in a verdict of the server only, told as ambiguous and not as a revocation', async () => {
    const one = rig('strict-family');
    const process = await signedIn(one);
    one.server.faults.push('answer lost');
    const result = await refreshOnce(one, process);
    expect(result).toMatchObject({
      refreshed: false,
      grant: { state: 'dead', record: { reason: 'ambiguous' } },
    });
    expect(process.events).toContainEqual([
      'unauthorized',
      { subject: SUBJECT, kind: 'dead', reason: 'ambiguous', action: 'sign_in_again' },
    ]);
  });

  it('of a renewer that never settles is given up soon after the deadline', async () => {
    const one = rig('none');
    const process = await signedIn(one);
    const renew = one.server.renew.bind(one.server);
    let calls = 0;
    one.server.renew = (current) => (calls++ === 0 ? new Promise(() => undefined) : renew(current));
    expect(await refreshOnce(one, process)).toMatchObject({ refreshed: true });
    expect(calls).toBe(2);
  });

  it('that hangs is given up after 120 s, and the valid access token was served all the while', async () => {
    const one = rig('none');
    const process = await signedIn(one);
    one.server.faults.push('hang');
    const refreshing = process.refresher.refresh(SUBJECT, { cause: 'scheduled', generation: 1 });
    await one.clock.advance(60_000);
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-1');
    expect(await drive(one.clock, refreshing)).toMatchObject({ refreshed: true });
  });
});

describe('a refusal', () => {
  it('F7: of the newest refresh token ends the grant', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.faults.push({ refuse: new InvalidGrantError('no', { status: 400, trackingId: 'T1' }) });
    const result = await refreshOnce(one, process);
    expect(result.error).toMatchObject({
      code: 'REAUTH_REQUIRED',
      trackingId: 'T1',
      reauth: { reason: 'revoked' },
    });
    expect(result.grant.record).toMatchObject({
      state: 'dead',
      reason: 'revoked',
      intent: undefined,
      dueAt: undefined,
    });
  });

  it.each([
    ['invalid_client', new InvalidClientError('no', { status: 401 })],
    ['429', new RateLimitError('slow', { status: 429 })],
    ['503', new ServiceUnavailableError('down', { status: 503 })],
    [
      'a connection that was never made',
      new NetworkError('no', { reason: 'refused', maybeProcessed: false }),
    ],
  ])('F7: by %s changes nothing but the time of the next attempt', async (_, error) => {
    const one = rig();
    const process = await signedIn(one);
    one.server.faults.push({ refuse: error });
    const result = await refreshOnce(one, process);
    expect(result).toMatchObject({ refreshed: false, error: { code: error.code }, grant: { state: 'live' } });
    expect(result.grant.record).toMatchObject({
      generation: 1,
      intent: undefined,
      failure: { code: error.code, count: 1 },
    });
    expect(one.server.presentations).toHaveLength(0);
  });

  it('G5: by 429 shuts the gate for every grant of the client until Retry-After has passed', async () => {
    const one = rig();
    const process = await signedIn(one);
    const retryAt = one.clock.now() + 30_000;
    one.server.faults.push({ refuse: new RateLimitError('slow', { status: 429, retryAt }) });
    await refreshOnce(one, process);
    await process.vault.keep('user-2', one.server.issue(), { kind: 'authorization_code' });
    const other = await drive(
      one.clock,
      process.refresher.refresh('user-2', { cause: 'manual', generation: 1 }),
    );
    expect(other).toMatchObject({ refreshed: false, error: { code: 'RATE_LIMITED', retryAt } });
    await one.clock.advance(30_000);
    expect(await refreshOnce(one, process)).toMatchObject({ refreshed: true });
  });

  it('F7: that names nobody (a lone 401) makes the grant suspect, never dead, and a success heals it', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.faults.push({ refuse: new UnauthorizedError('?', { status: 401 }) });
    expect(await refreshOnce(one, process)).toMatchObject({ grant: { state: 'suspect' } });
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-1');
    expect(await refreshOnce(one, process)).toMatchObject({ refreshed: true, grant: { state: 'live' } });
    expect(process.events.map(([name]) => name)).toEqual([
      'auth:error',
      'grant:suspect',
      'grant:recovered',
      'token:refresh',
    ]);
  });

  it('does not close an intent that covers an earlier unknown outcome', async () => {
    const one = rig('grace-same');
    const process = await signedIn(one);
    one.server.faults.push('answer lost', { refuse: new ServiceUnavailableError('down', { status: 503 }) });
    const result = await refreshOnce(one, process);
    expect(result.grant.record).toMatchObject({ unknown: true, intent: expect.anything() as unknown });
    expect(await refreshOnce(one, one.process())).toMatchObject({
      refreshed: true,
      grant: { state: 'live' },
    });
  });

  it('by a renewer of the application that throws anything keeps the grant and says nothing of its text', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.faults.push({ refuse: new TypeError('canary-secret') as never });
    one.server.faults.push({ refuse: new TypeError('canary-secret') as never });
    one.server.faults.push({ refuse: new TypeError('canary-secret') as never });
    const result = await refreshOnce(one, process);
    expect(result).toMatchObject({
      refreshed: false,
      grant: { state: 'live' },
      error: { code: 'PROTOCOL_ERROR' },
    });
    expect(String(result.error?.message)).not.toContain('canary');
  });
});

describe('races', () => {
  it('E5: a process that was paused past its lease does not send, and starts over', async () => {
    const one = rig();
    await signedIn(one);
    const paused = one.process({
      leaseMs: 15_000,
      trace: (point) => {
        if (point === 'presenting' && one.server.presentations.length === 0 && !woken) {
          woken = true;
          return one.clock.sleep(20_000);
        }
        return undefined;
      },
    });
    let woken = false;
    expect(await refreshOnce(one, paused)).toMatchObject({ refreshed: true });
    expect(one.server.presentations).toEqual([{ token: 0, stale: false }]);
  });

  it('E4: a holder that dies is succeeded once its lease has lapsed, and its intent is taken over', async () => {
    const one = rig('grace-same');
    await signedIn(one);
    const dead = one.process({
      trace: (point) => (point === 'answered' ? new Promise<void>(() => undefined) : undefined),
    });
    void dead.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    await one.clock.advance(100);
    // The dead do not renew their leases; this one only hangs, so its renewals are cut off.
    const renew = one.store.leases.renew.bind(one.store.leases);
    one.store.leases.renew = () => Promise.resolve(false);
    const heir = one.process();
    const result = await refreshOnce(one, heir);
    one.store.leases.renew = renew;
    expect(result).toMatchObject({ refreshed: true, grant: { state: 'live' } });
    expect(one.server.accepts(result.grant.tokenSet)).toBe(true);
  });

  it('E6: a loser never writes: the late answer of an overtaken process is dropped', async () => {
    const one = rig('grace-new');
    await signedIn(one);
    let resume = (): void => undefined;
    const late = one.process({
      leaseMs: 1_000,
      trace: (point) =>
        point === 'committing' ? new Promise<void>((resolve) => (resume = resolve)) : undefined,
    });
    const lateResult = late.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    await one.clock.advance(50);
    one.store.leases.renew = () => Promise.resolve(false);
    await one.clock.advance(20_000);
    const winner = await refreshOnce(one, one.process());
    expect(winner).toMatchObject({ refreshed: true });
    resume();
    const loser = await drive(one.clock, lateResult);
    expect(loser).toMatchObject({ refreshed: false });
    expect(loser.grant.tokenSet.accessToken).toBe(winner.grant.tokenSet.accessToken);
    expect(late.events.map(([name]) => name)).not.toContain('token:refresh');
  });

  it('E6: an overtaken process stores its successor over a verdict on the predecessor', async () => {
    const one = rig('strict-soft');
    await signedIn(one);
    let resume = (): void => undefined;
    const late = one.process({
      leaseMs: 1_000,
      trace: (point) =>
        point === 'committing' ? new Promise<void>((resolve) => (resume = resolve)) : undefined,
    });
    const lateResult = late.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    await one.clock.advance(50);
    one.store.leases.renew = () => Promise.resolve(false);
    await one.clock.advance(20_000);
    expect(await refreshOnce(one, one.process())).toMatchObject({ grant: { state: 'dead' } });
    resume();
    const rescued = await drive(one.clock, lateResult);
    expect(rescued).toMatchObject({ refreshed: true, grant: { state: 'live' } });
    expect(one.server.accepts(rescued.grant.tokenSet)).toBe(true);
  });

  it('E7: a disconnect in flight stays a disconnect, and the orphaned successor is revoked', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.latencyMs = 1_000;
    const refreshing = process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    await one.clock.advance(100);
    await process.vault.disconnect(SUBJECT);
    await expect(drive(one.clock, refreshing)).rejects.toBeInstanceOf(GrantNotFoundError);
    expect(await process.vault.read(SUBJECT)).toBeUndefined();
    expect(one.server.revoked).toEqual(new Set(['refresh-1']));
  });

  it('E7: a login in flight wins, and the old verdict does not touch it', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.latencyMs = 1_000;
    one.server.faults.push({ refuse: new InvalidGrantError('no', { status: 400 }) });
    const refreshing = process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    await one.clock.advance(100);
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    expect(await drive(one.clock, refreshing)).toMatchObject({ refreshed: false, grant: { state: 'live' } });
    expect((await process.vault.read(SUBJECT))?.record.generation).toBe(2);
  });
});

describe('a store that goes away', () => {
  function failing(store: Store): { store: Store; down: boolean } {
    const outage = { store: { ...store }, down: false };
    const guard = <Target extends object>(target: Target): Target =>
      new Proxy(target, {
        get: (object, name) => {
          const method: unknown = Reflect.get(object, name);
          if (typeof method !== 'function') return method;
          return (...parameters: unknown[]) =>
            outage.down
              ? Promise.reject(new StoreUnavailableError('away'))
              : (Reflect.apply(method, object, parameters) as unknown);
        },
      });
    outage.store = {
      ...store,
      grants: guard(store.grants),
      leases: guard(store.leases),
      gates: guard(store.gates),
    };
    return outage;
  }

  it('H5: before the presentation means that nothing is presented', async () => {
    const one = rig();
    await signedIn(one);
    const outage = failing(one.store);
    const process = one.process({ store: outage.store });
    outage.down = true;
    await expect(refreshOnce(one, process)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(one.server.presentations).toHaveLength(0);
  });

  it('H5: after the answer costs nothing: the successor waits and is stored when the store is back', async () => {
    const one = rig();
    await signedIn(one);
    const outage = failing(one.store);
    const process = one.process({
      store: outage.store,
      trace: (point) => {
        if (point === 'answered') outage.down = true;
      },
    });
    const refreshing = process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    await one.clock.advance(60_000);
    outage.down = false;
    const result = await drive(one.clock, refreshing);
    expect(result).toMatchObject({ refreshed: true, grant: { state: 'live' } });
    expect(one.server.accepts(result.grant.tokenSet)).toBe(true);
    expect(process.events.map(([name]) => name)).toEqual(['degraded', 'token:refresh']);
  });
});

describe('whatever fails, as long as the server gives any grace', () => {
  const fault = fc.oneof(
    fc.constantFrom('answer lost' as const, 'request lost' as const, 'hang' as const),
    fc
      .constantFrom(
        new ServiceUnavailableError('down', { status: 503 }),
        new RateLimitError('slow', { status: 429 }),
        new InvalidClientError('no', { status: 401 }),
        new UnauthorizedError('?', { status: 401 }),
      )
      .map((refuse) => ({ refuse })),
  );

  it.each(['none', 'grace-same', 'grace-new'] as const)('a login is never lost (%s)', async (mode) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 6 }),
        fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
        async (faults, turns) => {
          const one = rig(mode);
          await signedIn(one);
          one.server.faults.push(...faults);
          const processes = [one.process(), one.process(), one.process()];
          for (const turn of turns) {
            const { refresher } = processes[turn] ?? one.process();
            const generation = (await one.store.grants.read(key))?.generation ?? 0;
            await drive(one.clock, refresher.refresh(SUBJECT, { cause: 'manual', generation }));
            await one.clock.advance(61_000);
          }
          const grant = await processes[0]?.vault.read(SUBJECT);
          expect(grant).toMatchObject({ state: 'live', record: { failure: undefined } });
          expect(grant && one.server.accepts(grant.tokenSet)).toBe(true);
          expect(one.server.maxOverlap).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('close', () => {
  it('lets the refresh under way finish and takes no new one', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.latencyMs = 5_000;
    const refreshing = process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 });
    await one.clock.advance(100);
    const closing = process.refresher.close();
    await expect(
      process.refresher.refresh(SUBJECT, { cause: 'manual', generation: 1 }),
    ).rejects.toBeInstanceOf(ClosedError);
    expect(await drive(one.clock, refreshing)).toMatchObject({ refreshed: true });
    await closing;
  });
});
