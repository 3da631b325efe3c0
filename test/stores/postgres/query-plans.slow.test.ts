import { expect, test } from 'vitest';
import { OWNER } from '../../../src/stores/contract/grant-fixture.js';
import { keyValues, ownerValues } from '../../../src/stores/postgres/grant-mapping.js';
import { grantStatements } from '../../../src/stores/postgres/grant-statements.js';
import { leaseStatements } from '../../../src/stores/postgres/lease-statements.js';
import { postgresStore } from '../../../src/stores/postgres/postgres-store.js';
import { textKey } from '../../../src/stores/postgres/text-key.js';
import { postgresServer } from '../../support/postgres-server.js';

const server = postgresServer();
const ROWS = 10_000;

test('with 10,000 grants of one client and 10,000 of others every query that runs often uses an index, and none sorts', async () => {
  const pool = server().pool();
  const store = postgresStore({ pool });
  await store.open();
  const [tenant, clientId] = ownerValues(OWNER);
  await pool.query(
    `INSERT INTO webex_auth.grants (tenant, client_id, subject, kind, state, version, generation, fence, details_revision,
       due_at, unknown, attempts, state_since, created_at, updated_at, tokens)
     SELECT $1::bytea, CASE WHEN i % 2 = 0 THEN $2::bytea ELSE ('\\x' || md5((i % 40)::text))::bytea END, convert_to('user-' || i, 'UTF8'),
       'authorization_code', CASE WHEN i % 10 = 0 THEN 'dead' ELSE 'live' END, 1, 1, 0, 0,
       CASE WHEN i % 10 = 0 THEN NULL ELSE i END, false, 0, 0, 0, 0, decode(repeat(md5(i::text), 30), 'hex')
     FROM generate_series(1, $3::int) AS i`,
    [tenant, clientId, 2 * ROWS],
  );
  await pool.query('ANALYZE webex_auth.grants');
  const grants = grantStatements('webex_auth');
  const leases = leaseStatements('webex_auth');
  const owner = ownerValues(OWNER);
  const key = keyValues({ ...OWNER, subject: 'user-5000' });
  const write = ['x', 'k', 1, 1, 1, 1];
  const list = (by: { after: boolean; state: boolean }): string => grants.list(by);
  const plans: [string, string, unknown[]][] = [
    ['read', grants.read, key],
    ['due', grants.due, [...owner, 100, ROWS]],
    ['due, all', grants.due, [...owner, 100, Infinity]],
    ['next due', grants.nextDue, owner],
    ['list', list({ after: false, state: false }), [...owner, 100]],
    ['list after', list({ after: true, state: false }), [...owner, 100, textKey('user-3')]],
    ['list by state', list({ after: false, state: true }), [...owner, 100, 'dead']],
    ['list by state after', list({ after: true, state: true }), [...owner, 100, textKey('user-3'), 'dead']],
    ['claim', leases.claim, [...key, 'A', 1, 15_000, 120_000]],
    ['commit', leases.commit, [...key, ...write, 1, 1]],
    ['disconnect', grants.disconnect, key],
  ];
  for (const [name, statement, values] of plans) {
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`, values);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan, name).toMatch(/Index (Only )?Scan using (grants_pkey|grants_due|grants_by_state)/);
    expect(plan, name).not.toMatch(/Seq Scan|Sort|Bitmap/);
  }
  expect((await store.grants.due(OWNER, { before: 100, limit: 10 })).map(({ dueAt }) => dueAt)).toEqual([
    2, 4, 6, 8, 12, 14, 16, 18, 22, 24,
  ]);
  await store.close();
});
