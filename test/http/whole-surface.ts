import { createHmac } from 'node:crypto';
import type { Emulator } from '../../src/emulator/emulator.js';
import type { Webex, WebexAuth, WebexAuthOptions, WebexOptions } from '../../src/index.js';
import { INTEGRATION, ORG, SERVICE_APP, type World } from '../support/principals.js';

const CREDENTIALS = {
  client_id: INTEGRATION.clientId,
  client_secret: INTEGRATION.clientSecret,
  redirect_uri: INTEGRATION.redirectUris[0],
  scope: ['openid', ...INTEGRATION.scopes].join(' '),
};

/** Everything that talks to Webex, ready to be called. */
export interface Surface {
  world: World;
  people: WebexAuth;
  apps: WebexAuth;
  webex: Webex;
  /** Somebody who is signed in. */
  subject: string;
}

/** Opens all of it, and signs one person in. `way` is how requests are sent. */
export async function openSurface(
  world: World,
  way: Pick<WebexOptions & WebexAuthOptions, 'transport' | 'fetch'> = {},
): Promise<Surface> {
  const [issuer] = world.emulator.guestIssuers;
  const guestIssuer = issuer && { issuer: issuer.issuer, secret: issuer.secret };
  const people = await world.auth({ ...way, ...(guestIssuer && { guestIssuer }) });
  const apps = await world.appAuth(way);
  const webex = world.webex({
    ...way,
    credentials: { ...CREDENTIALS, access_token: world.emulator.issuePersonalToken() },
  });
  await webex.whenReady();
  return { world, people, apps, webex, subject: await world.signIn(people) };
}

/** Each call that sends something, by name, in an order in which all of them succeed. */
export const CALLS = {
  'sign-in page': ({ world, people }) => world.signIn(people),
  'sign-in by redirect': async ({ world, webex }) => {
    const { url, transaction } = await webex.authorization.initiateLogin();
    return webex.authorization.completeLogin(await world.emulator.signIn(url), transaction);
  },
  refresh: ({ people, subject }) => people.refresh(subject),
  'client token': ({ webex }) => webex.credentials.getClientToken({ scope: ['spark:rooms_read'] }),
  device: ({ world, people }) =>
    world.drive(
      people.device({
        subject: 'tv',
        onPrompt: ({ userCode }) => world.emulator.approveDevice(userCode),
      }),
    ),
  'guest by a JWT': ({ world }) => {
    const guest = world.webex({ subject: 'jwt-guest', credentials: CREDENTIALS });
    return guest.authorization.requestAccessTokenFromJwt({ jwt: guestJwt(world) });
  },
  'guest of an issuer': ({ people }) => people.guest({ subject: 'visitor', displayName: 'Visitor' }),
  'guest of a service app': ({ apps }) => apps.guest({ subject: 'visitor', displayName: 'Visitor' }),
  'service app': ({ apps }) => apps.serviceApp(ORG),
  bot: ({ world, people }) => people.bot(world.emulator.issueBotToken()),
  'fewer scopes': async ({ people, subject }) =>
    (await people.user(subject)).credentials.getUserToken('spark:people_read'),
  validate: ({ people, subject }) => people.validate(subject),
  request: async ({ people, subject }) => (await people.user(subject)).request({ uri: '/people/me' }),
  post: async ({ people, subject }) => {
    const webex = await people.user(subject);
    const { value: room } = await webex.paginate<{ id: string }>('/rooms').next();
    const body = { text: 'hi', roomId: (room as { id: string }).id };
    return webex.request({ method: 'POST', uri: '/messages', body });
  },
  fetch: async ({ people, subject }) =>
    (await (await people.user(subject)).fetch('/people/me')).arrayBuffer(),
  paginate: async ({ people, subject }) => (await people.user(subject)).paginate('/rooms').next(),
  catalog: ({ webex }) => webex.services.discover(),
  'catalog for an address': ({ webex }) => webex.services.discoverForEmail('ada@example.test'),
  'client verified': ({ world }) => {
    const { clientId: client_id, clientSecret: client_secret } = SERVICE_APP;
    return world
      .webex({ credentials: { client_id, client_secret }, verifyClient: true, subject: 'v' })
      .whenReady();
  },
  disconnect: ({ people, subject }) => people.disconnect(subject),
  logout: ({ webex }) => webex.logout(),
} satisfies Record<string, (surface: Surface) => Promise<unknown>>;

function guestJwt({ emulator, clock }: { emulator: Emulator; clock: World['clock'] }): string {
  const [known] = emulator.guestIssuers;
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(clock.now() / 1000) + 600;
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: known?.issuer, sub: 'jwt-guest', name: 'J', exp })}`;
  const key = Buffer.from(known?.secret ?? '', 'base64');
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}
