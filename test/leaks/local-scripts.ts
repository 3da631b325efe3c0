import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import Database from 'libsql';
import { KeyRing, type WebexAuth } from '../../src/index.js';
import { configurationCalls } from './configuration-calls.js';
import type { Evidence } from './evidence.js';
import { answer } from './replies.js';
import type { FaultScript, Stage } from './run-script.js';
import { callbackOf, openFaces, signedWebhook, signIn, surface } from './surface.js';

const LISTENERS = ['login', 'token:refresh', 'auth:error'] as const;
const HOOKS = ['subject', 'onLogin', 'onRetry', 'ownerToken', 'jwtRefreshCallback', ...LISTENERS];

/** Bad days that begin in the application: callbacks, vaults, keys, settings, hooks. */
export const LOCAL_SCRIPTS: readonly FaultScript[] = [
  {
    name: 'callbacks that report errors, with secrets and escape sequences in them',
    calls: async ({ cast, evidence }) => {
      const people = await cast.people();
      return Object.fromEntries(
        Object.entries(CALLBACKS).map(([name, parameters]) => [
          name,
          () => signIn(people, evidence, { callback: (url) => callbackWith(url, evidence, parameters) }),
        ]),
      );
    },
    outcome: {
      ACCESS_DENIED: 'denied',
      AUTHORIZATION_SERVER_ERROR: 'unknownError',
      AUTHORIZATION_RESPONSE_INVALID: 'codeAndError twoCodes implicit',
      STATE_MISMATCH: 'forgedState',
      ISSUER_MISMATCH: 'otherIssuer',
    },
  },
  {
    name: 'callbacks that are used twice, by somebody else, or altered',
    calls: async ({ cast, evidence }) => {
      const solo = cast.solo();
      const begin = async () => {
        const { url, transaction } = await solo.authorization.initiateLogin();
        evidence.watch(transaction, 'transaction');
        return { callback: callbackOf(url, evidence), transaction };
      };
      const [one, other] = [await begin(), await begin()];
      const { authorization } = solo;
      return {
        others: () => authorization.completeLogin(one.callback, other.transaction),
        altered: () => authorization.completeLogin(one.callback, `${one.transaction.slice(0, -4)}AAAA`),
        first: () => authorization.completeLogin(one.callback, one.transaction),
        second: () => authorization.completeLogin(one.callback, one.transaction),
      };
    },
    outcome: { STATE_MISMATCH: 'others altered', ok: 'first', STATE_USED: 'second' },
  },
  {
    name: 'the vault is damaged',
    calls: async (stage) => {
      await fillVault(stage);
      writeFileSync(stage.cast.path, `not a vault ${'x'.repeat(5_000)}`);
      return { open: () => stage.cast.people() };
    },
    outcome: { STORE_CORRUPT: 'open' },
  },
  {
    name: 'the vault is locked by another process',
    only: ['signIn', 'bot', 'refresh', 'disconnect'],
    calls: async (stage) => {
      const { cast, evidence } = stage;
      const faces = await openFaces(cast, evidence);
      const intruder = new Database(cast.path);
      stage.atEnd(() => void intruder.close());
      intruder.exec('BEGIN EXCLUSIVE');
      return surface(faces, cast, evidence);
    },
    outcome: { STORE_UNAVAILABLE: 'signIn bot disconnect' },
  },
  {
    name: 'the key is another one, or not there',
    calls: async (stage) => {
      await fillVault(stage);
      const { cast, evidence } = stage;
      const key = Buffer.from(evidence.mint('another key'), 'base64url');
      return {
        wrong: () => cast.people({ keys: KeyRing.of([{ id: 'k1', key }]) }),
        missing: () => cast.people({ keys: KeyRing.of([{ id: 'k2', key }]) }),
      };
    },
    outcome: { KEY_WRONG: 'wrong', KEY_UNAVAILABLE: 'missing' },
  },
  {
    name: 'every setting that holds a secret is wrong',
    calls: async (stage) => configurationCalls(stage),
    outcome: {
      CONFIGURATION_INVALID:
        'clientSecret clientSecretInList clientAsText guestIssuer ownerToken keys store proxy proxyPassword endpoints origins unknown accessToken contradiction bareToken authorizationString environment keysVariable keyFile import botToken jwtSecret jwt verifier loginUrl logoutUrl header clientSecretAsObject guestIssuerAsText ownerTokenUnsendable proxyAsObject region refreshToken callback environmentOfClient unopened',
      ORIGIN_NOT_ALLOWED: 'elsewhere userinfo',
    },
  },
  {
    name: 'webhooks that are not signed, or not what they say',
    calls: async ({ cast, evidence }) => {
      const apps = await cast.apps();
      const good = signedWebhook('authorized', cast.secrets.webhookSecret);
      const receive = (change: object) => () => apps.receiveWebhook({ ...good, ...change });
      return {
        unsigned: receive({ signature: undefined }),
        forged: receive({ signature: 'f'.repeat(40) }),
        otherSecret: receive({ secret: evidence.mint('another webhook secret') }),
        parsed: receive({ body: JSON.parse(good.body) as unknown }),
        noJson: receive(signedText(cast.secrets.webhookSecret)),
      };
    },
    outcome: {
      WEBHOOK_SIGNATURE_INVALID: 'unsigned forged otherSecret',
      CONFIGURATION_INVALID: 'parsed',
      PROTOCOL_ERROR: 'noJson',
    },
  },
  {
    name: "the application's own hooks fail with secrets in their errors",
    // So that there is something to repeat, and an error to tell of.
    fault: () => ({ routes: ['api', 'token'], reply: answer(503), times: 1 }),
    calls: async (stage) => failingHooks(stage),
    outcome: {
      INTERNAL_ERROR: 'subject',
      SERVICE_UNAVAILABLE: 'refresh owner jwt',
      ok: 'request refreshAgain onLogin',
    },
    strikes: HOOKS,
  },
];

const CALLBACKS: Readonly<Record<string, (secret: string) => readonly (readonly [string, string])[]>> = {
  denied: (secret) => [
    ['error', 'access_denied'],
    ['error_description', `\u001b[2J${secret}\r\nforged`],
  ],
  unknownError: (secret) => [
    ['error', `\u001b[31m${secret}\n`],
    ['error_uri', secret],
  ],
  codeAndError: (secret) => [
    ['code', secret],
    ['error', 'access_denied'],
  ],
  twoCodes: (secret) => [
    ['code', secret],
    ['code', `${secret}2`],
  ],
  implicit: (secret) => [['access_token', secret]],
  forgedState: (secret) => [
    ['code', secret],
    ['state', 'forged\u001b[31m\n'],
  ],
  otherIssuer: (secret) => [
    ['code', secret],
    ['iss', `https://evil.example.test/${secret}`],
  ],
};

function callbackWith(
  authorizeUrl: string,
  evidence: Evidence,
  parameters: (secret: string) => readonly (readonly [string, string])[],
): string {
  const url = new URL(callbackOf(authorizeUrl, evidence));
  url.searchParams.delete('code');
  for (const [name, value] of parameters(evidence.mint('secret in a callback'))) {
    if (name === 'state') url.searchParams.delete('state');
    url.searchParams.append(name, value);
  }
  return url.href;
}

async function fillVault({ cast, evidence }: Stage): Promise<void> {
  const people = await cast.people();
  await signIn(people, evidence);
  await people.close();
}

function signedText(secret: string): object {
  const body = `${secret} is not JSON`;
  return { body, signature: createHmac('sha1', secret).update(body).digest('hex'), secret };
}

async function failingHooks({ cast, evidence, strike }: Stage) {
  const fail = (hook: string) => (): never => {
    strike(hook);
    const secret = evidence.mint(`secret of ${hook}`);
    throw Object.assign(new Error(`${secret}\u001b[31m`), { config: { headers: { authorization: secret } } });
  };
  const nameless = await cast.people({ login: { subject: fail('subject') } });
  const refusing = await cast.people({ login: { subject: () => 'grace', onLogin: fail('onLogin') } });
  const good: WebexAuth = await cast.people({ http: { onRetry: fail('onRetry') } });
  const apps = await cast.apps({ serviceApp: { ownerToken: fail('ownerToken') } });
  const solo = cast.solo({
    subject: 'called',
    credentials: {
      client_id: 'C-solo',
      client_secret: cast.secrets.clientSecret,
      jwtRefreshCallback: fail('jwtRefreshCallback'),
    },
  });
  for (const name of LISTENERS) good.on(name, fail(name));
  await signIn(good, evidence);
  const user = await good.user('ada');
  return {
    request: async () => void (await user.request({ resource: 'messages' })),
    refresh: () => good.refresh('ada'),
    refreshAgain: () => good.refresh('ada'),
    subject: () => signIn(nameless, evidence),
    onLogin: () => signIn(refusing, evidence),
    owner: () => apps.serviceApp('0aa40000-0000-4000-8000-000000000001'),
    jwt: async () => solo.refresh(),
  };
}
