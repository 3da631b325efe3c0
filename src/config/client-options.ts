import { isLoopback } from '../base/secure-url.js';
import { ConfigurationError, type ConfigurationProblem } from '../errors.js';

/** The registered integration, as its owner writes it down. */
export interface ClientOptions {
  clientId: string;
  clientSecret: string;
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
  readonly clientSecret: string;
  readonly redirectUri: string | undefined;
  readonly scope: readonly string[];
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic' | undefined;
}

/** How each setting is called where the options came from, for messages. */
export type SettingNames = Readonly<
  Record<'clientId' | 'clientSecret' | 'redirectUri' | 'scope' | 'clientType', string>
>;

const CAMEL_NAMES: SettingNames = {
  clientId: 'client.clientId',
  clientSecret: 'client.clientSecret',
  redirectUri: 'client.redirectUri',
  scope: 'client.scope',
  clientType: 'client.clientType',
};

const EXAMPLES = {
  clientId: 'C4ca4238a0b923820…, from the integration at developer.webex.com',
  redirectUri: 'https://app.example.com/auth/webex/callback',
  scope: 'spark:people_read spark:rooms_read',
};

/** Checks the client's settings; lists everything that is wrong at once. Errors: `ConfigurationError`. */
export function checkClient(
  options: Partial<ClientOptions>,
  names: SettingNames = CAMEL_NAMES,
): ClientSettings {
  const problems: ConfigurationProblem[] = [];
  const text = (setting: 'clientId' | 'clientSecret', example?: string): string => {
    const value: unknown = options[setting];
    const problem =
      value === undefined || value === ''
        ? 'is missing'
        : typeof value !== 'string'
          ? 'must be a string'
          : /^[\x21-\x7e]+$/.test(value)
            ? undefined
            : 'holds white space or characters that cannot be sent';
    if (problem) problems.push({ setting: names[setting], problem, ...(example && { example }) });
    return typeof value === 'string' ? value : '';
  };
  const clientId = text('clientId', EXAMPLES.clientId);
  const clientSecret = text('clientSecret');
  if (options.redirectUri !== undefined) {
    const problem = redirectUriProblem(options.redirectUri);
    if (problem) problems.push({ setting: names.redirectUri, problem, example: EXAMPLES.redirectUri });
  }
  if ((options.clientType ?? 'confidential') !== 'confidential') {
    problems.push({
      setting: names.clientType,
      problem: 'must be confidential: Webex has no public clients',
    });
  }
  const scope = scopeList(options.scope);
  if (!scope.every((one) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(one))) {
    problems.push({ setting: names.scope, problem: 'holds a malformed scope', example: EXAMPLES.scope });
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return {
    clientId,
    clientSecret,
    redirectUri: options.redirectUri,
    scope,
    clientAuthentication: options.clientAuthentication,
  };
}

/** A scope option as a list. */
export function scopeList(scope: string | readonly string[] | undefined): readonly string[] {
  const list = typeof scope === 'string' ? scope.split(/\s+/) : (scope ?? []);
  return [...new Set(list.filter((one) => one !== ''))];
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
