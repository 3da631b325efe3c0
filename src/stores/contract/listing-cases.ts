import assert from 'node:assert/strict';
import type { GrantRecord } from '../grant-record.js';
import { contractCases } from './contract-case.js';
import { blob, claim, done, FAILURE, OWNER, present, signIn, tokenWrite } from './grant-fixture.js';

const LONG = 'x'.repeat(1_000);

/** Subjects that stores like to confuse with each other. */
const ODD_SUBJECTS = [
  '',
  ' ',
  'user',
  'User',
  'user ',
  'user\0',
  'user\0admin',
  '\0',
  "o'brien",
  'o"brien',
  "'; DROP TABLE grants; --",
  'a%b_c',
  'a:b',
  'a/b',
  'a\\b',
  'null',
  'undefined',
  '0',
  '1.0',
  '1',
  '__proto__',
  'constructor',
  'caf\u00e9',
  'cafe\u0301',
  '\u0430dmin',
  'admin',
  '\u212b',
  '\u00c5',
  '\uffff',
  '\u{1f600}',
  '\ud800',
  '\ud801',
  '\u200buser',
  'line\nbreak',
  LONG,
  `${LONG}y`,
];

const subjects = (records: GrantRecord[]): string[] => records.map(({ key }) => key.subject);

/** Finding rows: by page, by state, by due instant, by owner, by odd names. */
export const listingCases = contractCases('listing', {
  'odd subjects stay distinct and are listed in the order of their code units': async (store) => {
    for (const [seed, subject] of ODD_SUBJECTS.entries()) {
      await signIn(store, { key: { ...OWNER, subject }, tokens: blob(seed) });
    }
    for (const [seed, subject] of ODD_SUBJECTS.entries()) {
      const record = await present(store, { ...OWNER, subject });
      assert.equal(record.key.subject, subject);
      assert.deepEqual(record.tokens, blob(seed));
    }
    const sorted = [...ODD_SUBJECTS].sort((a, b) => (a < b ? -1 : 1));
    assert.deepEqual(subjects(await store.grants.list(OWNER, { limit: 1_000 })), sorted);
    const paged: string[] = [];
    for (let after: string | undefined; ; after = paged.at(-1)) {
      const page = subjects(await store.grants.list(OWNER, { after, limit: 5 }));
      paged.push(...page);
      if (page.length < 5) break;
    }
    assert.deepEqual(paged, sorted);
  },

  'list filters by state, tombstones only when asked for': async (store) => {
    for (const subject of ['dead', 'gone', 'live', 'suspect']) {
      const key = { ...OWNER, subject };
      await signIn(store, { key });
      if (subject === 'gone') await store.grants.disconnect(key);
      if (subject !== 'dead' && subject !== 'suspect') continue;
      const { fence, version } = await claim(store, 'A', key);
      const verdict = { fence, version, state: subject, reason: 'r', failure: FAILURE, dueAt: 1 } as const;
      done(await store.leases.bury(key, verdict));
    }
    const listed = async (state?: GrantRecord['state']) =>
      subjects(await store.grants.list(OWNER, { state, limit: 10 }));
    assert.deepEqual(await listed(), ['dead', 'live', 'suspect']);
    assert.deepEqual(await listed('live'), ['live']);
    assert.deepEqual(await listed('suspect'), ['suspect']);
    assert.deepEqual(await listed('dead'), ['dead']);
    assert.deepEqual(await listed('deleted'), ['gone']);
    assert.deepEqual(
      subjects(await store.grants.list(OWNER, { state: 'dead', after: 'dead', limit: 10 })),
      [],
    );
  },

  'a page of none is empty': async (store) => {
    await signIn(store);
    assert.deepEqual(await store.grants.list(OWNER, { limit: 0 }), []);
    assert.deepEqual(await store.grants.due(OWNER, { before: Infinity, limit: 0 }), []);
  },

  'due gives live and suspect rows up to the instant, earliest first': async (store) => {
    const due: Record<string, number | undefined> = {
      c: 30,
      a: 10,
      b: 20.5,
      never: undefined,
      dead: 5,
      gone: 1,
      s: 15,
    };
    assert.equal(await store.grants.nextDueAt(OWNER), undefined);
    for (const [subject, dueAt] of Object.entries(due)) {
      const key = { ...OWNER, subject };
      await signIn(store, { key, dueAt });
      if (subject === 'gone') await store.grants.disconnect(key);
      if (subject !== 'dead' && subject !== 's') continue;
      const { fence, version } = await claim(store, 'A', key);
      const state = subject === 'dead' ? ('dead' as const) : ('suspect' as const);
      done(await store.leases.bury(key, { fence, version, state, reason: 'r', failure: FAILURE, dueAt }));
    }
    const page = async (before: number, limit = 10) =>
      subjects(await store.grants.due(OWNER, { before, limit }));
    assert.deepEqual(await page(9.99), []);
    assert.deepEqual(await page(10), ['a']);
    assert.deepEqual(await page(20.5), ['a', 's', 'b']);
    assert.deepEqual(await page(Number.MAX_SAFE_INTEGER), ['a', 's', 'b', 'c']);
    assert.deepEqual(await page(Number.MAX_SAFE_INTEGER, 2), ['a', 's']);
    assert.equal(await store.grants.nextDueAt(OWNER), 10);
    await store.grants.disconnect({ ...OWNER, subject: 'a' });
    assert.equal(await store.grants.nextDueAt(OWNER), 15);
  },

  'a commit moves the row to its new place among the due': async (store) => {
    const key = { ...OWNER, subject: 'mover' };
    await signIn(store, { key, dueAt: 10 });
    const claimed = await claim(store, 'A', key);
    await store.leases.commit(key, { ...claimed, write: tokenWrite(2, { dueAt: 99 }) });
    assert.deepEqual(await store.grants.due(OWNER, { before: 98, limit: 5 }), []);
    assert.equal(await store.grants.nextDueAt(OWNER), 99);
  },

  'owners do not see each other, however alike their names': async (store) => {
    const owners = [
      { tenant: 'a', clientId: 'b' },
      { tenant: 'a', clientId: 'c' },
      { tenant: 'ab', clientId: '' },
      { tenant: '', clientId: 'ab' },
      { tenant: 'A', clientId: 'b' },
      { tenant: 'a\0', clientId: 'b' },
    ];
    for (const [seed, owner] of owners.entries()) {
      await signIn(store, { key: { ...owner, subject: 's' }, tokens: blob(seed), dueAt: 100 + seed });
      await store.grants.saveKeyCheck(owner, { keyId: 'k', value: `v${seed}` });
      await store.gates.shut(owner, 'rate', { until: 8e15 + seed, reason: `r${seed}` });
    }
    for (const [seed, owner] of owners.entries()) {
      assert.deepEqual((await present(store, { ...owner, subject: 's' })).tokens, blob(seed));
      assert.equal((await store.grants.list(owner, { limit: 10 })).length, 1);
      assert.equal((await store.grants.due(owner, { before: 1e6, limit: 10 })).length, 1);
      assert.equal(await store.grants.nextDueAt(owner), 100 + seed);
      assert.equal((await store.grants.keyChecks(owner)).get('k'), `v${seed}`);
      assert.equal((await store.gates.read(owner, 'rate'))?.reason, `r${seed}`);
    }
    const [one, ...others] = owners.map((owner) => ({ ...owner, subject: 's' }));
    assert.ok(one);
    await store.grants.disconnect(one);
    for (const other of others) assert.equal((await present(store, other)).state, 'live');
  },

  'the first key-check value stands': async (store) => {
    assert.equal((await store.grants.keyChecks(OWNER)).size, 0);
    assert.equal(await store.grants.saveKeyCheck(OWNER, { keyId: 'k1', value: 'v1' }), 'v1');
    assert.equal(await store.grants.saveKeyCheck(OWNER, { keyId: 'k1', value: 'other' }), 'v1');
    assert.equal(await store.grants.saveKeyCheck(OWNER, { keyId: 'K1', value: 'v2' }), 'v2');
    const all = await store.grants.keyChecks(OWNER);
    assert.deepEqual([...all].sort(), [
      ['K1', 'v2'],
      ['k1', 'v1'],
    ]);
  },
});
