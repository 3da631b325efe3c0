import { secureUrl } from '../base/secure-url.js';
import { ConfigurationError } from '../errors.js';

/** What the developer portal's authorization URL says about a client. */
export interface AuthorizationString {
  readonly clientId: string;
  readonly redirectUri: string | undefined;
  readonly scope: string | undefined;
  /** Where people sign in: the part before the question mark. */
  readonly authorizeUrl: string;
}

const EXAMPLE =
  'https://webexapis.com/v1/authorize?client_id=C4ca4…&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&scope=spark%3Apeople_read';

/**
 * Reads the OAuth authorization URL of the developer portal (webex-facts 2.1). Its `response_type` and `state` do not count: logins
 * here always ask for a code, with a state of their own. Errors: `ConfigurationError` naming `setting`, never the value.
 */
export function parseAuthorizationString(value: unknown, setting: string): AuthorizationString {
  const fail = (problem: string): never => {
    throw new ConfigurationError([{ setting, problem, example: EXAMPLE }]);
  };
  if (typeof value !== 'string') return fail('must be a string');
  const text = value.trim();
  const [authorizeUrl = '', ...rest] = text.split('?');
  const query = rest.join('?');
  if (!secureUrl(text)) return fail('must be an https URL without user or fragment');
  if (/%(?![0-9a-f]{2})/i.test(query)) return fail('holds a broken percent-encoding');
  const parameters = new URLSearchParams(query);
  const single = (name: string): string | undefined => {
    const values = parameters.getAll(name);
    if (values.length > 1) return fail(`holds ${name} more than once`);
    return values[0] === '' ? undefined : values[0];
  };
  const clientId = single('client_id') ?? fail('holds no client_id');
  return { clientId, redirectUri: single('redirect_uri'), scope: single('scope'), authorizeUrl };
}
