import { systemClock, type Clock } from '../base/clock.js';
import { isLoopback } from '../base/secure-url.js';
import { type ClientOptions } from '../config/client-options.js';
import type { EndpointOptions } from '../config/endpoint-options.js';
import type { KeyRing } from '../sealing/key-ring.js';
import type { Store } from '../stores/store.js';
import { wantsJson } from '../web/answers.js';
import { failureOf } from '../web/failure.js';
import { WebexAuth } from '../webex-auth.js';
import { errorPage } from './error-page.js';
import { gatewayApp } from './gateway-app.js';
import { urlHost } from './gateway-settings.js';
import { listen } from './http-server.js';

/** Where the gateway signs people in. */
export interface GatewayUpstream {
  /** Without a redirect URI it is `/auth/callback` below the gateway's own address. */
  client: ClientOptions;
  endpoints?: EndpointOptions | undefined;
  /** Keeps grants and sessions of several upstreams apart; `default`. */
  tenant?: string | undefined;
  /** Address of the emulator: puts the banner of the demo on every page. */
  emulator?: string | undefined;
}

/** What `startGateway` takes. */
export interface GatewayOptions {
  /** 127.0.0.1. */
  host?: string | undefined;
  /** 8787; 0 for any free one. */
  port?: number | undefined;
  store: Store;
  keys: KeyRing;
  /** Given as a function it is asked once the gateway's address is known. */
  upstream: GatewayUpstream | ((url: string) => Promise<GatewayUpstream>);
  clock?: Clock | undefined;
}

/** A running gateway. */
export interface Gateway {
  /** What people open: the origin of the redirect URI. */
  readonly url: string;
  readonly auth: WebexAuth;
  /** Finishes the requests and refreshes under way, then closes the store. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the gateway: sign-in, one's own grant, health. Until it resolves it answers 503. Errors: `ConfigurationError` for a taken
 * port, those of `WebexAuth.open` and of `upstream`; nothing is left open then.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host = '127.0.0.1', port = 8787, store, keys, clock = systemClock } = options;
  let answer: (request: Request) => Promise<Response> = notYet;
  const server = await listen((request) => answer(request), { host, port, clock });
  try {
    const upstream =
      typeof options.upstream === 'function' ? await options.upstream(server.url) : options.upstream;
    const { client, endpoints, tenant, emulator } = upstream;
    const redirectUri = client.redirectUri ?? `${server.url}/auth/callback`;
    const { origin, pathname } = new URL(redirectUri);
    const signIn = `${pathname.slice(0, pathname.lastIndexOf('/') + 1)}login`;
    const auth = await WebexAuth.open({
      client: { ...client, redirectUri },
      endpoints,
      tenant,
      store,
      keys,
      clock,
      login: {
        onError: (error, request) =>
          wantsJson(request)
            ? undefined
            : errorPage(failureOf(error), { emulator, next: { href: signIn, label: 'Sign in again' } }),
      },
    });
    let closing: Promise<void> | undefined;
    const app = gatewayApp({
      auth,
      redirectUri,
      clock,
      emulator,
      loopbackPort: isLoopback(urlHost(host)) ? server.port : undefined,
      notReady: () => (closing ? 'CLOSING' : undefined),
    });
    answer = async (request) => app.fetch(request);
    const close = async (): Promise<void> => {
      await server.close();
      await auth.close();
    };
    return { url: origin, auth, close: () => (closing ??= close()) };
  } catch (error) {
    await server.close();
    throw error;
  }
}

function notYet(request: Request): Promise<Response> {
  const alive = new URL(request.url).pathname === '/healthz';
  const body = alive ? { status: 'alive' } : { status: 'not ready', reason: 'STARTING' };
  return Promise.resolve(
    Response.json(body, { status: alive ? 200 : 503, headers: { 'cache-control': 'no-store' } }),
  );
}
