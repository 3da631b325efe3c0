import { createHmac } from 'node:crypto';
import type { Webex, WebexAuth } from '../../src/index.js';
import { APP, type Cast } from './cast.js';
import type { Evidence } from './evidence.js';
import { ADA_EMAIL, ORG, OTHER_ORG } from './good-answers.js';

/** The name of a call, as tables say it. */
export type CallName = keyof ReturnType<typeof surface>;

/** What was opened before the fault, and is there to be called. */
export interface Faces {
  people: WebexAuth;
  apps: WebexAuth;
  solo: Webex;
  /** Subject of a bot. */
  bot: string;
}

/** A sign-in or sign-out in a browser that was refused. Its code is the outcome. */
export class PageRefused extends Error {
  readonly code: string;

  constructor(code: string) {
    super('refused');
    this.code = code;
  }
}

/** Opens all faces and signs somebody in everywhere, while nothing is wrong. */
export async function openFaces(cast: Cast, evidence: Evidence): Promise<Faces> {
  const [people, apps] = [await cast.people(), await cast.apps()];
  const solo = cast.solo();
  await solo.whenReady();
  await signIn(people, evidence);
  await people.guest({ subject: 'visitor', displayName: 'Visitor' });
  const { subject: bot } = await people.bot(evidence.mint('bot token'));
  await people.clientToken(['spark:rooms_read']);
  await apps.serviceApp(ORG);
  return { people, apps, solo, bot };
}

/** Opens all faces over what another cast has stored. */
export async function reopenFaces(cast: Cast, { bot }: Faces): Promise<Faces> {
  const [people, apps] = [await cast.people(), await cast.apps()];
  const solo = cast.solo();
  await solo.whenReady();
  return { people, apps, solo, bot };
}

/** Every way to call the two faces, by name, in the order in which they are called. */
export function surface({ people, apps, solo, bot }: Faces, cast: Cast, evidence: Evidence) {
  const { webhookSecret: secret } = cast.secrets;
  const user = () => people.user('ada');
  return {
    signIn: () => signIn(people, evidence),
    signInPage: () => signIn(people, evidence, { accept: 'text/html' }),
    completeLogin: async () => {
      const { url, transaction } = await solo.authorization.initiateLogin();
      return solo.authorization.completeLogin(callbackOf(url, evidence), transaction);
    },
    exchangeCode: () =>
      solo.authorization.requestAuthorizationCodeGrant({ code: evidence.mint('authorization code') }),
    guestJwt: async () => {
      const { jwt } = await (await people.user('ada')).authorization.createJwt({ subject: 'jwt-guest' });
      evidence.watch(jwt, 'JWT of a guest');
      return solo.authorization.requestAccessTokenFromJwt({ jwt });
    },
    device: () => people.device({ subject: 'tv', onPrompt: (prompt) => evidence.keep('prompt', prompt) }),
    clientToken: () => solo.credentials.getClientToken({ scope: ['spark:all'] }),
    bot: () => people.bot(evidence.mint('bot token')),
    guestOfIssuer: () => people.guest({ subject: 'other', displayName: 'Other' }),
    guestOfApp: () => apps.guest({ subject: 'served', displayName: 'Served' }),
    serviceApp: () => apps.serviceApp(OTHER_ORG),
    webhook: () => apps.receiveWebhook(signedWebhook('authorized', secret)),
    reduced: async () => (await user()).credentials.getUserToken('spark:people_read'),
    validate: () => people.validate('ada'),
    request: async () => void (await (await user()).request({ resource: 'messages' })),
    post: async () =>
      void (await (await user()).request({ method: 'POST', resource: 'messages', body: { text: 'hi' } })),
    fetch: async () => void (await (await (await user()).fetch('/messages')).text()),
    paginate: async () => {
      for await (const room of (await user()).paginate('/rooms')) void room;
    },
    refresh: () => people.refresh('ada'),
    refreshBot: () => people.refresh(bot),
    rejected: async () => void (await people.reportRejected('ada', (await people.token('ada')).accessToken)),
    discover: () => solo.services.discover(),
    discoverForEmail: () => solo.services.discoverForEmail(ADA_EMAIL),
    services: async () => solo.services.list(),
    grants: async () => [
      await people.grants.list(),
      await people.grants.get('ada'),
      await people.grants.update('ada', { custom: { colour: 'blue' } }),
      await people.grants.history('ada'),
      people,
      solo,
      solo.config,
      solo.credentials,
      solo.phases,
    ],
    verifyClient: () => cast.solo({ verifyClient: true, subject: 'verified' }).whenReady(),
    logout: () => solo.logout(),
    disconnect: () => people.disconnect('ada'),
  } satisfies Record<string, () => Promise<unknown>>;
}

/** Signs somebody in through the login handler, as a browser does. Every answer is kept, but for the cookies. */
export async function signIn(
  auth: WebexAuth,
  evidence: Evidence,
  {
    accept = 'application/json',
    callback = callbackOf,
  }: { accept?: string; callback?: typeof callbackOf } = {},
): Promise<void> {
  const begun = await visit(auth, evidence, new Request(`${APP}/login`, { headers: { accept } }));
  const cookie = begun.headers.getSetCookie().map((one) => one.split(';')[0] ?? '');
  const url = callback(begun.headers.get('location') ?? '', evidence);
  const headers = { accept, cookie: cookie.join('; ') };
  const response = await visit(auth, evidence, new Request(url, { headers }));
  for (const set of response.headers.getSetCookie()) {
    const session = /-session=([^;]{16,})/.exec(set)?.[1];
    if (session !== undefined) evidence.watch(session, 'session');
  }
}

/** The redirect back from Webex, with a code. */
export function callbackOf(authorizeUrl: string, evidence: Evidence): string {
  const state = new URL(authorizeUrl).searchParams.get('state') ?? '';
  const code = evidence.mint('authorization code');
  return `${APP}/callback?${new URLSearchParams({ code, state }).toString()}`;
}

async function visit(auth: WebexAuth, evidence: Evidence, request: Request): Promise<Response> {
  const response = await auth.handler(request);
  const text = await response.text();
  const headers = [...response.headers].filter(([name]) => name !== 'set-cookie');
  evidence.text('page', `${JSON.stringify(headers)}\n${text}`);
  if (response.status < 400) return response;
  throw new PageRefused(/(?:"code":"|<dd>)([A-Z_]+)/.exec(text)?.[1] ?? String(response.status));
}

/** A webhook about the service app, with its signature. */
export function signedWebhook(event: string, secret: string) {
  const data = { authorizerOrgId: ORG };
  const body = JSON.stringify({ resource: 'serviceApp', event, data });
  return { body, signature: createHmac('sha1', secret).update(body).digest('hex'), secret };
}
