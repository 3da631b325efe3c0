import { createHmac, timingSafeEqual } from 'node:crypto';
import { ConfigurationError, ProtocolError, WebhookSignatureError } from '../errors.js';
import { member } from '../oauth/member.js';
import { isIdentifier } from './person-text.js';
import { uuidOfOrgId } from './public-id.js';

/** A webhook as it came: its body byte for byte, and its header `X-Spark-Signature`. */
export interface SignedBody {
  body: string | Uint8Array;
  signature: string | null | undefined;
}

/** An administrator allowed, or no longer allows, a service app in their organisation (webex-facts 6.2). */
export interface ServiceAppEvent {
  readonly event: 'authorized' | 'deauthorized';
  /** UUID of the administrator's organisation, in lower case. */
  readonly orgId: string;
  /** The service app. */
  readonly applicationId?: string | undefined;
  /** When the app was authorized, milliseconds since the epoch. */
  readonly at?: number | undefined;
}

/**
 * Whether a webhook comes from Webex: `X-Spark-Signature` is the hex HMAC-SHA1 of the raw body with the webhook's secret
 * (webex-facts 8). Compared in constant time. `ConfigurationError` for an empty secret, with which anyone could sign, and for a body
 * that was parsed already.
 */
export function webhookSignatureMatches(
  rawBody: string | Uint8Array,
  signature: string | null | undefined,
  secret: string,
): boolean {
  const problems = [
    ...(isSecret(secret)
      ? []
      : [{ setting: 'webhook.secret', problem: 'is empty; give the one the webhook was registered with' }]),
    ...(isRaw(rawBody)
      ? []
      : [{ setting: 'webhook.body', problem: 'must be the raw text or bytes, before any JSON parser' }]),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  if (typeof signature !== 'string' || !/^[0-9a-f]{40}$/i.test(signature)) return false;
  const expected = createHmac('sha1', secret).update(rawBody).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
}

/** The JSON of a webhook whose signature is right; `WebhookSignatureError` before anything of it is read. */
export function readWebhook({ body, signature }: SignedBody, secret: string): unknown {
  if (!webhookSignatureMatches(body, signature, secret)) {
    throw new WebhookSignatureError(
      "The webhook's signature is missing or wrong; compare the secret with the one it was registered with",
    );
  }
  try {
    return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString());
  } catch {
    throw new ProtocolError('The webhook is signed, but its body is not JSON');
  }
}

/**
 * The event in a webhook's body, or undefined when it is another one or cannot be told. Only its `data` counts: the outer `orgId`
 * and `appId` are those of whoever registered the webhook.
 */
export function readServiceAppEvent(body: unknown): ServiceAppEvent | undefined {
  const event = own(body, 'event');
  if (own(body, 'resource') !== 'serviceApp' || (event !== 'authorized' && event !== 'deauthorized')) {
    return undefined;
  }
  const data = own(body, 'data');
  // One that cannot be read is not replaced by another organisation's.
  const orgId = uuidOfOrgId(own(data, 'authorizerOrgId') ?? own(data, 'orgId'));
  if (orgId === undefined) return undefined;
  const applicationId = own(data, 'id');
  return {
    event,
    orgId,
    applicationId: isIdentifier(applicationId) ? applicationId : undefined,
    at: instantOf(own(data, 'authorizationDate')),
  };
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isRaw(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? member(value as Readonly<Record<string, unknown>>, name)
    : undefined;
}

function instantOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value)) {
    return undefined;
  }
  const instant = Date.parse(value);
  return Number.isNaN(instant) ? undefined : instant;
}
