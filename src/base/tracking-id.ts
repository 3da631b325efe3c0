// `ROUTER_5F3A…-01BB-…`, `webex-js-sdk_<uuid>_7`: short sections. Tokens have a section of 64 characters, or dots.
const TRACKING_ID = /^[A-Za-z][A-Za-z0-9-]{0,31}(_[A-Za-z0-9-]{1,48}){1,4}$/;

/**
 * The first of these that looks like a tracking id (webex-facts 4.1). It is printed in errors, so a server that echoes a token in its
 * place must not get it through.
 */
export function trackingIdOf(...candidates: unknown[]): string | undefined {
  return candidates.find((one): one is string => typeof one === 'string' && TRACKING_ID.test(one));
}
