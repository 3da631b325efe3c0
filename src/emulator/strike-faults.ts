import type { MiddlewareHandler } from 'hono';
import type { FakeWebex } from './fake-webex.js';
import type { Fault } from './faults.js';
import type { EmulatorContext, EmulatorEnv } from './route.js';

/** Lets faults strike, and has the state kept before the answer leaves. `closing` ends delays. */
export function strikeFaults(webex: FakeWebex, closing: AbortSignal): MiddlewareHandler<EmulatorEnv> {
  const pause = (ms: number | undefined): Promise<void> =>
    ms === undefined ? Promise.resolve() : webex.clock.sleep(ms, { signal: closing });
  return async (context, next) => {
    const entry = context.get('entry');
    const { method, path, clientId, grantType } = entry;
    const struck = webex.faults.take({
      method,
      path,
      ...(clientId === undefined ? {} : { clientId }),
      ...(grantType === undefined ? {} : { grantType }),
    });
    const fault: Partial<Fault> = struck?.fault ?? {};
    if (struck) entry.fault = struck.id;
    await pause(fault.delayBeforeMs);
    if (fault.resetBefore) return cutOff(context);
    const answer = answerOf(fault);
    if (!answer || fault.processed) {
      entry.processed = true;
      await next();
      // A GET changes nothing, except logout, which sees to it itself.
      if (method !== 'GET') await webex.save();
    }
    if (answer) replace(context, answer);
    for (const [name, value] of Object.entries(headersOf(fault))) setField(context, name, value);
    await pause(fault.delayAfterMs);
    if (fault.resetAfterProcessing) return cutOff(context);
    if (fault.truncateBodyAt !== undefined) return truncate(context, fault.truncateBodyAt);
    if (fault.malformed) await breakBody(context);
    entry.status = context.res.status;
  };
}

function answerOf({ status, body, retryAfter }: Partial<Fault>): Response | undefined {
  if (status === undefined && body === undefined && retryAfter === undefined) return undefined;
  const code = status ?? (retryAfter === undefined ? 200 : 429);
  if (typeof body === 'string') return new Response(body, { status: code });
  return body === undefined ? new Response(null, { status: code }) : Response.json(body, { status: code });
}

function headersOf({ headers = {}, retryAfter }: Partial<Fault>): Record<string, string> {
  return retryAfter === undefined ? headers : { 'Retry-After': String(retryAfter), ...headers };
}

// Setting `res` merges the headers of the one before it, which must not happen to a replaced answer.
function replace(context: EmulatorContext, answer: Response): void {
  context.res = undefined;
  context.res = answer;
  context.header('Trackingid', context.get('trackingId'));
}

// Headers of fetch fold names to lower case. Past them `TRACKINGID` leaves as it is spelled; not so what they need themselves.
function setField(context: EmulatorContext, name: string, value: string): void {
  if (/^content-/i.test(name)) return context.header(name, value);
  context.res.headers.delete(name);
  context.env.outgoing.setHeader(name, value);
}

function cutOff(context: EmulatorContext): void {
  context.env.incoming.socket.resetAndDestroy();
  replace(context, alreadySent());
}

async function truncate(context: EmulatorContext, bytes: number): Promise<void> {
  const { outgoing } = context.env;
  const body = Buffer.from(await context.res.arrayBuffer());
  const headers = Object.fromEntries(context.res.headers);
  // At least one byte more is promised than is sent, however short the body.
  const promised = Math.max(body.length, bytes + 1);
  outgoing.writeHead(context.res.status, { ...headers, 'content-length': promised });
  outgoing.flushHeaders();
  await new Promise<void>((resolve) => outgoing.write(body.subarray(0, bytes), () => resolve()));
  outgoing.socket?.destroySoon();
  replace(context, alreadySent());
}

async function breakBody(context: EmulatorContext): Promise<void> {
  const { status, headers } = context.res;
  const body = Buffer.from(await context.res.arrayBuffer());
  const half = body.length > 1 ? body.subarray(0, body.length >> 1) : Buffer.from('{');
  replace(context, new Response(half, { status, headers: withoutLength(headers) }));
}

function withoutLength(headers: Headers): Headers {
  const kept = new Headers(headers);
  kept.delete('content-length');
  return kept;
}

// The mark by which @hono/node-server knows that it has nothing to send; each its own, for headers get added to it.
function alreadySent(): Response {
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
}
