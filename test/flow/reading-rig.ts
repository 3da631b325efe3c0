import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import {
  isWebexAuthError,
  KeyRing,
  memoryStore,
  WebexAuth,
  type AnyWebexAuthError,
  type ErrorCode,
} from '../../src/index.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { startRawWebex, type RawWebex, type Talk } from './raw-webex.js';

/** What was there before. */
export const FIRST = {
  access_token: 'first-access-token-0123456789',
  refresh_token: 'first-refresh-token-0123456789',
};
/** What a good answer offers. */
export const NEXT = {
  access_token: 'next-access-token-0123456789',
  refresh_token: 'next-refresh-token-0123456789',
};
/** A good answer, and the same as JSON. */
export const GOOD = { ...NEXT, token_type: 'Bearer', expires_in: 3_600, refresh_token_expires_in: 7_200 };
export const OK = JSON.stringify(GOOD);
export const SUBJECT = 'user-1';

/** One refresh whose answer is given in bytes, through the public face. */
export interface ReadingRig {
  readonly server: RawWebex;
  readonly opened: () => Promise<{ auth: WebexAuth; refusal: () => Promise<AnyWebexAuthError> }>;
  /** Refused with this code: nothing was written, the access token is served, nobody is dead, and the old refresh token still works. */
  readonly isRefused: (talk: Talk, code: ErrorCode) => Promise<void>;
  /** Understood: a new token set is stored, with one presentation. */
  readonly isAccepted: (talk: Talk) => Promise<WebexAuth>;
}

/** Sets the rig up for one test file. */
export function readingRig(): ReadingRig {
  let server: RawWebex;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeAll(async () => {
    process.on('unhandledRejection', note);
    server = await startRawWebex(() => GOOD);
  });
  afterAll(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    server.close();
    expect(unhandled).toEqual([]);
  });

  // A process with one grant; nothing it throws or tells shows a secret.
  async function opened(): Promise<{ auth: WebexAuth; refusal: () => Promise<AnyWebexAuthError> }> {
    const leaks = createLeakScanner();
    const clientSecret = leaks.canary('client secret');
    for (const [name, token] of Object.entries({
      ...FIRST,
      offered: NEXT.access_token,
      rotated: NEXT.refresh_token,
    }))
      leaks.watch(token, name, {
        publicParts: ['-token-0123456789', '-access-token-0123456789', '-refresh-token-0123456789'],
      });
    const auth = await WebexAuth.open({
      client: { clientId: 'client-1', clientSecret },
      endpoints: server.endpoints,
      store: memoryStore(),
      keys: KeyRing.ephemeral(),
      scheduler: false,
    });
    for (const event of ['auth:error', 'unauthorized', 'grant:suspect', 'degraded'] as const)
      auth.on(event, (payload) => leaks.scanValue(event, payload));
    await auth.grants.import(SUBJECT, { ...FIRST, expires_in: 3_600 });
    server.well();
    server.seen.length = 0;
    onTestFinished(async () => {
      server.well();
      await auth.close();
      leaks.assertClean();
    });
    const refusal = async (): Promise<AnyWebexAuthError> => {
      const error: unknown = await auth.refresh(SUBJECT).then(
        () => new Error('it was accepted'),
        (caught: unknown) => caught,
      );
      leaks.scanValue('error', error);
      if (!isWebexAuthError(error)) throw error;
      return error;
    };
    return { auth, refusal };
  }

  async function isRefused(talk: Talk, code: ErrorCode): Promise<void> {
    const { auth, refusal } = await opened();
    server.answerWith(talk);
    expect((await refusal()).code).toBe(code);
    expect(await auth.grants.get(SUBJECT)).toMatchObject({
      generation: 1,
      state: expect.stringMatching(/^(live|suspect)$/) as string,
    });
    expect((await auth.token(SUBJECT)).accessToken).toBe(FIRST.access_token);
    expect(server.presented().length).toBeLessThanOrEqual(3);
    server.well();
    await auth.refresh(SUBJECT);
    expect(new Set(server.presented())).toEqual(new Set([FIRST.refresh_token]));
    expect((await auth.token(SUBJECT)).accessToken).toBe(NEXT.access_token);
  }

  async function isAccepted(talk: Talk): Promise<WebexAuth> {
    const { auth } = await opened();
    server.answerWith(talk);
    expect(await auth.refresh(SUBJECT)).toMatchObject({ generation: 2, state: 'live' });
    expect(server.presented()).toEqual([FIRST.refresh_token]);
    return auth;
  }

  return {
    get server() {
      return server;
    },
    opened,
    isRefused,
    isAccepted,
  };
}
