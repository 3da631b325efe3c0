import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AccessDeniedError,
  AuthorizationResponseError,
  StarterMismatchError,
  StateExpiredError,
  StateMismatchError,
  StateUsedError,
} from '../../src/errors.js';
import { KeyRing } from '../../src/sealing/key-ring.js';
import { ADA, asFake, FakeWebex, REDIRECT_URI, rig } from './rig.js';

describe('a login', () => {
  it('goes from start to token set, with what was asked for and where to return', async () => {
    const { login, webex } = rig();
    const { url, transaction } = await login.initiate({
      returnTo: '/rooms?x=1',
      scope: ['spark:all', 'spark:kms'],
    });
    const completed = await login.complete(webex.approve(url), transaction);
    expect(completed.returnTo).toBe('/rooms?x=1');
    expect(completed.requestedScope).toEqual(['spark:all', 'spark:kms']);
    expect(webex.personOf(completed.tokenSet.accessToken)).toBe(ADA);
  });

  it('takes its callback as URL, text, query and parameters', async () => {
    for (const shape of [
      (url: string) => url,
      (url: string) => new URL(url),
      (url: string) => new URL(url).search,
      (url: string) => new URL(url).searchParams,
      (url: string) => new URL(url).pathname + new URL(url).search,
    ]) {
      const { login, webex } = rig();
      const { url, transaction } = await login.initiate();
      await expect(login.complete(shape(webex.approve(url)), transaction)).resolves.toBeDefined();
    }
  });

  it('refuses a callback that is no URL', async () => {
    const { login } = rig();
    const { transaction } = await login.initiate();
    await expect(login.complete('http://[', transaction)).rejects.toThrow(AuthorizationResponseError);
  });

  it('A1, A7: never repeats state, challenge or verifier, and never shows the verifier', async () => {
    const { login, webex } = rig();
    const seen = new Set<string>();
    for (let round = 0; round < 1_000; round++) {
      const { url, state } = await login.initiate();
      const parameters = new URL(url).searchParams;
      expect(state).toMatch(/^[\w-]{43}$/);
      expect(parameters.get('code_challenge_method')).toBe('S256');
      seen.add(state).add(parameters.get('code_challenge') ?? '');
    }
    expect(seen.size).toBe(2_000);

    const { url, transaction } = await login.initiate();
    await login.complete(webex.approve(url), transaction);
    const verifier = webex.exchanges[0]?.get('code_verifier') ?? '';
    expect(verifier).toMatch(/^[\w.~-]{43,128}$/);
    for (const visible of [url, transaction, Buffer.from(transaction, 'base64url').toString('latin1')]) {
      expect(visible).not.toContain(verifier);
    }
  });

  it('K1: leaves nothing in any store until it is finished', async () => {
    const { login, counts } = rig();
    for (let round = 0; round < 500; round++) await login.initiate({ returnTo: '/x', starter: 'u' });
    expect(counts).toEqual({ consumed: 0, sessionWrites: 0 });
  });

  it('expires, and says so', async () => {
    const { login, webex, clock, counts } = rig();
    const { url, transaction, expiresAt } = await login.initiate();
    expect(expiresAt - clock.now()).toBe(600_000);
    asFake(clock).jump(600_000);
    await expect(login.complete(webex.approve(url), transaction)).rejects.toThrow(StateExpiredError);
    expect(webex.exchanges).toEqual([]);
    expect(counts.consumed).toBe(0);
  });

  it('is used once, even across processes that share the store', async () => {
    const first = rig();
    const second = rig(first.shared);
    const { url, transaction } = await first.login.initiate();
    const callback = first.webex.approve(url);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => (at % 2 ? first : second).login.complete(callback, transaction)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StateUsedError);
    }
    expect(first.webex.exchanges).toHaveLength(1);
  });

  it('stays used for as long as its transaction would open, on clocks up to a lifetime apart', async () => {
    const { login, webex, clock } = rig();
    const { url, transaction } = await login.initiate();
    const callback = webex.approve(url);
    await login.complete(callback, transaction);
    asFake(clock).jump(599_999);
    await expect(login.complete(callback, transaction)).rejects.toThrow(StateUsedError);
  });

  it('belongs to its starter', async () => {
    const cases: [string | undefined, string | undefined][] = [
      ['ada', 'bob'],
      ['ada', undefined],
      [undefined, 'bob'],
      ['ada', ''],
      ['', undefined],
    ];
    for (const [starter, finisher] of cases) {
      const { login, webex, counts } = rig();
      const { url, transaction } = await login.initiate({ starter });
      const callback = webex.approve(url);
      await expect(login.complete(callback, transaction, { starter: finisher })).rejects.toThrow(
        StarterMismatchError,
      );
      expect([webex.exchanges.length, counts.consumed]).toEqual([0, 0]);
      await expect(login.complete(callback, transaction, { starter })).resolves.toBeDefined();
    }
  });

  it('A5: tells of a denial only for the right state, and can still be finished after a wrong one', async () => {
    const { login, webex } = rig();
    const { url, transaction, state } = await login.initiate();
    const denied = (of: string) => `${REDIRECT_URI}?error=access_denied&state=${of}`;
    await expect(login.complete(denied('wrong'), transaction)).rejects.toThrow(StateMismatchError);
    await expect(login.complete(denied(state), transaction)).rejects.toThrow(AccessDeniedError);
    expect(webex.exchanges).toEqual([]);
    await expect(login.complete(webex.approve(url), transaction)).resolves.toBeDefined();
  });

  it.each<[string, Parameters<typeof rig>[0]]>([
    ['another tenant', { login: { tenant: 'other' } }],
    ['another client', { login: { clientId: 'client-2' } }],
    ['a key ring without its key', { keys: KeyRing.ephemeral() }],
  ])('does not open for %s', async (_name, change) => {
    const home = rig();
    const away = rig({ ...home.shared, ...change, webex: new FakeWebex() });
    const { url, transaction } = await home.login.initiate();
    await expect(away.login.complete(home.webex.approve(url), transaction)).rejects.toThrow(
      StateMismatchError,
    );
    expect(away.webex.exchanges).toEqual([]);
  });

  it('does not open when anything in it was changed', async () => {
    const { login, webex } = rig();
    const { url, transaction } = await login.initiate();
    const callback = webex.approve(url);
    const damage = fc.oneof(
      fc.nat(transaction.length - 1).map((at) => transaction.slice(0, at)),
      fc.nat(transaction.length - 1).map((at) => `${transaction.slice(0, at)}${transaction.slice(at + 1)}`),
      fc
        .tuple(
          fc.nat(transaction.length - 1),
          fc.constantFrom('A', 'z', '-', '_', '0', '=', '+', ' ', '\u00e9'),
        )
        .map(([at, other]) => transaction.slice(0, at) + other + transaction.slice(at + 1)),
      fc.string(),
      fc.constant(`${transaction}A`),
    );
    await fc.assert(
      fc.asyncProperty(damage, async (changed) => {
        fc.pre(changed !== transaction);
        await expect(login.complete(callback, changed)).rejects.toThrow(StateMismatchError);
        expect(login.returnTo(changed)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    expect(webex.exchanges).toEqual([]);
  });

  it('returns to paths of this site only', async () => {
    const { login } = rig();
    for (const [target, path] of [
      ['//evil.example', '/'],
      ['/rooms', '/rooms'],
      [undefined, undefined],
    ] as const) {
      const { transaction } = await login.initiate({ returnTo: target });
      expect(login.returnTo(transaction)).toBe(path);
    }
  });
});
