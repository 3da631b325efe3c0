import { emulatorError } from './emulator-options.js';

/** What a fault may look at. */
export interface FaultRequest {
  method: string;
  path: string;
  clientId?: string;
  grantType?: string;
}

/** Which requests: `POST /v1/access_token` exactly (`*` for any method), a pattern on that text, or a predicate. */
export type FaultRoute = string | RegExp | ((request: FaultRequest) => boolean);

/**
 * What goes wrong. `status`, `body` and `retryAfter` answer in place of the endpoint, or after it with `processed`;
 * the others let the endpoint do its work, but `resetBefore`.
 */
export interface Fault {
  route: FaultRoute;
  /** How often; until removed when left out. */
  times?: number;
  status?: number;
  headers?: Record<string, string>;
  /** A string as it is (say its type in `headers`), anything else as JSON. */
  body?: unknown;
  /** The `Retry-After` field: seconds or a date. The status is 429 unless given. */
  retryAfter?: number | string;
  /** The endpoint does its work first, then this answer is given in place of its own. */
  processed?: true;
  delayBeforeMs?: number;
  /** After the work is done, before the answer. */
  delayAfterMs?: number;
  /** Connection reset; nothing was done. */
  resetBefore?: true;
  /** Connection reset; the work was done. */
  resetAfterProcessing?: true;
  /** The connection ends after this many bytes of the body, though more were promised. */
  truncateBodyAt?: number;
  /** The answer is cut to half its length, as a complete body: broken JSON. */
  malformed?: true;
}

/** A fault in force. */
export interface FaultHandle {
  readonly id: string;
  /** How often it struck. */
  readonly count: number;
  remove(): void;
}

interface ActiveFault {
  id: string;
  fault: Fault;
  count: number;
}

/** The faults in force. The first that matches a request, in the order of adding, strikes. */
export class Faults {
  #active: ActiveFault[] = [];
  #nextId = 1;

  /** Puts a fault in force. Throws EMULATOR_BAD_FAULT for one that contradicts itself. */
  add(fault: Fault): FaultHandle {
    if (!isSensible(fault)) {
      throw emulatorError(
        'EMULATOR_BAD_FAULT',
        'A fault needs a route such as "POST /v1/access_token" and a status from 200 to 599; processed goes with an answer, resetBefore without.',
      );
    }
    const active: ActiveFault = { id: `fault-${this.#nextId++}`, fault, count: 0 };
    this.#active.push(active);
    return {
      id: active.id,
      get count() {
        return active.count;
      },
      remove: () => void this.remove(active.id),
    };
  }

  /** Removes one fault; false when there is none of that id. */
  remove(id: string): boolean {
    const before = this.#active.length;
    this.#active = this.#active.filter((active) => active.id !== id);
    return this.#active.length < before;
  }

  /** Removes all faults. */
  clear(): void {
    this.#active = [];
  }

  /** The faults in force, with how often each struck. */
  list(): { id: string; count: number; remaining: number | undefined }[] {
    return this.#active.map(({ id, count, fault }) => ({
      id,
      count,
      remaining: fault.times === undefined ? undefined : Math.max(0, fault.times - count),
    }));
  }

  /** The fault that strikes this request, counted. */
  take(request: FaultRequest): { id: string; fault: Fault } | undefined {
    const found = this.#active.find(
      ({ fault, count }) => count < (fault.times ?? Infinity) && matches(fault.route, request),
    );
    if (found) found.count += 1;
    return found;
  }
}

function matches(route: FaultRoute, request: FaultRequest): boolean {
  if (typeof route === 'function') return route(request);
  const line = `${request.method} ${request.path}`;
  // A pattern with the flag g remembers where it stopped: search() does not.
  return typeof route === 'string'
    ? route === line || route === `* ${request.path}`
    : line.search(route) >= 0;
}

/** Whether a fault is one that can be: its route readable, its status HTTP's, its wishes not at odds. */
export function isSensible(fault: Fault): boolean {
  const answers = fault.status !== undefined || fault.body !== undefined || fault.retryAfter !== undefined;
  const badStatus = fault.status !== undefined && !(fault.status >= 200 && fault.status <= 599);
  const badRoute = typeof fault.route === 'string' && !/^(\*|[A-Z]+) \/\S*$/.test(fault.route);
  return !(badStatus || badRoute || (fault.processed && !answers) || (fault.resetBefore && answers));
}
