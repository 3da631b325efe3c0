import type * as api from '../../src/index.js';
import type { FlowClient, FlowInput, FlowName } from './flow.js';

/** Our client, as it is published: the build. */
const built = new URL('../../dist/index.js', import.meta.url).href;

/** Starts our client, which finds its addresses and its client in this process's environment. */
export async function startOurs(): Promise<FlowClient> {
  const { Webex } = (await import(/* @vite-ignore */ built)) as typeof api;
  let webex: api.Webex;
  const start = async (): Promise<boolean> => {
    webex = Webex.init();
    started.push(webex);
    await webex.whenReady();
    return webex.ready;
  };
  const started: api.Webex[] = [];

  const flows: Record<FlowName, (input: FlowInput) => Promise<unknown>> = {
    start,
    'login address': ({ state }) => Promise.resolve(webex.credentials.buildLoginUrl({ state: { state } })),
    'sign-in address': async () => (await webex.authorization.initiateLogin()).url,
    'code exchange': async ({ code }) => {
      await webex.authorization.requestAuthorizationCodeGrant({ code });
      return webex.canAuthorize;
    },
    refresh: async () => {
      await webex.credentials.refresh();
      return webex.canAuthorize;
    },
    'people/me': async () => {
      const { body } = await webex.request<{ displayName: string }>({
        service: 'hydra',
        resource: 'people/me',
      });
      return body.displayName;
    },
    'client credentials': async ({ scope }) => {
      return (await webex.credentials.getClientToken({ scope })).access_token !== '';
    },
    revoke: async () => {
      await webex.logout();
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
  return {
    async run(flow, input) {
      try {
        return { flow, value: await flows[flow](input), unhandled: [] };
      } catch (error) {
        return { flow, error: error instanceof Error ? error.name : 'unknown', unhandled: [] };
      }
    },
    async close() {
      for (const one of started) await one.close();
    },
  };
}
