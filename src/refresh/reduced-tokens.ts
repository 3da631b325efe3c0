import { untilAbort } from '../base/until-abort.js';
import type { Clock } from '../base/clock.js';
import { SingleFlight } from '../base/single-flight.js';
import { GrantNotFoundError } from '../errors.js';
import { missingScopes } from '../oauth/scope.js';
import { TokenSet } from '../oauth/token-set.js';
import type { GrantTokens } from './grant-tokens.js';
import { mandatoryAt } from './refresh-policy.js';

const MOST = 10_000;

/** What reducing needs; the exchange with Webex comes as a value. */
export interface ReducedTokensOptions {
  tokens: GrantTokens;
  reduce(accessToken: string, scope: readonly string[]): Promise<TokenSet>;
  /** Ends one whose grant was forgotten while it was made. */
  revoke(accessToken: string): Promise<void>;
  clock: Clock;
}

interface Reduced {
  /** The full token that it was made of. */
  from: string;
  tokenSet: TokenSet;
}

/**
 * Tokens with fewer scopes, made of a grant's token and kept in memory per subject and scope for as long as that is the current one.
 * A reduction that fails is an error: the full token never takes its place.
 */
export class ReducedTokens {
  readonly #options: ReducedTokensOptions;
  readonly #kept = new Map<string, Reduced>();
  readonly #flights = new SingleFlight<TokenSet>();
  #forgets = 0;

  constructor(options: ReducedTokensOptions) {
    this.#options = options;
  }

  /**
   * A token with exactly these scopes; the grant's own when it has no others. Errors: those of `token()`, `MissingScopeError`,
   * `ScopeReductionError`, those of the network.
   */
  async token(
    subject: string,
    scope: readonly string[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<TokenSet> {
    const { tokens } = this.#options;
    const { accessToken, expiresAt } = await tokens.token(subject, { requireScope: scope, signal });
    const grant = tokens.seen(subject) ?? (await tokens.recent(subject));
    if (!grant) throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
    const granted = grant.tokenSet.accessToken === accessToken ? grant.tokenSet.scope : undefined;
    if (granted && missingScopes(granted, scope).length === 0) {
      return new TokenSet({ accessToken, expiresAt, scope: granted, issuedAt: grant.tokenSet.issuedAt });
    }
    const key = `${[...new Set(scope)].sort().join(' ')}\n${subject}`;
    const kept = this.#kept.get(key);
    if (kept?.from === accessToken && this.#options.clock.now() < mandatoryAt(kept.tokenSet)) {
      return kept.tokenSet;
    }
    // Callers share one exchange, so that it carries nobody's signal.
    return untilAbort(
      this.#flights.run(`${key}\n${accessToken}`, () =>
        this.#reduce(subject, key, { from: accessToken, scope }),
      ),
      signal,
    );
  }

  /** Forgets the tokens of a subject; gives them for revocation. */
  forget(subject: string): readonly string[] {
    this.#forgets += 1;
    const gone: string[] = [];
    for (const [key, { tokenSet }] of this.#kept) {
      if (key.slice(key.indexOf('\n') + 1) !== subject) continue;
      this.#kept.delete(key);
      gone.push(tokenSet.accessToken);
    }
    return gone;
  }

  async #reduce(
    subject: string,
    key: string,
    { from, scope }: { from: string; scope: readonly string[] },
  ): Promise<TokenSet> {
    const forgets = this.#forgets;
    const tokenSet = await this.#options.reduce(from, scope);
    if (forgets !== this.#forgets && !(await this.#options.tokens.read(subject))) {
      await this.#options.revoke(tokenSet.accessToken).catch(() => undefined);
      throw new GrantNotFoundError('The grant was disconnected while a smaller token was made of it');
    }
    this.#kept.delete(key);
    this.#kept.set(key, { from, tokenSet });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST) break;
      this.#kept.delete(oldest);
    }
    return tokenSet;
  }
}
