import type { TokenSource } from '../oauth/token-source.js';
import { ConfigurationError, isWebexAuthError, ProtocolError } from '../errors.js';
import type { Answer } from './answer.js';
import { apiError } from './api-error.js';
import { type ApiRequest, type ApiResult, type PreparedCall, requestCall } from './api-request.js';
import { ApiSettings, type ApiSettingsOptions } from './api-settings.js';
import { Deadline } from './deadline.js';
import { fetchResponse } from './fetch-response.js';
import { headerFields, type HeadersInput, headerValue } from './header-fields.js';
import { bodyContent, NOT_JSON } from './json-body.js';
import { JsonCalls } from './json-calls.js';
import { type BodyInput, outgoingBody } from './outgoing-body.js';
import { paginated, type PaginateOptions } from './paginated.js';
import { type PersistentAnswer, type PersistentCall, sendPersistently } from './persistent-send.js';
import type { PrincipalKey } from './rate-gates.js';
import type { OnRetry } from './retry-notice.js';
import { type RetryOptions, retrySettings } from './retry-settings.js';

const EMPTY = Buffer.alloc(0);

/** Who calls. */
export interface Principal {
  tokenSource: TokenSource;
  /** Whose rate limit the calls fall under (webex-facts 8): a subject. Without it the token source has one of its own, in this process. */
  principal?: string | undefined;
}

/** What an authorized client is made of. */
export interface AuthorizedClientOptions extends ApiSettingsOptions, Principal {}

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
  /** `false`: sent once, and not made to wait for a rate limit. */
  retry?: RetryOptions | false | undefined;
  onRetry?: OnRetry | undefined;
}

/** Calls the Webex API with a bearer that is always fresh and goes to allowed origins only. */
export class AuthorizedClient extends JsonCalls {
  readonly #settings: ApiSettings;
  readonly #tokenSource: TokenSource;
  readonly #principal: PrincipalKey;

  /** Many principals share one `ApiSettings`; a client over it costs a few bytes. */
  constructor(options: AuthorizedClientOptions | ({ settings: ApiSettings } & Principal)) {
    super();
    this.#settings = 'settings' in options ? options.settings : new ApiSettings(options);
    this.#tokenSource = options.tokenSource;
    this.#principal = options.principal ?? options.tokenSource;
  }

  /**
   * Like the standard fetch, below the API base (`/people/me`) or on an allowed origin. Throws for no HTTP status, and
   * never follows a redirect: a 3xx is yours to judge. The body streams under the deadline; read or cancel it. While a
   * rate limit or an outage keeps calls back for longer than they may wait it throws `RateLimitError` or
   * `ServiceUnavailableError`, and nothing is sent.
   */
  async fetch(path: string | URL, init: AuthorizedFetchInit = {}): Promise<Response> {
    const { method = 'GET', headers, body, signal, deadlineMs, maxBodyBytes, retry, onRetry } = init;
    const url = this.#refusing({ method }, () => this.#settings.target.resolve(path));
    const outgoing = body === undefined || body === null ? undefined : outgoingBody(body);
    const { answer } = await this.#send({
      method,
      url,
      fields: headerFields(headers),
      outgoing,
      signal,
      deadlineMs,
      retry,
      onRetry,
    });
    if (!answer.hasBody) {
      answer.discard();
      return fetchResponse(answer, null);
    }
    return fetchResponse(answer, answer.stream(maxBodyBytes ?? this.#settings.maxBodyBytes));
  }

  /** JSON in, JSON out, in the shape people know from webex-js-sdk. Throws a typed error for any status of 400 or more. */
  async request<T = unknown>(options: ApiRequest): Promise<ApiResult<T>> {
    return (await this.#received<T>(options)).result;
  }

  async #received<T>(options: ApiRequest): Promise<{ result: ApiResult<T>; answer: Answer }> {
    const call = this.#refusing(options, () => requestCall(options, this.#settings.target));
    const maxBodyBytes = options.maxBodyBytes ?? this.#settings.maxBodyBytes;
    const { answer, accessToken, rejection, bytes = EMPTY } = await this.#send(call, maxBodyBytes);
    const { status } = answer;
    const content = bodyContent(bytes, headerValue(answer.headers, 'content-type'));
    const what = `${call.method.toUpperCase()} ${call.url.origin}${call.url.pathname}`;
    if (status >= 400) {
      if (isWebexAuthError(rejection) && rejection.code === 'REAUTH_REQUIRED') throw rejection;
      const body = content === NOT_JSON ? bytes.toString() : content;
      throw apiError({
        what,
        status,
        headers: answer.headers,
        trackingId: answer.trackingId(content),
        sent: accessToken,
        body,
        now: this.#settings.clock.now(),
        cause: rejection,
      });
    }
    if (content === NOT_JSON)
      throw new ProtocolError(`${what} was answered with a body that is not the JSON it says it is`, {
        status,
        trackingId: answer.trackingId(),
      });
    const headers: Record<string, string> = {};
    for (const name of Object.keys(answer.headers)) headers[name] = headerValue(answer.headers, name) ?? '';
    return { result: { statusCode: status, headers, body: content as T }, answer };
  }

  /** The items of all pages, one after the other, following `Link: …; rel="next"` as the server wrote it (RFC 8288). */
  paginate<T = unknown>(
    path: string | URL,
    options: PaginateOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    const { target } = this.#settings;
    return paginated<T>(path, options, {
      get: (uri) =>
        this.#received({ uri, signal: options.signal, retry: options.retry, onRetry: options.onRetry }),
      resolve: (uri, query) => this.#refusing({}, () => target.resolve(uri, query)),
    });
  }

  // Without the address: what is refused may be anything.
  #refusing<Result>(call: { method?: unknown } | undefined, prepare: () => Result): Result {
    try {
      return prepare();
    } catch (error) {
      const { method = 'GET' } = call ?? {};
      this.#settings.tellRefusal(error, { method: typeof method === 'string' ? method.toUpperCase() : '' });
      throw error;
    }
  }

  #send(
    { method, url, fields, outgoing, refresh = true, signal, deadlineMs, retry, onRetry }: PreparedCall,
    wholeBodyBytes?: number,
  ): Promise<PersistentAnswer> {
    const settings = this.#settings;
    const { origin } = url;
    if (signal && typeof (signal as Partial<AbortSignal>).addEventListener !== 'function')
      throw new ConfigurationError([{ setting: 'signal', problem: 'must be an AbortSignal' }]);
    const call: PersistentCall = {
      method: settings.method(method),
      url,
      origin,
      headers: settings.headers(fields, outgoing?.contentType),
      body: outgoing?.body,
      replayable: outgoing?.replayable !== false,
      onUnauthorized: !refresh ? 'ignore' : outgoing?.replayable === false ? 'report' : 'replay',
      retry: retrySettings(retry, settings.retry),
      onRetry,
      wholeBodyBytes,
      sent: 0,
      pending: false,
      deadline: new Deadline({
        clock: settings.clock,
        ms: deadlineMs ?? settings.deadlineMs,
        signal,
        origin,
      }),
    };
    return sendPersistently(call, { settings, tokenSource: this.#tokenSource, principal: this.#principal });
  }
}
