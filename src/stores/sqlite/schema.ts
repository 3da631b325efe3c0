/** Marks a file as ours in the SQLite header: "WxAu". */
export const APPLICATION_ID = 0x57784175;

/** One step of the schema. `minReader`: the oldest schema version whose release can still work with the result. */
export interface Migration {
  readonly version: number;
  readonly minReader: number;
  readonly sql: string;
}

/**
 * The schema, step by step; steps are appended, never edited (expand and contract). Names are BLOBs of UTF-16BE code units
 * (see `text-key.ts`), instants REAL milliseconds since the epoch, counters INTEGER, everything sealed BLOB.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    minReader: 1,
    sql: `
CREATE TABLE grants (
  id INTEGER PRIMARY KEY,
  tenant BLOB NOT NULL,
  client_id BLOB NOT NULL,
  subject BLOB NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('live', 'suspect', 'dead', 'deleted')),
  version INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  details_revision INTEGER NOT NULL,
  key_id TEXT,
  issued_at REAL,
  expires_at REAL,
  refresh_expires_at REAL,
  due_at REAL,
  intent_holder TEXT,
  intent_sent_at REAL,
  intent_deadline REAL,
  unknown INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  lease_holder TEXT,
  lease_boot TEXT,
  lease_since REAL,
  lease_until REAL,
  failure TEXT,
  reason TEXT,
  state_since REAL NOT NULL,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  tokens BLOB,
  candidate BLOB,
  details BLOB,
  UNIQUE (tenant, client_id, subject)
) STRICT;
CREATE INDEX grants_by_state ON grants (tenant, client_id, state, subject);
CREATE INDEX grants_due ON grants (tenant, client_id, due_at)
  WHERE due_at IS NOT NULL AND state IN ('live', 'suspect');

CREATE TABLE key_checks (
  tenant BLOB NOT NULL,
  client_id BLOB NOT NULL,
  key_id BLOB NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (tenant, client_id, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE gates (
  tenant BLOB NOT NULL,
  client_id BLOB NOT NULL,
  name BLOB NOT NULL,
  until REAL NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (tenant, client_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE once (
  id BLOB PRIMARY KEY,
  expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX once_by_end ON once (expires_at);

CREATE TABLE sessions (
  id_hash BLOB PRIMARY KEY,
  tenant BLOB NOT NULL,
  subject BLOB NOT NULL,
  created_at REAL NOT NULL,
  seen_at REAL NOT NULL,
  expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_subject ON sessions (tenant, subject, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  tenant BLOB NOT NULL,
  client_id BLOB NOT NULL,
  subject BLOB NOT NULL,
  at REAL NOT NULL,
  event TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_owner ON audit (tenant, client_id);
CREATE INDEX audit_by_subject ON audit (tenant, client_id, subject);
`,
  },
];
