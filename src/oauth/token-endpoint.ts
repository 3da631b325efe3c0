import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import type { AuthorizationServer as ServerMetadata, Client } from 'oauth4webapi';
import type { Clock } from '../base/clock.js';
import type { WholeFetch } from '../base/fetch.js';
import { ConfigurationError, ProtocolError } from '../errors.js';
import { serverMetadata } from './authorization-server.js';
import type { AuthorizationServer } from './authorization-server.js';
import type { ClientAuthentication } from './client-authentication.js';
import { receiveAnswer, requestOptions } from './endpoint-answer.js';
import { member } from './member.js';
import type { AnswerNormaliser, EndpointAnswer, TokenPurpose } from './endpoint-answer.js';
import { errorOfAnswer } from './endpoint-error.js';
import type { RawTokenResponse } from './grants/renewer.js';
import { isAccessToken, isRefreshToken, knownMembers, readTokenAnswer } from './token-answer.js';
import type { TokenAnswerContext } from './token-answer.js';
import { parsedResponse } from './parsed-response.js';
import { TokenSet } from './token-set.js';

export type { TokenPurpose };

/** What a token endpoint is made of. */
export interface TokenEndpointOptions {
  server: AuthorizationServer;
  clientId: string;
  /** Several while a secret is being replaced: when the server refuses the client by one, the next is tried. */
  authenticate: ClientAuthentication | readonly ClientAuthentication[];
  /** Enforces a deadline and a body limit, and follows no redirect. */
  fetch: WholeFetch;
  normalise?: AnswerNormaliser | undefined;
  clock: Pick<Clock, 'now'>;
}

/** What a token request may be given. */
export interface TokenRequestOptions extends Omit<TokenAnswerContext, 'now'> {
  purpose: TokenPurpose;
  signal?: AbortSignal | undefined;
  /** Awaited with any 2xx answer that holds a usable refresh token but makes no token set. */
  onCandidate?: ((raw: RawTokenResponse) => Promise<void>) | undefined;
}

/** The one place that posts to the token endpoint (RFC 6749, 3.2). */
export class TokenEndpoint {
  readonly #options: TokenEndpointOptions;
  readonly #server: ServerMetadata;
  readonly #client: Client;
  readonly #methods: readonly ClientAuthentication[];
  #method = 0;

  constructor(options: TokenEndpointOptions) {
    if (options.clientId === '') {
      throw new ConfigurationError([
        { setting: 'clientId', problem: 'is empty; copy it from the integration' },
      ]);
    }
    this.#options = options;
    this.#server = serverMetadata(options.server);
    this.#client = { client_id: options.clientId };
    this.#methods = [options.authenticate].flat();
  }

  /** Presents a grant and gives the token set it yields. No error holds what was sent or what the server wrote. */
  async request(
    grant: { grantType: string; parameters: Readonly<Record<string, string>> },
    { purpose, signal, onCandidate, ...context }: TokenRequestOptions,
  ): Promise<TokenSet> {
    const { received, answer } = await this.#answer(grant, { purpose, signal });
    if (answer.status < 200 || answer.status > 299) throw errorOfAnswer(answer);
    const accessToken = await this.#accessToken(answer);
    if (accessToken === undefined) {
      const raw = knownMembers(received.body ?? {});
      // One that holds what no refresh token has is never presented: the old one stays the one to try.
      if (isRefreshToken(raw['refresh_token'])) await onCandidate?.(raw);
      const { status, trackingId } = answer;
      throw new ProtocolError('The answer of the token endpoint is not a token response', {
        status,
        trackingId,
      });
    }
    return new TokenSet(
      readTokenAnswer(answer.body ?? {}, accessToken, { ...context, now: answer.receivedAt }),
    );
  }

  async #answer(
    { grantType, parameters }: { grantType: string; parameters: Readonly<Record<string, string>> },
    { purpose, signal }: { purpose: TokenPurpose; signal: AbortSignal | undefined },
  ): Promise<{ received: EndpointAnswer; answer: EndpointAnswer }> {
    const { fetch, normalise, clock } = this.#options;
    // Each request goes through all of them by itself, whatever those beside it find out.
    let method = this.#method;
    for (let tried = 1; ; tried++) {
      const authenticate = this.#methods[method];
      if (!authenticate) throw new ConfigurationError([{ setting: 'clientSecret', problem: 'is missing' }]);
      const received = await receiveAnswer(
        (watched) =>
          genericTokenEndpointRequest(
            this.#server,
            this.#client,
            authenticate,
            grantType,
            { ...parameters },
            requestOptions(watched, signal),
          ),
        { fetch, clock, signal },
      );
      const answer = normalise?.(received, { grantType, purpose }) ?? received;
      // The server looked at the client and at nothing else: what was presented is as good as before.
      const refused = answer.status >= 400 && member(answer.body, 'error') === 'invalid_client';
      if (!refused) this.#method = method;
      if (!refused || tried >= this.#methods.length) return { received, answer };
      method = (method + 1) % this.#methods.length;
    }
  }

  // The protocol library judges what makes an answer a token response. Odd numbers and scopes, and ID tokens of regional
  // issuers, are kept from it: they may not cost a refresh token that was rotated already.
  async #accessToken({ body }: EndpointAnswer): Promise<string | undefined> {
    const refreshToken = member(body, 'refresh_token');
    if (typeof refreshToken === 'string' && refreshToken !== '' && !isRefreshToken(refreshToken)) {
      return undefined;
    }
    try {
      const judged = { access_token: member(body, 'access_token'), token_type: member(body, 'token_type') };
      const { access_token, token_type } = await processGenericTokenEndpointResponse(
        this.#server,
        this.#client,
        parsedResponse(judged),
      );
      return token_type === 'bearer' && isAccessToken(access_token) ? access_token : undefined;
    } catch {
      return undefined;
    }
  }
}
