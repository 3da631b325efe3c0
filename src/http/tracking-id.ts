import { randomUUID } from 'node:crypto';

// `ROUTER_5F3A…-01BB-…`, `webex-js-sdk_<uuid>_7`: short sections. Tokens have a section of 64 characters, or dots.
const TRACKING_ID = /^[A-Za-z][A-Za-z0-9-]{0,31}(_[A-Za-z0-9-]{1,48}){1,4}$/;

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

/** A response's tracking id, if it looks like one: a server that echoes a secret here must not get it into an error. */
export function trackingIdOf(field: string | undefined): string | undefined {
  return field !== undefined && TRACKING_ID.test(field) ? field : undefined;
}
