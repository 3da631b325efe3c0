import type { LocalJWKSet } from 'jose';
import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { SingleFlight } from '../base/single-flight.js';
import { ProtocolError } from '../errors.js';
import { member } from '../oauth/member.js';
import { type EndpointAnswer, receiveAnswer } from '../oauth/endpoint-answer.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';

const MAX_AGE_MS = 3_600_000;
const PAUSE_MS = 30_000;
const MOST_KEYS = 100;
// Public members only: what else is published has no business here.
const MEMBERS = ['kty', 'kid', 'use', 'alg', 'key_ops', 'n', 'e'];

/** The signing keys of one issuer (RFC 7517), fetched when they are first needed and kept for an hour. */
export class IssuerKeys {
  readonly #jwksUri: string;
  readonly #fetch: WholeFetch;
  readonly #clock: Clock;
  readonly #flights = new SingleFlight<LocalJWKSet>();
  #known: { keys: LocalJWKSet; since: number } | undefined;
  #askedAt = -Infinity;

  constructor({ jwksUri, fetch, clock }: { jwksUri: string; fetch: WholeFetch; clock: Clock }) {
    this.#jwksUri = jwksUri;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The keys. Rejects with the network's error where they cannot be fetched, `ProtocolError` where they are none. */
  async current(): Promise<LocalJWKSet> {
    const known = this.#known;
    return known && this.#clock.monotonic() - known.since < MAX_AGE_MS ? known.keys : this.#load();
  }

  /**
   * Other keys than `seen`, which lack the one that is looked for; undefined = there are none. The issuer is asked at most once in
   * 30 s: anybody can make up key ids.
   */
  async newerThan(seen: LocalJWKSet): Promise<LocalJWKSet | undefined> {
    if (this.#known && this.#known.keys !== seen) return this.#known.keys;
    if (this.#flights.has('keys') || this.#clock.monotonic() - this.#askedAt >= PAUSE_MS) return this.#load();
    return undefined;
  }

  #load(): Promise<LocalJWKSet> {
    return this.#flights.run('keys', async () => {
      this.#askedAt = this.#clock.monotonic();
      const answer = await receiveAnswer(
        (watched) =>
          watched(this.#jwksUri, {
            method: 'GET',
            headers: { accept: 'application/json' },
            redirect: 'manual',
          }),
        { fetch: this.#fetch, clock: this.#clock },
      );
      const { createLocalJWKSet } = await import('jose');
      const usable = keysOf(answer);
      const keys = createLocalJWKSet({ keys: usable });
      // An answer without any would refuse everybody until the issuer may be asked again.
      if (usable.length > 0) this.#known = { keys, since: this.#clock.monotonic() };
      return keys;
    });
  }
}

function keysOf(answer: EndpointAnswer): { kty: string }[] {
  const { status, trackingId, body } = answer;
  if (status === 429 || status >= 500) throw errorOfAnswer(answer);
  const listed = status === 200 ? member(body, 'keys') : undefined;
  if (!Array.isArray(listed) || listed.length > MOST_KEYS)
    throw new ProtocolError('The keys that ID tokens are checked with cannot be read', {
      status,
      trackingId,
    });
  return listed.flatMap((key: unknown) => {
    if (typeof key !== 'object' || key === null) return [];
    const source = key as Readonly<Record<string, unknown>>;
    const own = MEMBERS.map((name) => [name, member(source, name)] as const);
    const isRsa = member(source, 'kty') === 'RSA';
    return isRsa
      ? [{ kty: 'RSA', ...Object.fromEntries(own.filter(([, value]) => value !== undefined)) }]
      : [];
  });
}
