import { randomBytes } from 'node:crypto';
import { KeyRing, Webex, WebexAuth, type WebexAuthOptions, type WebexOptions } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import type { Clock } from '../../src/base/clock.js';
import { briskClock } from './brisk-clock.js';
import type { Evidence } from './evidence.js';
import { ORG } from './good-answers.js';
import type { HostileUpstream } from './hostile-upstream.js';

/** Where the sign-in pages of the application are. */
export const APP = 'https://app.example.test/auth/webex';

/** Every secret that an application is configured with. */
export interface Secrets {
  readonly clientSecret: string;
  readonly olderClientSecret: string;
  readonly issuerSecret: string;
  readonly ownerToken: string;
  readonly webhookSecret: string;
  readonly key: Buffer;
}

/** Settings that a script changes for all faces. */
export type SharedSettings = Pick<WebexAuthOptions, 'endpoints' | 'http'> & {
  clientAuthentication?: 'client_secret_basic';
};

/** The application: its faces over one vault, made of secrets that are watched. */
export interface Cast {
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly directory: string;
  readonly path: string;
  /** The integration, with guests of its issuer. */
  people(more?: Partial<WebexAuthOptions>): Promise<WebexAuth>;
  /** A service app of the same owner, with its guests. */
  apps(more?: Partial<WebexAuthOptions>): Promise<WebexAuth>;
  /** One principal, in memory, with tokens that it was given. */
  solo(more?: WebexOptions): Webex;
  close(): Promise<void>;
}

/** What a cast is made of. */
export interface CastOptions {
  upstream: HostileUpstream;
  evidence: Evidence;
  directory: string;
  secrets: Secrets;
  settings?: SharedSettings | undefined;
  /** Timers run so many times as fast, for scripts in which a deadline has to pass. */
  haste?: number | undefined;
}

/** Makes the secrets of an application. */
export function secretsOf({ mint, watch }: Pick<Evidence, 'mint' | 'watch'>): Secrets {
  const key = randomBytes(32);
  watch(key.toString('latin1'), 'sealing key');
  watch(key.toString('base64'), 'sealing key as it is written');
  const issuerSecret = randomBytes(32).toString('base64');
  watch(issuerSecret, 'issuer secret');
  return {
    clientSecret: mint('client secret'),
    olderClientSecret: mint('older client secret'),
    issuerSecret,
    ownerToken: mint('owner token'),
    webhookSecret: mint('webhook secret'),
    key,
  };
}

/** An application with these secrets; nothing is opened yet. */
export function castOf({
  upstream,
  evidence,
  directory,
  secrets,
  settings = {},
  haste = 1,
}: CastOptions): Cast {
  const { clientAuthentication, ...faces } = settings;
  const clock = briskClock(haste);
  const path = `${directory}/vault.db`;
  const open: { close(): Promise<void> }[] = [];
  const shared = () => ({
    endpoints: upstream.endpoints,
    store: sqliteStore({
      path,
      clock,
      busyTimeoutMs: 200,
      leaseClock: { boot: 'test', monotonic: () => clock.monotonic() },
    }),
    keys: KeyRing.of([{ id: 'k1', key: secrets.key }]),
    clock,
    scheduler: false,
    ...evidence.verbose,
    ...faces,
  });
  const opened = async (options: WebexAuthOptions): Promise<WebexAuth> => {
    const auth = await WebexAuth.open(options);
    open.push(auth);
    evidence.listen(auth);
    return auth;
  };
  const clientSecret = [secrets.clientSecret, secrets.olderClientSecret];
  const client = { clientSecret, redirectUri: `${APP}/callback`, clientAuthentication };
  return {
    secrets,
    clock,
    directory,
    path,
    people: (more) =>
      opened({
        ...shared(),
        client: { ...client, clientId: 'C-people', scope: ['spark:people_read', 'spark:rooms_read'] },
        guestIssuer: { issuer: 'issuer-1', secret: secrets.issuerSecret },
        login: { subject: () => 'ada' },
        ...more,
      }),
    apps: (more) =>
      opened({
        ...shared(),
        client: { ...client, clientId: 'C-apps' },
        serviceApp: { ownerToken: async () => secrets.ownerToken, guestOrgId: ORG },
        ...more,
      }),
    solo(more) {
      const { store: _store, keys: _keys, ...rest } = shared();
      const webex = Webex.init({
        ...rest,
        credentials: {
          client_id: 'C-solo',
          client_secret: secrets.clientSecret,
          redirect_uri: `${APP}/callback`,
          scope: 'spark:people_read spark:rooms_read',
          ...(clientAuthentication && { clientAuthentication }),
          supertoken: {
            access_token: evidence.mint('given access token'),
            refresh_token: evidence.mint('given refresh token'),
            expires_in: 86_400,
          },
        },
        ...more,
      });
      open.push(webex);
      evidence.listen(webex);
      return webex;
    },
    async close() {
      for (const one of open.splice(0)) await one.close();
    },
  };
}
