import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = 'Thank you. This window can be closed; go on at the terminal.\n';

/** Waits at the redirect URI, an address on this machine, for the browser to come back. */
export class LoopbackCallback {
  readonly #redirectUri: URL;
  readonly #waiting = new Set<(url: string) => void>();
  readonly #server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', this.#redirectUri);
    const isCallback = request.method === 'GET' && url.pathname === this.#redirectUri.pathname;
    response.writeHead(isCallback ? 200 : 404, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    });
    response.end(isCallback ? PAGE : 'There is nothing here.\n');
    if (isCallback) for (const tell of this.#waiting) tell(url.href);
  });

  constructor(redirectUri: string) {
    this.#redirectUri = new URL(redirectUri);
  }

  /** Begins to listen. Rejects with Node's own error, such as EADDRINUSE. */
  async listen(): Promise<AddressInfo> {
    const { hostname, port } = this.#redirectUri;
    this.#server.listen(Number(port), hostname.replace(/^\[|\]$/g, ''));
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /** The next address that the browser is sent back to with this `state`; another's is passed over. Rejects when `signal` aborts. */
  next(state: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.delete(tell);
        signal?.removeEventListener('abort', abort);
      };
      const tell = (url: string): void => {
        if (new URL(url).searchParams.get('state') !== state) return;
        stop();
        resolve(url);
      };
      const abort = (): void => {
        stop();
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) return abort();
      this.#waiting.add(tell);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Stops listening. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
