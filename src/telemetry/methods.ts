const KNOWN = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY']);

/** Whether it is a method of HTTP, and not one that the caller made up (RFC 9110, 9; RFC 5789). */
export function isKnownMethod(method: string): boolean {
  return KNOWN.has(method);
}
