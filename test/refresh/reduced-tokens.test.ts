import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrantNotFoundError, MissingScopeError, ScopeReductionError } from '../../src/errors.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import { ReducedTokens } from '../../src/refresh/reduced-tokens.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { rig, SUBJECT, type Process, type Rig } from './rig.js';

const FULL = ['people', 'rooms', 'messages'];
const HOUR = 3_600_000;

interface Reduction {
  from: string;
  scope: readonly string[];
}

/** Reduced tokens over a store and a scripted server. `lifetimeMs` is that of the reduced tokens. */
async function reducing({
  isScopeKnown = true,
  lifetimeMs = HOUR,
}: { isScopeKnown?: boolean; lifetimeMs?: number } = {}): Promise<{
  one: Rig;
  process: Process;
  reduced: ReducedTokens;
  asked: Reduction[];
  revoked: string[];
  answers: { fail?: Error; hold?: Promise<void> };
  keep: (subject: string) => Promise<void>;
}> {
  const one = rig('none');
  const process = one.process();
  const asked: Reduction[] = [];
  const revoked: string[] = [];
  const answers: { fail?: Error; hold?: Promise<void> } = {};
  const reduced = new ReducedTokens({
    tokens: process.tokens,
    clock: one.clock,
    revoke: async (accessToken) => void revoked.push(accessToken),
    reduce: async (from, scope) => {
      const serial = asked.push({ from, scope });
      await answers.hold;
      if (answers.fail) throw answers.fail;
      const issuedAt = one.clock.now();
      const accessToken = `reduced-${String(serial)}`;
      return new TokenSet({ accessToken, scope, issuedAt, expiresAt: issuedAt + lifetimeMs });
    },
  });
  const keep = async (subject: string): Promise<void> => {
    const tokenSet = new TokenSet({ ...one.server.issue().toData(), scope: isScopeKnown ? FULL : undefined });
    process.tokens.remember(await process.vault.keep(subject, tokenSet, { kind: 'authorization_code' }));
  };
  await keep(SUBJECT);
  return { one, process, reduced, asked, revoked, answers, keep };
}

describe('tokens with fewer scopes', () => {
  it('carry what was asked for, and are made once for all who ask, in whatever order', async () => {
    const { reduced, asked, process } = await reducing();
    const { accessToken } = await process.tokens.token(SUBJECT);
    const all = await Promise.all([
      reduced.token(SUBJECT, ['people', 'rooms']),
      reduced.token(SUBJECT, ['rooms', 'people']),
      reduced.token(SUBJECT, ['rooms', 'people', 'rooms']),
    ]);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatchObject({ accessToken: 'reduced-1', scope: ['people', 'rooms'] });
    expect(await reduced.token(SUBJECT, ['people', 'rooms'])).toBe(all[0]);
    expect(asked).toEqual([{ from: accessToken, scope: ['people', 'rooms'] }]);
  });

  it('are kept apart by subject and by scope', async () => {
    const { reduced, asked, keep } = await reducing();
    await keep('user-2');
    const wanted: [string, string[]][] = [
      [SUBJECT, ['people']],
      ['user-2', ['people']],
      [SUBJECT, ['rooms']],
    ];
    const given = await Promise.all(wanted.map(([subject, scope]) => reduced.token(subject, scope)));
    expect(new Set(given.map(({ accessToken }) => accessToken)).size).toBe(3);
    expect(asked).toHaveLength(3);
  });

  it('are made anew of the next full token', async () => {
    const { reduced, asked, process } = await reducing();
    const first = await reduced.token(SUBJECT, ['people']);
    await process.vault.keep(SUBJECT, new TokenSet({ accessToken: 'next', scope: FULL, issuedAt: 1 }), {
      kind: 'authorization_code',
    });
    process.tokens.forget(SUBJECT);
    const second = await reduced.token(SUBJECT, ['people']);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(asked[1]?.from).toBe('next');
  });

  it('are made anew when their own end is near, though the full one lives on', async () => {
    const { one, reduced, asked } = await reducing({ lifetimeMs: 10 * 60_000 });
    await reduced.token(SUBJECT, ['people']);
    one.clock.jump(9 * 60_000 + 29_000);
    await reduced.token(SUBJECT, ['people']);
    expect(asked).toHaveLength(1);
    one.clock.jump(2_000);
    await reduced.token(SUBJECT, ['people']);
    expect(asked).toHaveLength(2);
  });

  it('are the grant’s own where it has just these scopes', async () => {
    const { reduced, asked, process } = await reducing();
    const { accessToken, expiresAt } = await process.tokens.token(SUBJECT);
    expect(await reduced.token(SUBJECT, [...FULL].reverse())).toMatchObject({ accessToken, expiresAt });
    expect(asked).toEqual([]);
  });

  it('are asked for where nobody knows what the full one carries', async () => {
    const { reduced, asked } = await reducing({ isScopeKnown: false });
    await reduced.token(SUBJECT, ['people']);
    expect(asked).toHaveLength(1);
  });

  it('that the grant cannot carry are refused before anything is sent', async () => {
    const { reduced, asked } = await reducing();
    await expect(reduced.token(SUBJECT, ['people', 'admin'])).rejects.toBeInstanceOf(MissingScopeError);
    await expect(reduced.token('nobody', ['people'])).rejects.toBeInstanceOf(GrantNotFoundError);
    expect(asked).toEqual([]);
  });

  it('that cannot be had are an error, never the full token, and are asked for again next time', async () => {
    const { reduced, asked, answers } = await reducing();
    answers.fail = new ScopeReductionError('no');
    const both = await Promise.allSettled([
      reduced.token(SUBJECT, ['people']),
      reduced.token(SUBJECT, ['people']),
    ]);
    const reason = answers.fail;
    expect(both).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    delete answers.fail;
    expect((await reduced.token(SUBJECT, ['people'])).accessToken).toBe('reduced-2');
    expect(asked).toHaveLength(2);
  });

  it('are not lost to those who stay when one of them leaves', async () => {
    const { reduced, answers, asked } = await reducing();
    let go = (): void => undefined;
    answers.hold = new Promise((resolve) => (go = resolve));
    const leaving = new AbortController();
    const gone = reduced.token(SUBJECT, ['people'], { signal: leaving.signal });
    const staying = reduced.token(SUBJECT, ['people']);
    await new Promise((resolve) => setImmediate(resolve));
    leaving.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    go();
    expect((await staying).accessToken).toBe('reduced-1');
    const signal = AbortSignal.abort(new Error('never there'));
    await expect(reduced.token(SUBJECT, ['rooms'], { signal })).rejects.toThrow('never there');
    expect(asked).toHaveLength(1);
  });

  it('are given back for revocation when their subject, and no other, is forgotten', async () => {
    const { reduced, asked, keep } = await reducing();
    const others = ['user-2', `x\n${SUBJECT}`, `${SUBJECT}\nx`, `people ${SUBJECT}`];
    for (const subject of others) await keep(subject);
    for (const subject of [SUBJECT, ...others]) await reduced.token(subject, ['people']);
    await reduced.token(SUBJECT, ['rooms']);
    expect([...reduced.forget(SUBJECT)].sort()).toEqual(['reduced-1', 'reduced-6']);
    expect(reduced.forget(SUBJECT)).toEqual([]);
    for (const subject of others) await reduced.token(subject, ['people']);
    expect(asked).toHaveLength(6);
  });

  it('of a subject that signed in anew while one was made are kept, for that one to end', async () => {
    const { reduced, answers } = await reducing();
    let go = (): void => undefined;
    answers.hold = new Promise((resolve) => (go = resolve));
    const late = reduced.token(SUBJECT, ['people']);
    await new Promise((resolve) => setImmediate(resolve));
    reduced.forget(SUBJECT);
    go();
    await late;
    expect(reduced.forget(SUBJECT)).toEqual(['reduced-1']);
  });

  it('of a grant that was disconnected while one was made are revoked, and given to nobody', async () => {
    const { reduced, answers, revoked, process } = await reducing();
    let go = (): void => undefined;
    answers.hold = new Promise((resolve) => (go = resolve));
    const late = reduced.token(SUBJECT, ['people']);
    await new Promise((resolve) => setImmediate(resolve));
    await process.vault.disconnect(SUBJECT);
    process.tokens.forget(SUBJECT);
    reduced.forget(SUBJECT);
    go();
    await expect(late).rejects.toMatchObject({ code: 'GRANT_NOT_FOUND' });
    expect(revoked).toEqual(['reduced-1']);
    expect(reduced.forget(SUBJECT)).toEqual([]);
  });

  it('never carry more than was asked for, and are made once per set of scopes and full token', async () => {
    const wishes = fc.array(fc.uniqueArray(fc.constantFrom(...FULL), { minLength: 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(wishes, async (list) => {
        const { reduced, asked } = await reducing();
        for (const scope of list) {
          const tokenSet = await reduced.token(SUBJECT, scope);
          expect([...(tokenSet.scope ?? [])].sort()).toEqual([...scope].sort());
        }
        const partial = list.filter(({ length }) => length < FULL.length);
        expect(asked).toHaveLength(new Set(partial.map((scope) => [...scope].sort().join(' '))).size);
      }),
      { numRuns: 50 },
    );
  });

  it('are nowhere to be seen', async () => {
    const scanner = createLeakScanner();
    const { reduced } = await reducing();
    scanner.watch((await reduced.token(SUBJECT, ['people'])).accessToken, 'reduced token');
    scanner.scanValue('reduced tokens', reduced);
    scanner.scanText('inspect', inspect(reduced, { showHidden: true, depth: Infinity }));
    scanner.assertClean();
  });
});
