import { apiError } from './error-answer.js';
import type { EmulatorContext } from './route.js';

const LARGEST_PAGE = 1000;

/**
 * One page of a list, with `Link: <…>; rel="next"` while there is more (webex-facts 8). `gap` puts an empty page after
 * the first, which Webex may do as well: only the missing link tells the end.
 */
export function listPage(
  context: EmulatorContext,
  items: readonly unknown[],
  { gap = false } = {},
): Response {
  const max = context.req.query('max') ?? '100';
  const cursor = readCursor(context.req.query('cursor'));
  if (!/^\d{1,4}$/.test(max) || Number(max) < 1 || Number(max) > LARGEST_PAGE || cursor === undefined) {
    return apiError(context, 400, 'max must be from 1 to 1000, and cursor one that a Link gave.');
  }
  const { from, empty } = cursor;
  const to = empty ? from : from + Number(max);
  if (to < items.length) {
    const next = new URL(context.req.url);
    const marker = gap && from === 0 ? 'e' : 'i';
    next.searchParams.set('cursor', Buffer.from(`${marker}${to}`).toString('base64url'));
    context.header('Link', `<${next.href}>; rel="next"`);
  }
  return context.json({ items: items.slice(from, to) });
}

function readCursor(text: string | undefined): { from: number; empty: boolean } | undefined {
  if (text === undefined) return { from: 0, empty: false };
  const plain = /^([ei])(\d{1,9})$/.exec(Buffer.from(text, 'base64url').toString());
  return plain ? { from: Number(plain[2]), empty: plain[1] === 'e' } : undefined;
}
