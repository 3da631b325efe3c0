import type { RawAnswer } from './exchange.js';
import type { Recorder } from './recorder.js';
import type { VerifySettings } from './settings.js';

/** The two ways to the token endpoint: the public address, and the identity broker's (webex-facts 1.1, 1.2). */
export type TokenPath = 'public' | 'broker';

/** How a client shows who it is (webex-facts 3.1). */
export interface Shown {
  /** `form` by default at the public address, `basic` at the identity broker. */
  readonly by?: 'form' | 'basic' | 'id alone';
  readonly clientSecret?: string;
}

/** Requests as Webex is sent them: by hand, since it is the raw answer that is wanted. */
export class WebexCalls {
  readonly #settings: VerifySettings;
  readonly #recorder: Recorder;
  /** Base of the Webex API. */
  readonly apiBase: string;
  /** Base of the identity broker. */
  readonly brokerBase: string;

  constructor(settings: VerifySettings, recorder: Recorder) {
    this.#settings = settings;
    this.#recorder = recorder;
    this.apiBase = settings.endpoints.apiBase;
    this.brokerBase = settings.endpoints.idbroker.token.replace(/\/idb\/.*$/, '');
  }

  /** A request to the token endpoint. */
  token(path: TokenPath, fields: Readonly<Record<string, string>>, shown: Shown = {}): Promise<RawAnswer> {
    const { idbroker, authorizationServer } = this.#settings.endpoints;
    const { tokenEndpoint } = authorizationServer;
    const isPublic = !new URL(tokenEndpoint).pathname.startsWith('/idb/');
    const open = isPublic ? tokenEndpoint : `${this.apiBase}/access_token`;
    const url = path === 'public' ? open : idbroker.token;
    return this.form(url, fields, { by: path === 'public' ? 'form' : 'basic', ...shown });
  }

  /** A form of the client. */
  form(
    url: string,
    fields: Readonly<Record<string, string>>,
    { by = 'basic', clientSecret = this.#settings.clientSecret }: Shown = {},
  ): Promise<RawAnswer> {
    const { clientId } = this.#settings;
    const inForm: Record<string, string> = by === 'basic' ? {} : { client_id: clientId };
    if (by === 'form') inForm['client_secret'] = clientSecret;
    const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':');
    const headers: Record<string, string> = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    };
    if (by === 'basic') headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
    const body = new URLSearchParams({ ...fields, ...inForm }).toString();
    return this.#recorder.send({ method: 'POST', url, headers, body });
  }

  /** A request that names nobody. */
  open(url: string): Promise<RawAnswer> {
    const headers = { accept: 'application/json' };
    return this.#recorder.send({ method: 'GET', url, headers }, { isPublic: true });
  }

  /** A request with a bearer, or with none. `json` makes it a POST. */
  bearer(
    url: string,
    token: string | undefined,
    { method, json, scheme = 'Bearer ' }: { method?: string; json?: object; scheme?: 'Bearer ' | '' } = {},
  ): Promise<RawAnswer> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== undefined) headers['authorization'] = `${scheme}${token}`;
    if (json) headers['content-type'] = 'application/json';
    const body = json && JSON.stringify(json);
    return this.#recorder.send({ method: method ?? (json ? 'POST' : 'GET'), url, headers, body });
  }

  /** Who the bearer is. */
  me(token: string | undefined): Promise<RawAnswer> {
    return this.bearer(`${this.apiBase}/people/me`, token);
  }

  /** Refreshes; the client is authenticated as is usual there. */
  refresh(path: TokenPath, refreshToken: string): Promise<RawAnswer> {
    return this.token(path, { grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  /** Revokes at the identity broker (webex-facts 3.4). */
  revoke(token: string, hint: 'access_token' | 'refresh_token'): Promise<RawAnswer> {
    const { idbroker, authorizationServer } = this.#settings.endpoints;
    const url = authorizationServer.revocationEndpoint ?? idbroker.revoke;
    return this.form(url, { token, token_type_hint: hint });
  }
}
