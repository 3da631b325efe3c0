import { MIGRATIONS } from '../../../src/stores/sqlite/schema.js';
import type { Migration } from '../../../src/stores/sqlite/schema.js';

/** The schema as releases to come might have it: `count` more steps, none of which may run twice or in part. */
export function steps(count: number): readonly Migration[] {
  const more = Array.from({ length: count }, (_, at): Migration => {
    const version = MIGRATIONS.length + 1 + at;
    return {
      version,
      minReader: 1,
      sql: `
        CREATE TABLE later_${version} (id INTEGER PRIMARY KEY, note TEXT) STRICT;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
          INSERT INTO later_${version} (note) SELECT hex(randomblob(100)) FROM n;`,
    };
  });
  return [...MIGRATIONS, ...more];
}
