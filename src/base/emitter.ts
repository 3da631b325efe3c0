/** A listener of one event. */
export type Listener<Payload> = (payload: Payload) => void;

/**
 * Events as a typed map. A listener that throws, or returns a promise that rejects, is reported through
 * `onListenerError` and harms neither the other listeners nor the emitter.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Listener<never>[]>();
  readonly #onListenerError: (error: unknown, event: keyof Events) => void;

  constructor(options: { onListenerError?: (error: unknown, event: keyof Events) => void } = {}) {
    this.#onListenerError = options.onListenerError ?? reportToProcess;
  }

  /** Adds a listener. Returns the function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return () => this.off(name, listener);
  }

  /** Adds a listener that is called at most once. Returns the function that removes it. */
  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const remove = this.on(name, (payload) => {
      remove();
      return listener(payload);
    });
    return remove;
  }

  /** Removes a listener; unknown ones are ignored. */
  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const listeners = this.#listeners.get(name);
    const at = listeners?.indexOf(listener) ?? -1;
    if (listeners && at >= 0) this.#listeners.set(name, listeners.toSpliced(at, 1));
  }

  /** Calls the listeners of `name` in the order in which they were added. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const result: unknown = (listener as (payload: Events[Name]) => unknown)(payload);
        if (result instanceof Promise) result.catch((error: unknown) => this.#onListenerError(error, name));
      } catch (error) {
        this.#onListenerError(error, name);
      }
    }
  }
}

function reportToProcess(error: unknown, event: PropertyKey): void {
  const what = error instanceof Error ? error.name : typeof error;
  process.emitWarning(`A listener of '${String(event)}' failed: ${what}`, {
    type: 'WebexAuthWarning',
    code: 'LISTENER_FAILED',
  });
}
