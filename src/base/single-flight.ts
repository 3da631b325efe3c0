/** Lets concurrent callers with the same key share one run of the work. */
export class SingleFlight<Result> {
  readonly #flights = new Map<string, Promise<Result>>();

  /** Joins the run under way for `key`, or starts one. All callers get its outcome, errors too. */
  run(key: string, work: () => Promise<Result>): Promise<Result> {
    const current = this.#flights.get(key);
    if (current) return current;
    const flight = Promise.resolve()
      .then(work)
      .finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  /** Whether a run for `key` is under way. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** How many runs are under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** Resolves when the runs that are under way now have settled, whatever their outcome. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#flights.values());
  }
}
