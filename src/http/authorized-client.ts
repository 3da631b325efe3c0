import type { TokenSource } from '../oauth/token-source.js';
import { isWebexAuthError, ProtocolError } from '../errors.js';
import { apiError } from './api-error.js';
import { type ApiRequest, type ApiResult, requestCall } from './api-request.js';
import { ApiSettings, type ApiSettingsOptions } from './api-settings.js';
import { type AuthorizedAnswer, type AuthorizedCall, sendAuthorized } from './authorized-send.js';
import { Deadline } from './deadline.js';
import { fetchResponse } from './fetch-response.js';
import { headerFields, type HeadersInput, headerValue } from './header-fields.js';
import { bodyContent, NOT_JSON } from './json-body.js';
import { type BodyInput, outgoingBody } from './outgoing-body.js';
import { paginated, type PaginateOptions } from './paginated.js';

/** What an authorized client is made of. */
export interface AuthorizedClientOptions extends ApiSettingsOptions {
  tokenSource: TokenSource;
}

/** What `fetch` takes besides the path. Bodies that are streams, forms or blobs are never sent twice. */
export interface AuthorizedFetchInit {
  method?: string | undefined;
  headers?: HeadersInput | undefined;
  body?: BodyInput | null | undefined;
  signal?: AbortSignal | undefined;
  /** Over token, connecting, headers and body together, milliseconds; `Infinity` for none. */
  deadlineMs?: number | undefined;
  /** After decompression; `Infinity` for downloads of any size. */
  maxBodyBytes?: number | undefined;
}

/** Calls the Webex API with a bearer that is always fresh and goes to allowed origins only. */
export class AuthorizedClient {
  readonly #settings: ApiSettings;
  readonly #tokenSource: TokenSource;

  /** Many principals share one `ApiSettings`; a client over it costs a few bytes. */
  constructor(options: AuthorizedClientOptions | { settings: ApiSettings; tokenSource: TokenSource }) {
    this.#settings = 'settings' in options ? options.settings : new ApiSettings(options);
    this.#tokenSource = options.tokenSource;
  }

  /**
   * Like the standard fetch, below the API base (`/people/me`) or on an allowed origin. Throws for no HTTP status, and
   * never follows a redirect: a 3xx is yours to judge. The body streams under the deadline; read or cancel it.
   */
  async fetch(path: string | URL, init: AuthorizedFetchInit = {}): Promise<Response> {
    const { method = 'GET', headers, body, signal, deadlineMs, maxBodyBytes } = init;
    const url = this.#settings.target.resolve(path);
    const outgoing = body === undefined || body === null ? undefined : outgoingBody(body);
    const { answer } = await this.#send({
      method,
      url,
      fields: headerFields(headers),
      outgoing,
      signal,
      deadlineMs,
    });
    if (!answer.hasBody) {
      answer.discard();
      return fetchResponse(answer, null);
    }
    return fetchResponse(answer, answer.stream(maxBodyBytes ?? this.#settings.maxBodyBytes));
  }

  /** JSON in, JSON out, in the shape people know from webex-js-sdk. Throws a typed error for any status of 400 or more. */
  async request<T = unknown>(options: ApiRequest): Promise<ApiResult<T>> {
    const call = requestCall(options, this.#settings.target);
    const { answer, accessToken, rejection } = await this.#send(call);
    const { status } = answer;
    const bytes = await answer.bytes(options.maxBodyBytes ?? this.#settings.maxBodyBytes);
    const content = bodyContent(bytes, headerValue(answer.headers, 'content-type'));
    const what = `${call.method.toUpperCase()} ${call.url.origin}${call.url.pathname}`;
    if (status >= 400) {
      if (isWebexAuthError(rejection) && rejection.code === 'REAUTH_REQUIRED') throw rejection;
      const body = content === NOT_JSON ? bytes.toString() : content;
      throw apiError({
        what,
        status,
        headers: answer.headers,
        sent: accessToken,
        body,
        now: this.#settings.clock.now(),
        cause: rejection,
      });
    }
    if (content === NOT_JSON)
      throw new ProtocolError(`${what} was answered with a body that is not the JSON it says it is`, {
        status,
      });
    const headers: Record<string, string> = {};
    for (const name of Object.keys(answer.headers)) headers[name] = headerValue(answer.headers, name) ?? '';
    return { statusCode: status, headers, body: content as T };
  }

  /** The items of all pages, one after the other, following `Link: …; rel="next"` as the server wrote it (RFC 8288). */
  paginate<T = unknown>(
    path: string | URL,
    options: PaginateOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    const { target } = this.#settings;
    return paginated<T>(path, options, {
      get: (uri) => this.request({ uri, signal: options.signal }),
      resolve: (uri, query) => target.resolve(uri, query),
    });
  }

  async #send({
    method,
    url,
    fields,
    outgoing,
    refresh = true,
    signal,
    deadlineMs,
  }: ReturnType<typeof requestCall>): Promise<AuthorizedAnswer> {
    const { transport, clock } = this.#settings;
    const headers = this.#settings.headers(fields, outgoing?.contentType);
    const call: Omit<AuthorizedCall, 'deadline'> = {
      method: this.#settings.method(method),
      url,
      headers,
      body: outgoing?.body,
      onUnauthorized: !refresh ? 'ignore' : outgoing?.replayable === false ? 'report' : 'replay',
    };
    const deadline = new Deadline({
      clock,
      ms: deadlineMs ?? this.#settings.deadlineMs,
      signal,
      origin: url.origin,
    });
    try {
      return await sendAuthorized({ ...call, deadline }, { transport, tokenSource: this.#tokenSource });
    } catch (error) {
      deadline.end();
      throw error;
    }
  }
}
