import { createHash, timingSafeEqual } from 'node:crypto';
import type { EmulatorClient } from './emulator-options.js';
import type { TokenRefusal } from './error-answer.js';

interface Credentials {
  id: string;
  secret: string | undefined;
}

/** The client of a request by HTTP Basic or by the form (webex-facts 3.1), or why it is refused. A secret is always required. */
export function authenticateClient(
  clients: readonly EmulatorClient[],
  { authorization, form }: { authorization: string | undefined; form: URLSearchParams },
): { client: EmulatorClient } | { refused: TokenRefusal } {
  const basic = readBasic(authorization);
  const bodyId = form.get('client_id');
  const bodySecret = form.get('client_secret');
  if (basic && (bodySecret !== null || (bodyId !== null && bodyId !== basic.id)))
    return { refused: 'two_ways' };
  const shown = basic ?? { id: bodyId ?? '', secret: bodySecret ?? undefined };
  const client = clients.find(({ clientId }) => clientId === shown.id);
  if (!client || shown.secret === undefined || !isSame(shown.secret, client.clientSecret)) {
    return { refused: 'client' };
  }
  return { client };
}

/** The id of the registered client that a request names; nothing else, for it goes into the ledger. */
export function namedClient(
  clients: readonly EmulatorClient[],
  { authorization, parameters }: { authorization: string | undefined; parameters: URLSearchParams },
): string | undefined {
  const id = readBasic(authorization)?.id ?? parameters.get('client_id');
  return clients.find(({ clientId }) => clientId === id)?.clientId;
}

function readBasic(authorization: string | undefined): Credentials | undefined {
  const encoded = /^basic +([\w+/=-]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return { id: text, secret: undefined };
  return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}

// RFC 6749, 2.3.1 form-encodes both halves; Webex's own are hex, so that clients that do not are right as well.
function decode(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return part;
  }
}

function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
