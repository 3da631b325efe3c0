import { randomUUID } from 'node:crypto';
import { withoutTokens } from './fake-token.js';

// `<prefix>_<uuid>_<seq>`, with `+<n>` where the SDK sends again (webex-facts 4.1). Sections are too short to hold a secret.
const CLIENT_MADE = /^[A-Za-z][A-Za-z0-9-]{0,31}(_[A-Za-z0-9-]{1,36}){1,4}(\+\d{1,3})?$/;

/** The tracking id of a request: the client's own where it sent a well-formed one, else a new one. */
export function trackingIdFor(sent: string | undefined): string {
  if (sent !== undefined && CLIENT_MADE.test(sent) && withoutTokens(sent) === sent) return sent;
  return `EMULATOR_${randomUUID()}`;
}
