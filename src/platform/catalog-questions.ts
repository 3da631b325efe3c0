import { createHash } from 'node:crypto';
import type { CatalogQuestion } from './fetch-catalog.js';
import type { CatalogLayer } from './service-table.js';

/** A question, and where its answer belongs. */
export interface LayerQuestion extends CatalogQuestion {
  readonly layer: CatalogLayer;
}

/** Where whoever has this token finds services; without one, whoever is near. A timestamp keeps caches out (webex-facts 1.5). */
export function questionsForToken({
  accessToken,
  orgId,
  timestamp,
}: {
  accessToken: string | undefined;
  orgId: string | undefined;
  /** Milliseconds since the epoch. */
  timestamp: number | undefined;
}): readonly LayerQuestion[] {
  const now: Record<string, string> = timestamp === undefined ? {} : { timestamp: String(timestamp) };
  const whose = orgId === undefined ? { mode: 'DEFAULT_BY_PROXIMITY' } : { orgId };
  const limited: LayerQuestion = {
    layer: 'limited',
    catalog: 'limited/catalog',
    query: { ...whose, ...now },
  };
  if (accessToken === undefined) return [limited];
  return [limited, { layer: 'user', catalog: 'catalog', query: now, accessToken }];
}

/**
 * Where a person who is about to sign in finds services. The sign-in catalog wants a token of the client (webex-facts 1.5), which
 * the limited one does not wait for.
 */
export async function* questionsForEmail(
  email: string,
  clientToken: () => Promise<string | undefined>,
): AsyncGenerator<LayerQuestion, void, undefined> {
  const query = { emailhash: createHash('sha256').update(email.toLowerCase()).digest('hex') };
  yield { layer: 'limited', catalog: 'limited/catalog', query };
  const accessToken = await clientToken();
  if (accessToken !== undefined) yield { layer: 'sign-in', catalog: 'signin/catalog', query, accessToken };
}

/** Whether a text looks like an email address. */
export function isEmailAddress(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 320 && /^[^\s@]+@[^\s@]+$/.test(text);
}
