import { randomUUID } from 'node:crypto';

/** Makes tracking ids `<prefix>_<uuid>_<n>`: one uuid per sequence, counting from 1. */
export class TrackingIds {
  readonly #stem: string;
  #count = 0;

  constructor(prefix: string) {
    this.#stem = `${prefix}_${randomUUID()}_`;
  }

  /** The next one. */
  next(): string {
    return `${this.#stem}${++this.#count}`;
  }
}
