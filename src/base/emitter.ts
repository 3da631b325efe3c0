/** A listener of one event. */
export type Listener<Payload> = (payload: Payload) => void;

/**
 * Events as a typed map. A listener that throws, or returns a promise that rejects, is reported through
 * `onListenerError` and harms neither the other listeners nor the emitter.
 */
export class Emitter<Events extends object> {
  readonly #entries = new Map<keyof Events, readonly Entry[]>();
  readonly #onListenerError: (error: unknown, event: keyof Events) => void;

  constructor(options: { onListenerError?: (error: unknown, event: keyof Events) => void } = {}) {
    this.#onListenerError = options.onListenerError ?? reportToProcess;
  }

  /** Adds a listener. Returns the function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    return this.#add(name, { listener, once: false, spent: false });
  }

  /** Adds a listener that is called at most once. Returns the function that removes it. */
  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    return this.#add(name, { listener, once: true, spent: false });
  }

  /** Removes a listener, however it was added; unknown ones are ignored. */
  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const entry = this.#entries.get(name)?.find((one) => one.listener === listener);
    if (entry) this.#remove(name, entry);
  }

  /** Calls the listeners of `name` in the order in which they were added. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const entry of this.#entries.get(name) ?? []) {
      // A listener may emit the same event: the outer round must not call what the inner one has used up.
      if (entry.spent) continue;
      if (entry.once) {
        entry.spent = true;
        this.#remove(name, entry);
      }
      try {
        const result: unknown = (entry.listener as (payload: Events[Name]) => unknown)(payload);
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.#report(error, name));
      } catch (error) {
        this.#report(error, name);
      }
    }
  }

  #add(name: keyof Events, entry: Entry): () => void {
    this.#entries.set(name, [...(this.#entries.get(name) ?? []), entry]);
    return () => this.#remove(name, entry);
  }

  #remove(name: keyof Events, entry: Entry): void {
    const left = this.#entries.get(name)?.filter((one) => one !== entry) ?? [];
    if (left.length > 0) this.#entries.set(name, left);
    else this.#entries.delete(name);
  }

  #report(error: unknown, name: keyof Events): void {
    try {
      this.#onListenerError(error, name);
    } catch {
      reportToProcess(error, name);
    }
  }
}

interface Entry {
  readonly listener: Listener<never>;
  readonly once: boolean;
  spent: boolean;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function reportToProcess(error: unknown, event: PropertyKey): void {
  const what = error instanceof Error ? error.name : typeof error;
  process.emitWarning(`A listener of '${String(event)}' failed: ${what}`, {
    type: 'WebexAuthWarning',
    code: 'LISTENER_FAILED',
  });
}
