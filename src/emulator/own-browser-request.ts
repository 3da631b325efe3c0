import { isLoopback } from './emulator-options.js';
import type { EmulatorContext } from './route.js';

/**
 * Whether a request may have come from here: its Host names loopback (no DNS rebinding), and where a browser tells
 * Origin or Sec-Fetch-Site, they are our own. A navigation may start anywhere.
 */
export function isOwnBrowserRequest(
  context: EmulatorContext,
  kind: 'navigation' | 'form' | 'control',
): boolean {
  const host = context.req.header('host') ?? '';
  if (!URL.canParse(`http://${host}`) || !isLoopback(nameOf(`http://${host}`))) return false;
  if (kind === 'navigation') return true;
  const origin = context.req.header('origin');
  if (origin !== undefined && origin !== `http://${host}`) return false;
  const site = context.req.header('sec-fetch-site');
  return site !== 'cross-site' && site !== 'same-site';
}

function nameOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}
