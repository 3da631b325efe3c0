import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import type { EmulatorSettings } from './emulator-options.js';
import type { Challenge, CodeRecord, EmulatorState } from './emulator-state.js';
import { fingerprint, opaqueToken } from './fake-token.js';

/** What the client sends along with a code. */
export interface CodeProof {
  clientId: string;
  redirectUri: string | undefined;
  verifier: string | undefined;
}

/** A code that was good, or why not. `reusedGrant` is what its first use gave: it has to go. */
export type Redemption =
  { record: CodeRecord } | { refused: 'code' | 'redirect_uri' | 'code_verifier'; reusedGrant?: string };

/** Authorization codes: short-lived, good for one attempt, bound to client, redirect URI and PKCE challenge. */
export class CodeBook {
  readonly #state: EmulatorState;
  readonly #clock: Clock;
  readonly #settings: EmulatorSettings;

  constructor(state: EmulatorState, parts: { clock: Clock; settings: EmulatorSettings }) {
    this.#state = state;
    this.#clock = parts.clock;
    this.#settings = parts.settings;
  }

  /** A new code of the organisation `orgId`. */
  issue(allowed: Omit<CodeRecord, 'expiresAt' | 'used' | 'grantId'>, orgId: string): string {
    const code = opaqueToken(this.#state.key, `code:${randomUUID()}`, orgId);
    const expiresAt = this.#clock.now() + this.#settings.lifetimes.code * 1000;
    this.#state.codes.set(fingerprint(code), { ...allowed, expiresAt, used: false });
    return code;
  }

  /** Uses a code up. Any attempt of the right client ends it, a failed one too. */
  redeem(code: string, { clientId, redirectUri, verifier }: CodeProof): Redemption {
    const record = this.#state.codes.get(fingerprint(code));
    if (record?.clientId !== clientId) return { refused: 'code' };
    if (record.used) {
      return { refused: 'code', ...(record.grantId === undefined ? {} : { reusedGrant: record.grantId }) };
    }
    record.used = true;
    if (record.expiresAt <= this.#clock.now()) return { refused: 'code' };
    const sent = redirectUri ?? (record.redirectUriSent ? undefined : record.redirectUri);
    if (sent !== record.redirectUri) return { refused: 'redirect_uri' };
    if (!isProven(record.challenge, verifier)) return { refused: 'code_verifier' };
    return { record };
  }
}

// A verifier without a challenge is refused too (RFC 9700, 2.1.1): it is what a downgrade looks like.
function isProven(challenge: Challenge | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier;
  if (!/^[\w.~-]{43,128}$/.test(verifier)) return false;
  const shown =
    challenge.method === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url');
  return shown === challenge.value;
}
