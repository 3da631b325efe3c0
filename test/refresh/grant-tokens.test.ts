import { describe, expect, it } from 'vitest';
import {
  GrantNotFoundError,
  InvalidGrantError,
  MissingScopeError,
  ReauthRequiredError,
  ServiceUnavailableError,
  TimeoutError,
} from '../../src/errors.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import { drive, rig, SUBJECT, type Rig } from './rig.js';

const HOUR = 3_600_000;

async function signedIn(one: Rig) {
  const process = one.process();
  await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
  return process;
}

const down = (): { refuse: ServiceUnavailableError } => ({
  refuse: new ServiceUnavailableError('down', { status: 503 }),
});

describe('token()', () => {
  it('serves a fresh token from the cache, and looks at the store again after a second', async () => {
    const one = rig();
    const process = await signedIn(one);
    await process.tokens.token(SUBJECT);
    const first = await process.tokens.token(SUBJECT);
    expect(first).toMatchObject({ accessToken: 'access-1', stale: false, lastError: undefined });
    expect(await process.tokens.token(SUBJECT)).toBe(first);
    await one.process().vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    await one.clock.advance(1_001);
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-2');
  });

  it('serves a due token at once and refreshes behind', async () => {
    const one = rig();
    one.server.latencyMs = 5_000;
    const process = await signedIn(one);
    await one.clock.advance(0.92 * HOUR);
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-1');
    await one.clock.advance(6_000);
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-2');
    expect(one.server.presentations).toHaveLength(1);
  });

  it('never serves a token past its end: it waits for the refresh', async () => {
    const one = rig();
    one.server.latencyMs = 2_000;
    const process = await signedIn(one);
    await one.clock.advance(HOUR);
    expect((await drive(one.clock, process.tokens.token(SUBJECT))).accessToken).toBe('access-2');
  });

  it('H1: does not wait a valid token to its end for an endpoint that never answers', async () => {
    const one = rig();
    const process = await signedIn(one);
    await one.clock.advance(HOUR - 20_000);
    one.server.faults.push('hang', 'hang', 'hang');
    const before = one.clock.now();
    expect(await drive(one.clock, process.tokens.token(SUBJECT))).toMatchObject({
      accessToken: 'access-1',
      stale: true,
    });
    expect(one.clock.now() - before).toBeLessThanOrEqual(10_100);
  });

  it('H1: serves the valid token through an outage, says so, and recovers by itself', async () => {
    const one = rig();
    const process = await signedIn(one);
    await one.clock.advance(0.99 * HOUR);
    one.server.faults.push(down());
    expect(await drive(one.clock, process.tokens.token(SUBJECT))).toMatchObject({
      accessToken: 'access-1',
      stale: true,
      lastError: 'SERVICE_UNAVAILABLE',
    });
    await one.clock.advance(10_001);
    expect(await drive(one.clock, process.tokens.token(SUBJECT))).toMatchObject({
      accessToken: 'access-2',
      stale: false,
    });
  });

  it('H4: in an outage longer than the token tells of the outage, never of a sign-in, and does not storm', async () => {
    const one = rig();
    const process = await signedIn(one);
    await one.clock.advance(HOUR);
    one.server.faults.push(...Array.from({ length: 6 }, down));
    for (let second = 0; second < 59; second++) {
      await expect(drive(one.clock, process.tokens.token(SUBJECT))).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
        retryable: true,
      });
      await one.clock.advance(950);
    }
    expect(one.server.faults.length).toBe(0);
    await one.clock.advance(10_000);
    expect((await drive(one.clock, process.tokens.token(SUBJECT))).accessToken).toBe('access-2');
  });

  it('E13: one caller may give up while the others wait on', async () => {
    const one = rig();
    one.server.latencyMs = 2_000;
    const process = await signedIn(one);
    await one.clock.advance(HOUR);
    const patience = new AbortController();
    const impatient = process.tokens.token(SUBJECT, { signal: patience.signal });
    const patient = process.tokens.token(SUBJECT);
    await one.clock.advance(500);
    patience.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    expect((await drive(one.clock, patient)).accessToken).toBe('access-2');
  });

  it('lets a caller wait 30 s at most, while the refresh goes on', async () => {
    const one = rig();
    one.server.latencyMs = 60_000;
    const process = await signedIn(one);
    await one.clock.advance(HOUR);
    await expect(drive(one.clock, process.tokens.token(SUBJECT))).rejects.toBeInstanceOf(TimeoutError);
    await one.clock.advance(31_000);
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-2');
    expect(one.server.presentations).toHaveLength(1);
  });

  it('serves a dead grant until its end, then asks for a sign-in with the reason', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.faults.push({ refuse: new InvalidGrantError('no', { status: 400 }) });
    await one.clock.advance(0.92 * HOUR);
    await process.tokens.token(SUBJECT);
    await one.clock.advance(2_000);
    expect(await process.tokens.token(SUBJECT)).toMatchObject({ stale: true, lastError: 'INVALID_GRANT' });
    await one.clock.advance(0.1 * HOUR);
    const error = await process.tokens.token(SUBJECT).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ReauthRequiredError);
    expect(error).toMatchObject({ action: 'sign_in_again', reauth: { reason: 'revoked' } });
    expect(one.server.presentations).toHaveLength(0);
  });

  it('honours minTtl and tells by `stale` when it cannot be had, without a loop', async () => {
    const one = rig();
    one.server.lifetimeMs = 60_000;
    const process = await signedIn(one);
    for (let call = 0; call < 5; call++) {
      const token = await drive(one.clock, process.tokens.token(SUBJECT, { minTtl: 3_600 }));
      expect(token.stale).toBe(true);
    }
    expect(one.server.presentations.length).toBeLessThanOrEqual(1);
  });

  it('E10: with lifetimes of 10 s refreshes 6–12 times in a minute', async () => {
    const one = rig('none');
    one.server.lifetimeMs = 10_000;
    const process = await signedIn(one);
    for (let tick = 0; tick < 120; tick++) {
      const token = await drive(one.clock, process.tokens.token(SUBJECT));
      expect(token.expiresAt).toBeGreaterThan(one.clock.now());
      await one.clock.advance(500);
    }
    expect(one.server.presentations.length).toBeGreaterThanOrEqual(6);
    expect(one.server.presentations.length).toBeLessThanOrEqual(12);
  });

  it.each([
    ['an hour ahead', HOUR],
    ['a day back', -24 * HOUR],
  ])('E11: after a clock jump of %s refreshes at most once', async (_, jump) => {
    const one = rig();
    one.server.lifetimeMs = 14 * 24 * HOUR;
    const process = await signedIn(one);
    await process.tokens.token(SUBJECT);
    one.clock.jump(jump);
    for (let second = 0; second < 20; second++) {
      await drive(one.clock, process.tokens.token(SUBJECT));
      await one.clock.advance(1_000);
    }
    expect(one.server.presentations.length).toBeLessThanOrEqual(1);
  });

  it('refuses what lacks a required scope, naming it', async () => {
    const one = rig();
    const process = one.process();
    const tokenSet = new TokenSet({ ...one.server.issue().toData(), scope: ['spark:people_read'] });
    await process.vault.keep(SUBJECT, tokenSet, { kind: 'authorization_code' });
    const wish = { requireScope: ['spark:rooms_read', 'spark:people_read'] };
    const error = await process.tokens.token(SUBJECT, wish).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MissingScopeError);
    expect(error).toMatchObject({ missingScopes: ['spark:rooms_read'] });
  });

  it('tells of a missing grant by error and event', async () => {
    const process = rig().process();
    await expect(process.tokens.token('nobody')).rejects.toBeInstanceOf(GrantNotFoundError);
    expect(process.events).toEqual([
      ['unauthorized', { subject: 'nobody', kind: 'missing', reason: 'missing', action: 'sign_in_again' }],
    ]);
  });

  it('E13: serves one user while the refresh of another hangs', async () => {
    const one = rig();
    const process = await signedIn(one);
    await process.vault.keep('user-2', one.server.issue(), { kind: 'authorization_code' });
    one.server.faults.push('hang');
    void process.tokens.refresh(SUBJECT).catch(() => undefined);
    await one.clock.advance(1_000);
    expect((await process.tokens.token('user-2')).accessToken).toBe('access-2');
  });
});

describe('reportRejected()', () => {
  it('E8: adopts a newer token without a refresh: 500 late 401s cost nothing', async () => {
    const one = rig();
    const process = await signedIn(one);
    await drive(one.clock, process.tokens.refresh(SUBJECT));
    const answers = await Promise.all(
      Array.from({ length: 500 }, () => process.tokens.reportRejected(SUBJECT, 'access-1')),
    );
    expect(new Set(answers.map(({ accessToken }) => accessToken))).toEqual(new Set(['access-2']));
    expect(one.server.presentations).toHaveLength(1);
  });

  it('refreshes once for all who report the current token at once', async () => {
    const one = rig();
    const process = await signedIn(one);
    const answers = await drive(
      one.clock,
      Promise.all(Array.from({ length: 50 }, () => process.tokens.reportRejected(SUBJECT, 'access-1'))),
    );
    expect(new Set(answers.map(({ accessToken }) => accessToken))).toContain('access-2');
    expect(one.server.presentations).toHaveLength(1);
  });

  it('E9: at an endpoint that always answers 401 refreshes at most once in 30 s', async () => {
    const one = rig('none');
    one.server.sameAccessToken = true;
    const process = await signedIn(one);
    for (let call = 0; call < 29; call++) {
      const { accessToken } = await process.tokens.token(SUBJECT);
      await drive(one.clock, process.tokens.reportRejected(SUBJECT, accessToken));
      await one.clock.advance(900);
    }
    expect(one.server.presentations.length).toBeLessThanOrEqual(1);
    expect(process.events.filter(([name]) => name === 'unauthorized').map(([, payload]) => payload)).toEqual([
      { subject: SUBJECT, kind: 'rejected', reason: 'rejected', action: 'sign_in_again' },
    ]);
  });

  it('E9: asks people/me once when the refresh gave the same token, and keeps serving it where Webex accepts it', async () => {
    const one = rig('none');
    one.server.sameAccessToken = true;
    const asked: string[] = [];
    const process = one.process({ isAccepted: (token) => Promise.resolve(asked.push(token) > 0) });
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    const answers = await drive(
      one.clock,
      Promise.all(Array.from({ length: 1_000 }, () => process.tokens.reportRejected(SUBJECT, 'access-0'))),
    );
    expect(new Set(answers.map(({ accessToken }) => accessToken))).toEqual(new Set(['access-0']));
    expect(one.server.presentations).toHaveLength(1);
    expect(asked).toEqual(['access-0']);
    expect(process.events.filter(([name]) => name === 'unauthorized')).toEqual([]);
  });

  it('E9: does not refresh again and again where every new token is refused at one endpoint', async () => {
    const one = rig();
    let asked = 0;
    const process = one.process({ isAccepted: () => Promise.resolve((asked += 1) > 0) });
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    for (let second = 0; second < 300; second++) {
      const { accessToken } = await process.tokens.token(SUBJECT);
      await drive(one.clock, process.tokens.reportRejected(SUBJECT, accessToken));
      await one.clock.advance(1_000);
    }
    expect(one.server.presentations).toHaveLength(1);
    expect(asked).toBeLessThanOrEqual(10);
    expect(process.events.filter(([name]) => name === 'unauthorized')).toEqual([]);
  });

  it('E9: costs one refresh, however many processes meet the endpoint', async () => {
    const one = rig();
    const accepted = { isAccepted: () => Promise.resolve(true) };
    const fleet = Array.from({ length: 8 }, () => one.process(accepted));
    await fleet[0]?.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    for (let second = 0; second < 30; second++) {
      for (const { tokens } of fleet) {
        const { accessToken } = await drive(one.clock, tokens.token(SUBJECT));
        await drive(one.clock, tokens.reportRejected(SUBJECT, accessToken));
      }
      await one.clock.advance(1_000);
    }
    expect(one.server.presentations).toHaveLength(1);
  });

  it('refreshes again when people/me refuses the new token as well', async () => {
    const one = rig();
    const process = await signedIn(one);
    for (const token of ['access-1', 'access-2']) {
      await drive(one.clock, process.tokens.reportRejected(SUBJECT, token));
      await one.clock.advance(30_001);
    }
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('access-3');
  });

  it('says nothing of the grant when people/me cannot be asked, and says why', async () => {
    const one = rig('none');
    one.server.sameAccessToken = true;
    const process = one.process({
      isAccepted: () => Promise.reject(new ServiceUnavailableError('down', { status: 503 })),
    });
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    expect(await drive(one.clock, process.tokens.reportRejected(SUBJECT, 'access-0'))).toMatchObject({
      accessToken: 'access-0',
      stale: true,
      lastError: 'SERVICE_UNAVAILABLE',
    });
    expect(process.events.filter(([name]) => name === 'unauthorized')).toEqual([]);
  });

  it('ends the use of a dead grant’s access token', async () => {
    const one = rig();
    const process = await signedIn(one);
    one.server.faults.push({ refuse: new InvalidGrantError('no', { status: 400 }) });
    await expect(drive(one.clock, process.tokens.reportRejected(SUBJECT, 'access-1'))).rejects.toBeInstanceOf(
      ReauthRequiredError,
    );
    await one.clock.advance(1_001);
    await expect(process.tokens.token(SUBJECT)).rejects.toBeInstanceOf(ReauthRequiredError);
  });

  it('leaves a token that nothing can renew in use, and says that it was rejected', async () => {
    const one = rig();
    const process = one.process();
    const bot = new TokenSet({ accessToken: 'bot', issuedAt: one.clock.now() });
    await process.vault.keep(SUBJECT, bot, { kind: 'bot' });
    expect((await process.tokens.reportRejected(SUBJECT, 'bot')).accessToken).toBe('bot');
    expect(process.events.map(([name]) => name)).toEqual(['unauthorized']);
    expect((await process.tokens.token(SUBJECT)).accessToken).toBe('bot');
  });
});

describe('peek()', () => {
  it('gives a valid token or nothing, and never refreshes', async () => {
    const one = rig();
    const process = await signedIn(one);
    expect(process.tokens.peek(SUBJECT)).toBeUndefined();
    await process.tokens.token(SUBJECT);
    expect(process.tokens.peek(SUBJECT)?.accessToken).toBe('access-1');
    await one.clock.advance(HOUR);
    expect(process.tokens.peek(SUBJECT)).toBeUndefined();
    expect(one.server.presentations).toHaveLength(0);
  });
});
