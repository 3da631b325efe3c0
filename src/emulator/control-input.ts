import { LIFETIMES, REFRESH_MODES } from './emulator-options.js';
import type { Lifetimes, RefreshMode } from './emulator-options.js';
import { isSensible } from './faults.js';
import type { Fault } from './faults.js';
import type { ServiceAppDecision } from './service-app-consent.js';
import type { WebhookOptions } from './webhook-book.js';

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isTrue: Check = (value) => value === true;
const isHeaders: Check = (value) => isFields(value) && Object.values(value).every(isText);

const FAULT_FIELDS: Record<Exclude<keyof Fault, 'route'>, Check> = {
  times: isCount,
  status: isCount,
  headers: isHeaders,
  body: () => true,
  retryAfter: (value) => isText(value) || isCount(value),
  processed: isTrue,
  delayBeforeMs: isCount,
  delayAfterMs: isCount,
  resetBefore: isTrue,
  resetAfterProcessing: isTrue,
  truncateBodyAt: isCount,
  malformed: isTrue,
};

const ROUTE_FIELDS: Record<string, Check> = { route: isText, routePattern: isText };

/** Reads a fault from JSON: `route` as text, or `routePattern`, the source of a regular expression. */
export function readFault(body: unknown): Fault | undefined {
  const fields = read(body, { ...FAULT_FIELDS, ...ROUTE_FIELDS });
  if (!fields || ('route' in fields && 'routePattern' in fields)) return undefined;
  const { route, routePattern, ...rest } = fields;
  try {
    const where = typeof routePattern === 'string' ? new RegExp(routePattern) : route;
    const fault = { ...rest, route: where } as Fault;
    return where !== undefined && isSensible(fault) ? fault : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `{advanceMs}`; milliseconds. */
export function readAdvance(body: unknown): number | undefined {
  return read(body, { advanceMs: isCount })?.['advanceMs'] as number | undefined;
}

/** Reads `{refreshMode}`. */
export function readMode(body: unknown): RefreshMode | undefined {
  const mode = read(body, { refreshMode: isText })?.['refreshMode'];
  return REFRESH_MODES.find((known) => known === mode);
}

/** Reads some of the lifetimes; seconds. */
export function readLifetimes(body: unknown): Partial<Lifetimes> | undefined {
  return read(body, Object.fromEntries(Object.keys(LIFETIMES).map((name) => [name, isCount])));
}

/** Reads `{user}`, which may be left out. */
export function readUser(body: unknown): { user?: string } | undefined {
  return read(body, { user: isText });
}

/** Reads `{userCode, user, deny}`; the last two may be left out. */
export function readApproval(body: unknown): { userCode: string; user?: string; deny?: boolean } | undefined {
  const fields = read(body, { userCode: isText, user: isText, deny: (value) => typeof value === 'boolean' });
  return fields && 'userCode' in fields ? (fields as ReturnType<typeof readApproval>) : undefined;
}

/** Reads `{clientId, orgId, authorized}`. */
export function readServiceAppDecision(body: unknown): ServiceAppDecision | undefined {
  const fields = read(body, {
    clientId: isText,
    orgId: isText,
    authorized: (value) => typeof value === 'boolean',
  });
  const isWhole = fields && 'clientId' in fields && 'orgId' in fields && 'authorized' in fields;
  return isWhole ? (fields as unknown as ServiceAppDecision) : undefined;
}

/** Reads `{targetUrl, secret, name, owner}`; all but the first may be left out. */
export function readWebhook(body: unknown): WebhookOptions | undefined {
  const fields = read(body, { targetUrl: isText, secret: isText, name: isText, owner: isText });
  return fields && 'targetUrl' in fields ? (fields as unknown as WebhookOptions) : undefined;
}

function read(body: unknown, checks: Record<string, Check>): Fields | undefined {
  if (!isFields(body)) return undefined;
  const isGood = Object.entries(body).every(
    ([name, value]) => Object.hasOwn(checks, name) && checks[name]?.(value),
  );
  return isGood ? body : undefined;
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
