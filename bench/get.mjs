// Authorized GET, 50 at once, body read and parsed, against a bare undici.request that does the same.
import { bareUndici, openAuth, perSecond, ratioRows, sideBySide, withPeer } from './harness.mjs';

const LOAD = { count: 1_500, width: 50 };

/** The rows of this benchmark. */
export function getBenchmark() {
  return withPeer(async (origin) => {
    const undici = await bareUndici();
    const auth = await openAuth(origin, {});
    const access_token = 'a'.repeat(106);
    await auth.grants.import('user-42', { access_token, expires_in: 1_209_600, refresh_token: 'r' });
    const webex = await auth.user('user-42');
    const url = `${origin}/v1/people/me`;
    const headers = {
      authorization: `Bearer ${access_token}`,
      accept: 'application/json',
      'user-agent': 'bare',
    };
    const bare = () =>
      perSecond(async () => {
        const { body } = await undici.request(url, { headers });
        return body.json();
      }, LOAD);
    const results = await sideBySide({
      bare,
      request: () => perSecond(async () => (await webex.request({ uri: '/people/me' })).body, LOAD),
      fetch: () => perSecond(async () => (await webex.fetch('/people/me')).json(), LOAD),
      'bare again': bare,
    });
    await auth.close();
    await undici.getGlobalDispatcher().close();
    return ratioRows(results, {
      goals: {
        request: { what: 'authorized GET, 50 at once: request', goal: 1.5 },
        fetch: { what: 'authorized GET, 50 at once: fetch', goal: 2.8 },
      },
    });
  });
}
