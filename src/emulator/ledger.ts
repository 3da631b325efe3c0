import type { Presentation } from './grant-book.js';

/** A refresh as the emulator saw it: which refresh token came, and with how many others of its family in flight. */
export interface RefreshNote {
  /** The token family; absent where the token is unknown. */
  grantId?: string;
  /** 1 is the refresh token of the sign-in. */
  generation?: number;
  /** Older than the newest one of its family. */
  stale: boolean;
  /** Other refreshes of the same family that were in flight at some time during this one. */
  overlapping: number;
}

/** One request. It holds no secret: the path is without query, ids are those of registered clients. */
export interface LedgerEntry {
  readonly id: number;
  /** Milliseconds since the epoch, on the emulator's clock. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly trackingId: string;
  readonly clientId?: string;
  readonly grantType?: string;
  readonly refresh?: RefreshNote;
  /** Whether the request reached its endpoint; a fault may answer in its place. */
  readonly processed: boolean;
  /** Absent while in flight and where a fault cut the answer off. */
  readonly status?: number;
  /** Id of the fault that struck. */
  readonly fault?: string;
}

/** An entry that is still being written. */
export type OpenEntry = { -readonly [Field in keyof LedgerEntry]: LedgerEntry[Field] };

/** Which entries count. A string is a grant type (`refresh_token`) or `METHOD /path`. */
export type LedgerQuery = string | ((entry: LedgerEntry) => boolean);

const KEPT_ENTRIES = 100_000;

/** Every request that came, in the order of arrival; the newest 100,000 are kept. */
export class Ledger {
  #entries: OpenEntry[] = [];
  #nextId = 1;
  readonly #inFlight = new Map<string, Set<OpenEntry>>();

  /** The entries, oldest first. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** How many requests match; all of them without a query. */
  count(query: LedgerQuery = () => true): number {
    return this.find(query).length;
  }

  /** The requests that match. */
  find(query: LedgerQuery): LedgerEntry[] {
    const matches =
      typeof query === 'function'
        ? query
        : ({ grantType, method, path }: LedgerEntry) => grantType === query || `${method} ${path}` === query;
    return this.#entries.filter(matches);
  }

  /** Refreshes that presented an older refresh token than the newest of its family. */
  get staleRefreshes(): number {
    return this.count(({ refresh }) => refresh?.stale === true);
  }

  /** The most refreshes of one family that were ever in flight together. */
  get maxOverlap(): number {
    return this.#entries.reduce(
      (most, { refresh }) => Math.max(most, refresh ? refresh.overlapping + 1 : 0),
      0,
    );
  }

  /** Forgets the entries. */
  clear(): void {
    this.#entries = [];
  }

  /** Writes the beginning of a request down. */
  begin(seen: Omit<LedgerEntry, 'id' | 'processed' | 'refresh'>): OpenEntry {
    const entry: OpenEntry = { ...seen, id: this.#nextId++, processed: false };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT_ENTRIES * 1.1) this.#entries = this.#entries.slice(-KEPT_ENTRIES);
    return entry;
  }

  /** Writes down which refresh token was presented; a second call corrects the first. */
  present(entry: OpenEntry, presentation: Presentation | undefined): void {
    const { overlapping = 0 } = entry.refresh ?? {};
    if (!presentation) {
      entry.refresh = { stale: false, overlapping };
      return;
    }
    const { grantId, generation, stale } = presentation;
    entry.refresh = { grantId, generation, stale, overlapping };
    const together = this.#inFlight.get(grantId) ?? new Set();
    this.#inFlight.set(grantId, together.add(entry));
    for (const { refresh } of together) {
      if (refresh) refresh.overlapping = Math.max(refresh.overlapping, together.size - 1);
    }
  }

  /** Writes the end of a request down. */
  end(entry: OpenEntry): void {
    const grantId = entry.refresh?.grantId ?? '';
    const together = this.#inFlight.get(grantId);
    together?.delete(entry);
    if (together?.size === 0) this.#inFlight.delete(grantId);
  }
}
