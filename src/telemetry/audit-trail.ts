import type { Clock, Timer } from '../base/clock.js';
import type { Emitter } from '../base/emitter.js';
import type { WebexAuthEvents } from '../events.js';
import type { AuditEntry, AuditLog } from '../stores/audit-log.js';
import type { GrantOwner } from '../stores/grant-store.js';

const FLUSH_MS = 200;
const MAX_WAITING = 1_000;

const RECORDED = [
  'login',
  'logout',
  'token:refresh',
  'unauthorized',
  'auth:error',
  'grant:suspect',
  'grant:recovered',
] as const satisfies readonly (keyof WebexAuthEvents)[];

/** What the audit trail needs. */
export interface AuditTrailOptions {
  emitter: Emitter<WebexAuthEvents>;
  audit: AuditLog;
  owner: GrantOwner;
  clock: Clock;
}

/**
 * Writes the history of grants from their events, a moment later, so that no refresh waits for it. While the store is away up
 * to 1,000 entries wait; what is beyond is dropped, oldest first.
 */
export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #stop: (() => void)[];
  #waiting: AuditEntry[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#stop = RECORDED.map((event) =>
      options.emitter.on(event, (payload) => {
        this.#note(event, payload);
      }),
    );
  }

  /** Writes what waits; resolves when it is stored or the store has refused. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Stops listening: somebody else writes down what is told from now on. */
  stop(): void {
    for (const stop of this.#stop) stop();
  }

  /** Stops listening and writes what waits. */
  async close(): Promise<void> {
    this.stop();
    await this.flush();
  }

  #note(event: (typeof RECORDED)[number], payload: { subject: string | undefined; kind?: string }): void {
    const { subject, ...rest } = payload;
    // Anybody may ask for a subject that does not exist: that is nobody's history.
    if (subject === undefined || (event === 'unauthorized' && payload.kind === 'missing')) return;
    const detail: Record<string, string | number | boolean> = {};
    for (const [name, value] of Object.entries<unknown>(rest)) {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        detail[name] = value;
    }
    this.#waiting.push({ at: this.#options.clock.now(), subject, event, detail });
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#timer ??= this.#options.clock.after(FLUSH_MS, () => {
      void this.flush();
    });
  }

  async #write(): Promise<void> {
    const { audit, owner } = this.#options;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    try {
      await audit.append(owner, batch);
    } catch {
      // The store is away: they wait for the next event, and the grants themselves come first.
      this.#waiting = [...batch, ...this.#waiting].slice(-MAX_WAITING);
    }
  }
}
