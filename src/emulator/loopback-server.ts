import { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';

/** A server that listens. */
export interface LoopbackServer {
  port: number;
  url: string;
  /** Stops listening and ends all connections, those kept alive too. */
  close(): Promise<void>;
}

/** Starts to listen. Rejects with Node's own error, `code` EADDRINUSE where the port is taken. */
export async function listen(
  answer: (request: Request, bindings: HttpBindings) => Response | Promise<Response>,
  { host, port }: { host: string; port: number },
): Promise<LoopbackServer> {
  const server = createAdaptorServer({
    fetch: (request, bindings) => answer(request, bindings as HttpBindings),
    // Left on, it would put its own Request and Response in place of Node's for the whole process.
    overrideGlobalObjects: false,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        if (server instanceof Server) server.closeAllConnections();
      }),
  };
}
