import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import { CookieJar } from 'tough-cookie';
import type { AuthorizationServer } from '../../src/oauth/authorization-server.js';

/** How the server behaves. */
export interface OidcServerOptions {
  /** Whether every refresh gives a new refresh token; presenting an old one then revokes the whole family. */
  rotate: boolean;
  /** Seconds; default 3600. */
  accessTokenTtl?: number;
  /** Default: an address where nobody listens. */
  redirectUri?: string;
  clientAuthentication?: 'client_secret_post' | 'client_secret_basic';
  /** Besides `openid`. */
  scopes?: readonly string[];
}

/** A running oidc-provider: a certified authorization server that nobody here wrote. */
export interface OidcServer {
  url: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  server: Required<AuthorizationServer>;
  userinfoEndpoint: string;
  deviceAuthorizationEndpoint: string;
  /** Does what a person in a browser does: follows redirects with cookies, signs in, allows or denies. Gives the address called back. */
  signIn(authorizeUrl: string, options: { login: string; deny?: boolean }): Promise<string>;
  /** Does what a person does who is shown a device's code: opens the address, confirms the code or aborts, signs in and allows. */
  decideDevice(verificationUriComplete: string, options: { login: string; abort?: boolean }): Promise<void>;
  /** The server's own word (RFC 7662) on whether a token is good. */
  isActive(token: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Starts oidc-provider on a free loopback port with Webex's paths. */
export async function startOidcServer(options: OidcServerOptions): Promise<OidcServer> {
  const { redirectUri = 'http://127.0.0.1:9/callback', clientAuthentication = 'client_secret_post' } =
    options;
  const unmute = muteNotices();
  const clientId = `C${randomBytes(32).toString('hex')}`;
  const clientSecret = randomBytes(32).toString('hex');
  const http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  // Imported here: loading it prints notices that are muted by now.
  const { Provider } = await import('oidc-provider');
  const provider = new Provider(url, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        token_endpoint_auth_method: clientAuthentication,
      },
    ],
    scopes: ['openid', ...(options.scopes ?? ['spark:people_read', 'spark:rooms_read', 'spark:kms'])],
    routes: {
      authorization: '/v1/authorize',
      token: '/v1/access_token',
      revocation: '/idb/oauth2/v1/revoke',
      userinfo: '/v1/userinfo',
      introspection: '/introspect',
      device_authorization: '/v1/device/authorize',
      code_verification: '/device',
    },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      introspection: { enabled: true, allowedPolicy: () => true },
      deviceFlow: { enabled: true, charset: 'digits', mask: '******' },
    },
    interactions: {
      url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}`,
    },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId }),
    }),
    issueRefreshToken: () => true,
    rotateRefreshToken: () => options.rotate,
    ttl: {
      AccessToken: options.accessTokenTtl ?? 3600,
      AuthorizationCode: 60,
      DeviceCode: 300,
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 600,
    },
  });
  const oidc = provider.callback();
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const handled = request.url?.startsWith('/interaction/')
      ? interact(provider, clientId, request, response)
      : oidc(request, response);
    handled.catch(() => response.writeHead(500).end());
  });
  return {
    url,
    clientId,
    clientSecret,
    redirectUri,
    server: {
      issuer: url,
      authorizationEndpoint: `${url}/v1/authorize`,
      tokenEndpoint: `${url}/v1/access_token`,
      revocationEndpoint: `${url}/idb/oauth2/v1/revoke`,
      issParameterSupported: true,
    },
    userinfoEndpoint: `${url}/v1/userinfo`,
    deviceAuthorizationEndpoint: `${url}/v1/device/authorize`,
    signIn: (authorizeUrl, person) => signIn(authorizeUrl, { ...person, redirectUri }),
    decideDevice,
    async isActive(token) {
      const credentials = { client_id: clientId, client_secret: clientSecret };
      const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
      const answer = await fetch(`${url}/introspect`, {
        method: 'POST',
        headers: clientAuthentication === 'client_secret_basic' ? { authorization: `Basic ${basic}` } : {},
        body: new URLSearchParams({
          token,
          ...(clientAuthentication === 'client_secret_post' && credentials),
        }),
      });
      return ((await answer.json()) as { active: boolean }).active;
    },
    async close() {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
      unmute();
    },
  };
}

async function interact(
  provider: Provider,
  clientId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<form method="post"><input name="login"><button name="decision" value="allow"></form>');
    return;
  }
  const form = new URLSearchParams(await text(request));
  if (form.get('decision') === 'deny') {
    await provider.interactionFinished(request, response, { error: 'access_denied' });
    return;
  }
  const { params } = await provider.interactionDetails(request, response);
  const accountId = form.get('login') ?? '';
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(String(params['scope']));
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId }, consent });
}

async function signIn(
  authorizeUrl: string,
  { login, deny, redirectUri }: { login: string; deny?: boolean; redirectUri: string },
): Promise<string> {
  const jar = new CookieJar();
  let url = authorizeUrl;
  for (let step = 0; step < 10; step++) {
    const form = /\/interaction\/[^/]+$/.test(url)
      ? new URLSearchParams({ login, decision: deny ? 'deny' : 'allow' })
      : undefined;
    const answer = await fetch(url, {
      ...(form && { method: 'POST', body: form }),
      headers: { cookie: await jar.getCookieString(url) },
      redirect: 'manual',
    });
    for (const cookie of answer.headers.getSetCookie()) await jar.setCookie(cookie, url);
    const location = answer.headers.get('location');
    await answer.text();
    if (location === null) throw new Error(`oidc-provider answered ${answer.status} without a redirect`);
    url = new URL(location, url).href;
    if (url.startsWith(redirectUri)) return url;
  }
  throw new Error('oidc-provider redirects without end');
}

async function decideDevice(
  verificationUriComplete: string,
  { login, abort }: { login: string; abort?: boolean },
): Promise<void> {
  const jar = new CookieJar();
  let url = verificationUriComplete;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < 10; step++) {
    const answer = await fetch(url, {
      ...(form && { method: 'POST', body: form }),
      headers: { cookie: await jar.getCookieString(url) },
      redirect: 'manual',
    });
    for (const cookie of answer.headers.getSetCookie()) await jar.setCookie(cookie, url);
    const page = await answer.text();
    const location = answer.headers.get('location');
    url = new URL(location ?? /action="([^"]+)"/.exec(page)?.[1] ?? url, url).href;
    // What follows an abort is the empty form to start anew.
    if (form?.has('abort')) return;
    form = undefined;
    if (location !== null) continue;
    const fields = [...page.matchAll(/name="(xsrf|user_code|confirm)" value="([^"]*)"/g)];
    if (fields.length > 0) {
      form = new URLSearchParams();
      for (const [, name = '', value = ''] of fields) form.append(name, value);
      if (abort && form.has('confirm')) form.set('abort', 'yes');
    } else if (page.includes('name="decision"')) {
      form = new URLSearchParams({ login, decision: 'allow' });
    } else {
      return;
    }
  }
  throw new Error('oidc-provider asks without end');
}

// Its notices ("Unsupported runtime", default policies) say nothing about the test.
function muteNotices(): () => void {
  const muted = (['info', 'warn'] as const).map((name) => {
    const original = console[name].bind(console);
    console[name] = (...words: unknown[]) => {
      if (!String(words[0]).includes('oidc-provider ')) original(...words);
    };
    return () => void (console[name] = original);
  });
  return () => muted.forEach((restore) => restore());
}
