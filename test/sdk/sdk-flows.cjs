// Webex's own SDK, doing one flow at a time as it is told on stdin, in JSON lines. It finds its addresses and its client in
// the environment. What it leaves unhandled is told, not hidden: `unhandled` counts the rejections since the flow before.
'use strict';

const http = require('node:http');
const { createInterface } = require('node:readline');
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(String(error?.message ?? error).slice(0, 200)));
process.on('uncaughtException', (error) => {
  say({ fatal: String(error?.stack ?? error).slice(0, 2000) });
  process.exit(1);
});
// Some of its dependencies print; stdout is for answers alone.
for (const method of ['log', 'info', 'debug', 'warn']) console[method] = console.error.bind(console);

let open = 0;
const { request } = http;
http.request = (...args) => {
  const sent = request(...args);
  open += 1;
  sent.once('close', () => (open -= 1));
  return sent;
};

require('@webex/plugin-logger');
require('@webex/plugin-authorization-node');
const { default: WebexCore } = require('@webex/webex-core');

let webex;
async function start() {
  // To it this machine is a stranger, idbroker.webex.com is not: a bearer may go where it would go at Webex.
  webex = new WebexCore({ config: { services: { allowedDomains: ['127.0.0.1'] } } });
  if (!webex.ready) await new Promise((resolve) => webex.once('ready', resolve));
  return webex.ready;
}

const loginUrl = async ({ state }) =>
  webex.credentials.buildLoginUrl({ clientType: 'confidential', state: { state } });

const flows = {
  start,
  'login address': loginUrl,
  // There is no other way to begin one.
  'sign-in address': loginUrl,
  'code exchange': async ({ code }) => {
    await webex.authorization.requestAuthorizationCodeGrant({ code });
    return webex.canAuthorize;
  },
  refresh: async () => {
    await webex.credentials.refresh();
    return webex.canAuthorize;
  },
  'people/me': async () =>
    (await webex.request({ service: 'hydra', resource: 'people/me' })).body.displayName,
  'client credentials': async ({ scope }) => {
    const token = await webex.credentials.getClientToken({ scope });
    return token.canAuthorize;
  },
  revoke: async () => {
    await webex.credentials.supertoken.revoke();
    return webex.canAuthorize;
  },
  logout: async ({ code }) => {
    await webex.authorization.requestAuthorizationCodeGrant({ code });
    await webex.logout();
    return webex.canAuthorize;
  },
  'JWT login': async ({ guest }) => {
    const { jwt } = await webex.authorization.createJwt(guest);
    await webex.authorization.requestAccessTokenFromJwt({ jwt });
    return webex.canAuthorize;
  },
};

/** Until nothing that it began behind its answer is on its way: no request open for a number of turns of the event loop. */
async function settled() {
  for (let quiet = 0; quiet < 25; quiet = open > 0 ? 0 : quiet + 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

say({ ready: true });
createInterface({ input: process.stdin }).on('line', async (line) => {
  const { flow, input } = JSON.parse(line);
  let answer;
  try {
    answer = { flow, value: (await flows[flow](input)) ?? null };
  } catch (error) {
    answer = { flow, error: String(error?.name) };
  }
  await settled();
  say({ ...answer, unhandled: unhandled.splice(0) });
});
