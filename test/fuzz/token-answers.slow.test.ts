import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Clock, Store } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import { answersLike, type RawAnswer } from './answers.js';
import { fuzz, settled, watchProcess } from './fuzzed.js';
import { CLIENT, fuzzedWebex, storedMembers, TOKEN_MEMBERS } from './fuzzed-webex.js';
import { readingOf } from './reading.js';

watchProcess();

const ENDPOINT = '/v1/access_token';
const OFFERED = { access: 'offered-access-token-0123456789', refresh: 'offered-refresh-token-0123456789' };
const CODE = 'authorization-code-0123456789';
const SECRETS = [CLIENT.clientSecret, OFFERED.access, OFFERED.refresh, CODE];
const DAY_MS = 86_400_000;

const GOOD = {
  access_token: OFFERED.access,
  token_type: 'Bearer',
  expires_in: 3_600,
  refresh_token: OFFERED.refresh,
  refresh_token_expires_in: 7_200,
  scope: 'spark:people_read',
};

fuzz('code exchange', answersLike(GOOD), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path === ENDPOINT ? answer : {}), { secrets: SECRETS });
  const webex = await rig.webex({ subject: 'user-1' });
  const exchanged = await settled(
    () => webex.authorization.requestAuthorizationCodeGrant({ code: CODE }),
    SECRETS,
  );
  const { accepted, refreshToken } = readingOf(answer);
  expect(exchanged.error === undefined).toBe(accepted);
  expect(rig.sent.filter(({ path }) => path === ENDPOINT)).toHaveLength(1);
  const grant = await rig.stored('user-1');
  expect(grant?.tokenSet.refreshToken).toBe(accepted ? refreshToken : undefined);
  expect(storedMembers(grant)).toEqual(accepted ? expect.arrayContaining(['accessToken']) : []);
  await rig.close();
});

/** Refreshes with this answer, and a day later with a good one: the newest refresh token is never lost, and only a verdict ends the grant. */
async function refreshes(answer: RawAnswer, store?: (clock: Clock) => Store): Promise<void> {
  let newest = 'first-refresh-token-0123456789';
  const first = 'first-access-token-0123456789';
  const secrets = [...SECRETS, newest, first];
  const presented: [sent: string | null, newest: string][] = [];
  const { verdict, keptAtRefresh, refreshToken } = readingOf(answer);
  const rig = fuzzedWebex(
    ({ path, form }) => {
      if (path !== ENDPOINT) return {};
      presented.push([form.get('refresh_token'), newest]);
      if (presented.length === 1) {
        newest = refreshToken ?? newest;
        return answer;
      }
      newest = `next-refresh-token-${String(presented.length)}`;
      return { ...GOOD, refresh_token: newest };
    },
    { secrets, store },
  );
  const auth = await rig.auth();
  await auth.grants.import('user-1', { access_token: first, refresh_token: newest, expires_in: 3_600 });
  const { error } = await settled(() => auth.refresh('user-1'), secrets);
  const grant = await rig.stored('user-1');
  if (presented.length === 1) expect(error === undefined).toBe(keptAtRefresh);
  expect([grant?.state === 'dead', error?.code === 'REAUTH_REQUIRED']).toEqual([verdict, verdict]);
  for (const name of storedMembers(grant)) expect(TOKEN_MEMBERS).toContain(name);
  if (!verdict) {
    await rig.clock.sleep(2 * DAY_MS);
    await auth.refresh('user-1');
    expect((await rig.stored('user-1'))?.tokenSet.refreshToken).toBe(newest);
    expect(presented.length).toBeGreaterThan(1);
  }
  for (const [sent, valid] of presented) expect(sent).toBe(valid);
  await rig.close();
}

fuzz('refresh', answersLike(GOOD), (answer) => refreshes(answer));

let directory: string;
let files = 0;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'webex-auth-fuzz-'))));
afterAll(() => rm(directory, { recursive: true }));

fuzz('refresh, SQLite', answersLike(GOOD), (answer) =>
  refreshes(answer, (clock) => sqliteStore({ path: join(directory, `${String(files++)}.db`), clock })),
);

fuzz('client credentials', answersLike(GOOD), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path === ENDPOINT ? answer : {}), { secrets: SECRETS });
  const auth = await rig.auth();
  const { value, error } = await settled(() => auth.clientToken(['spark:people_read']), SECRETS);
  const [grant] = await auth.grants.list();
  if (error === undefined) expect(readingOf(answer).accepted).toBe(true);
  if (!readingOf(answer).accepted) expect([error === undefined, grant]).toEqual([false, undefined]);
  if (value) expect(grant?.subject).toBeDefined();
  await rig.close();
});

fuzz('scope reduction', answersLike(GOOD), async (answer) => {
  const rig = fuzzedWebex(({ path }) => (path.startsWith('/idb/') ? answer : {}), { secrets: SECRETS });
  const access_token = 'full-access-token-0123456789';
  const webex = await rig.webex({
    credentials: { access_token, scope: 'spark:people_read spark:rooms_read' },
  });
  const ask = () => webex.credentials.getUserToken('spark:people_read');
  const { value, error } = await settled(ask, [...SECRETS, access_token]);
  if (value) expect([value.scope, value.access_token]).not.toContain(access_token);
  else expect(error?.code).toMatch(/^[A-Z_]+$/);
  expect((await webex.credentials.getUserToken()).access_token).toBe(access_token);
  await rig.close();
});
