import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { nodeHttp } from '../adapters/node-http.js';
import type { Clock } from '../base/clock.js';
import { ConfigurationError } from '../errors.js';
import { urlHost } from './gateway-settings.js';

const REQUEST_TIMEOUT_MS = 30_000;
const GOODBYE_MS = 5_000;

/** A server that listens. */
export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Takes no new connections, finishes the requests under way (at most 5 s), then ends what is left. */
  close(): Promise<void>;
}

/** Where it listens. */
export interface ListenOptions {
  host: string;
  port: number;
  clock: Clock;
}

/** Starts to listen. Errors: `ConfigurationError` for a port that is taken or an address that is not this machine's. */
export async function listen(
  handler: (request: Request) => Promise<Response>,
  { host, port, clock }: ListenOptions,
): Promise<HttpServer> {
  const answer = nodeHttp({ handler });
  const underWay = new Set<ServerResponse>();
  let closing = false;
  const server = createServer((incoming, outgoing) => {
    if (closing) outgoing.setHeader('connection', 'close');
    underWay.add(outgoing);
    outgoing.once('close', () => underWay.delete(outgoing));
    void answer(incoming, outgoing);
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, { host, port })));
    server.listen(port, host, resolve);
  });
  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    url: `http://${urlHost(host)}:${String(actual)}`,
    close: () =>
      new Promise((resolve, reject) => {
        closing = true;
        const goodbye = clock.after(GOODBYE_MS, () => server.closeAllConnections());
        server.close((error) => {
          goodbye.cancel();
          if (error) reject(error);
          else resolve();
        });
        // Else a kept-alive connection would hold the server open after its last answer.
        for (const outgoing of underWay) if (!outgoing.headersSent) outgoing.setHeader('connection', 'close');
      }),
  };
}

function listenFailure(error: Error, { host, port }: { host: string; port: number }): Error {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return problem('PORT', `${port} is taken on ${host}: choose another one`);
  if (code === 'EACCES')
    return problem('PORT', `${port} may not be used by this user: choose one above 1023`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return problem('HOST', `${host} is not an address of this machine`);
  }
  return problem(
    'PORT',
    `cannot listen on ${host}:${port} (${typeof code === 'string' ? code : 'unknown error'})`,
  );
}

function problem(setting: string, text: string): ConfigurationError {
  return new ConfigurationError([{ setting, problem: text }]);
}
