import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cases } from '../support/cases.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { INTEGRATION, SERVICE_APP, startWorld } from '../support/principals.js';
import { CALLS, openSurface, type Surface } from './whole-surface.js';

// Every request that a server of this process was sent, as it came: path and query.
let seen: { url: string; bearer: string | undefined }[];
const note = (message: unknown): void => {
  const { url = '', headers } = (message as { request: IncomingMessage }).request;
  seen.push({ url, bearer: /^Bearer (.+)/.exec(headers.authorization ?? '')?.[1] });
};
beforeEach(() => {
  seen = [];
  subscribe('http.server.request.start', note);
});
afterEach(() => void unsubscribe('http.server.request.start', note));

async function tokensOf({ people, apps, webex }: Surface): Promise<(string | undefined)[]> {
  const handles = [webex];
  for (const auth of [people, apps])
    for (const { subject } of await auth.grants.list()) handles.push(await auth.user(subject));
  return handles.flatMap(({ credentials: { supertoken } }) => [
    supertoken?.access_token,
    supertoken?.refresh_token,
  ]);
}

const names = Object.keys(CALLS) as (keyof typeof CALLS)[];
const calls = cases({ commit: names.length });

it('B6: no token and no secret is in a path or a query, whatever is called', calls.options, async () => {
  const surface = await openSurface(await startWorld());
  const secrets = new Set<string | undefined>([INTEGRATION.clientSecret, SERVICE_APP.clientSecret]);
  let done = 0;
  for (const name of names) {
    for (const token of await tokensOf(surface)) secrets.add(token);
    await CALLS[name](surface);
    done++;
  }
  expect(done).toBe(calls.count);

  const leaks = createLeakScanner();
  const bearers = seen.map(({ bearer }) => bearer);
  for (const secret of new Set([...secrets, ...bearers])) {
    if (secret === undefined) continue;
    // Whose it is may be read in both kinds of access token: in the last parts of the one, in the claims of the other.
    const publicParts = [secret.split('_').slice(1).join('_'), secret.split('.')[1] ?? ''].filter(Boolean);
    leaks.watch(secret, 'a secret', { publicParts });
  }
  for (const { url } of seen) leaks.scanText('a URL', url);
  leaks.scanText('the URL to sign out', surface.webex.credentials.buildLogoutUrl());
  leaks.assertClean();

  // That is worth something: much was asked, much was secret, and such a URL would be found.
  expect(new Set(seen.map(({ url }) => url.split('?')[0])).size).toBeGreaterThan(12);
  expect(secrets.size).toBeGreaterThan(15);
  leaks.scanText('a URL', `/v1/people/me?access_token=${encodeURIComponent(bearers.find(Boolean) ?? '')}`);
  expect(leaks.hits).not.toEqual([]);
});
