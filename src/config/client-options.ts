import { isLoopback } from '../base/secure-url.js';
import { ProblemList } from './problem-list.js';
import { recordOf } from './record.js';

/** The registered integration, as its owner writes it down. */
export interface ClientOptions {
  clientId: string;
  /** One secret, or several while it is being replaced, newest first. */
  clientSecret: string | readonly string[];
  /** Exactly as registered at Webex. Needed for signing people in. */
  redirectUri?: string | undefined;
  /** Scopes to ask for, as a list or separated by spaces. */
  scope?: string | readonly string[] | undefined;
  /** How the client authenticates at the token endpoint; by default what the endpoint's path asks for (facts 3.1). */
  clientAuthentication?: 'client_secret_post' | 'client_secret_basic' | undefined;
  /** Webex knows only confidential clients: PKCE does not replace the secret (facts 3.1). */
  clientType?: 'confidential' | undefined;
}

/** `ClientOptions`, checked. */
export interface ClientSettings {
  readonly clientId: string;
  /** The newest. */
  readonly clientSecret: string;
  /** To be tried after it, newest first. */
  readonly olderClientSecrets: readonly string[];
  readonly redirectUri: string | undefined;
  readonly scope: readonly string[];
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic' | undefined;
}

/** How each setting is called where the options came from, for messages. */
export interface SettingNames extends Readonly<Record<keyof ClientOptions, string>> {
  readonly from?: 'environment';
}

const CAMEL_NAMES: SettingNames = {
  clientId: 'client.clientId',
  clientSecret: 'client.clientSecret',
  redirectUri: 'client.redirectUri',
  scope: 'client.scope',
  clientAuthentication: 'client.clientAuthentication',
  clientType: 'client.clientType',
};

const EXAMPLES: Readonly<Record<keyof ClientOptions, string>> = {
  clientId: 'C4ca4238a0b923820…, from the integration at developer.webex.com',
  clientSecret: '64 hexadecimal digits, shown once when the integration is made',
  redirectUri: 'https://app.example.com/auth/webex/callback',
  scope: 'spark:people_read spark:rooms_read',
  clientAuthentication: 'client_secret_basic',
  clientType: 'confidential',
};

/**
 * Checks the client's settings; lists everything that is wrong at once, by `names`. Errors: `ConfigurationError`.
 */
export function checkClient(
  options: Partial<ClientOptions>,
  names: SettingNames = CAMEL_NAMES,
): ClientSettings {
  const problems = new ProblemList();
  const wrong = (setting: keyof ClientOptions, problem: string | undefined): void => {
    if (problem === undefined) return;
    const source = names.from === 'environment' ? ' (environment variable)' : '';
    problems.add({ setting: names[setting], problem: problem + source, example: EXAMPLES[setting] });
  };
  const { clientId, clientSecret, redirectUri, scope, clientAuthentication, clientType }: Untyped =
    recordOf(options) ?? {};
  const secrets = Array.isArray(clientSecret) ? (clientSecret as readonly unknown[]) : [clientSecret];
  wrong('clientId', textProblem(clientId));
  // One sentence for a list, whichever of them is wrong.
  wrong('clientSecret', secrets.length === 0 ? 'is missing' : secrets.map(textProblem).find(Boolean));
  wrong('redirectUri', redirectUri === undefined ? undefined : redirectUriProblem(redirectUri));
  const isPublic = (clientType ?? 'confidential') !== 'confidential';
  wrong('clientType', isPublic ? 'must be confidential: Webex has no public clients' : undefined);
  wrong('clientAuthentication', authenticationProblem(clientAuthentication));
  wrong('scope', scopeProblem(scope));
  problems.throwIfAny();
  const [first = '', ...older] = [...new Set(secrets as readonly string[])];
  return {
    clientId: clientId as string,
    clientSecret: first,
    olderClientSecrets: older,
    redirectUri: redirectUri as string | undefined,
    scope: scopeList(scope as ClientOptions['scope']),
    clientAuthentication: clientAuthentication as ClientOptions['clientAuthentication'],
  };
}

/** A scope option as a list. */
export function scopeList(scope: string | readonly string[] | undefined): readonly string[] {
  const list = typeof scope === 'string' ? scope.split(/\s+/) : (scope ?? []);
  return [...new Set(list.filter((one) => one !== ''))];
}

/** What is wrong with a scope option (RFC 6749, 3.3); undefined = nothing. */
export function scopeProblem(scope: unknown): string | undefined {
  const isList = Array.isArray(scope) && scope.every((one) => typeof one === 'string');
  if (scope !== undefined && typeof scope !== 'string' && !isList) {
    return 'must be a list of scopes, or scopes separated by spaces';
  }
  const list = scopeList(scope);
  return list.every((one) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(one)) ? undefined : 'holds a malformed scope';
}

/** A client's settings as they come from callers without types. */
type Untyped = Readonly<Partial<Record<keyof ClientOptions, unknown>>>;

function textProblem(value: unknown): string | undefined {
  if (value === undefined || value === '') return 'is missing';
  if (typeof value !== 'string') return 'must be a string';
  return /^[\x21-\x7e]+$/.test(value) ? undefined : 'holds white space or characters that cannot be sent';
}

function authenticationProblem(value: unknown): string | undefined {
  const known = [undefined, 'client_secret_post', 'client_secret_basic'].some((one) => one === value);
  return known ? undefined : 'must be client_secret_post or client_secret_basic';
}

function redirectUriProblem(redirectUri: unknown): string | undefined {
  if (typeof redirectUri !== 'string' || !URL.canParse(redirectUri)) return 'must be an absolute URL';
  const { protocol, hostname, hash, username } = new URL(redirectUri);
  if (hash || redirectUri.includes('#')) return 'must have no fragment (RFC 6749, 3.1.2)';
  if (username) return 'must hold no user name';
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return 'must be https';
  return isLoopback(hostname) ? undefined : 'must be https, except on a loopback address';
}
