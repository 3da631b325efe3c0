// The bare call that exchange and refresh are held against: one form POST to the token endpoint, answer parsed.
import { bareUndici } from './harness.mjs';

/** A function that posts this form once, and one that closes its connections. */
export async function barePost(origin, form) {
  const undici = await bareUndici();
  const agent = new undici.Agent();
  const url = `${origin}/v1/access_token`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const post = async () => {
    const body = new URLSearchParams(form).toString();
    const answer = await undici.request(url, { method: 'POST', headers, body, dispatcher: agent });
    return answer.body.json();
  };
  return { post, close: () => agent.close() };
}
