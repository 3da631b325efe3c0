import { ADA } from './good-answers.js';
import { always, answer, drip, inTurn, rawBytes, resetAfter, silence, TOKEN_ROUTES } from './replies.js';
import type { FaultScript } from './run-script.js';
import { signIn } from './surface.js';

/** Connections that fail, and answers that no log should take as they are (B1, B10). */
export const NETWORK_SCRIPTS: readonly FaultScript[] = [
  {
    name: 'the connection is reset at once',
    fault: always(() => resetAfter(() => '')),
    outcome: {
      NETWORK_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'the connection is reset in the middle of an echo',
    fault: always(() =>
      resetAfter(
        (secrets) => `HTTP/1.1 400 No\r\ncontent-length: 9999\r\n\r\n{"error_description":"${secrets}`,
      ),
    ),
    outcome: {
      NETWORK_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'the body is shorter than it says',
    fault: always(() =>
      rawBytes((secrets) => `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{"echo":"${secrets}`),
    ),
    outcome: {
      NETWORK_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'the body comes byte by byte, until the deadline',
    fault: always(() => drip, ['token', 'person', 'api', 'jwt']),
    outcome: { TIMEOUT: 'signIn exchangeCode guestJwt clientToken bot request refresh' },
    haste: 400,
  },
  {
    name: 'no answer at all, until the deadline',
    fault: always(() => silence, ['token', 'device', 'application', 'api', 'catalog', 'revoke']),
    outcome: { TIMEOUT: 'signIn exchangeCode device clientToken serviceApp request refresh verifyClient' },
    haste: 400,
  },
  {
    name: 'a rate limit of an hour',
    fault: always(() =>
      answer(
        429,
        (secrets) => ({ message: secrets }),
        () => ({ 'retry-after': '3600' }),
      ),
    ),
    outcome: {
      RATE_LIMITED:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
    unsent: 'exchangeCode clientToken refresh',
  },
  {
    name: 'an outage that lasts until the circuits open',
    fault: always(() => answer(503, (secrets) => ({ message: secrets })), ['token', 'api']),
    calls: async ({ cast, evidence }) => {
      const [people, solo] = [await cast.people(), cast.solo()];
      await solo.whenReady();
      await signIn(people, evidence);
      const user = await people.user('ada');
      const upset = async (times: number, call: () => Promise<unknown>): Promise<void> => {
        for (let time = 1; time < times; time++) await call().catch(() => undefined);
        await call();
      };
      const ask = async () => {
        await user.request({ resource: 'rooms', retry: false }).catch(() => undefined);
        return user.request({ resource: 'messages', retry: false });
      };
      const getToken = () => solo.credentials.getClientToken({ scope: ['spark:all'] });
      return {
        // Before the API is left alone, a row of failures must have lasted a second, and have struck more than one resource.
        apiFails: async () => {
          await upset(2, ask).catch(() => undefined);
          await cast.clock.sleep(1_100);
          await ask();
        },
        api: ask,
        fetch: () => user.fetch('/messages'),
        tokenFails: () => upset(5, getToken),
        token: getToken,
        code: () =>
          solo.authorization.requestAuthorizationCodeGrant({ code: evidence.mint('authorization code') }),
        refreshFails: () => upset(5, () => people.refresh('ada')),
        refresh: () => people.refresh('ada'),
      };
    },
    outcome: {
      SERVICE_UNAVAILABLE: 'apiFails api fetch tokenFails token code refreshFails refresh',
    },
    unsent: 'api fetch token code refresh',
  },
  {
    name: 'texts with line breaks and escape sequences',
    fault: always(() =>
      answer(
        400,
        (secrets) => ({
          error: 'invalid_grant',
          error_description: `\u001b[2J\u001b]0;owned\u0007\r\n2026-01-01 INFO forged ${secrets}`,
          message: `\u001b[31m${secrets}\n`,
          trackingId: 'ROUTER_1\u001b[31m\n',
        }),
        () => ({ trackingid: 'ROUTER_\u00801' }),
      ),
    ),
    outcome: {
      INVALID_GRANT:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp validate verifyClient',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
      REAUTH_REQUIRED: 'refresh',
    },
  },
  {
    name: 'names with line breaks and escape sequences',
    fault: always(
      () =>
        answer(200, () => ({
          ...ADA,
          displayName: '\u001b[31mAda\r\n2026-01-01 INFO forged\u0007',
          emails: ['ada\u0000@example.test\n'],
          type: '\u001b]0;x\u0007',
        })),
      ['person'],
    ),
    outcome: {
      ok: 'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'tokens that no header can carry',
    fault: always(
      () =>
        inTurn(
          ...['\r\nx: y', '\u0000', ' ', '\u00e9', 'x'.repeat(20_000)].map((tail) =>
            answer(200, (secrets) => ({
              access_token: `${secrets}${tail}`,
              token: `${secrets}${tail}`,
              accessToken: `${secrets}${tail}`,
              refresh_token: `${secrets}${tail}`,
              token_type: 'Bearer',
              expires_in: 3600,
            })),
          ),
        ),
      [...TOKEN_ROUTES, 'jwt', 'guest'],
    ),
    outcome: {
      PROTOCOL_ERROR: 'signIn exchangeCode guestJwt device clientToken serviceApp guestOfApp refresh',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'bot validate request verifyClient',
    },
  },
];
