import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { EndpointAddresses } from '../../src/config/endpoint-options.js';
import { goodAnswer } from './good-answers.js';

/** What of Webex a request asks for. */
export type Route = keyof typeof ROUTES;

/** One request, with everything secret in it, and the answer that is still to be given. */
export interface Exchange {
  readonly route: Route;
  readonly method: string;
  /** Path and query, as they were asked for. */
  readonly url: string;
  /** Members of the form or JSON that was sent. */
  readonly fields: ReadonlyMap<string, string>;
  /** The secrets that the request carried, bearer and client secret included. */
  readonly presented: readonly string[];
  /** Name and secret of Basic, as they were sent. */
  readonly basic: string | undefined;
  readonly response: ServerResponse;
}

/** How a request is answered. */
export type Reply = (exchange: Exchange) => void;

/** On which routes which reply takes the good one's place. */
export interface Fault {
  readonly routes: readonly Route[] | 'all';
  readonly reply: Reply;
  /** How often on each of them; by default for good. */
  readonly times?: number;
}

/** A server that behaves like Webex until a fault is armed. It knows nothing of the library. */
export interface HostileUpstream {
  readonly origin: string;
  readonly endpoints: EndpointAddresses;
  /** Every request, also those before the fault. */
  readonly urls: readonly string[];
  /** How often the fault was served, by route. */
  readonly served: ReadonlyMap<Route, number>;
  arm(fault: Fault | undefined): void;
  close(): Promise<void>;
}

const ROUTES = {
  token: /^\/v1\/access_token$/,
  revoke: /^\/idb\/oauth2\/v1\/revoke$/,
  reduce: /^\/idb\/oauth2\/v1\/access_token$/,
  keys: /^\/idb\/oauth2\/v2\/keys\//,
  device: /^\/v1\/device\//,
  person: /^\/v1\/people\/me$/,
  jwt: /^\/v1\/jwt\/login$/,
  guest: /^\/v1\/guests\/token$/,
  application: /^\/v1\/applications\/[^/]+\/token$/,
  expiry: /^\/v1\/authorizations\/tokenExpiry$/,
  catalog: /^\/u2c\/api\/v1\/(limited\/|signin\/)?catalog$/,
  api: /^\/v1\//,
  elsewhere: /^/,
} as const satisfies Record<string, RegExp>;

const SECRET_FIELDS = [
  'code',
  'code_verifier',
  'refresh_token',
  'client_secret',
  'clientSecret',
  'device_code',
  'token',
];

/** Starts one. `mint` makes the secrets that it gives out, `watch` hears of those that it is given. */
export async function startHostileUpstream({
  mint,
  watch,
}: {
  mint: (label: string) => string;
  watch: (secret: string, label: string) => void;
}): Promise<HostileUpstream> {
  const urls: string[] = [];
  const served = new Map<Route, number>();
  const sockets = new Set<Socket>();
  let fault: Fault | undefined;
  const answer = (exchange: Exchange): void => {
    const { route } = exchange;
    const times = served.get(route) ?? 0;
    const { routes = [], times: most = Infinity } = fault ?? {};
    if (fault && times < most && (routes === 'all' || routes.includes(route))) {
      served.set(route, times + 1);
      return fault.reply(exchange);
    }
    const { status, body, headers } = goodAnswer(exchange, mint);
    exchange.response.writeHead(status, { 'content-type': 'application/json', ...headers });
    exchange.response.end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      urls.push(request.url ?? '');
      const exchange = read(request, Buffer.concat(chunks).toString(), response);
      for (const secret of exchange.presented) watch(secret, `presented to ${exchange.route}`);
      answer(exchange);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    origin,
    endpoints: endpointsAt(origin),
    urls,
    served,
    arm: (next) => void (fault = next),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** All addresses of a Webex that is at one origin. */
export function endpointsAt(origin: string): EndpointAddresses {
  return {
    apiBase: `${origin}/v1`,
    issuer: `${origin}/idb`,
    authorizationEndpoint: `${origin}/v1/authorize`,
    tokenEndpoint: `${origin}/v1/access_token`,
    revocationEndpoint: `${origin}/idb/oauth2/v1/revoke`,
    identityBroker: origin,
    serviceCatalog: `${origin}/u2c/api/v1`,
  };
}

function read(request: IncomingMessage, body: string, response: ServerResponse): Exchange {
  const { method = '', url = '', headers } = request;
  const [path = ''] = url.split('?');
  const names = Object.keys(ROUTES) as Route[];
  const route = names.find((name) => ROUTES[name].test(path)) ?? 'elsewhere';
  const fields = new Map(
    body.startsWith('{')
      ? Object.entries(JSON.parse(body) as Record<string, string>)
      : new URLSearchParams(body),
  );
  const [scheme, credentials = ''] = (headers.authorization ?? '').split(' ');
  const basic = scheme === 'Basic' ? Buffer.from(credentials, 'base64').toString() : undefined;
  const inHeader = basic === undefined ? credentials : decodeURIComponent(basic.replace(/^[^:]*:/, ''));
  const inBody = SECRET_FIELDS.map((name) => fields.get(name) ?? '');
  const presented = [inHeader, ...inBody].filter((secret) => secret !== '');
  return { route, method, url, fields, presented, basic, response };
}
