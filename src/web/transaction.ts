import { IntegrityError, KeyUnavailableError, StateMismatchError } from '../errors.js';
import type { AuthorizationTransaction } from '../oauth/authorization-request.js';
import type { KeyRing } from '../sealing/key-ring.js';
import { openText, sealText } from '../sealing/sealed-text.js';

/** A login in flight: all that is known of it. The browser keeps it sealed, the server keeps nothing (check K1). */
export interface LoginTransaction {
  readonly authorization: AuthorizationTransaction;
  /** Where to go afterwards: a path of this site. */
  readonly returnTo?: string | undefined;
  /** Hash of the app's user who started it; undefined = nobody was named. */
  readonly starter?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What the seal is bound to. */
export interface TransactionOwner {
  readonly keys: KeyRing;
  readonly tenant: string;
  readonly clientId: string;
}

/** Seals a login in flight into text that fits a cookie: base64url. */
export function sealTransaction(transaction: LoginTransaction, owner: TransactionOwner): string {
  return sealText(owner.keys, JSON.stringify(transaction), contextOf(owner));
}

/** Opens it again. Anything else than what `sealTransaction` made for this owner is a `StateMismatchError`. */
export function openTransaction(sealed: string | undefined, owner: TransactionOwner): LoginTransaction {
  if (typeof sealed !== 'string' || sealed === '') {
    throw new StateMismatchError('No login was started here, or its cookie is gone; start the sign-in again');
  }
  try {
    return JSON.parse(openText(owner.keys, sealed, contextOf(owner))) as LoginTransaction;
  } catch (error) {
    if (!(error instanceof IntegrityError || error instanceof KeyUnavailableError)) throw error;
    throw new StateMismatchError('The login that was started here cannot be read; start the sign-in again', {
      cause: error,
    });
  }
}

function contextOf({ tenant, clientId }: TransactionOwner) {
  return { tenant, clientId, subject: '', column: 'login', generation: 0 };
}
