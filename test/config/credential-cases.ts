import {
  readCredentials,
  type CredentialSettings,
  type CredentialSources,
} from '../../src/config/webex-options.js';
import { ConfigurationError, type ConfigurationProblem } from '../../src/errors.js';

/** The instant of every test here. */
export const NOW = Date.UTC(2026, 0, 1);

/** A client that is right. */
export const client = {
  client_id: 'C1',
  client_secret: 's',
  redirect_uri: 'https://app.example/cb',
  scope: 'a:b c:d',
};

/** Options as callers without types give them. */
export const read = (source: unknown, env: NodeJS.ProcessEnv = {}): CredentialSettings =>
  readCredentials(source as CredentialSources, { env, now: NOW });

/** The error that refuses these options. */
export function errorOf(source: unknown, env: NodeJS.ProcessEnv = {}): ConfigurationError {
  try {
    read(source, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** What is wrong with these options. */
export const problemsOf = (source: unknown, env?: NodeJS.ProcessEnv): readonly ConfigurationProblem[] =>
  errorOf(source, env).problems;

/** The places of Webex's own SDK (15), then those of config and one more. */
export const PLACES: readonly (readonly [string, (token: unknown) => unknown])[] = [
  ['Webex.init(token)', (token) => token],
  ['access_token', (token) => ({ access_token: token })],
  ['supertoken', (token) => ({ supertoken: token })],
  ['supertoken.access_token', (token) => ({ supertoken: { access_token: token } })],
  ['authorization', (token) => ({ authorization: token })],
  ['authorization.supertoken', (token) => ({ authorization: { supertoken: token } })],
  [
    'authorization.supertoken.access_token',
    (token) => ({ authorization: { supertoken: { access_token: token } } }),
  ],
  ...inCredentials('credentials', (credentials) => ({ credentials })),
  ['authorization.access_token', (token) => ({ authorization: { access_token: token } })],
  ...inCredentials('config.credentials', (credentials) => ({ config: { credentials } })),
];

function inCredentials(
  path: string,
  place: (credentials: unknown) => unknown,
): (readonly [string, (token: unknown) => unknown])[] {
  return [
    [path, (token) => place(token)],
    [`${path}.access_token`, (token) => place({ access_token: token })],
    [`${path}.supertoken`, (token) => place({ supertoken: token })],
    [`${path}.supertoken.access_token`, (token) => place({ supertoken: { access_token: token } })],
    [`${path}.authorization`, (token) => place({ authorization: token })],
    [`${path}.authorization.access_token`, (token) => place({ authorization: { access_token: token } })],
    [`${path}.authorization.supertoken`, (token) => place({ authorization: { supertoken: token } })],
    [
      `${path}.authorization.supertoken.access_token`,
      (token) => place({ authorization: { supertoken: { access_token: token } } }),
    ],
  ];
}
