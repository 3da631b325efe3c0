import { MIGRATIONS } from '../../../src/stores/postgres/schema.js';
import type { Migration } from '../../../src/stores/postgres/schema.js';

/** The schema as releases to come might have it: `count` more steps, none of which may run twice or in part. */
export function steps(count: number, minReader = 1): readonly Migration[] {
  const more = Array.from({ length: count }, (_, at): Migration => {
    const version = MIGRATIONS.length + 1 + at;
    return {
      version,
      minReader,
      sql: (schema) => `
        CREATE TABLE ${schema}.later_${version} (id bigint PRIMARY KEY, note text);
        INSERT INTO ${schema}.later_${version} SELECT i, md5(i::text) FROM generate_series(1, 2000) AS i;`,
    };
  });
  return [...MIGRATIONS, ...more];
}
