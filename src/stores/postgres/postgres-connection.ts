import { backoffDelay } from '../../base/backoff.js';
import { systemClock } from '../../base/clock.js';
import { ClosedError, StoreUnavailableError } from '../../errors.js';
import { ignore, withClient } from './borrowed-client.js';
import type { PostgresRow } from './column.js';
import { isUndone, postgresFailure } from './postgres-failure.js';
import type { PostgresClient, PostgresPool, PostgresResult } from './postgres-pool.js';

/** How often a statement is repeated that the server undid because of another's. */
const REPEATS = 8;
/** A migration waits for others', and may have many rows to move. Milliseconds. */
const MIGRATION_TIMEOUT_MS = 300_000;

/** What a statement takes. */
export type PostgresValue =
  string | number | boolean | null | undefined | Uint8Array | readonly (string | number | Uint8Array)[];

/**
 * Statements over the application's pool: each is a transaction of its own, on whichever connection is free, and durable when its
 * answer is here. Nothing is set on a connection, so a pooler may stand between.
 */
export class PostgresConnection {
  readonly #pool: PostgresPool;
  readonly #schema: string;
  readonly #timeoutMs: number;
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(pool: PostgresPool, { schema, timeoutMs }: { schema: string; timeoutMs: number }) {
    this.#pool = pool;
    this.#schema = schema;
    this.#timeoutMs = timeoutMs;
    // A pool tells of idle connections that broke, and ends a process that does not listen.
    pool.on('error', ignore);
  }

  /** All rows of a statement. */
  async rows(statement: string, values: readonly PostgresValue[] = []): Promise<PostgresRow[]> {
    const { rows } = await this.#run(statement, values);
    return rows as PostgresRow[];
  }

  /** Runs a change. Returns how many rows it touched. */
  async count(statement: string, values: readonly PostgresValue[] = []): Promise<number> {
    return (await this.#run(statement, values)).rowCount ?? 0;
  }

  /** Calls `work` with statements that run before the store is open: on one connection, for a migration's time. */
  async prepare<Result>(work: (client: PostgresClient) => Promise<Result>): Promise<Result> {
    this.assertNotClosed();
    try {
      return await withClient(this.#pool, { freeMs: this.#timeoutMs, answerMs: MIGRATION_TIMEOUT_MS }, work);
    } catch (error) {
      throw postgresFailure(error, this.#schema);
    }
  }

  markOpen(): void {
    if (this.#state === 'new') this.#state = 'open';
  }

  /** Takes no statement any more. The pool goes on: it is the application's. */
  close(): void {
    if (this.#state !== 'closed') this.#pool.off('error', ignore);
    this.#state = 'closed';
  }

  assertNotClosed(): void {
    if (this.#state === 'closed') {
      throw new ClosedError(`The vault in the PostgreSQL schema ${this.#schema} is closed; make a new store`);
    }
  }

  async #run(statement: string, values: readonly PostgresValue[]): Promise<PostgresResult> {
    const limits = { freeMs: this.#timeoutMs, answerMs: this.#timeoutMs };
    for (let attempt = 0; ; attempt++) {
      this.assertNotClosed();
      if (this.#state === 'new')
        throw new StoreUnavailableError(
          `The vault in the PostgreSQL schema ${this.#schema} is not open yet; await its open() first`,
        );
      try {
        return await withClient(this.#pool, limits, (client) => client.query(statement, [...values]));
      } catch (error) {
        if (!isUndone(error) || attempt >= REPEATS) throw postgresFailure(error, this.#schema);
      }
      await systemClock.sleep(backoffDelay(attempt, { base: 2, cap: 200 }));
    }
  }
}
