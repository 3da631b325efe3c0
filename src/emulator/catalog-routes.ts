import { createHash } from 'node:crypto';
import { forBearer } from './bearer.js';
import type { EmulatorPerson } from './emulator-options.js';
import { apiError } from './error-answer.js';
import { findPerson } from './fake-webex.js';
import type { FakeWebex } from './fake-webex.js';
import { hostmapCatalog, versionTwoCatalog } from './service-catalog.js';
import type { CatalogContents } from './service-catalog.js';
import type { EmulatorContext, Route } from './route.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const EMAIL_HASH = /^[0-9a-f]{64}$/;

type Check = (value: string) => boolean;

/** By what a catalog is asked for without a token: exactly one of these. An address itself never travels, only its hash. */
const KEYS: Record<string, Check> = {
  emailhash: (value) => EMAIL_HASH.test(value),
  userId: (value) => UUID.test(value),
  orgId: (value) => UUID.test(value),
  mode: (value) => /^[A-Z_]+$/.test(value),
};

/** What each of them says of a person; `mode` says nothing. */
const OF_PERSON: Record<string, (person: EmulatorPerson) => string> = {
  emailhash: hashOf,
  userId: ({ id }) => id,
  orgId: ({ orgId }) => orgId,
};

const FORMAT: Record<string, Check> = {
  format: (value) => value === 'hostmap' || value === 'U2CV2',
  timestamp: (value) => /^\d+$/.test(value),
};

/** The service catalogs (webex-facts 1.5): before a sign-in, during one, and after it. */
export function catalogRoutes(webex: FakeWebex): Route[] {
  return [
    { method: 'GET', path: '/u2c/api/v1/limited/catalog', handle: (context) => limited(webex, context) },
    { method: 'GET', path: '/u2c/api/v1/signin/catalog', handle: signInCatalog(webex) },
    { method: 'GET', path: '/u2c/api/v1/catalog', handle: ownCatalog(webex) },
  ];
}

function limited(webex: FakeWebex, context: EmulatorContext): Response {
  const query = readQuery(context, KEYS);
  const [key, ...more] = Object.keys(KEYS).filter((name) => query?.has(name));
  if (!query || key === undefined || more.length > 0) {
    return apiError(
      context,
      400,
      'Exactly one of emailhash, userId, orgId and mode is needed, and a format.',
    );
  }
  const { users } = webex;
  const value = query.get(key) ?? '';
  const person = users.find((user) => OF_PERSON[key]?.(user) === value);
  // Nobody known: the host that was called is as near as any.
  const region = person?.region ?? context.env.region;
  const orgId = key === 'orgId' ? value : person?.orgId;
  return send(webex, context, { query, region, orgId });
}

function signInCatalog(webex: FakeWebex): Route['handle'] {
  return forBearer(webex, (context, { grant }) => {
    if (grant.userId !== undefined) return apiError(context, 401, 'This needs a token of the client itself.');
    const { emailhash: isHash } = KEYS;
    const query = isHash && readQuery(context, { emailhash: isHash });
    const hash = query?.get('emailhash');
    if (!query || hash === undefined) return apiError(context, 400, 'emailhash and format are needed.');
    const person = webex.users.find((user) => hashOf(user) === hash);
    return send(webex, context, {
      query,
      region: person?.region ?? context.env.region,
      orgId: person?.orgId,
    });
  });
}

function ownCatalog(webex: FakeWebex): Route['handle'] {
  return forBearer(webex, (context, { account }) => {
    if (!account) return apiError(context, 401, 'This needs a token of a user.');
    const query = readQuery(context, {});
    if (!query) return apiError(context, 400, 'A format is needed: hostmap or U2CV2.');
    const region = findPerson(webex.users, account.id)?.region ?? context.env.region;
    return send(webex, context, { query, region, orgId: account.orgId });
  });
}

interface Answered {
  query: ReadonlyMap<string, string>;
  region: string;
  orgId: string | undefined;
}

function send(webex: FakeWebex, context: EmulatorContext, { query, region, orgId }: Answered): Response {
  const { name, url } = webex.regions.at(region);
  const contents: CatalogContents = { region: name, url, orgId, now: webex.clock.now() };
  const isHostmap = query.get('format') === 'hostmap';
  return context.json(isHostmap ? hostmapCatalog(contents) : versionTwoCatalog(contents));
}

/** The query, if it has a format, nothing unknown, nothing twice and nothing malformed. */
function readQuery(
  context: EmulatorContext,
  keys: Record<string, Check>,
): ReadonlyMap<string, string> | undefined {
  const parameters = new URL(context.req.url).searchParams;
  const query = new Map(parameters);
  const checks = new Map(Object.entries({ ...FORMAT, ...keys }));
  const isSound = [...query].every(([name, value]) => checks.get(name)?.(value));
  return isSound && query.size === parameters.size && query.has('format') ? query : undefined;
}

function hashOf({ email }: EmulatorPerson): string {
  return createHash('sha256').update(email.toLowerCase()).digest('hex');
}
