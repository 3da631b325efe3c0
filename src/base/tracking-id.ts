// `ROUTER_5F3A…-01BB-…`, `webex-js-sdk_<uuid>_7`: short sections of short runs. Tokens and secrets have longer runs, or dots.
const TRACKING_ID = /^(?!.*[A-Za-z0-9]{16})[A-Za-z][A-Za-z0-9-]{0,31}(_[A-Za-z0-9-]{1,48}){1,4}$/;

const WINDOW = 16;

/**
 * The first of these that looks like a tracking id (webex-facts 4.1). It is printed in errors, so it may hold no 16 characters of
 * what was sent, for some servers echo what they are given, and no run as long as a secret's.
 */
export function trackingIdOf(candidates: readonly unknown[], sent: string): string | undefined {
  return candidates.find(
    (one): one is string => typeof one === 'string' && TRACKING_ID.test(one) && !echoes(one, sent),
  );
}

/** Whether a text holds 16 characters of what was sent, or lies in it as a whole. */
export function echoes(text: string, sent: string): boolean {
  for (let at = 0; at === 0 || at + WINDOW <= text.length; at++) {
    if (sent.includes(text.slice(at, at + WINDOW))) return true;
  }
  return false;
}
