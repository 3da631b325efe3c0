import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What is said in answer to a request: bytes, after which the connection ends, or talk of any kind. */
export type Talk = string | Uint8Array | ((socket: Socket) => void);

/** A server on loopback that answers in raw bytes. */
export interface RawWebex {
  readonly endpoints: { apiBase: string; tokenEndpoint: string };
  /** The requests as they came, heads and bodies. */
  readonly seen: string[];
  /** The refresh tokens that were presented. */
  presented(): string[];
  /** Answers the next requests, all of them where `times` is left out; after them it is `well` again. */
  answerWith(talk: Talk, times?: number): void;
  well(): void;
  close(): void;
}

/** Starts one; a server that is well answers everything with 200 and `good`, as JSON. */
export async function startRawWebex(good: (request: string) => object): Promise<RawWebex> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  let script: { talk: Talk; left: number } | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let request = '';
    socket.on('data', (bytes: Buffer) => {
      request += bytes.toString('latin1');
      const end = request.indexOf('\r\n\r\n');
      const length = Number(/^content-length: *(\d+)/im.exec(request)?.[1] ?? 0);
      if (end < 0 || request.length < end + 4 + length) return;
      const talk = script?.talk ?? wellFormed(JSON.stringify(good(request)));
      if (script && --script.left <= 0) script = undefined;
      seen.push(request);
      request = '';
      if (typeof talk === 'function') talk(socket);
      else socket.end(talk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1`;
  return {
    endpoints: { apiBase: base, tokenEndpoint: `${base}/access_token` },
    seen,
    presented: () =>
      seen.flatMap((request) => new URLSearchParams(request.split('\r\n\r\n')[1]).getAll('refresh_token')),
    answerWith: (talk, times = Infinity) => void (script = { talk, left: times }),
    well: () => void (script = undefined),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A whole answer: status line, fields, the right length, body. */
export function wellFormed(
  body: string | Uint8Array,
  {
    status = 200,
    fields = ['content-type: application/json'],
  }: { status?: number; fields?: readonly string[] } = {},
): Buffer {
  const bytes = Buffer.from(body);
  const lines = [...fields, `content-length: ${String(bytes.length)}`, 'connection: close'];
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${String(status)} Whatever\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    bytes,
  ]);
}
