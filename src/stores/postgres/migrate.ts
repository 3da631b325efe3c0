import { StoreCorruptError, StoreSchemaError, StoreUnavailableError } from '../../errors.js';
import { number, text } from './column.js';
import type { PostgresRow } from './column.js';
import { sqlState } from './postgres-failure.js';
import type { PostgresClient } from './postgres-pool.js';
import { MIGRATIONS } from './schema.js';
import type { Migration } from './schema.js';

/** The first half of the advisory lock under which the schema is changed: "WxAu". The second is the schema's name, hashed. */
const LOCK = 0x57784175;

const FIND_TABLES = `SELECT (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1)::int AS schemas,
  count(*)::int AS tables, (count(*) FILTER (WHERE c.relname = 'meta'))::int AS metas
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

const NO_PRIVILEGE = '42501';

interface Version {
  readonly schema: number;
  /** Whether the schema itself is there, with or without tables. */
  readonly exists: boolean;
}

/**
 * Brings the schema up to date, all steps in one transaction under an advisory lock. Safe to start twice and from many processes:
 * who comes second finds it done, and what a killed one began is undone. Errors: `StoreCorruptError` when the schema is another
 * application's, `StoreSchemaError` when a newer release made it unreadable, `StoreUnavailableError` with the SQL to run
 * when the role may not do this.
 */
export async function migrate(
  client: PostgresClient,
  { schema, migrations = MIGRATIONS }: { schema: string; migrations?: readonly Migration[] },
): Promise<void> {
  const name = quoted(schema);
  const newest = Math.max(...migrations.map(({ version }) => version));
  try {
    if ((await readVersion(client, { schema, newest })).schema >= newest) return;
    // Its own isolation level: in a stricter one the second look would see what was there before the wait for the lock.
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
    await client.query('SELECT pg_catalog.pg_advisory_xact_lock($1, pg_catalog.hashtext($2))', [
      LOCK,
      schema,
    ]);
    const found = await readVersion(client, { schema, newest });
    if (!found.exists) await client.query(`CREATE SCHEMA ${name}`);
    for (const step of migrations.filter(({ version }) => version > found.schema))
      await apply(client, name, step);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    if (sqlState(error) !== NO_PRIVILEGE) throw error;
    throw await privilegeFailure(client, schema);
  }
}

/** The name of a schema as SQL takes it, letters and all. */
export function quoted(schema: string): string {
  return `"${schema.replaceAll('"', '""')}"`;
}

async function readVersion(
  client: PostgresClient,
  { schema, newest }: { schema: string; newest: number },
): Promise<Version> {
  const { exists, tables, hasMeta } = await findTables(client, schema);
  if (tables === 0) return { schema: 0, exists };
  if (!hasMeta) {
    throw new StoreCorruptError(
      `The PostgreSQL schema ${schema} has tables of another application; nothing was changed. Give the option 'schema' another name`,
    );
  }
  const { rows } = await client.query(`SELECT name, value FROM ${quoted(schema)}.meta`);
  const meta = new Map((rows as PostgresRow[]).map((row) => [text(row, 'name'), number(row, 'value')]));
  const [version = 0, minReader = 0] = [meta.get('schema'), meta.get('min_reader')];
  if (minReader <= newest) return { schema: version, exists: true };
  throw new StoreSchemaError(
    `The vault in the PostgreSQL schema ${schema} was written by a newer release of webex-auth (schema ${version}, readable from ` +
      `${minReader} on; this release knows ${newest}); nothing was changed. Update webex-auth`,
  );
}

async function apply(
  client: PostgresClient,
  name: string,
  { version, minReader, sql }: Migration,
): Promise<void> {
  await client.query(`
CREATE TABLE IF NOT EXISTS ${name}.meta (name text PRIMARY KEY, value bigint NOT NULL);
${sql(name)};
INSERT INTO ${name}.meta (name, value) VALUES ('schema', ${version}), ('min_reader', ${minReader})
  ON CONFLICT (name) DO UPDATE SET value = excluded.value;
`);
}

async function findTables(
  client: PostgresClient,
  schema: string,
): Promise<{ exists: boolean; tables: number; hasMeta: boolean }> {
  const [found = {}] = (await client.query(FIND_TABLES, [schema])).rows as PostgresRow[];
  const [schemas, tables, metas] = [
    number(found, 'schemas'),
    number(found, 'tables'),
    number(found, 'metas'),
  ];
  return { exists: schemas > 0, tables, hasMeta: metas > 0 };
}

async function privilegeFailure(client: PostgresClient, schema: string): Promise<StoreUnavailableError> {
  const name = quoted(schema);
  const { exists } = await findTables(client, schema);
  const { rows } = await client.query('SELECT pg_catalog.quote_ident(current_user) AS role');
  const role = text((rows as PostgresRow[])[0] ?? {}, 'role');
  const remedy = exists
    ? `GRANT USAGE, CREATE ON SCHEMA ${name} TO ${role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${name} TO ${role};`
    : `CREATE SCHEMA ${name} AUTHORIZATION ${role};`;
  return new StoreUnavailableError(
    `The PostgreSQL role ${role} may not set up the vault in the schema ${name}; let an administrator run: ${remedy}`,
  );
}
