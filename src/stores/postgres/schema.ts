/** One step of the schema. `minReader`: the oldest schema version whose release can still work with the result. */
export interface Migration {
  readonly version: number;
  readonly minReader: number;
  /** The statements; `schema` is quoted. */
  readonly sql: (schema: string) => string;
}

/**
 * The schema, step by step; steps are appended, never edited (expand and contract). Names are bytea (see `text-key.ts`), instants
 * double precision milliseconds since the epoch, counters bigint, everything sealed bytea, kept as it is: it cannot be compressed.
 * `wall_ms` is the clock of the records and `lease_ms` that of the leases, for all processes alike.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    minReader: 1,
    sql: (schema) => `
CREATE FUNCTION ${schema}.wall_ms() RETURNS double precision LANGUAGE sql VOLATILE AS
  'SELECT floor(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::double precision';
CREATE FUNCTION ${schema}.lease_ms() RETURNS double precision LANGUAGE sql VOLATILE AS
  'SELECT floor(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::double precision';

CREATE TABLE ${schema}.grants (
  tenant bytea NOT NULL,
  client_id bytea NOT NULL,
  subject bytea NOT NULL,
  kind text NOT NULL,
  state text NOT NULL CHECK (state IN ('live', 'suspect', 'dead', 'deleted')),
  version bigint NOT NULL,
  generation bigint NOT NULL,
  fence bigint NOT NULL,
  details_revision bigint NOT NULL,
  key_id text,
  issued_at double precision,
  expires_at double precision,
  refresh_expires_at double precision,
  due_at double precision,
  intent_holder text,
  intent_sent_at double precision,
  intent_deadline double precision,
  unknown boolean NOT NULL,
  attempts bigint NOT NULL,
  lease_holder text,
  lease_since double precision,
  lease_until double precision,
  failure text,
  reason text,
  state_since double precision NOT NULL,
  created_at double precision NOT NULL,
  updated_at double precision NOT NULL,
  tokens bytea,
  candidate bytea,
  details bytea,
  PRIMARY KEY (tenant, client_id, subject)
) WITH (fillfactor = 80);
ALTER TABLE ${schema}.grants ALTER COLUMN tokens SET STORAGE EXTERNAL,
  ALTER COLUMN candidate SET STORAGE EXTERNAL, ALTER COLUMN details SET STORAGE EXTERNAL;
CREATE INDEX grants_by_state ON ${schema}.grants (tenant, client_id, state, subject);
CREATE INDEX grants_due ON ${schema}.grants (tenant, client_id, due_at)
  WHERE due_at IS NOT NULL AND state IN ('live', 'suspect');

CREATE TABLE ${schema}.key_checks (
  tenant bytea NOT NULL,
  client_id bytea NOT NULL,
  key_id bytea NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (tenant, client_id, key_id)
);

CREATE TABLE ${schema}.gates (
  tenant bytea NOT NULL,
  client_id bytea NOT NULL,
  name bytea NOT NULL,
  until double precision NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (tenant, client_id, name)
);

CREATE TABLE ${schema}.once (
  id bytea PRIMARY KEY,
  expires_at double precision NOT NULL
);
CREATE INDEX once_by_end ON ${schema}.once (expires_at);

CREATE TABLE ${schema}.sessions (
  id_hash bytea PRIMARY KEY,
  tenant bytea NOT NULL,
  subject bytea NOT NULL,
  created_at double precision NOT NULL,
  seen_at double precision NOT NULL,
  expires_at double precision NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_subject ON ${schema}.sessions (tenant, subject, created_at);
CREATE INDEX sessions_by_end ON ${schema}.sessions (expires_at);

CREATE TABLE ${schema}.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant bytea NOT NULL,
  client_id bytea NOT NULL,
  subject bytea NOT NULL,
  at double precision NOT NULL,
  event text NOT NULL,
  detail text NOT NULL
);
CREATE INDEX audit_by_owner ON ${schema}.audit (tenant, client_id, id);
CREATE INDEX audit_by_subject ON ${schema}.audit (tenant, client_id, subject, id);
`,
  },
];
