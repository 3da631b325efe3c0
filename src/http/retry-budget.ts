// Counted in tenths: whole numbers stay exact, however many calls there are.
const EARNED_PER_CALL = 1;
const COST_OF_RETRY = 10;
const MOST = 100;

/** Bounds what retries add to the load: each call earns a tenth of a retry, and at most 10 retries are saved up. */
export class RetryBudget {
  #tenths = MOST;

  /** A call is being sent for the first time. */
  earn(): void {
    if (this.#tenths < MOST) this.#tenths += EARNED_PER_CALL;
  }

  /** Takes one retry; false when there is none left. */
  spend(): boolean {
    if (this.#tenths < COST_OF_RETRY) return false;
    this.#tenths -= COST_OF_RETRY;
    return true;
  }
}
