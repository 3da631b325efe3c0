import { ClosedError, StoreUnavailableError } from '../../errors.js';
import type { StoreTime } from '../grant-row.js';
import { whenFree } from './busy-retry.js';
import type { BusyLimit } from './busy-retry.js';
import type { SqliteHandle, SqliteRow, SqliteValue } from './sqlite-driver.js';
import { inTransaction } from './transaction.js';
import { fileIdentity } from './vault-file.js';

type Values = readonly SqliteValue[];

/** Statements at work. */
export interface Sql {
  /** All rows of a query. */
  all(statement: string, values?: Values): SqliteRow[];
  /** Runs a change. Returns how many rows it touched. */
  run(statement: string, values?: Values): number;
  /** The store's time: inside a transaction, after the lock was got. */
  time(): StoreTime;
}

/** One connection. Work is synchronous and short; waiting for other processes is not. */
export class SqliteConnection {
  readonly #handle: SqliteHandle;
  readonly #limit: BusyLimit;
  readonly #sql: Sql;
  readonly #file: string | undefined;
  #closed = false;

  constructor(handle: SqliteHandle, { time, ...limit }: BusyLimit & { time: () => StoreTime }) {
    this.#handle = handle;
    this.#limit = limit;
    this.#file = fileIdentity(limit.path);
    this.#sql = {
      all: (statement, values = []) => handle.prepare(statement).all(...values) as SqliteRow[],
      run: (statement, values = []) => Number(handle.prepare(statement).run(...values).changes),
      time,
    };
  }

  /** Runs queries. */
  async read<Result>(work: (sql: Sql) => Result): Promise<Result> {
    return whenFree(() => {
      this.#assertOpen();
      return work(this.#sql);
    }, this.#limit);
  }

  /** Runs `work` as one transaction that holds the write lock from its start. Resolves when it is durable. */
  async write<Result>(work: (sql: Sql) => Result): Promise<Result> {
    return whenFree(() => {
      this.#assertOpen();
      this.#assertSameFile();
      return inTransaction(this.#handle, () => work(this.#sql));
    }, this.#limit);
  }

  /** Moves the log into the file and empties it, so that what was deleted is gone. Others at work may prevent it. */
  flushLog(): void {
    try {
      this.#handle.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
    } catch {
      // The next checkpoint does it.
    }
  }

  /** Lets go of the file, unless the handle is the app's. */
  close({ keepHandle }: { keepHandle: boolean }): void {
    if (this.#closed) return;
    this.#closed = true;
    if (keepHandle) return;
    this.flushLog();
    this.#handle.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError(`The vault ${this.#limit.path} is closed; make a new store`);
  }

  /** SQLite would go on writing to a file that was moved or deleted, and lose it all. */
  #assertSameFile(): void {
    if (this.#file === fileIdentity(this.#limit.path)) return;
    throw new StoreUnavailableError(
      `The vault ${this.#limit.path} was moved, deleted or replaced while in use; put it back, or restart`,
    );
  }
}
