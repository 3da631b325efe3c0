import { isLoopback } from '../base/secure-url.js';

/** What a Host header names: the gateway's public address, another loopback name of it, or somebody else. */
export type HostVerdict = 'canonical' | 'alias' | 'foreign';

/**
 * Judges a Host header, so that a page elsewhere cannot point its own name at this machine (DNS rebinding). `origin` is the redirect
 * URI's; `loopbackPort` the port on loopback, undefined where the gateway listens beyond it.
 */
export function judgeHost(
  host: string | null,
  { origin, loopbackPort }: { origin: string; loopbackPort: number | undefined },
): HostVerdict {
  if (host === null || !/^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(host)) return 'foreign';
  const canonical = new URL(origin);
  const text = `${canonical.protocol}//${host}`;
  if (URL.canParse(text) && new URL(text).host === canonical.host) return 'canonical';
  const direct = `http://${host}`;
  if (loopbackPort === undefined || !URL.canParse(direct)) return 'foreign';
  const { hostname, port } = new URL(direct);
  return isLoopback(hostname) && Number(port || 80) === loopbackPort ? 'alias' : 'foreign';
}
