import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IntegrityError } from '../../src/errors.js';
import type { RenewalMaterial } from '../../src/oauth/grants/renewer.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import type { GrantRecord } from '../../src/stores/grant-record.js';
import { drive, owner, rig, SUBJECT, type Process, type Rig } from '../refresh/rig.js';
import { createLeakScanner } from '../support/leak-scanner.js';

const MATERIAL = { serviceApp: 'service-app:org', subject: 'visitor', displayName: 'Vera Visitor' };

async function kept(renewal: RenewalMaterial = MATERIAL): Promise<{ one: Rig; process: Process }> {
  const one = rig('none');
  const process = one.process();
  await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'guest', renewal, custom: { plan: 'gold' } });
  return { one, process };
}

async function row({ store }: Rig, subject = SUBJECT): Promise<GrantRecord> {
  const record = await store.grants.read({ ...owner, subject });
  if (!record) throw new Error('no row');
  return record;
}

async function refreshed({ one, process }: { one: Rig; process: Process }): Promise<void> {
  const { generation } = await row(one);
  await drive(one.clock, process.refresher.refresh(SUBJECT, { cause: 'manual', generation }));
}

describe('what a grant is renewed with', () => {
  it('is sealed, and in no column that can be read', async () => {
    const scanner = createLeakScanner();
    const renewal = { secret: scanner.canary('value'), [scanner.canary('name')]: 'x' };
    const { one, process } = await kept(renewal);
    const record = await row(one);
    scanner.scanValue('row', record);
    for (const [column, value] of Object.entries(record)) {
      if (value instanceof Uint8Array || typeof value === 'string') scanner.scanText(column, value);
    }
    scanner.scanValue('summary', await process.vault.list({ limit: 10 }));
    scanner.assertClean();
    expect((await process.vault.read(SUBJECT))?.renewal).toEqual(renewal);
  });

  it('reaches the renewer with the rest of the grant', async () => {
    const one = rig('none');
    const seen: unknown[] = [];
    const process = one.process({
      renewerOf: () => ({
        renew: (current) => {
          seen.push({ subject: current.subject, kind: current.kind, renewal: current.renewal });
          return one.server.renew(current);
        },
      }),
    });
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'guest', renewal: MATERIAL });
    await refreshed({ one, process });
    expect(seen).toEqual([{ subject: SUBJECT, kind: 'guest', renewal: MATERIAL }]);
  });

  it('survives refreshes and changes of custom fields, also seen from another process', async () => {
    const { one, process } = await kept();
    await refreshed({ one, process });
    await process.vault.updateCustom(SUBJECT, { plan: undefined, seats: 3 });
    await refreshed({ one, process });
    const grant = await one.process().vault.read(SUBJECT);
    expect(grant).toMatchObject({ renewal: MATERIAL, custom: { seats: 3 }, record: { generation: 3 } });
  });

  it('is replaced by the next login, with nothing where that brings nothing', async () => {
    const { one, process } = await kept();
    const other = { orgId: 'o' };
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'service_app', renewal: other });
    expect(await process.vault.read(SUBJECT)).toMatchObject({ renewal: other, custom: { plan: 'gold' } });
    const grant = await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    expect([grant.renewal, grant.custom]).toEqual([undefined, { plan: 'gold' }]);
    expect((await one.process().vault.read(SUBJECT))?.renewal).toBeUndefined();
  });

  it('is replaced together with the scopes that were asked for', async () => {
    const one = rig('none');
    const { vault } = one.process();
    const requestedScope = ['spark:people_read'];
    await vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code', requestedScope });
    expect((await vault.read(SUBJECT))?.requestedScope).toEqual(requestedScope);
    await vault.keep(SUBJECT, one.server.issue(), { kind: 'imported' });
    expect((await vault.read(SUBJECT))?.requestedScope).toBeUndefined();
  });

  it('is gone with a disconnect', async () => {
    const { one, process } = await kept();
    await process.vault.disconnect(SUBJECT);
    expect((await row(one)).details).toBeUndefined();
    await process.vault.keep(SUBJECT, one.server.issue(), { kind: 'authorization_code' });
    expect((await process.vault.read(SUBJECT))?.renewal).toBeUndefined();
  });

  it('opens for its own subject and revision only', async () => {
    const { one, process } = await kept();
    const before = await row(one);
    await process.vault.keep('user-2', one.server.issue(), { kind: 'guest', renewal: { subject: 'other' } });
    const { details } = await row(one, 'user-2');
    expect(() => process.vault.openRecord({ ...before, details })).toThrow(IntegrityError);
    await process.vault.updateCustom(SUBJECT, { more: true });
    const after = await row(one);
    expect(() => process.vault.openRecord({ ...after, details: before.details })).toThrow(IntegrityError);
    expect(() => process.vault.openRecord({ ...after, details: after.tokens })).toThrow(IntegrityError);
  });

  it('is always that of the last login, whatever happened since', async () => {
    const step = fc.oneof(
      fc.record({
        login: fc.option(fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'scope'), fc.string()), {
          nil: undefined,
        }),
      }),
      fc.constant('refresh' as const),
      fc.record({ custom: fc.dictionary(fc.constantFrom('x', 'y'), fc.integer()) }),
      fc.constant('disconnect' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
        const one = rig('none');
        const [writer, reader] = [one.process(), one.process()];
        let expected: { renewal: string; custom: string } | undefined;
        for (const next of steps) {
          if (next === 'refresh') {
            if (expected) await refreshed({ one, process: writer });
          } else if (next === 'disconnect') {
            await writer.vault.disconnect(SUBJECT);
            expected = undefined;
          } else if ('login' in next) {
            const known = writer.tokens.seen(SUBJECT);
            const { login: renewal } = next;
            await writer.vault.keep(SUBJECT, one.server.issue(), { kind: 'guest', renewal, known });
            expected = { custom: expected?.custom ?? '{}', renewal: JSON.stringify(renewal ?? null) };
          } else {
            await writer.vault.updateCustom(SUBJECT, next.custom);
            if (expected) {
              const custom = { ...(JSON.parse(expected.custom) as object), ...next.custom };
              expected = { ...expected, custom: JSON.stringify(custom) };
            }
          }
          const grant = await reader.tokens.read(SUBJECT);
          expect(grant && JSON.stringify(grant.renewal ?? null)).toBe(expected?.renewal);
          if (expected) expect(grant?.custom ?? {}).toEqual(JSON.parse(expected.custom));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does not come back by a login that was prepared against what is there no more', async () => {
    const { one, process } = await kept();
    const known = await process.vault.read(SUBJECT);
    await one.process().vault.disconnect(SUBJECT);
    const tokenSet = new TokenSet({ accessToken: 'later', issuedAt: 1 });
    const grant = await process.vault.keep(SUBJECT, tokenSet, { kind: 'authorization_code', known });
    expect([grant.renewal, grant.custom]).toEqual([undefined, undefined]);
  });
});
