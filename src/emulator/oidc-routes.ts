import { forBearer } from './bearer.js';
import type { EmulatorPerson } from './emulator-options.js';
import { apiError } from './error-answer.js';
import { findPerson } from './fake-webex.js';
import type { FakeWebex } from './fake-webex.js';
import type { EmulatorContext, Route } from './route.js';

/** When everybody's profile last changed; seconds. */
const UPDATED = Date.UTC(2026, 0, 1, 8) / 1000;
const ISSUER_REL = 'http://openid.net/specs/connect/1.0/issuer';

/** OpenID Connect: keys, discovery, webfinger, userinfo (webex-facts 1.1, 1.2, 7). */
export function oidcRoutes(webex: FakeWebex): Route[] {
  const keys = async (context: EmulatorContext): Promise<Response> =>
    context.json({ keys: await webex.regions.at(context.env.region).keys.published() });
  return [
    { method: 'GET', path: '/v1/verification', handle: keys },
    { method: 'GET', path: '/idb/oauth2/v2/keys/verificationjwk', handle: keys },
    {
      method: 'GET',
      path: '/v1/.well-known/openid-configuration',
      handle: (context) => context.json(publicDocument(webex, context)),
    },
    {
      method: 'GET',
      path: '/idb/.well-known/openid-configuration',
      handle: (context) => context.json(brokerDocument(webex, context)),
    },
    { method: 'GET', path: '/v1/.well-known/webfinger', handle: (context) => webfinger(webex, context) },
    { method: 'GET', path: '/v1/userinfo', handle: userinfo(webex) },
  ];
}

function publicDocument(webex: FakeWebex, context: EmulatorContext): object {
  const base = `${webex.regions.at(context.env.region).url}/v1`;
  return {
    ...discovered(webex),
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/access_token`,
    userinfo_endpoint: `${base}/userinfo`,
    jwks_uri: `${base}/verification`,
  };
}

function brokerDocument(webex: FakeWebex, context: EmulatorContext): object {
  const { url, issuer, jwksUri } = webex.regions.at(context.env.region);
  return {
    ...discovered(webex),
    authorization_endpoint: `${issuer}/oauth2/v1/authorize`,
    token_endpoint: `${issuer}/oauth2/v1/access_token`,
    revocation_endpoint: `${issuer}/oauth2/v1/revoke`,
    userinfo_endpoint: `${url}/v1/userinfo`,
    jwks_uri: jwksUri,
  };
}

// Every host names the issuer of home, whoever signs its people's ID tokens: Webex's documents do not follow the region
// either (webex-facts 7). Where the facts give a list (grant types and client authentication, 3.1 and 6.1), it is theirs.
function discovered({ regions }: FakeWebex): object {
  return {
    issuer: regions.home.issuer,
    scopes_supported: ['openid', 'email', 'profile', 'phone', 'address'],
    response_types_supported: ['code', 'id_token', 'token', 'id_token token'],
    grant_types_supported: ['authorization_code', 'implicit', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    code_challenge_methods_supported: ['plain', 'S256'],
    claims_supported: ['sub', 'name', 'given_name', 'family_name', 'email', 'email_verified', 'updated_at'],
  };
}

// RFC 7033, 4.2: 400 without a resource, 404 for one that is not known.
function webfinger({ users, regions }: FakeWebex, context: EmulatorContext): Response {
  const [resource, ...more] = context.req.queries('resource') ?? [];
  if (resource === undefined || more.length > 0) return apiError(context, 400, 'One resource is needed.');
  const address = /^acct:(.+)$/i.exec(resource)?.[1]?.toLowerCase();
  const person = users.find(({ email }) => email.toLowerCase() === address);
  if (!person) return apiError(context, 404, 'The requested resource could not be found.');
  const links = [{ rel: ISSUER_REL, href: regions.at(person.region).issuer }];
  context.header('Content-Type', 'application/jrd+json');
  return context.body(JSON.stringify({ subject: resource, links }));
}

/** What the granted scopes let out; `email_verified` is a string at Webex (webex-facts 7). */
function userinfo(webex: FakeWebex): Route['handle'] {
  return forBearer(webex, (context, { grant, record: { scopes } }) => {
    const person = findPerson(webex.users, grant.userId ?? '');
    if (!person || !scopes.includes('openid')) {
      return apiError(context, 403, 'The access token lacks the scope openid.');
    }
    return context.json({
      sub: person.id,
      ...(scopes.includes('profile') ? profileOf(person) : {}),
      ...(scopes.includes('email') ? { email: person.email, email_verified: 'true' } : {}),
    });
  });
}

function profileOf({ displayName }: EmulatorPerson): object {
  const [given_name = '', ...rest] = displayName.split(' ');
  return { name: displayName, given_name, family_name: rest.join(' '), updated_at: UPDATED };
}
