import type { Assembly } from './assembly.js';
import type { CustomFields } from './base/custom-fields.js';
import { assertOptions, refuse } from './config/call-options.js';
import { checkNumber } from './config/number-setting.js';
import { GrantNotFoundError, ProtocolError } from './errors.js';
import { isAccessToken, readTokenAnswer } from './oauth/token-answer.js';
import { TokenSet } from './oauth/token-set.js';
import type { AuditEntry } from './stores/audit-log.js';
import type { GrantState } from './stores/grant-record.js';
import { assertOwnSubject } from './vault/derived-subject.js';
import { describe, summarize, type GrantDescription, type GrantSummary } from './vault/grant-summary.js';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;
// That of `Date`.
const LAST_INSTANT = 8.64e15;

/** What is stored, by subject, without the tokens. */
export class Grants {
  readonly #assembly: Assembly;

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  /** One grant with its scopes, person and custom fields; undefined when there is none. */
  async get(subject: string): Promise<GrantDescription | undefined> {
    const grant = await this.#assembly.tokens.read(subject);
    return grant && describe(grant);
  }

  /** A page of grants in the order of their subjects; `after` is the last subject of the page before. */
  async list(
    page: { state?: GrantState; after?: string; limit?: number } = {},
  ): Promise<readonly GrantSummary[]> {
    assertOptions(page);
    refuse(checkNumber('limit', page.limit, { unit: 'grants' }));
    const limit = Math.min(MAX_PAGE, Math.max(1, Math.floor(page.limit ?? DEFAULT_PAGE)));
    return (await this.#assembly.vault.list({ ...page, limit })).map(summarize);
  }

  /**
   * Stores a token response (RFC 6749, 5.1) that was obtained elsewhere. Lifetimes count from `receivedAt` (now). Errors: `ProtocolError`
   * when it holds no usable access token.
   */
  async import(
    subject: string,
    tokenResponse: Readonly<Record<string, unknown>>,
    {
      kind = 'imported',
      custom,
      receivedAt,
    }: { kind?: string; custom?: CustomFields; receivedAt?: number } = {},
  ): Promise<GrantDescription> {
    assertOwnSubject(subject);
    assertOptions(tokenResponse, 'tokenResponse');
    refuse(checkNumber('receivedAt', receivedAt, { max: LAST_INSTANT, unit: 'milliseconds' }));
    const accessToken = tokenResponse['access_token'];
    if (!isAccessToken(accessToken)) {
      throw new ProtocolError('The token response holds no usable access_token');
    }
    const now = receivedAt ?? this.#assembly.clock.now();
    const tokenSet = new TokenSet(readTokenAnswer(tokenResponse, accessToken, { now }));
    return describe(await this.#assembly.keep(subject, tokenSet, { kind, custom }));
  }

  /** Changes custom fields: given ones are set, `undefined` ones removed. They survive refreshes. Errors: `GrantNotFoundError`. */
  async update(subject: string, change: { custom: CustomFields }): Promise<GrantDescription> {
    assertOptions(change);
    const { custom } = change;
    assertOptions(custom, 'custom');
    const grant = await this.#assembly.vault.updateCustom(subject, custom);
    if (!grant) throw new GrantNotFoundError('Nothing is stored for this subject; sign in first');
    this.#assembly.tokens.remember(grant);
    return describe(grant);
  }

  /** What happened to a grant, newest first. */
  async history(subject: string, { limit = DEFAULT_PAGE }: { limit?: number } = {}): Promise<AuditEntry[]> {
    const { audit, store, owner } = this.#assembly;
    await audit.flush();
    return store.audit.list(owner, { subject, limit });
  }
}
