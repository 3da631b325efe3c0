import { randomUUID } from 'node:crypto';
import { trackingIdOf } from '../base/tracking-id.js';

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

/** The tracking id that a request carries, where it looks like one: a caller may have put anything there. */
export function sentTrackingId(headers: Readonly<Record<string, string>>): string | undefined {
  const id = headers['trackingid'];
  // Replays carry it with `+1`, `+2`.
  return trackingIdOf([id?.replace(/\+\d+$/, '')], '') && id;
}
