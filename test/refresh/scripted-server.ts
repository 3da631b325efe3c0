import { InvalidGrantError, NetworkError, TimeoutError, type WebexAuthError } from '../../src/errors.js';
import type { Renewer } from '../../src/oauth/grants/renewer.js';
import { TokenSet } from '../../src/oauth/token-set.js';
import type { FakeClock } from '../support/fake-clock.js';

/** How the server treats refresh tokens; the five kinds of refresh-protocol.md. */
export type ServerMode = 'none' | 'grace-same' | 'grace-new' | 'strict-soft' | 'strict-family';

/** What happens to one presentation instead of, or after, being handled. */
export type Fault = 'request lost' | 'answer lost' | 'hang' | { refuse: WebexAuthError };

/** An authorization server in memory, judged by its own ledger: a test fixture that shares nothing with the product. */
export class ScriptedServer implements Renewer {
  readonly presentations: { token: number; stale: boolean }[] = [];
  readonly faults: Fault[] = [];
  readonly revoked = new Set<string>();
  lifetimeMs = 3_600_000;
  latencyMs = 0;
  sameAccessToken = false;
  omitRefreshToken = false;
  overlap = 0;
  maxOverlap = 0;
  #newest = 0;
  #previous = -1;
  #familyRevoked = false;
  #access = 0;
  readonly #mode: ServerMode;
  readonly #clock: FakeClock;

  constructor(mode: ServerMode, clock: FakeClock) {
    this.#mode = mode;
    this.#clock = clock;
  }

  /** Whether the server would still take this token set's refresh token, without presenting it. */
  accepts(tokenSet: TokenSet): boolean {
    if (this.#familyRevoked) return false;
    const token = numberOf(tokenSet);
    if (token === this.#newest) return true;
    return this.#mode.startsWith('grace') && token === this.#previous;
  }

  issue(): TokenSet {
    return this.#mint(this.#newest, this.#clock.now());
  }

  canRenew(current: TokenSet): boolean {
    return current.refreshToken !== undefined;
  }

  async renew({ tokenSet: current }: { tokenSet: TokenSet }): Promise<TokenSet> {
    this.overlap += 1;
    this.maxOverlap = Math.max(this.maxOverlap, this.overlap);
    try {
      const fault = this.faults.shift();
      if (this.latencyMs > 0) await this.#clock.sleep(this.latencyMs);
      if (fault === 'request lost') throw reset();
      if (fault === 'hang') {
        await this.#clock.sleep(120_000);
        throw new TimeoutError('no answer within the deadline');
      }
      if (typeof fault === 'object') throw fault.refuse;
      const answer = this.#present(current);
      if (fault === 'answer lost') throw reset();
      return answer;
    } finally {
      this.overlap -= 1;
    }
  }

  #present(current: TokenSet): TokenSet {
    const token = numberOf(current);
    const stale = token !== this.#newest;
    this.presentations.push({ token, stale });
    const refused = (): never => {
      throw new InvalidGrantError('refused', { status: 400 });
    };
    if (this.#familyRevoked || this.revoked.has(current.refreshToken ?? '')) return refused();
    if (this.#mode === 'none') return this.#mint(this.#newest, this.#clock.now(), current);
    if (!stale) {
      this.#previous = token;
      this.#newest += 1;
      return this.#mint(this.#newest, this.#clock.now(), current);
    }
    if (token === this.#previous && this.#mode === 'grace-same') {
      return this.#mint(this.#newest, this.#clock.now(), current);
    }
    if (token === this.#previous && this.#mode === 'grace-new') {
      this.#newest += 1;
      return this.#mint(this.#newest, this.#clock.now(), current);
    }
    if (this.#mode === 'strict-family') this.#familyRevoked = true;
    return refused();
  }

  #mint(token: number, now: number, previous?: TokenSet): TokenSet {
    if (!this.sameAccessToken) this.#access += 1;
    return new TokenSet({
      accessToken: `access-${String(this.#access)}`,
      refreshToken: this.omitRefreshToken && previous ? previous.refreshToken : `refresh-${String(token)}`,
      issuedAt: now,
      expiresAt: now + this.lifetimeMs,
    });
  }
}

function numberOf({ refreshToken }: TokenSet): number {
  return Number(refreshToken?.split('-')[1]);
}

function reset(): NetworkError {
  return new NetworkError('reset', { reason: 'reset', maybeProcessed: true });
}
