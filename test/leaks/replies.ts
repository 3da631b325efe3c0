import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';
import { goodAnswer } from './good-answers.js';
import type { Exchange, Fault, Reply, Route } from './hostile-upstream.js';

/** Where tokens are given out by a token answer. */
export const TOKEN_ROUTES: readonly Route[] = ['token', 'device', 'application', 'reduce'];

/** The same reply on these routes, from the first request on. */
export function always(reply: () => Reply, routes: readonly Route[] | 'all' = 'all'): () => Fault {
  return () => ({ routes, reply: reply() });
}

/** What an answer is made of: everything the request carried is there to be echoed. */
type Made = (secrets: string, exchange: Exchange) => string | Buffer | object;

/** An answer as given; a body that is an object goes out as JSON. */
export function answer(
  status: number,
  body: Made = () => '',
  headers: (secrets: string, exchange: Exchange) => Readonly<Record<string, string | string[]>> = () => ({}),
): Reply {
  return (exchange) => {
    const secrets = exchange.presented.join(' ');
    const made = body(secrets, exchange);
    const isJson = typeof made === 'object' && !Buffer.isBuffer(made);
    const { response } = exchange;
    response.writeHead(status, {
      'content-type': isJson ? 'application/json' : 'text/html',
      ...headers(secrets, exchange),
    });
    response.end(isJson ? JSON.stringify(made) : made);
  };
}

/** The good answer, under a tracking id of one's own. */
export function goodUnder(
  trackingId: (body: Readonly<Record<string, unknown>>) => string,
  mint: (label: string) => string,
): Reply {
  return (exchange) => {
    const { status, body, headers } = goodAnswer(exchange, mint);
    const trackingid = trackingId(body as Record<string, unknown>);
    exchange.response.writeHead(status, { 'content-type': 'application/json', ...headers, trackingid });
    exchange.response.end(JSON.stringify(body));
  };
}

/** Raw bytes in place of an HTTP answer, then the end of the connection. */
export function rawBytes(bytes: (secrets: string, exchange: Exchange) => string): Reply {
  return (exchange) => void socketOf(exchange).end(bytes(exchange.presented.join(' '), exchange), 'latin1');
}

/** Some bytes, then a reset. */
export function resetAfter(bytes: (secrets: string) => string): Reply {
  return (exchange) => {
    const socket = socketOf(exchange);
    const text = bytes(exchange.presented.join(' '));
    if (text === '') return void socket.resetAndDestroy();
    socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 5));
  };
}

/** Headers at once, then the body byte by byte, never to its end. */
export const drip: Reply = (exchange) => {
  const { response, presented } = exchange;
  const text = JSON.stringify({ error: 'invalid_grant', error_description: presented.join(' ') });
  response.writeHead(400, { 'content-type': 'application/json', 'content-length': text.length + 1 });
  let at = 0;
  const timer = setInterval(() => {
    if (at < text.length) response.write(text.charAt(at++));
  }, 2);
  response.on('close', () => clearInterval(timer));
};

/** Nothing, for as long as the other side waits. */
export const silence: Reply = () => undefined;

/** A body that says it is gzip, and breaks off. */
export const brokenGzip: Reply = answer(
  400,
  (secrets) =>
    gzipSync(JSON.stringify({ error: 'invalid_grant', error_description: secrets })).subarray(0, -9),
  () => ({ 'content-encoding': 'gzip', 'content-type': 'application/json' }),
);

/** One reply after the other, over and over. */
export function inTurn(...replies: readonly Reply[]): Reply {
  let turn = 0;
  return (exchange) => replies[turn++ % replies.length]?.(exchange);
}

/** One reply to the requests that `is` picks, another to the rest. */
export function where(is: (exchange: Exchange) => boolean, reply: Reply, otherwise: Reply): Reply {
  return (exchange) => (is(exchange) ? reply : otherwise)(exchange);
}

function socketOf({ response }: Exchange): Socket {
  const { socket } = response;
  if (!socket) throw new Error('the connection is gone');
  return socket;
}
