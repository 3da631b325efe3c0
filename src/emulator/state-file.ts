import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyState, readState, writeState } from './emulator-state.js';
import type { EmulatorState } from './emulator-state.js';

/** Keeps the state in `<directory>/emulator-state.json`: readable by the owner only, replaced in one step. */
export class StateFile {
  readonly #path: string | undefined;
  readonly state: EmulatorState;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  private constructor(path: string | undefined, state: EmulatorState) {
    this.#path = path;
    this.state = state;
  }

  /** Opens the directory, making it (0700) where it is missing. Without one, state lives in memory. */
  static async open(directory: string | undefined): Promise<StateFile> {
    if (directory === undefined) return new StateFile(undefined, emptyState());
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, 'emulator-state.json');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    return new StateFile(path, text === undefined ? emptyState() : readState(text));
  }

  /** Resolves when the state of this moment is on disk. Calls that come meanwhile share the next write. */
  save(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve();
    if (this.#running === undefined) return (this.#running = this.#write(path));
    this.#queued ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return (this.#running = this.#write(path));
      });
    return this.#queued;
  }

  async #write(path: string): Promise<void> {
    try {
      // A name that nobody can have planted, and never through a link.
      const next = `${path}.${randomUUID()}`;
      const file = await open(
        next,
        constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW,
        0o600,
      );
      try {
        await file.chmod(0o600);
        await file.writeFile(writeState(this.state));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, path);
    } finally {
      if (this.#queued === undefined) this.#running = undefined;
    }
  }
}
