/**
 * Whether a browser proves that a page of `origin` sent this request: Sec-Fetch-Site, else the Origin header. A request
 * with neither proves nothing. This is the CSRF proof of every POST.
 */
export function isSameOrigin(request: Pick<Request, 'headers'>, origin: string): boolean {
  const site = request.headers.get('sec-fetch-site');
  const from = request.headers.get('origin');
  if (site !== null && site !== 'same-origin' && site !== 'none') return false;
  // Under `Referrer-Policy: no-referrer` browsers send `Origin: null` even to the page's own origin.
  if (site === 'same-origin') return from === null || from === 'null' || from === origin;
  return from === origin;
}
