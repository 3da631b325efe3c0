import { Readable } from 'node:stream';
import type { Clock } from '../../src/base/clock.js';
import type { Transport, TransportRequest } from '../../src/http/transport.js';

/** An answer: a status, with header fields and body; or an error to throw; or a promise for either. */
export type Scripted = number | Error | ScriptedAnswer | Promise<number | Error | ScriptedAnswer>;

export interface ScriptedAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: Readable | string;
}

/** A request as it was sent, its body read, and when: monotonic milliseconds. */
export interface Sent {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
  at: number;
}

/** A transport in memory that answers by a script: a list, of which the last stays, or a function. */
export function scriptedTransport(
  clock: Clock,
  script: readonly Scripted[] | ((request: TransportRequest, count: number) => Scripted),
): Transport & { readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const closing = new AbortController();
  return {
    sent,
    closed: closing.signal,
    close: async () => closing.abort(),
    async send(request) {
      const { method, url, headers, body } = request;
      const at = clock.monotonic();
      const text = body === undefined ? undefined : await bodyText(body);
      sent.push({ method, url: String(url), headers, body: text, at });
      const count = sent.length;
      const next = await (typeof script === 'function'
        ? script(request, count)
        : (script[Math.min(count, script.length) - 1] ?? 200));
      if (next instanceof Error) throw next;
      const answer = typeof next === 'number' ? { status: next } : next;
      const content = answer.body ?? '{"ok":true}';
      return {
        status: answer.status,
        headers: { 'content-type': 'application/json', ...answer.headers },
        body: typeof content === 'string' ? Readable.from([Buffer.from(content)]) : content,
      };
    },
  };
}

async function bodyText(body: NonNullable<TransportRequest['body']>): Promise<string> {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

/** An error as a connection throws it. */
export function connectionError(code: string, syscall?: string): Error {
  return Object.assign(new Error(code), { code, syscall });
}
