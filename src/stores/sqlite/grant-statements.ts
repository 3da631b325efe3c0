/** The columns of a grant besides its key, in the order in which `grantValues` gives them. */
export const GRANT_COLUMNS = [
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
  'unknown',
  'attempts',
  'lease_holder',
  'lease_boot',
  'lease_since',
  'lease_until',
  'failure',
  'reason',
  'state_since',
  'created_at',
  'updated_at',
  'tokens',
  'candidate',
  'details',
] as const;

const SELECT = `SELECT subject, ${GRANT_COLUMNS.join(', ')} FROM grants WHERE tenant = ? AND client_id = ?`;
// Written as in the partial index `grants_due`, or SQLite does not use it.
const SCHEDULED = `due_at IS NOT NULL AND state IN ('live', 'suspect')`;

/** tenant, client id, subject → the row. */
export const SELECT_GRANT = `${SELECT} AND subject = ?`;

/**
 * The columns named, then tenant, client id, subject. Only what changes is named: SQLite then leaves alone the indexes that do
 * not hold it, and a claim writes one page instead of three.
 */
export function updateGrant(columns: readonly string[]): string {
  return `UPDATE grants SET ${columns.map((column) => `${column} = ?`).join(', ')}
  WHERE tenant = ? AND client_id = ? AND subject = ?`;
}

/** All the columns, then tenant, client id, subject. */
export const INSERT_GRANT = `INSERT INTO grants (${GRANT_COLUMNS.join(', ')}, tenant, client_id, subject)
  VALUES (${GRANT_COLUMNS.map(() => '?').join(', ')}, ?, ?, ?)`;

/** tenant, client id, [after], [state], limit → rows by subject. */
export function listGrants({ after, state }: { after: boolean; state: boolean }): string {
  return `${SELECT}${after ? ' AND subject > ?' : ''}
  AND state ${state ? '= ?' : `<> 'deleted'`} ORDER BY subject LIMIT ?`;
}

/** tenant, client id, instant, limit → rows, earliest first. */
export const DUE_GRANTS = `${SELECT} AND ${SCHEDULED} AND due_at <= ? ORDER BY due_at LIMIT ?`;

/** tenant, client id → the earliest due instant. */
export const NEXT_DUE = `SELECT due_at FROM grants WHERE tenant = ? AND client_id = ? AND ${SCHEDULED}
  ORDER BY due_at LIMIT 1`;

/** tenant, client id → key id, value. */
export const KEY_CHECKS = `SELECT key_id, value FROM key_checks WHERE tenant = ? AND client_id = ?`;

/** tenant, client id, key id, value. */
export const INSERT_KEY_CHECK = `INSERT INTO key_checks (tenant, client_id, key_id, value) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
