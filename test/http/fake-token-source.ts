import type { AccessToken, TokenSource } from '../../src/oauth/token-source.js';

/** Hands out the first of its tokens; a rejected one gives way to the next, the last stays. */
export function fakeTokenSource(...tokens: string[]): TokenSource & { readonly rejected: string[] } {
  const rejected: string[] = [];
  const current = (): AccessToken => ({
    accessToken: tokens.find((token) => !rejected.includes(token)) ?? tokens.at(-1) ?? 'none',
    expiresAt: undefined,
    stale: false,
    lastError: undefined,
  });
  return {
    rejected,
    token: () => Promise.resolve(current()),
    reportRejected: (token) => {
      rejected.push(token);
      return Promise.resolve(current());
    },
    peek: current,
  };
}
