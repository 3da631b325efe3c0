import type { SqliteHandle } from './sqlite-driver.js';

/** Runs `work` holding the write lock from the start. What it did is durable when this returns, and undone when it throws. */
export function inTransaction<Result>(handle: SqliteHandle, work: () => Result): Result {
  handle.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    handle.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(handle);
    throw error;
  }
}

function rollBack(handle: SqliteHandle): void {
  try {
    handle.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back by itself, as it does when the disk is full.
  }
}
