import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import { ORG } from '../support/principals.js';
import { answersLike } from './answers.js';
import { fuzz, settled, watchProcess } from './fuzzed.js';
import { CLIENT, fuzzedWebex, storedMembers } from './fuzzed-webex.js';
import { readingOf } from './reading.js';

watchProcess();

const OFFERED = 'offered-access-token-0123456789';
const DEVICE_CODE = 'device-code-of-somebody-0123456789';
const JWT = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"guest-1"}').toString('base64url')}.c2lnbmF0dXJl`;
const OWNER = 'token-of-the-owner-0123456789';
const SECRETS = [CLIENT.clientSecret, OFFERED, DEVICE_CODE, JWT, OWNER];

const TOKENS = {
  access_token: OFFERED,
  token_type: 'Bearer',
  expires_in: 3_600,
  refresh_token: 'offered-refresh-token-0123456789',
};
const CODES = {
  device_code: DEVICE_CODE,
  user_code: '123456',
  verification_uri: 'https://login.example/device',
  verification_uri_complete: 'https://login.example/device?user_code=123456',
  expires_in: 300,
  interval: 5,
};
const ENDED = { status: 400, headers: {}, body: Buffer.from('{"error":"expired_token"}') };

fuzz('device authorization', answersLike(CODES), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path === '/v1/device/authorize' ? answer : ENDED), {
    secrets: SECRETS,
  });
  const webex = await rig.webex({ subject: 'user-1' });
  const shown: object[] = [];
  const onPrompt = (prompt: object): void => void shown.push(prompt);
  const { error } = await settled(() => webex.authorization.requestDeviceGrant({ onPrompt }), SECRETS);
  expect(error?.code).toBeDefined();
  for (const prompt of shown as { userCode: string; verificationUri: string; expiresAt: number }[]) {
    expect(prompt.userCode).toMatch(/^[^\p{C}]+$/u);
    expect(prompt.verificationUri).toMatch(/^https:\/\/[\x21-\x7e]+$/);
    expect(Number.isSafeInteger(prompt.expiresAt)).toBe(true);
  }
  expect(await rig.stored('user-1')).toBeUndefined();
  await rig.close();
});

fuzz('device polling', answersLike(TOKENS), async (answer) => {
  const polls: number[] = [];
  const rig = fuzzedWebex(
    ({ path }) => {
      if (path === '/v1/device/authorize') return CODES;
      if (path !== '/v1/device/token') return {};
      polls.push(rig.clock.monotonic());
      return polls.length === 1 ? answer : ENDED;
    },
    { secrets: SECRETS },
  );
  const webex = await rig.webex({ subject: 'user-1' });
  const poll = () => webex.authorization.requestDeviceGrant({ onPrompt: () => undefined });
  const { error } = await settled(poll, SECRETS);
  if (polls.length === 1) expect(error === undefined).toBe(readingOf(answer).accepted);
  expect(storedMembers(await rig.stored('user-1')).includes('accessToken')).toBe(error === undefined);
  for (const [index, at] of polls.entries())
    if (index > 0) expect(at - (polls[index - 1] ?? 0)).toBeGreaterThanOrEqual(5_000);
  await rig.close();
});

fuzz('guest JWT', answersLike({ token: OFFERED, expiresIn: 3_600 }), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path === '/v1/jwt/login' ? answer : {}), { secrets: SECRETS });
  const webex = await rig.webex({ subject: 'user-1' });
  const { value } = await settled(() => webex.authorization.requestAccessTokenFromJwt({ jwt: JWT }), SECRETS);
  const members = storedMembers(await rig.stored('user-1'));
  expect(members.includes('accessToken')).toBe(value !== undefined);
  expect(members).not.toContain('refreshToken');
  if (value) expect(value.access_token).toMatch(/^[A-Za-z0-9._~+/-]+=*$/);
  await rig.close();
});

const serviceApp = { ownerToken: () => OWNER, guestOrgId: ORG };
const APP = 'token-of-the-service-app-0123456789';
const isApp = (path: string): boolean => path.startsWith('/v1/applications/');
const GUEST = {
  id: 'Y2lz',
  displayName: 'Ada',
  email: 'ada@example.com',
  accessToken: OFFERED,
  expiresIn: 3_600,
};
const PERSON = ['id', 'orgId', 'displayName', 'email', 'type'];

fuzz('guest of a service app', answersLike(GUEST), async (answer) => {
  const secrets = [...SECRETS, APP];
  const rig = fuzzedWebex(
    ({ path }) =>
      path === '/v1/guests/token' ? answer : isApp(path) ? { ...TOKENS, access_token: APP } : {},
    { secrets },
  );
  const auth = await rig.auth({ serviceApp });
  const { value } = await settled(() => auth.guest({ subject: 'guest-1', displayName: 'Ada' }), secrets);
  const [grant] = (await auth.grants.list()).filter(({ kind }) => kind === 'guest');
  expect(grant?.subject).toBe(value?.subject);
  const stored = await rig.stored(grant?.subject ?? '');
  storedMembers(stored);
  expect(PERSON).toEqual(expect.arrayContaining(Object.keys(stored?.person ?? {})));
  await rig.close();
});

fuzz('service app', answersLike(TOKENS), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (isApp(path) ? answer : {}), { secrets: SECRETS });
  const auth = await rig.auth({ serviceApp });
  const { value } = await settled(() => auth.serviceApp(ORG), SECRETS);
  const [grant] = await auth.grants.list();
  expect(grant?.subject).toBe(value?.subject);
  storedMembers(await rig.stored(grant?.subject ?? ''));
  await rig.close();
});

const SECRET = 'webhook-secret-0123456789';
const EVENT = {
  resource: 'serviceApp',
  event: 'deauthorized',
  orgId: ORG,
  data: { authorizerOrgId: ORG, id: CLIENT.clientId, authorizationDate: '2026-01-01T00:00:00.000Z' },
};
const signatures = fc.constantFrom(
  'right',
  'right',
  'right',
  '',
  '00',
  'é'.repeat(40),
  'f'.repeat(40),
  undefined,
);

fuzz('webhooks', fc.tuple(answersLike(EVENT), signatures), async ([{ body }, given]) => {
  const secrets = [...SECRETS, SECRET];
  const rig = fuzzedWebex(() => ({}), { secrets });
  const auth = await rig.auth();
  await auth.grants.import('user-1', { access_token: OFFERED });
  const right = createHmac('sha1', SECRET).update(body).digest('hex');
  const signature = given === 'right' ? right : given;
  const { value, error } = await settled(
    () => auth.receiveWebhook({ body, signature, secret: SECRET }),
    secrets,
  );
  if (signature !== right) expect(error?.code).toBe('WEBHOOK_SIGNATURE_INVALID');
  if (value) expect(value.orgId).toMatch(/^[0-9a-f-]{36}$/);
  expect((await auth.token('user-1')).accessToken).toBe(OFFERED);
  await rig.close();
});
