import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { selfSigned } from '../http/self-signed.js';
import { endpointsAt } from './hostile-upstream.js';
import type { Backstage, FaultScript } from './run-script.js';

// Of a name that no resolver knows (RFC 6761, 6.4).
const NOWHERE = 'https://webex.invalid';

const NO_CONNECTION = {
  NETWORK_ERROR:
    'signIn completeLogin exchangeCode guestJwt device clientToken bot serviceApp webhook validate request fetch refresh verifyClient',
  ok: 'discover logout',
};

/** Servers that cannot be reached, or not as they should be: nothing may be sent to them, and their addresses hold secrets. */
export const CONNECTION_SCRIPTS: readonly FaultScript[] = [
  {
    name: 'the host name does not resolve',
    settings: () => ({ endpoints: endpointsAt(NOWHERE), http: { proxy: false } }),
    // A resolver that cannot be reached takes its time.
    only: ['signIn', 'request', 'refresh'],
    outcome: { NETWORK_ERROR: 'signIn request refresh' },
    says: /\b(ENOTFOUND|EAI_AGAIN)\b/,
  },
  {
    name: 'nobody listens at the port',
    settings: async () => ({
      endpoints: endpointsAt(`http://127.0.0.1:${String(await freePort())}`),
    }),
    outcome: NO_CONNECTION,
    says: /\bECONNREFUSED\b/,
  },
  {
    name: 'the certificate is self-signed',
    settings: async ({ atEnd, evidence, strike }) => {
      const server = createTlsServer(selfSigned, (request, response) => {
        evidence.text('URL asked for', request.url ?? '');
        response.end();
      });
      server.on('connection', () => strike('connection'));
      const port = await listening(server, atEnd);
      return { endpoints: endpointsAt(`https://localhost:${String(port)}`), http: { proxy: false } };
    },
    outcome: NO_CONNECTION,
    strikes: ['connection'],
    says: /\bDEPTH_ZERO_SELF_SIGNED_CERT\b/,
  },
  {
    name: 'a proxy refuses its credentials and repeats them',
    settings: async (backstage) => {
      const password = backstage.evidence.mint('password of the proxy');
      const port = await refusingProxy(backstage);
      return {
        endpoints: endpointsAt(NOWHERE),
        http: { proxy: `http://webex:${password}@127.0.0.1:${String(port)}` },
      };
    },
    outcome: NO_CONNECTION,
    strikes: ['CONNECT'],
    says: /The proxy answered CONNECT with 407/,
  },
  {
    name: 'nobody listens where the proxy should be',
    settings: async (backstage) => {
      const password = backstage.evidence.mint('password of the proxy');
      const port = await freePort();
      return {
        endpoints: endpointsAt(NOWHERE),
        http: { proxy: `http://webex:${password}@127.0.0.1:${String(port)}` },
      };
    },
    outcome: NO_CONNECTION,
    // Without the proxy it would be the name that nobody knows.
    says: /\bECONNREFUSED\b/,
  },
];

/** A proxy that answers 407 to every CONNECT, with the credentials in reason, header and body. */
async function refusingProxy({ atEnd, strike }: Backstage): Promise<number> {
  const server = createHttpServer();
  server.on('connect', ({ headers }, socket: Socket) => {
    strike('CONNECT');
    const given = headers['proxy-authorization'] ?? '';
    const decoded = Buffer.from(given.replace(/^Basic /, ''), 'base64').toString();
    socket.on('error', () => undefined);
    socket.end(
      `HTTP/1.1 407 ${decoded}\r\nproxy-authenticate: ${given}\r\ncontent-length: ${String(given.length)}\r\n\r\n${given}`,
    );
  });
  return listening(server, atEnd);
}

async function listening(server: Server | TcpServer, atEnd: Backstage['atEnd']): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    sockets.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port at which somebody listened a moment ago. */
async function freePort(): Promise<number> {
  let close: () => Promise<void> | void = () => undefined;
  const port = await listening(createHttpServer(), (clean) => void (close = clean));
  await close();
  return port;
}
