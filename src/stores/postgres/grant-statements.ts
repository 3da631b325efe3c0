/** The columns of a grant that are read as they are. */
const COLUMNS = [
  'kind',
  'state',
  'version',
  'generation',
  'fence',
  'details_revision',
  'key_id',
  'issued_at',
  'expires_at',
  'refresh_expires_at',
  'due_at',
  'intent_holder',
  'intent_sent_at',
  'intent_deadline',
  'attempts',
  'failure',
  'reason',
  'state_since',
  'created_at',
  'updated_at',
] as const;

// Written as in the partial index `grants_due`, or PostgreSQL does not use it.
const SCHEDULED = `g.due_at IS NOT NULL AND g.state IN ('live', 'suspect')`;

const ONE_GRANT = 'g.tenant = $1 AND g.client_id = $2 AND g.subject = $3';

/** A lease is nobody's any more. */
export const FREED = 'lease_holder = NULL, lease_since = NULL, lease_until = NULL';

/** A token set ($4 to $9) newly stored: everything about the former one is settled. */
export const TOKENS_STORED = `state = 'live', version = g.version + 1, generation = g.generation + 1,
  tokens = $4, key_id = $5, issued_at = $6, expires_at = $7, refresh_expires_at = $8, due_at = $9,
  candidate = NULL, intent_holder = NULL, intent_sent_at = NULL, intent_deadline = NULL, unknown = false, attempts = 0,
  failure = NULL, reason = NULL, updated_at = now.wall,
  state_since = CASE WHEN g.state = 'live' THEN g.state_since ELSE now.wall END`;

/**
 * Whether the row's lease runs at the instant `now`. One that began in the future has lapsed, but not if a clock that was set back, or
 * the one of another server after a failover, explains it: then it may run once more.
 */
export function isHeld(now: string): string {
  return `(2 * g.lease_since - g.lease_until <= ${now} AND ${now} < g.lease_until)`;
}

/** What a statement gives of the grant `g`. */
function grantColumns(schema: string): string {
  const sealed = ['subject', 'tokens', 'candidate', 'details'];
  return [
    ...COLUMNS.map((column) => `g.${column}`),
    ...sealed.map((column) => `encode(g.${column}, 'hex') AS ${column}`),
    'g.unknown::int AS unknown',
    `CASE WHEN ${isHeld(`${schema}.lease_ms()`)} THEN g.lease_holder END AS lease_holder`,
  ].join(', ');
}

/** The store's time at one instant, for the whole of a statement: `now.wall`, `now.lease`. Taken before any wait for the row. */
function withNow(schema: string): string {
  return `WITH now AS MATERIALIZED (SELECT ${schema}.wall_ms() AS wall, ${schema}.lease_ms() AS lease)`;
}

/** tenant, client id, subject, then what `set` and `where` take → the row after it, if `where` was so. */
export function changeGrant(schema: string, { set, where }: { set: string; where: string }): string {
  return `${withNow(schema)} UPDATE ${schema}.grants AS g SET ${set} FROM now
  WHERE ${ONE_GRANT} AND ${where} RETURNING ${grantColumns(schema)}`;
}

/** The statements of `GrantStore`, for a vault in `schema` (quoted). */
export function grantStatements(schema: string) {
  const select = `SELECT ${grantColumns(schema)} FROM ${schema}.grants AS g`;
  const owned = `${select} WHERE g.tenant = $1 AND g.client_id = $2`;
  return {
    /** tenant, client id, subject → the row. */
    read: `${select} WHERE ${ONE_GRANT}`,

    /** The key, a token set, kind, details → the row, if there was none. */
    insert: `${withNow(schema)} INSERT INTO ${schema}.grants AS g (tenant, client_id, subject,
    state, version, generation, fence, tokens, key_id, issued_at, expires_at, refresh_expires_at, due_at,
    unknown, attempts, state_since, created_at, updated_at, kind, details, details_revision)
  SELECT $1::bytea, $2::bytea, $3::bytea, 'live', 1, 1, 0, $4::bytea, $5::text, $6::float8, $7::float8, $8::float8, $9::float8,
    false, 0, now.wall, now.wall, now.wall, $10::text, $11::bytea, ($11::bytea IS NOT NULL)::int FROM now
  ON CONFLICT DO NOTHING RETURNING ${grantColumns(schema)}`,

    /** The key, a token set, kind, details, expected generation, expected revision → the row. */
    save: changeGrant(schema, {
      set: `${TOKENS_STORED}, kind = $10, details = coalesce($11::bytea, g.details),
      details_revision = g.details_revision + ($11::bytea IS NOT NULL)::int,
      created_at = CASE WHEN g.state = 'deleted' THEN now.wall ELSE g.created_at END`,
      where: 'g.generation = $12 AND g.details_revision = $13',
    }),

    /** The key, details, expected revision → the row. */
    saveDetails: changeGrant(schema, {
      set: 'details = $4, details_revision = g.details_revision + 1, updated_at = now.wall',
      where: `g.state <> 'deleted' AND g.details_revision = $5`,
    }),

    /**
     * tenant, client id, subject → the row that the tombstone replaced. It is locked before it is read, so that it is the last one.
     * The lease stays with its holder, who learns of the tombstone at its next write.
     */
    disconnect: `${withNow(schema)} UPDATE ${schema}.grants AS made SET state = 'deleted',
    version = g.version + 1, generation = g.generation + 1, details_revision = g.details_revision + 1,
    tokens = NULL, candidate = NULL, details = NULL, key_id = NULL,
    issued_at = NULL, expires_at = NULL, refresh_expires_at = NULL, due_at = NULL,
    intent_holder = NULL, intent_sent_at = NULL, intent_deadline = NULL, unknown = false, attempts = 0,
    failure = NULL, reason = NULL, state_since = now.wall, updated_at = now.wall
  FROM now, (SELECT * FROM ${schema}.grants AS g WHERE ${ONE_GRANT} AND g.state <> 'deleted' FOR UPDATE) AS g
  WHERE made.tenant = g.tenant AND made.client_id = g.client_id AND made.subject = g.subject
  RETURNING ${grantColumns(schema)}`,

    /** tenant, client id, limit, [after], [state] → rows by subject. */
    list: ({ after, state }: { after: boolean; state: boolean }): string =>
      `${owned}${after ? ' AND g.subject > $4' : ''} AND g.state ${state ? `= $${after ? 5 : 4}` : `<> 'deleted'`}
  ORDER BY g.subject LIMIT $3`,

    /** tenant, client id, limit, instant → rows, earliest first. */
    due: `${owned} AND ${SCHEDULED} AND g.due_at <= $4 ORDER BY g.due_at LIMIT $3`,

    /** tenant, client id → the earliest due instant. */
    nextDue: `SELECT g.due_at FROM ${schema}.grants AS g WHERE g.tenant = $1 AND g.client_id = $2 AND ${SCHEDULED}
  ORDER BY g.due_at LIMIT 1`,

    /** tenant, client id → key id, value. */
    keyChecks: `SELECT encode(key_id, 'hex') AS key_id, value FROM ${schema}.key_checks WHERE tenant = $1 AND client_id = $2`,

    /** tenant, client id, key id, value → the value that stands. */
    saveKeyCheck: `INSERT INTO ${schema}.key_checks AS k (tenant, client_id, key_id, value) VALUES ($1, $2, $3, $4)
  ON CONFLICT (tenant, client_id, key_id) DO UPDATE SET value = k.value RETURNING value`,
  };
}
