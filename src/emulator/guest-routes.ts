import { keepAccount } from './account.js';
import type { EmulatorAccount } from './account.js';
import { forBearer } from './bearer.js';
import type { BearerAccess } from './bearer.js';
import { uuidOf } from './emulator-options.js';
import { apiError } from './error-answer.js';
import type { FakeWebex } from './fake-webex.js';
import type { NewGrant, TokenAnswer } from './grant-book.js';
import { verifyGuestJwt } from './guest-issuer.js';
import { jsonBody } from './read-body.js';
import type { EmulatorContext, Route } from './route.js';

/** What a guest may do (webex-facts 5.1): predefined, and never asked for. */
const GUEST_SCOPES = ['spark:all', 'webex-squared:locus_participant'];

const WRITE = 'guest-issuer:write';
const READ = 'guest-issuer:read';

/** Guests: those of a guest issuer, by JWT (webex-facts 5.1), and those of a service app (webex-facts 5.2). */
export function guestRoutes(webex: FakeWebex): Route[] {
  return [
    { method: 'POST', path: '/v1/jwt/login', handle: (context) => exchangeJwt(webex, context) },
    {
      method: 'POST',
      path: '/v1/guests/token',
      handle: forServiceApp(webex, [WRITE], (context, access) => giveGuestToken(webex, context, access)),
    },
    {
      method: 'GET',
      path: '/v1/guests/count',
      handle: forServiceApp(webex, [READ, WRITE], (context, { grant }) => {
        const guests = [...webex.state.accounts.values()].filter(
          ({ kind, issuer, orgId }) => kind === 'guest' && issuer === grant.clientId && orgId === grant.orgId,
        );
        return context.text(String(guests.length));
      }),
    },
  ];
}

function exchangeJwt(webex: FakeWebex, context: EmulatorContext): Response {
  if (context.get('body') !== '') return apiError(context, 400, 'The body must be empty.');
  const jwt = /^(?:bearer +)?(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
  const claims = verifyGuestJwt(jwt, { issuers: webex.guestIssuers, now: webex.clock.now() });
  if (!claims) return apiError(context, 401, 'The guest JWT is not valid or has expired.');
  const { issuer, subject, name = `Guest User - ${subject}` } = claims;
  const orgId = issuer.orgId ?? webex.users[0]?.orgId ?? '';
  const account = keepGuest(webex, { issuer: issuer.issuer, orgId, subject, displayName: name });
  const answer = openGuest(webex, account, { clientId: issuer.issuer, lifetime: 'guestToken' });
  context.header('Cache-Control', 'no-store');
  return context.json({ token: answer.access_token, expiresIn: answer.expires_in });
}

function giveGuestToken(webex: FakeWebex, context: EmulatorContext, { grant }: BearerAccess): Response {
  if (!/^application\/json(;|$)/i.test(context.req.header('content-type') ?? '')) {
    return apiError(context, 415, 'The body must be application/json.');
  }
  const { subject, displayName } = (jsonBody(context) ?? {}) as Record<string, unknown>;
  if (!isName(subject) || !isName(displayName)) {
    return apiError(context, 400, 'A guest needs a subject and a displayName, as JSON.');
  }
  const { clientId, orgId } = grant;
  const account = keepGuest(webex, { issuer: clientId, orgId, subject, displayName });
  const answer = openGuest(webex, account, { clientId, lifetime: 'serviceGuestToken' });
  const { personId: id, email } = account;
  context.header('Cache-Control', 'no-store');
  return context.json({
    id,
    subject,
    displayName,
    email,
    accessToken: answer.access_token,
    expiresIn: answer.expires_in,
  });
}

/** Only the token of a client itself or of its machine account will do: a person's does not, whatever its scopes. */
function forServiceApp(
  webex: FakeWebex,
  scopes: readonly string[],
  answer: (context: EmulatorContext, access: BearerAccess) => Response,
): Route['handle'] {
  return forBearer(webex, (context, access) => {
    if (!scopes.some((scope) => access.record.scopes.includes(scope))) {
      return apiError(context, 403, `The access token lacks the scope ${scopes.join(' or ')}.`);
    }
    const isMachine = access.grant.userId === undefined || access.account?.kind === 'machine';
    return isMachine
      ? answer(context, access)
      : apiError(context, 403, 'The access token is not that of a service app.');
  });
}

// The same subject is the same person for ever; a new name renames them.
function keepGuest(
  webex: FakeWebex,
  {
    issuer,
    orgId,
    subject,
    displayName,
  }: { issuer: string; orgId: string; subject: string; displayName: string },
): EmulatorAccount {
  const id = uuidOf(JSON.stringify(['guest', issuer, orgId, subject]));
  const email = `${id}@appid.ciscospark.com`;
  return keepAccount(webex, { kind: 'guest', id, orgId, email, displayName, issuer });
}

function openGuest(
  { grants }: FakeWebex,
  { id, orgId }: EmulatorAccount,
  { clientId, lifetime }: Required<Pick<NewGrant, 'clientId' | 'lifetime'>>,
): TokenAnswer {
  return grants.open({
    clientId,
    userId: id,
    orgId,
    scopes: GUEST_SCOPES,
    format: 'jwt',
    userType: 'guest',
    refreshable: false,
    lifetime,
  }).answer;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
