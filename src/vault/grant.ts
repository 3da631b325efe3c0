import type { CustomFields } from '../base/custom-fields.js';
import type { Person } from '../oauth/person.js';
import type { TokenSet } from '../oauth/token-set.js';
import type { GrantRecord, GrantState } from '../stores/grant-record.js';

/** What is kept, sealed, beside the tokens. */
export interface GrantDetails {
  readonly person?: Person | undefined;
  readonly custom?: CustomFields | undefined;
  /** Scopes the login asked for: what is missing from the granted ones is `missingScopes`. */
  readonly requestedScope?: readonly string[] | undefined;
}

/** One subject's stored token set with its state, opened. */
export interface Grant extends GrantDetails {
  readonly subject: string;
  readonly kind: string;
  readonly state: Exclude<GrantState, 'deleted'>;
  readonly tokenSet: TokenSet;
  readonly record: GrantRecord;
}
