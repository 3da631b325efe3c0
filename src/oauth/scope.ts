// RFC 6749, 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Splits a scope value (RFC 6749, 3.3) at spaces. Repeated scopes, and those with characters that no scope may have, are dropped. */
export function parseScope(text: string): readonly string[] {
  return [...new Set(text.split(' ').filter((scope) => SCOPE_TOKEN.test(scope)))];
}

/** Joins scopes into a scope value: one space between, no repetitions. */
export function formatScope(scopes: readonly string[]): string {
  return [...new Set(scopes)].join(' ');
}

/** What is in `required` and not in `granted`. Scopes are case-sensitive and have no order. */
export function missingScopes(required: readonly string[], granted: readonly string[]): readonly string[] {
  const held = new Set(granted);
  return [...new Set(required)].filter((scope) => !held.has(scope));
}
