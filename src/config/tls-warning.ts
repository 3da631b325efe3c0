/**
 * What to tell where the environment lets a caller's own `fetch` or `transport` trust any server; undefined where nothing is wrong.
 * Our own connections verify certificates all the same.
 */
export function tlsWarning(
  { fetch, transport }: { fetch?: unknown; transport?: unknown },
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0' || (!fetch && !transport)) return undefined;
  const own = fetch ? 'fetch' : 'transport';
  return `NODE_TLS_REJECT_UNAUTHORIZED is 0: through the ${own} you gave, tokens may go to a server that only pretends to be Webex. Unset it; NODE_EXTRA_CA_CERTS trusts one more authority`;
}
