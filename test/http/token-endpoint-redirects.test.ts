import { expect, it } from 'vitest';
import { startWorld } from '../support/principals.js';
import { loopbackServer } from './loopback-server.js';
import { CALLS, openSurface } from './whole-surface.js';
import { hostFetch } from './webex-at.js';

/** What is redirected, and who asks there. */
const ENDPOINTS: readonly (readonly [string, RegExp, readonly (keyof typeof CALLS)[]])[] = [
  [
    'token endpoint',
    /^POST \/v1\/access_token$/,
    ['sign-in page', 'sign-in by redirect', 'refresh', 'client token'],
  ],
  ['revocation endpoint', /revoke$/, ['client verified', 'logout', 'disconnect']],
  ['device authorization endpoint', /device\/authorize$/, ['device']],
  ['device token endpoint', /device\/token$/, ['device']],
  ['people/me', /^GET \/v1\/people\/me$/, ['sign-in page', 'bot']],
  ['guest login', /jwt\/login$/, ['guest by a JWT', 'guest of an issuer']],
  ['guest tokens', /guests\/token$/, ['guest of a service app']],
  ['service app tokens', /applications\/[^/]+\/token$/, ['service app']],
  ['scope reduction', /^POST \/idb\/oauth2\/v1\/access_token$/, ['fewer scopes']],
  ['token expiry', /tokenExpiry$/, ['validate']],
  ['key set', /verificationjwk$|\/v1\/verification$/, ['sign-in by redirect']],
  ['catalog', /u2c/, ['catalog']],
];
const table = ENDPOINTS.flatMap(([name, route, calls]) =>
  calls.flatMap((call) => [301, 302, 303, 307, 308].map((status) => [status, name, call, route] as const)),
);

it.each(table)('B5: a %i of the %s leads nowhere: %s', async (status, _endpoint, call, route) => {
  const elsewhere = await loopbackServer((response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"access_token":"A","token_type":"Bearer"}'),
  );
  const world = await startWorld();
  const surface = await openSurface(world, status === 307 ? { fetch: hostFetch } : {});
  const location = `${elsewhere.origin}/elsewhere`;
  const fault = world.emulator.faults.add({ route, status, headers: { location } });
  await (CALLS[call](surface) as Promise<unknown>).catch(() => undefined);
  expect(fault.count).toBeGreaterThan(0);
  expect(elsewhere.seen).toEqual([]);
});
