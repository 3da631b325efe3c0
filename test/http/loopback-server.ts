import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { onTestFinished } from 'vitest';

/** What a request looked like on the wire. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** An HTTP server on a free loopback port that keeps what it saw. Stops with the test. */
export async function loopbackServer(
  answer: (response: ServerResponse, seen: SeenRequest) => void = (response) => response.end(),
  { host = '127.0.0.1', port: wanted = 0 } = {},
): Promise<{ origin: string; port: number; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      answer(response, one);
    });
  };
  const { port } = await listen(createServer(listener), { host, port: wanted });
  return { origin: `http://${host}:${port}`, port, seen };
}

/** A TCP server on a free loopback port that talks in raw bytes once the request's first bytes are there. */
export async function rawServer(talk: (socket: Socket) => void): Promise<{ origin: string }> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => talk(socket));
  });
  return { origin: `http://127.0.0.1:${(await listen(server)).port}` };
}

/** Listens on a free loopback port until the test is over. */
export async function listen(
  server: Server | TcpServer,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<{ port: number }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port };
}
