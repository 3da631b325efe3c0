import { parseAuthorizationString } from './authorization-string.js';
import type { ClientOptions, SettingNames } from './client-options.js';
import type { CredentialsOptions } from './credential-shapes.js';
import type { FoundClient } from './environment.js';
import type { ProblemList } from './problem-list.js';
import { recordOf } from './record.js';
import { joined } from './unknown-settings.js';

/** A value with the path at which it was given. */
export interface Placed {
  readonly path: string;
  readonly value: unknown;
}

const CLIENT_MEMBERS = {
  clientId: 'client_id',
  clientSecret: 'client_secret',
  redirectUri: 'redirect_uri',
  scope: 'scope',
} as const;

type ClientMember = keyof typeof CLIENT_MEMBERS;

/** The members of `credentials` on top of those of `config.credentials`, each with its path. */
export class CredentialMembers {
  readonly #members = new Map<string, Placed>();

  constructor(options: unknown) {
    const init = recordOf(options);
    const inConfig = recordOf(recordOf(init?.['config'])?.['credentials']);
    const own = recordOf(init?.['credentials']);
    this.#take('config.credentials', inConfig);
    // The secret of one client is not for another.
    const [client, other] = [own?.['client_id'], inConfig?.['client_id']];
    if (client !== undefined && other !== undefined && client !== other)
      this.#members.delete('client_secret');
    this.#take('credentials', own);
  }

  get(name: keyof CredentialsOptions): Placed | undefined {
    return this.#members.get(name);
  }

  /** How the client authenticates, unchecked; may be said of a client of the environment, too. */
  get authentication(): Partial<ClientOptions> {
    const said = (['clientType', 'clientAuthentication'] as const).flatMap((name) => {
      const placed = this.get(name);
      return placed ? [[name, placed.value] as const] : [];
    });
    return Object.fromEntries(said);
  }

  /** The client that the members describe, unchecked but for the authorization string; undefined when they describe none. */
  client(problems: ProblemList): FoundClient | undefined {
    const placed = this.get('authorizationString');
    const string = placed && problems.collect(() => parseAuthorizationString(placed.value, placed.path));
    const entries = (Object.keys(CLIENT_MEMBERS) as ClientMember[]).flatMap((setting) => {
      const inString = setting === 'clientSecret' ? undefined : string?.[setting];
      const own = this.get(CLIENT_MEMBERS[setting]);
      const found = own ?? (placed && inString !== undefined && { path: placed.path, value: inString });
      return found ? [{ setting, ...found }] : [];
    });
    const [first] = entries;
    // What is wrong with the string has been said, and what it would have held is not missing.
    if (!first || (placed && !string)) return undefined;
    const base = first.path.startsWith('config.') ? 'config.credentials' : 'credentials';
    return {
      options: Object.fromEntries(entries.map(({ setting, value }) => [setting, value])),
      names: { ...namesIn(base), ...Object.fromEntries(entries.map(({ setting, path }) => [setting, path])) },
      authorizeUrl: string?.authorizeUrl,
    };
  }

  #take(path: string, holder: Readonly<Record<string, unknown>> | undefined): void {
    for (const [name, value] of Object.entries(holder ?? {})) {
      if (value === undefined || (name === 'scope' && holder && isScopeOfToken(holder))) continue;
      this.#members.set(name, { path: joined(path, name), value });
    }
  }
}

/** Whether `scope` in these credentials says what the token may do, and not what a client asks for. */
export function isScopeOfToken(credentials: Readonly<Record<string, unknown>>): boolean {
  const ofClient = ['client_id', 'client_secret', 'redirect_uri', 'authorizationString'];
  const hasClient = ofClient.some((name) => credentials[name] !== undefined);
  return credentials['access_token'] !== undefined && !hasClient;
}

function namesIn(base: string): SettingNames {
  return {
    clientId: `${base}.client_id`,
    clientSecret: `${base}.client_secret`,
    redirectUri: `${base}.redirect_uri`,
    scope: `${base}.scope`,
    clientType: `${base}.clientType`,
    clientAuthentication: `${base}.clientAuthentication`,
  };
}
