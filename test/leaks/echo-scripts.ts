import { ADA } from './good-answers.js';
import { always, answer, brokenGzip, rawBytes, TOKEN_ROUTES, where } from './replies.js';
import type { FaultScript } from './run-script.js';

/** Upstreams that write what they were given into their answers (B2). */
export const ECHO_SCRIPTS: readonly FaultScript[] = [
  {
    name: 'error_description repeats what was sent',
    fault: always(() => answer(400, (secrets) => ({ error: 'invalid_grant', error_description: secrets }))),
    outcome: {
      INVALID_GRANT:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp validate verifyClient',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
      REAUTH_REQUIRED: 'refresh',
    },
  },
  {
    name: 'error_uri and error_description of invalid_client repeat it',
    fault: always(() =>
      answer(401, (secrets) => ({
        error: 'invalid_client',
        error_description: `Secret ${secrets} is wrong`,
        error_uri: `https://help.example.test/?secret=${encodeURIComponent(secrets)}`,
      })),
    ),
    outcome: {
      INVALID_CLIENT: 'signIn exchangeCode device clientToken bot serviceApp guestOfApp refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'validate',
      UNAUTHORIZED: 'request',
    },
  },
  {
    name: 'the error code itself is what was sent',
    fault: always(() => answer(400, (secrets) => ({ error: secrets }))),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode device clientToken bot serviceApp guestOfApp validate refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
    },
  },
  {
    name: 'an HTML page of 502 repeats it',
    fault: always(() => answer(502, (secrets) => `<html><h1>Bad gateway</h1><pre>${secrets}</pre></html>`)),
    outcome: {
      SERVICE_UNAVAILABLE:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'a captive portal: HTML with 200 that repeats it',
    fault: always(() => answer(200, (secrets) => `<html><form><input value="${secrets}"></form></html>`)),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp validate refresh',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'request verifyClient',
    },
  },
  {
    name: 'a redirect whose address repeats it',
    fault: always(() =>
      answer(
        302,
        () => '',
        (secrets) => ({ location: `/elsewhere?stolen=${encodeURIComponent(secrets)}` }),
      ),
    ),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp validate refresh verifyClient',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'request',
    },
  },
  {
    name: 'WWW-Authenticate repeats it',
    fault: always(() =>
      answer(
        401,
        () => ({ message: 'no' }),
        (secrets) => ({ 'www-authenticate': `Bearer error="invalid_token", error_description="${secrets}"` }),
      ),
    ),
    outcome: {
      UNAUTHORIZED:
        'signIn exchangeCode device clientToken bot serviceApp guestOfApp request refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'validate',
    },
  },
  {
    name: 'Set-Cookie repeats it',
    fault: always(() =>
      answer(
        403,
        () => ({ message: 'no' }),
        (secrets) => ({ 'set-cookie': [`echo=${encodeURIComponent(secrets)}`, `more=${secrets}`] }),
      ),
    ),
    outcome: {
      FORBIDDEN:
        'signIn exchangeCode guestJwt device clientToken bot guestOfApp request refresh verifyClient',
      SERVICE_APP_NOT_AUTHORIZED: 'serviceApp',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'validate',
    },
  },
  {
    name: 'the tracking id is a piece of it',
    fault: always(() =>
      answer(
        500,
        (_, { presented }) => ({ trackingId: `ROUTER_${presented[0]?.slice(0, 40) ?? ''}` }),
        (_, { presented }) => ({ trackingid: `ROUTER_${presented.at(-1)?.slice(0, 40) ?? ''}` }),
      ),
    ),
    outcome: {
      SERVICE_UNAVAILABLE:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'Retry-After repeats it',
    fault: always(() =>
      answer(
        429,
        () => ({}),
        (secrets) => ({ 'retry-after': secrets || '1' }),
      ),
    ),
    outcome: {
      RATE_LIMITED:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
    unsent: 'exchangeCode clientToken refresh',
  },
  {
    name: 'members of the JSON are named by it',
    fault: always(() => answer(400, (secrets) => ({ [secrets]: secrets, errors: [{ [secrets]: 1 }] }))),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode device clientToken bot serviceApp guestOfApp validate refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
    },
  },
  {
    name: 'a 200 that is no token answer repeats it',
    fault: always(() => answer(200, (secrets, { fields }) => ({ you_sent: secrets, form: [...fields] }))),
    outcome: {
      PROTOCOL_ERROR: 'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp refresh',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'validate request verifyClient',
    },
  },
  {
    name: "Webex's own error shape repeats it",
    fault: always(() =>
      answer(400, (secrets) => ({
        message: secrets,
        errors: [{ description: secrets }],
        trackingId: `ROUTER_${secrets}`,
      })),
    ),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode device clientToken bot serviceApp guestOfApp validate refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
    },
  },
  {
    name: 'Basic is echoed, as it was sent and decoded',
    settings: () => ({ clientAuthentication: 'client_secret_basic' }),
    fault: always(
      () =>
        answer(401, (_, { basic = '', response }) => ({
          error: 'invalid_client',
          error_description: basic,
          authorization: response.req.headers.authorization,
        })),
      ['token', 'device', 'revoke'],
    ),
    outcome: {
      INVALID_CLIENT: 'signIn exchangeCode device clientToken refresh verifyClient',
      ok: 'guestJwt bot serviceApp guestOfApp reduced validate request',
    },
  },
  {
    name: 'all request headers are echoed as text',
    fault: always(() => answer(400, (_, { response }) => response.req.rawHeaders.join('\n'))),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode device clientToken bot serviceApp guestOfApp validate refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
    },
  },
  {
    name: 'it comes back broken over lines',
    fault: always(() => answer(400, (secrets) => secrets.replaceAll(/(.{10})/g, '$1\r\n'))),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode device clientToken bot serviceApp guestOfApp validate refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
    },
  },
  {
    name: 'it comes back percent-encoded',
    fault: always(() =>
      answer(400, (secrets) => ({ error: 'invalid_grant', error_description: encodeURIComponent(secrets) })),
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
    name: 'it comes back in base64 and hex',
    fault: always(() =>
      answer(403, (secrets) => ({
        message: Buffer.from(secrets).toString('base64'),
        errors: [{ description: Buffer.from(secrets).toString('hex') }],
      })),
    ),
    outcome: {
      FORBIDDEN:
        'signIn exchangeCode guestJwt device clientToken bot guestOfApp request refresh verifyClient',
      SERVICE_APP_NOT_AUTHORIZED: 'serviceApp',
      SCOPE_REDUCTION_FAILED: 'reduced',
      ok: 'validate',
    },
  },
  {
    name: 'the reason phrase repeats it',
    fault: always(() =>
      rawBytes((secrets) => `HTTP/1.1 400 ${secrets}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`),
    ),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode device clientToken bot serviceApp guestOfApp validate refresh verifyClient',
      INVALID_GRANT: 'guestJwt',
      SCOPE_REDUCTION_FAILED: 'reduced',
      BAD_REQUEST: 'request',
    },
  },
  {
    name: 'a status line that is none repeats it',
    fault: always(() => rawBytes((secrets) => `HTTP/9.9 ${secrets}\r\n\r\n`)),
    outcome: {
      NETWORK_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'header fields that no parser takes repeat it',
    fault: always(() => rawBytes((secrets) => `HTTP/1.1 400 No\r\n${secrets} \u0000\r\nx: y\r\n\r\n`)),
    outcome: {
      NETWORK_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'headers of 100 KB repeat it',
    fault: always(() =>
      rawBytes((secrets) => `HTTP/1.1 400 No\r\n${`x-echo: ${secrets}\r\n`.repeat(1_500)}\r\n`),
    ),
    outcome: {
      RESPONSE_TOO_LARGE:
        'signIn exchangeCode guestJwt clientToken bot serviceApp guestOfApp validate request refresh verifyClient',
      PROTOCOL_ERROR: 'device',
      SCOPE_REDUCTION_FAILED: 'reduced',
    },
  },
  {
    name: 'a body of 2 MB repeats it',
    fault: always(
      () => answer(400, (secrets) => `${secrets} `.repeat(Math.ceil(2_000_000 / (secrets.length + 1)))),
      [...TOKEN_ROUTES, 'person', 'jwt'],
    ),
    outcome: {
      RESPONSE_TOO_LARGE: 'signIn exchangeCode guestJwt device clientToken bot serviceApp refresh',
      ok: 'guestOfApp validate request verifyClient',
      SCOPE_REDUCTION_FAILED: 'reduced',
    },
  },
  {
    name: 'a compressed body that repeats it breaks off',
    fault: always(() => brokenGzip),
    outcome: {
      PROTOCOL_ERROR:
        'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp validate request refresh verifyClient',
      SCOPE_REDUCTION_FAILED: 'reduced',
    },
  },
  {
    name: 'every call is answered 401 with what was sent',
    fault: always(
      () => answer(401, (secrets) => ({ message: secrets, errors: [{ description: secrets }] })),
      ['api', 'expiry', 'person', 'guest'],
    ),
    outcome: {
      UNAUTHORIZED: 'signIn bot guestOfApp request',
      ok: 'exchangeCode guestJwt device clientToken serviceApp reduced validate refresh verifyClient',
    },
  },
  {
    name: 'the next page is said to be at an address that holds the bearer',
    fault: always(
      () =>
        where(
          ({ url }) => url === '/v1/rooms',
          answer(
            200,
            () => ({ items: [] }),
            (secrets, { response }) => ({
              link: `<http://${response.req.headers.host ?? ''}/v1/rooms/${secrets}?x=${secrets}>; rel="next"`,
            }),
          ),
          answer(404, (secrets) => ({ message: secrets })),
        ),
      ['api'],
    ),
    outcome: {
      ok: 'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate refresh verifyClient',
      NOT_FOUND: 'request',
      CONFIGURATION_INVALID: 'paginate',
    },
  },
  {
    name: 'the service catalog has addresses that hold the bearer',
    fault: always(
      () =>
        answer(200, (secrets, { response }) => ({
          serviceLinks: {
            probe: `http://${response.req.headers.host ?? ''}/v1/${secrets || 'x'}`,
            [secrets || 'x']: 'https://evil.example.test',
          },
        })),
      ['catalog'],
    ),
    outcome: {
      ok: 'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'people/me gives the bearer as a name',
    fault: always(
      () =>
        answer(200, (secrets) => ({
          ...ADA,
          displayName: secrets,
          emails: [`${secrets}@example.test`],
          type: secrets,
        })),
      ['person'],
    ),
    outcome: {
      ok: 'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
  {
    name: 'the granted scope holds what was sent',
    fault: always(
      () =>
        answer(200, (secrets) => ({
          access_token: `fresh-${String(Math.random()).slice(2)}`,
          refresh_token: `next-${String(Math.random()).slice(2)}`,
          token_type: 'Bearer',
          expires_in: 3600,
          scope: `spark:people_read ${secrets}`,
        })),
      ['token', 'reduce'],
    ),
    outcome: {
      ok: 'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate request refresh verifyClient',
    },
  },
];
