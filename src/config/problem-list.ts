import { ConfigurationError, type ConfigurationProblem } from '../errors.js';

/** What is wrong so far, so that everything can be told at once. */
export class ProblemList {
  readonly #problems: ConfigurationProblem[] = [];

  get isEmpty(): boolean {
    return this.#problems.length === 0;
  }

  add(...problems: readonly ConfigurationProblem[]): void {
    this.#problems.push(...problems);
  }

  /** What `read` gives; undefined when it throws a `ConfigurationError`, whose problems are kept. */
  collect<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.add(...error.problems);
      return undefined;
    }
  }

  /** Errors: `ConfigurationError` with everything that was added. */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new ConfigurationError(this.#problems);
  }
}
