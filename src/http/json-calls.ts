import type { ApiRequest, ApiResult } from './api-request.js';

/** What `get`, `post`, `put`, `patch` and `delete` take besides path and body: the rest of what `request` takes. */
export type JsonCallOptions = Omit<
  ApiRequest,
  'service' | 'resource' | 'uri' | 'url' | 'method' | 'qs' | 'body'
>;

/**
 * The methods of HTTP over `request`: each gives the body alone, read from JSON, and throws what `request` throws. Paths are below
 * the API base, or absolute on an allowed origin.
 */
export abstract class JsonCalls {
  /** The whole answer: `{statusCode, headers, body}`. */
  abstract request<T = unknown>(options: ApiRequest): Promise<ApiResult<T>>;

  get<T = unknown>(path: string | URL, options?: JsonCallOptions): Promise<T> {
    return this.#bodyOf({ ...options, uri: path, method: 'GET' });
  }

  /** Objects and arrays are sent as JSON; forms, bytes and streams as they are. */
  post<T = unknown>(path: string | URL, body?: unknown, options?: JsonCallOptions): Promise<T> {
    return this.#bodyOf({ ...options, uri: path, method: 'POST', body });
  }

  /** As `post`. */
  put<T = unknown>(path: string | URL, body?: unknown, options?: JsonCallOptions): Promise<T> {
    return this.#bodyOf({ ...options, uri: path, method: 'PUT', body });
  }

  /** As `post`. */
  patch<T = unknown>(path: string | URL, body?: unknown, options?: JsonCallOptions): Promise<T> {
    return this.#bodyOf({ ...options, uri: path, method: 'PATCH', body });
  }

  delete<T = unknown>(path: string | URL, options?: JsonCallOptions): Promise<T> {
    return this.#bodyOf({ ...options, uri: path, method: 'DELETE' });
  }

  async #bodyOf<T>(options: ApiRequest): Promise<T> {
    return (await this.request<T>(options)).body;
  }
}
