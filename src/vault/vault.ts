import {
  ConfigurationError,
  IntegrityError,
  KeyUnavailableError,
  PersonMismatchError,
  StoreUnavailableError,
  WrongKeyError,
} from '../errors.js';
import type { RawTokenResponse, Renewable } from '../oauth/grants/renewer.js';
import { TokenSet, type TokenSetData } from '../oauth/token-set.js';
import { open, seal } from '../sealing/envelope.js';
import type { KeyRing } from '../sealing/key-ring.js';
import type { SealContext } from '../sealing/seal-context.js';
import type { GrantKey, GrantRecord, GrantState, TokenWrite } from '../stores/grant-record.js';
import type { GrantOwner, GrantStore } from '../stores/grant-store.js';
import type { CustomFields } from '../base/custom-fields.js';
import type { Grant, GrantDetails } from './grant.js';

const CAS_ATTEMPTS = 20;

/** What a disconnect leaves to be revoked; undefined when it could not be opened. */
export type DisconnectedTokens = { accessToken: string; refreshTokens: readonly string[] } | undefined;

/** Decides when the scheduler should look at a new token set; milliseconds since the epoch, undefined = never. */
export type DueRule = (grant: Renewable) => number | undefined;

/** Token sets ↔ sealed rows, by subject. Everything it hands to the store is ciphertext, instants and counters. */
export class Vault {
  readonly #grants: GrantStore;
  readonly #keys: KeyRing;
  readonly #owner: GrantOwner;
  readonly #dueAt: DueRule;

  constructor(options: { grants: GrantStore; keys: KeyRing; owner: GrantOwner; dueAt: DueRule }) {
    this.#grants = options.grants;
    this.#keys = options.keys;
    this.#owner = options.owner;
    this.#dueAt = options.dueAt;
  }

  /**
   * Proves that the keys are those the vault was made with, and notes new ones. Changes nothing when they are not.
   * Errors: `WrongKeyError`, `KeyUnavailableError` (the vault knows keys, and none of them is here).
   */
  async verifyKeys(): Promise<void> {
    const known = await this.#grants.keyChecks(this.#owner);
    for (const id of this.#keys.ids) this.#compareKeyCheck(id, known.get(id));
    if (known.size > 0 && !this.#keys.ids.some((id) => known.has(id))) {
      throw new KeyUnavailableError(
        `The vault was made with the key ${[...known.keys()].join(', ')}, which is not among the keys given`,
      );
    }
    for (const id of this.#keys.ids.filter((one) => !known.has(one))) {
      this.#compareKeyCheck(
        id,
        await this.#grants.saveKeyCheck(this.#owner, { keyId: id, value: this.#keys.keyCheck(id) }),
      );
    }
  }

  #compareKeyCheck(id: string, known: string | undefined): void {
    if (known === undefined || known === this.#keys.keyCheck(id)) return;
    throw new WrongKeyError(`The key '${id}' is not the one this vault was made with`);
  }

  /** The store's key of a subject. */
  key(subject: string): GrantKey {
    return { ...this.#owner, subject };
  }

  /**
   * The grant of a subject; undefined when there is none. What `known` holds of the same ciphertext is not opened again. Errors:
   * `IntegrityError`, `KeyUnavailableError`, the store's.
   */
  async read(subject: string, known?: Grant): Promise<Grant | undefined> {
    const record = await this.#grants.read(this.key(subject));
    return record && this.openRecord(record, known);
  }

  /** Opens a row; a tombstone is no grant. What `known` holds of the same ciphertext is not opened again. */
  openRecord(record: GrantRecord, known?: Grant): Grant | undefined {
    if (record.state === 'deleted') return undefined;
    const before = known?.record;
    const sameTokens = before?.generation === record.generation && sameBytes(before.tokens, record.tokens);
    return {
      subject: record.key.subject,
      kind: record.kind,
      state: record.state,
      tokenSet: known && sameTokens ? known.tokenSet : this.#openTokens(record),
      record,
      ...this.#detailsIn(record, known),
    };
  }

  /** The grant as this row holds it, when `tokenSet` is what was just sealed into it. */
  withTokenSet(record: GrantRecord, tokenSet: TokenSet, known: Grant): Grant | undefined {
    return this.openRecord(record, {
      ...known,
      tokenSet,
      record: { ...known.record, generation: record.generation, tokens: record.tokens },
    });
  }

  /**
   * Stores the token set of a login: a first one, or in place of what was there. `custom` replaces the old ones
   * when given; a person that is not given is not known any more. Resolves when it is durable. `known`: the grant as last seen, if any. Errors: `PersonMismatchError` when the
   * subject belongs to another Webex person, the store's.
   */
  async keep(
    subject: string,
    tokenSet: TokenSet,
    options: { kind: string; known?: Grant | undefined } & GrantDetails,
  ): Promise<Grant> {
    const { kind, known, ...given } = options;
    const key = this.key(subject);
    for (let attempt = 0; attempt < CAS_ATTEMPTS; attempt++) {
      const before = await this.#grants.read(key);
      const generation = before?.generation ?? 0;
      const revision = before?.detailsRevision ?? 0;
      const kept = before && before.state !== 'deleted' ? this.#readableDetails(before, known) : {};
      assertSamePerson(kept ?? {}, given);
      // Whose the old token set was, what was asked for and what renewed it, says nothing about the new one.
      const { person, requestedScope, renewal } = given;
      const details = definedOnly({ ...kept, ...definedOnly(given), person, requestedScope, renewal });
      const changed = !kept || toJson(details) !== toJson(kept);
      const written = await this.#grants.save(
        key,
        {
          kind,
          details: changed ? this.#sealDetails(subject, revision + 1, details) : undefined,
          ...this.write({ subject, kind, tokenSet, renewal: given.renewal }, generation + 1),
        },
        { generation, revision },
      );
      if (written.done) {
        return { subject, kind, state: 'live', tokenSet, record: written.record, ...details };
      }
    }
    throw new StoreUnavailableError('The grant kept changing while a login was being stored; try again');
  }

  /** Changes the custom fields: given ones are set, `undefined` ones removed, the rest stays. Undefined when there is no grant. */
  async updateCustom(subject: string, changes: Record<string, unknown>): Promise<Grant | undefined> {
    const key = this.key(subject);
    for (let attempt = 0; attempt < CAS_ATTEMPTS; attempt++) {
      const grant = await this.read(subject);
      if (!grant) return undefined;
      const { person, requestedScope, renewal, record } = grant;
      const custom: CustomFields = definedOnly({ ...grant.custom, ...changes });
      const revision = record.detailsRevision;
      const sealed = this.#sealDetails(subject, revision + 1, { person, requestedScope, renewal, custom });
      const written = await this.#grants.saveDetails(key, sealed, { revision });
      if (written.done) return this.openRecord(written.record);
    }
    throw new StoreUnavailableError(
      'The grant kept changing while its custom fields were being stored; try again',
    );
  }

  /** Makes the tombstone. Returns what it replaced, with the tokens to revoke as far as they can be opened. */
  async disconnect(
    subject: string,
  ): Promise<{ record: GrantRecord; tokens: DisconnectedTokens } | undefined> {
    const record = await this.#grants.disconnect(this.key(subject));
    if (!record) return undefined;
    try {
      const { accessToken, refreshToken } = this.#openTokens(record);
      const successor = this.openCandidate(record)?.['refresh_token'];
      const refreshTokens = [refreshToken, successor].filter((one) => typeof one === 'string' && one !== '');
      return { record, tokens: { accessToken, refreshTokens: [...new Set(refreshTokens as string[])] } };
    } catch (error) {
      // Without its key the grant can still be forgotten here; only the revocation upstream is out of reach.
      if (isSealedAway(error)) return { record, tokens: undefined };
      throw error;
    }
  }

  /** Rows of this owner; see `GrantStore.list`. */
  list(page: {
    state?: GrantState | undefined;
    after?: string | undefined;
    limit: number;
  }): Promise<GrantRecord[]> {
    return this.#grants.list(this.#owner, page);
  }

  /** Seals a token set for the generation that it is going to be. */
  write(grant: Renewable, generation: number, dueAt = this.#dueAt(grant)): TokenWrite {
    const { subject, tokenSet } = grant;
    return {
      tokens: seal(
        this.#keys,
        JSON.stringify(tokenSet.toData()),
        this.#context(subject, 'tokens', generation),
      ),
      keyId: this.#keys.currentId,
      issuedAt: tokenSet.issuedAt,
      expiresAt: tokenSet.expiresAt,
      refreshExpiresAt: tokenSet.refreshTokenExpiresAt,
      dueAt,
    };
  }

  /** Seals a raw answer beside the generation that was presented for it. */
  sealCandidate(record: GrantRecord, raw: RawTokenResponse): Uint8Array {
    return seal(
      this.#keys,
      JSON.stringify(raw),
      this.#context(record.key.subject, 'candidate', record.generation),
    );
  }

  /** The raw answer kept with this row, if any. */
  openCandidate(record: GrantRecord): RawTokenResponse | undefined {
    if (!record.candidate) return undefined;
    const context = this.#context(record.key.subject, 'candidate', record.generation);
    return parse<RawTokenResponse>(open(this.#keys, record.candidate, context));
  }

  #openTokens(record: GrantRecord): TokenSet {
    if (!record.tokens) throw new IntegrityError('The grant holds no token set');
    const context = this.#context(record.key.subject, 'tokens', record.generation);
    return new TokenSet(parse<TokenSetData>(open(this.#keys, record.tokens, context)));
  }

  // Undefined: they cannot be opened. That must not keep their person from signing in again; the login replaces them.
  #readableDetails(record: GrantRecord, known: Grant | undefined): GrantDetails | undefined {
    try {
      return this.#detailsIn(record, known);
    } catch (error) {
      if (isSealedAway(error)) return undefined;
      throw error;
    }
  }

  #detailsIn(record: GrantRecord, known: Grant | undefined): GrantDetails {
    const before = known?.record;
    if (!record.details) return {};
    if (
      known &&
      before?.detailsRevision === record.detailsRevision &&
      sameBytes(before.details, record.details)
    ) {
      return detailsOf(known);
    }
    const context = this.#context(record.key.subject, 'details', record.detailsRevision);
    return parse<GrantDetails>(open(this.#keys, record.details, context));
  }

  #sealDetails(subject: string, revision: number, details: GrantDetails): Uint8Array {
    return seal(this.#keys, toJson(details), this.#context(subject, 'details', revision));
  }

  #context(subject: string, column: string, generation: number): SealContext {
    const { tenant, clientId } = this.#owner;
    return { tenant, clientId, subject, column, generation };
  }
}

function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0);
}

function isSealedAway(error: unknown): boolean {
  return error instanceof KeyUnavailableError || error instanceof IntegrityError;
}

// Identity is the person's id within the organisation (ASVS 10.3.3): a subject never changes hands silently.
function assertSamePerson({ person: before }: GrantDetails, { person: now }: GrantDetails): void {
  if (!before || !now || (before.id === now.id && before.orgId === now.orgId)) return;
  throw new PersonMismatchError(
    'This subject is connected to another Webex person; disconnect it first, then sign in again',
  );
}

function toJson(custom: unknown): string {
  try {
    return JSON.stringify(custom);
  } catch {
    throw new ConfigurationError([{ setting: 'custom', problem: 'must be made of JSON values only' }]);
  }
}

function detailsOf({ person, custom, requestedScope, renewal }: GrantDetails): GrantDetails {
  return { person, custom, requestedScope, renewal };
}

const utf8 = new TextDecoder();

function parse<Value>(plaintext: Uint8Array): Value {
  return JSON.parse(utf8.decode(plaintext)) as Value;
}

function definedOnly<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Value;
}
