import { webexNormaliser } from '../src/platform/quirks.js';
import type { RawAnswer } from './exchange.js';
import type { KnownSecrets } from './known-secrets.js';
import { redactText } from './redact.js';

/** In which of the shapes of webex-facts 4.1 an error came: A gateway, B OAuth, C flat, D Contact Center, E no JSON. */
export function shapeOf({ text, body }: RawAnswer): string {
  if (!body) return text === '' ? 'empty' : 'E';
  if (typeof body['error'] === 'string') return 'B';
  const { errors } = body;
  if (typeof body['message'] === 'string') return Array.isArray(errors) ? 'A' : 'C';
  return Array.isArray(errors) ? 'D' : 'other JSON';
}

/** What the library takes an answer of the token endpoint for: an error code of RFC 6749, or undefined. */
export function readAs({ status, body, receivedAt }: RawAnswer, grantType: string): string | undefined {
  const answer = { status, body, trackingId: undefined, retryAt: undefined, receivedAt };
  const error = webexNormaliser(answer, { grantType, purpose: 'refresh' }).body?.['error'];
  return typeof error === 'string' ? error : undefined;
}

/** Status, shape and the server's words, which may be written down. */
export function describeRefusal(answer: RawAnswer, secrets: KnownSecrets): string {
  const { status, body } = answer;
  const words = [body?.['error'], body?.['error_description'], body?.['message'], ...descriptions(body)];
  const said = [...new Set(words.filter((one) => typeof one === 'string'))]
    .map((one) => redactText(one, secrets))
    .join(' / ');
  return `${String(status)}, shape ${shapeOf(answer)}${said === '' ? '' : `: ${said}`}`;
}

function descriptions(body: RawAnswer['body']): unknown[] {
  const errors = body?.['errors'];
  if (!Array.isArray(errors)) return [];
  return errors
    .slice(0, 3)
    .map((one: unknown) =>
      typeof one === 'object' && one !== null && 'description' in one ? one.description : undefined,
    );
}
