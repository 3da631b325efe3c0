// The clients of the GET benchmark, each as people use it: connections are kept as the client keeps them by default.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bareUndici, openAuth, root } from './harness.mjs';

/** Name → a function that is given the server's origin and a token, and gives one that makes a call and reads its JSON. */
export const GET_CLIENTS = {
  'undici.request': async (origin, token) => {
    const { request } = await bareUndici();
    const headers = headersOf(token);
    return async () => (await request(`${origin}/v1/people/me`, { headers })).body.json();
  },
  'webex-auth request': async (origin, token) => {
    const webex = await ours(origin, token);
    return async () => (await webex.request({ uri: '/people/me' })).body;
  },
  'webex-auth fetch': async (origin, token) => {
    const webex = await ours(origin, token);
    return async () => (await webex.fetch('/people/me')).json();
  },
  'global fetch': async (origin, token) => {
    const headers = headersOf(token);
    return async () => (await fetch(`${origin}/v1/people/me`, { headers })).json();
  },
  got: async (origin, token) => {
    const { got } = await import('got');
    const headers = headersOf(token);
    return () => got(`${origin}/v1/people/me`, { headers }).json();
  },
  'webex-core': async (origin, token) => {
    // Read while it is loaded. Without them it would look for its services at Webex.
    process.env.U2C_SERVICE_URL = `${origin}/u2c/api/v1`;
    process.env.HYDRA_SERVICE_URL = `${origin}/v1`;
    process.env.IDBROKER_BASE_URL = process.env.IDENTITY_BASE_URL = origin;
    const require = createRequire(join(root, 'test', 'sdk', 'package.json'));
    require('@webex/plugin-logger');
    const { default: WebexCore } = require('@webex/webex-core');
    const expires = Date.now() + 1_209_600_000;
    const webex = new WebexCore({
      config: { logger: { level: 'error' }, services: { allowedDomains: ['127.0.0.1'] } },
      credentials: { supertoken: { access_token: token, token_type: 'Bearer', expires } },
    });
    if (!webex.ready) await new Promise((resolve) => webex.once('ready', resolve));
    return async () => (await webex.request({ uri: `${origin}/v1/people/me` })).body;
  },
};

const headersOf = (token) => ({
  authorization: `Bearer ${token}`,
  accept: 'application/json',
  'user-agent': 'bench',
});

async function ours(origin, access_token) {
  const auth = await openAuth(origin, {});
  await auth.grants.import('user-42', { access_token, expires_in: 1_209_600, refresh_token: 'r' });
  return auth.user('user-42');
}
