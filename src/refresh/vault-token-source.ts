import type { AccessToken, TokenOptions, TokenSource } from '../oauth/token-source.js';
import type { GrantTokens } from './grant-tokens.js';

/** The token source of one subject: what the HTTP client gets to see of the vault. */
export class VaultTokenSource implements TokenSource {
  readonly #tokens: GrantTokens;
  readonly #subject: string;

  constructor(tokens: GrantTokens, subject: string) {
    this.#tokens = tokens;
    this.#subject = subject;
  }

  token(options?: TokenOptions): Promise<AccessToken> {
    return this.#tokens.token(this.#subject, options);
  }

  reportRejected(accessToken: string, options?: { signal?: AbortSignal | undefined }): Promise<AccessToken> {
    return this.#tokens.reportRejected(this.#subject, accessToken, options);
  }

  peek(): AccessToken | undefined {
    return this.#tokens.peek(this.#subject);
  }
}
