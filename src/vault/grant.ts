import type { CustomFields } from '../base/custom-fields.js';
import type { Renewable, RenewalMaterial } from '../oauth/grants/renewer.js';
import type { Person } from '../oauth/person.js';
import type { GrantRecord, GrantState } from '../stores/grant-record.js';

/** What is kept, sealed, beside the tokens. */
export interface GrantDetails {
  readonly person?: Person | undefined;
  readonly custom?: CustomFields | undefined;
  /** Scopes the login asked for: what is missing from the granted ones is `missingScopes`. */
  readonly requestedScope?: readonly string[] | undefined;
  readonly renewal?: RenewalMaterial | undefined;
}

/** One subject's stored token set with its state, opened. */
export interface Grant extends GrantDetails, Renewable {
  readonly state: Exclude<GrantState, 'deleted'>;
  readonly record: GrantRecord;
}
