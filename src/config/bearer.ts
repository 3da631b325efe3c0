const LONGEST_TOKEN = 16 * 1024;

/**
 * The token in an `Authorization` value, whatever white space is around it, the scheme repeated or glued to it (`BearerNjE0…`).
 * Undefined = no token that can be sent.
 */
export function bearerOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_TOKEN) return undefined;
  // Glued only as people write it: a token of its own may begin with these letters in another case.
  const token = value.trim().replace(/^(?:(?:[Bb][Ee][Aa][Rr][Ee][Rr](?:\s+|$))+|Bearer)/, '');
  return /^[A-Za-z0-9\-._~+/]+=*$/.test(token) ? token : undefined;
}
