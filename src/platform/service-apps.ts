import { Secret } from '../base/secret.js';
import {
  ConfigurationError,
  ProtocolError,
  ServiceAppNotAuthorizedError,
  UnauthorizedError,
} from '../errors.js';
import type { WebexAuthError } from '../errors.js';
import type { EndpointAnswer } from '../oauth/endpoint-answer.js';
import { errorOfAnswer } from '../oauth/endpoint-error.js';
import { member } from '../oauth/member.js';
import { isAccessToken, readTokenAnswer } from '../oauth/token-answer.js';
import { TokenSet } from '../oauth/token-set.js';
import { receiveWithBearer } from './bearer-call.js';
import type { BearerCall } from './bearer-call.js';
import { isIdentifier } from './person-text.js';
import { publicId } from './public-id.js';
import { webexNormaliser } from './quirks.js';

/** The id of the application that a client id belongs to (webex-facts 6.2). */
export function applicationIdOf(clientId: string): string {
  return publicId('APPLICATION', clientId);
}

/** What a service app's token is asked for with. `accessToken` is the owner's, or one with scope `spark:applications_token`. */
export interface ServiceAppTokenOptions extends BearerCall {
  applicationId: string;
  clientId: string;
  clientSecret: string | Secret;
  /** The organisation whose administrator authorized the app. */
  targetOrgId: string;
  /** Granted, when the answer does not say otherwise. */
  requestedScope?: readonly string[] | undefined;
}

/**
 * Asks for a service app's tokens in one organisation: POST /applications/{id}/token (webex-facts 6.2). Asking again recovers from
 * a dead refresh token. `ServiceAppNotAuthorizedError` when no full administrator of that organisation has allowed the app.
 */
export async function requestServiceAppToken(options: ServiceAppTokenOptions): Promise<TokenSet> {
  const { applicationId, clientId, clientSecret, targetOrgId, requestedScope, ...call } = options;
  const secret = clientSecret instanceof Secret ? clientSecret.reveal() : clientSecret;
  check({ applicationId, clientId, clientSecret: secret, targetOrgId });
  const received = await receiveWithBearer(call, {
    method: 'POST',
    path: `/applications/${encodeURIComponent(applicationId)}/token`,
    json: { clientId, clientSecret: secret, targetOrgId },
  });
  // Not a grant of OAuth, but refused in the same words.
  const answer = webexNormaliser(received, { grantType: 'service_app', purpose: 'refresh' });
  const { status, trackingId, receivedAt: now, body } = answer;
  if (status < 200 || status > 299) throw failureOf(answer);
  const accessToken = member(body, 'access_token');
  const type = member(body, 'token_type');
  if (!isAccessToken(accessToken) || typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw new ProtocolError("The answer to the service app's request is not a token response", {
      status,
      trackingId,
    });
  }
  return new TokenSet(readTokenAnswer(body ?? {}, accessToken, { now, requestedScope }));
}

function failureOf(answer: EndpointAnswer): WebexAuthError {
  const { status, trackingId } = answer;
  if (status === 403) {
    return new ServiceAppNotAuthorizedError(
      'The service app is not authorized in that organisation; ask a full administrator there to authorize it in Control Hub',
      { status, trackingId },
    );
  }
  if (status === 404) {
    return new ConfigurationError([
      { setting: 'serviceApp.applicationId', problem: 'is not known to Webex; copy it from the service app' },
    ]);
  }
  const error = errorOfAnswer(answer);
  if (!(error instanceof UnauthorizedError)) return error;
  return new UnauthorizedError(
    "Webex refused the access token of the service app's owner; replace it with a valid one",
    { status, trackingId },
  );
}

// The id becomes a part of the path: nothing that a URL parser would move or drop.
const APPLICATION_ID = /^[\w-]{1,512}={0,2}$/;

function isApplicationId(value: unknown): boolean {
  return typeof value === 'string' && APPLICATION_ID.test(value);
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function check(values: Readonly<Record<string, unknown>>): void {
  const rules: Readonly<Record<string, (value: unknown) => boolean>> = {
    applicationId: isApplicationId,
    clientSecret: isSecret,
  };
  const problems = Object.entries(values)
    .filter(([name, value]) => !(rules[name] ?? isIdentifier)(value))
    .map(([name]) => ({
      setting: `serviceApp.${name}`,
      problem: 'is missing, or holds characters that it never has',
    }));
  if (problems.length > 0) throw new ConfigurationError(problems);
}
