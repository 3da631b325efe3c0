import type { Exchange } from './hostile-upstream.js';

/** An answer in JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ORG = '0aa40000-0000-4000-8000-000000000001';
export const OTHER_ORG = '0aa40000-0000-4000-8000-000000000002';

/** Who signs in. */
export const ADA = { id: publicId('PEOPLE', 1), orgId: publicId('ORGANIZATION', 2) };
export const ADA_NAME = 'Ada Lovelace-Byron';
export const ADA_EMAIL = 'ada.lovelace@example.test';

/** What Webex answers when nothing is wrong. Every token is made by `mint`. */
export function goodAnswer(exchange: Exchange, mint: (label: string) => string): JsonAnswer {
  const { route, fields, url, response } = exchange;
  const { host = '' } = response.req.headers;
  switch (route) {
    case 'token':
    case 'reduce':
      return good(tokenAnswer(fields, mint));
    case 'device':
      return good(url.endsWith('/token') ? tokenAnswer(fields, mint) : deviceAnswer(host, mint));
    case 'application':
      return good(tokenAnswer(fields, mint));
    case 'jwt':
      return good({ token: mint('access token of a guest'), expiresIn: 7200 });
    case 'guest':
      return good({
        accessToken: mint('access token of a guest'),
        expiresIn: 7200,
        id: publicId('PEOPLE', 9),
        displayName: 'Guest',
      });
    case 'person':
      return good({ ...ADA, displayName: ADA_NAME, emails: [ADA_EMAIL], type: 'person' });
    case 'expiry':
      return good({ exp: Date.now() + 3_600_000 });
    case 'catalog':
      return good({ serviceLinks: { hydra: `http://${host}/v1`, probe: `http://${host}/v1` } });
    case 'api':
      return url.startsWith('/v1/rooms') ? page(url, host) : good({ id: 'message-1' });
    case 'revoke':
    case 'keys':
    case 'elsewhere':
      return good({});
  }
}

// RFC 6749, 5.1.
function tokenAnswer(
  fields: ReadonlyMap<string, string>,
  mint: (label: string) => string,
): Record<string, unknown> {
  const grant = fields.get('grant_type') ?? '';
  const withoutRefresh = grant === 'client_credentials' || grant.includes('scope-reduction');
  return {
    access_token: mint('access token'),
    token_type: 'Bearer',
    expires_in: 86_400,
    ...(withoutRefresh ? {} : { refresh_token: mint('refresh token'), refresh_token_expires_in: 7_776_000 }),
    ...(fields.has('scope') ? { scope: fields.get('scope') } : {}),
  };
}

function deviceAnswer(host: string, mint: (label: string) => string): object {
  return {
    device_code: mint('device code'),
    user_code: 'ABCD-EFGH',
    verification_uri: `http://${host}/verify`,
    expires_in: 300,
    interval: 1,
  };
}

function page(url: string, host: string): JsonAnswer {
  const items = [{ id: 'room-1' }, { id: 'room-2' }];
  const link = `<http://${host}/v1/rooms?cursor=2>; rel="next"`;
  return { status: 200, body: { items }, headers: url.includes('cursor=') ? {} : { link } };
}

function good(body: object): JsonAnswer {
  return { status: 200, body };
}

function publicId(type: string, last: number): string {
  const uuid = `0aa40000-0000-4000-8000-${String(last).padStart(12, '0')}`;
  return Buffer.from(`ciscospark://us/${type}/${uuid}`).toString('base64').replace(/=+$/, '');
}
