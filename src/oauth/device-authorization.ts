import { deviceAuthorizationRequest, None } from 'oauth4webapi';
import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import type { Secret } from '../base/secret.js';
import { secureUrl } from '../base/secure-url.js';
import { ConfigurationError, UnauthorizedClientError } from '../errors.js';
import type { ConfigurationProblem } from '../errors.js';
import type { ClientAuthentication } from './client-authentication.js';
import { readDeviceAuthorizationAnswer } from './device-authorization-answer.js';
import type { DeviceAuthorizationAnswer } from './device-authorization-answer.js';
import { receiveAnswer, requestOptions } from './endpoint-answer.js';
import type { AnswerNormaliser, EndpointAnswer } from './endpoint-answer.js';
import { errorOfAnswer } from './endpoint-error.js';
import { formatScope } from './scope.js';

/** The grant type by which a device's poll is known (RFC 8628, 3.4). */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** A device authorization in plain values. */
export interface DeviceAuthorizationData extends DeviceAuthorizationAnswer {
  clientId: string;
  /** What was asked for. */
  scope: readonly string[];
}

/** A sign-in that waits for a person at another device (RFC 8628, 3.2). Immutable. Printed and serialised, it shows all but the device code. */
export class DeviceAuthorization {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | undefined;
  readonly expiresAt: number;
  readonly intervalMs: number;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly #deviceCode: Secret;

  constructor(data: DeviceAuthorizationData) {
    this.userCode = data.userCode;
    this.verificationUri = data.verificationUri;
    this.verificationUriComplete = data.verificationUriComplete;
    this.expiresAt = data.expiresAt;
    this.intervalMs = data.intervalMs;
    this.clientId = data.clientId;
    this.scope = Object.freeze([...data.scope]);
    this.#deviceCode = data.deviceCode;
    Object.freeze(this);
  }

  /** What the poll presents: whoever has it gets the tokens. */
  get deviceCode(): Secret {
    return this.#deviceCode;
  }
}

/** What a device authorization is asked for with. */
export interface DeviceAuthorizationRequestOptions {
  /** The device authorization endpoint. */
  endpoint: string;
  clientId: string;
  scope: readonly string[];
  /** More form fields; `client_id` and `scope` are the library's own. */
  parameters?: Readonly<Record<string, string>> | undefined;
  /** Default: the client only says its id, which is all that Webex wants here (webex-facts 1.1). */
  authenticate?: ClientAuthentication | undefined;
  /** Enforces a deadline and a body limit, and follows no redirect. */
  fetch: WholeFetch;
  normalise?: AnswerNormaliser | undefined;
  clock: Pick<Clock, 'now'>;
  signal?: AbortSignal | undefined;
}

// OpenID Connect Core, 5.4: Webex's device grant knows none of them (webex-facts 2.3, 6.4).
const OIDC_SCOPES = ['openid', 'email', 'profile', 'phone', 'address'];

/**
 * Asks for the codes with which a person signs a device in elsewhere (RFC 8628, 3.1). Errors: ConfigurationError before
 * anything is sent, ProtocolError for an answer that must not be shown to a person, else those of the token endpoint.
 */
export async function requestDeviceAuthorization(
  options: DeviceAuthorizationRequestOptions,
): Promise<DeviceAuthorization> {
  const { endpoint, clientId, scope, parameters, authenticate = None(), clock, signal } = options;
  const { fetch, normalise } = options;
  const scopeValue = formatScope(scope);
  const problems = problemsOf(options, scopeValue);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const { scope: _own, ...more } = parameters ?? {};
  const received = await receiveAnswer(
    (watched) =>
      deviceAuthorizationRequest(
        { issuer: endpoint, device_authorization_endpoint: endpoint },
        { client_id: clientId },
        authenticate,
        { ...more, ...(scopeValue !== '' && { scope: scopeValue }) },
        requestOptions(watched, signal),
      ),
    { fetch, clock, signal },
  );
  const answer = normalise?.(received, { grantType: DEVICE_CODE_GRANT, purpose: 'sign-in' }) ?? received;
  if (answer.status < 200 || answer.status > 299) throw refusalOf(answer);
  return new DeviceAuthorization({
    ...readDeviceAuthorizationAnswer(answer),
    clientId,
    scope: [...new Set(scope)],
  });
}

function problemsOf(
  { endpoint, clientId }: DeviceAuthorizationRequestOptions,
  scopeValue: string,
): ConfigurationProblem[] {
  const asked = new Set(scopeValue.split(' '));
  const refused = OIDC_SCOPES.filter((scope) => asked.has(scope));
  return [
    ...(secureUrl(endpoint)
      ? []
      : [
          {
            setting: 'deviceAuthorizationEndpoint',
            problem: 'must be an https URL, or http on loopback, without user or fragment',
          },
        ]),
    ...(clientId === '' ? [{ setting: 'clientId', problem: 'is empty; copy it from the integration' }] : []),
    ...(refused.length > 0
      ? [
          {
            setting: 'scope',
            problem: `has ${refused.join(' ')}; the device grant does not support OpenID Connect scopes, leave them out`,
          },
        ]
      : []),
  ];
}

function refusalOf(answer: EndpointAnswer): Error {
  const error = errorOfAnswer(answer);
  const { status, trackingId } = answer;
  return error instanceof UnauthorizedClientError
    ? new UnauthorizedClientError(
        'This client may not use the device grant; check how it is registered, its redirect URIs too',
        { status, trackingId },
      )
    : error;
}
