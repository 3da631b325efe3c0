import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { ProtocolError } from '../errors.js';
import { receiveAnswer } from '../oauth/endpoint-answer.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import { type CatalogServices, readCatalog } from './catalog-payload.js';

/** The two payloads of webex-facts 1.5. */
export type CatalogFormat = 'hostmap' | 'U2CV2';

/** One of the three catalogs, and what it is asked with. */
export interface CatalogQuestion {
  catalog: 'limited/catalog' | 'signin/catalog' | 'catalog';
  query: Readonly<Record<string, string>>;
  /** Without one, no authorization is sent. */
  accessToken?: string | undefined;
}

/** What asking takes. */
export interface FetchCatalogOptions extends CatalogQuestion {
  fetch: WholeFetch;
  /** Without a slash at the end. */
  base: string;
  format: CatalogFormat;
  clock: Pick<Clock, 'now'>;
  signal?: AbortSignal | undefined;
}

/** Reads one service catalog (webex-facts 1.5). Its addresses are not trusted yet. */
export async function fetchCatalog(options: FetchCatalogOptions): Promise<CatalogServices> {
  const { fetch, base, catalog, query, format, accessToken, clock, signal } = options;
  const url = `${base}/${catalog}?${new URLSearchParams({ ...query, format }).toString()}`;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (accessToken !== undefined) headers['authorization'] = `Bearer ${accessToken}`;
  const answer = await receiveAnswer(
    (watched) => watched(url, { method: 'GET', headers, redirect: 'manual', signal }),
    { fetch, clock, signal },
  );
  const { status, trackingId } = answer;
  if (status !== 200) throw errorOfAnswer(answer);
  const services = readCatalog(answer.body);
  if (!services) throw new ProtocolError('The answer is no service catalog', { status, trackingId });
  return services;
}
