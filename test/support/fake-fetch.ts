import type { Fetch, FetchInit } from '../../src/base/fetch.js';

/** One request that a fake fetch got. */
export interface FakeCall {
  url: string;
  init: FetchInit;
  form: URLSearchParams;
}

/** A fetch in memory that answers each call with what `answer` makes, and remembers the calls. */
export function fakeFetch(answer: (call: FakeCall) => Response | Promise<Response>): {
  fetch: Fetch;
  calls: FakeCall[];
} {
  const calls: FakeCall[] = [];
  return {
    calls,
    fetch: async (url, init) => {
      const call = { url, init, form: new URLSearchParams(typeof init.body === 'string' ? init.body : '') };
      calls.push(call);
      return answer(call);
    },
  };
}

/** A JSON answer. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}
