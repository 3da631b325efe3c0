import { randomBytes } from 'node:crypto';
import { ADA } from './good-answers.js';
import { answer, goodUnder, inTurn, TOKEN_ROUTES, where } from './replies.js';
import type { FaultScript, Stage } from './run-script.js';
import { signIn } from './surface.js';

const OK =
  'signIn exchangeCode guestJwt device clientToken bot serviceApp guestOfApp reduced validate refresh verifyClient';

// As Webex writes its own: one run of letters and digits, which passes for a section of a tracking id when it is cut.
const inOneRun = (): string => randomBytes(32).toString('hex');
// Everything that a token may hold (RFC 6750, 2.1) and a URL writes in its own way.
const withOddCharacters = (): string =>
  `${randomBytes(9).toString('hex')}+/~${randomBytes(9).toString('hex')}==`;

const trackingIdOf = (secret: unknown): string => `ROUTER_${String(secret).slice(4, 44)}-01`;

const everyByte = (text: string): string => Buffer.from(text).toString('hex').replace(/../g, '%$&');

const SPELLINGS: Readonly<Record<string, (bearer: string) => string>> = {
  plain: (bearer) => bearer,
  encoded: encodeURIComponent,
  inLowerCase: (bearer) =>
    encodeURIComponent(bearer).replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
  inEveryByte: everyByte,
  inEveryByteInUpperCase: (bearer) => everyByte(bearer).toUpperCase(),
  inParts: (bearer) => `${everyByte(bearer.slice(0, 9))}${bearer.slice(9)}`,
};

const WAYS: Readonly<Record<string, (bearer: string) => string>> = Object.fromEntries(
  Object.entries(SPELLINGS).flatMap(([name, spell]) => [
    [`${name}Path`, (bearer: string) => `/v1/rooms/${spell(bearer)}`],
    [`${name}Query`, (bearer: string) => `/v1/rooms?cursor=${spell(bearer)}&x=1`],
  ]),
);

/** Upstreams that write into an answer what another one gave out (B1, B2). */
export const ISSUED_TOKEN_SCRIPTS: readonly FaultScript[] = [
  {
    name: 'the tracking id of a token answer is a piece of the token that it brings',
    token: inOneRun,
    fault: ({ mint }) => ({
      routes: [...TOKEN_ROUTES, 'jwt', 'guest'],
      reply: inTurn(
        goodUnder((body) => trackingIdOf(body['access_token'] ?? body['token'] ?? body['accessToken']), mint),
        goodUnder((body) => trackingIdOf(body['refresh_token'] ?? body['access_token']), mint),
      ),
    }),
    outcome: { ok: `${OK} request` },
  },
  {
    name: 'the tracking id of an API answer is a piece of a refresh token',
    token: inOneRun,
    fault: ({ evidence }) => {
      const tracked = () => ({ trackingid: trackingIdOf(evidence.newest('refresh token')) });
      const telling = (status: number) =>
        answer(
          status,
          () => ({ ...ADA, items: [], trackingId: trackingIdOf(evidence.newest('refresh token')) }),
          tracked,
        );
      return {
        routes: ['api', 'person', 'expiry'],
        reply: where(({ url }) => url === '/v1/messages', telling(400), telling(200)),
      };
    },
    outcome: { ok: OK, BAD_REQUEST: 'request' },
  },
  {
    name: 'the next page is at an address that holds the bearer in some spelling',
    token: withOddCharacters,
    fault: () => ({
      routes: ['api'],
      reply: answer(
        200,
        () => ({ items: [] }),
        (bearer, { url, response }) => {
          const way = new URL(url, 'http://x').searchParams.get('way') ?? '';
          return {
            link: `<http://${response.req.headers.host ?? ''}${WAYS[way]?.(bearer) ?? ''}>; rel="next"`,
          };
        },
      ),
    }),
    calls: (stage) => pagesBy(stage),
    outcome: { CONFIGURATION_INVALID: Object.keys(WAYS).join(' ') },
  },
];

async function pagesBy({ cast, evidence }: Stage) {
  const people = await cast.people();
  await signIn(people, evidence);
  const user = await people.user('ada');
  return Object.fromEntries(
    Object.keys(WAYS).map((way) => [
      way,
      async () => {
        for await (const room of user.paginate(`/rooms?way=${way}`)) void room;
      },
    ]),
  );
}
