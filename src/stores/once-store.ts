/** Things that may happen once across all processes, such as the use of a login's state. */
export interface OnceStore {
  /**
   * True for the first caller of all, false for every other, until `expiresAt` (milliseconds since the epoch), after which
   * the note may be dropped. Expired notes are removed along the way, so that the store does not grow.
   */
  consume(id: string, options: { expiresAt: number }): Promise<boolean>;
}
