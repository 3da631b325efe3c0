import type { EmulatorClient } from './emulator-options.js';
import type { Challenge } from './emulator-state.js';
import { splitScope } from './scope-list.js';

/** A sound authorization request. `redirectUri` is where the answer goes, sent along or the only one registered. */
export interface AuthorizationRequest {
  client: EmulatorClient;
  redirectUri: string;
  redirectUriSent: boolean;
  scopes: string[];
  state: string | undefined;
  challenge: Challenge | undefined;
  nonce: string | undefined;
  loginHint: string | undefined;
}

/** What to do with an authorization request: ask the person, or refuse on a page or by redirect (webex-facts 2.2). */
export type AuthorizationVerdict =
  | { kind: 'ask'; request: AuthorizationRequest }
  | { kind: 'page'; reason: string }
  | { kind: 'redirect'; location: string };

/** They need no registration (webex-facts 2.1). */
export const OIDC_SCOPES: readonly string[] = ['openid', 'email', 'profile', 'phone', 'address'];

/** Checks the parameters of an authorization request (webex-facts 2.1). */
export function checkAuthorizationRequest(
  query: URLSearchParams,
  clients: readonly EmulatorClient[],
): AuthorizationVerdict {
  const once = (name: string): string | undefined => {
    const [value, ...more] = query.getAll(name);
    return more.length === 0 ? value : undefined;
  };
  const client = clients.find(({ clientId }) => clientId === once('client_id'));
  if (!client)
    return { kind: 'page', reason: 'The client_id is missing or not that of a registered integration.' };
  const named = once('redirect_uri');
  const only =
    client.redirectUris.length === 1 && !query.has('redirect_uri') ? client.redirectUris[0] : undefined;
  const redirectUri = named ?? only;
  if (redirectUri === undefined || !client.redirectUris.includes(redirectUri)) {
    return { kind: 'page', reason: 'The redirect_uri is missing or not registered, character by character.' };
  }
  const state = once('state');
  const refuse = (error: string, error_description: string): AuthorizationVerdict => ({
    kind: 'redirect',
    location: redirectBack(redirectUri, { error, error_description, state }),
  });
  if (new Set(query.keys()).size !== query.size)
    return refuse('invalid_request', 'A parameter was repeated.');
  const responseType = once('response_type');
  if (!responseType) return refuse('invalid_request', 'The response_type is missing.');
  if (responseType !== 'code') return refuse('unsupported_response_type', 'Only code is supported.');
  const scopes = splitScope(query.get('scope'));
  const known = [...client.scopes, ...OIDC_SCOPES];
  if (scopes.length === 0 || !scopes.every((scope) => known.includes(scope))) {
    return refuse('invalid_scope', 'The scope is missing or not registered on the integration.');
  }
  if (scopes.includes('openid') && !once('nonce')) return refuse('invalid_request', 'openid needs a nonce.');
  const challenge = readChallenge(once('code_challenge'), once('code_challenge_method'));
  if (challenge === 'unsound')
    return refuse('invalid_request', 'The code_challenge or its method is not valid.');
  // The emulator keeps no browser session, so there is never somebody signed in already.
  if (once('prompt') === 'none') return refuse('login_required', 'Nobody is signed in.');
  const loginHint = once('login_hint') ?? once('email');
  return {
    kind: 'ask',
    request: {
      client,
      redirectUri,
      redirectUriSent: named !== undefined,
      scopes,
      state,
      challenge,
      nonce: once('nonce'),
      loginHint,
    },
  };
}

/** The redirect URI with parameters added; absent ones are left out, and its own query stays as it is. */
export function redirectBack(uri: string, parameters: Record<string, string | undefined>): string {
  const present = Object.entries(parameters).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(present).toString()}`;
}

// RFC 7636, 4.3: without a method the challenge is plain.
function readChallenge(
  value: string | undefined,
  method: string | undefined,
): Challenge | undefined | 'unsound' {
  if (value === undefined) return method === undefined ? undefined : 'unsound';
  if (method !== undefined && method !== 'S256' && method !== 'plain') return 'unsound';
  const sound = method === 'S256' ? /^[\w-]{43}$/ : /^[\w.~-]{43,128}$/;
  return sound.test(value) ? { method: method ?? 'plain', value } : 'unsound';
}
