/** The scopes of a space-separated list, each once, in their order. */
export function splitScope(list: string | null | undefined): string[] {
  return [...new Set((list ?? '').split(' ').filter(Boolean))];
}
