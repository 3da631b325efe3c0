import type { KnownDifference } from './comparison.js';
import type { FlowName } from './flow.js';

const TOKEN_ENDPOINT: readonly FlowName[] = ['code exchange', 'refresh', 'client credentials', 'logout'];

/** Every difference between Webex's own SDK and this package on the wire, with its reason. */
export const differences: readonly KnownDifference[] = [
  {
    flows: ['sign-in address'],
    field: 'query state',
    theirs: 'eyJzdGF0ZSI6ImEgc3RhdGUifQ',
    ours: '[random]',
    reason:
      'The SDK encodes what it is given and checks nothing; here it is random, bound to the browser and checked (RFC 6749, 10.12). `buildLoginUrl` sends what the SDK sends.',
  },
  {
    flows: ['sign-in address'],
    field: 'query code_challenge',
    theirs: undefined,
    ours: '[random]',
    reason: 'PKCE, so that a stolen code is worth nothing (RFC 9700, 2.1.1). The SDK has none.',
  },
  {
    flows: ['sign-in address'],
    field: 'query code_challenge_method',
    theirs: undefined,
    ours: 'S256',
    reason: 'Belongs to the challenge (RFC 7636, 4.3).',
  },
  {
    flows: ['sign-in address'],
    field: 'query order',
    theirs: 'state client_id redirect_uri scope response_type',
    ours: 'response_type client_id redirect_uri scope state code_challenge code_challenge_method',
    reason: 'Parameters have no order.',
  },
  {
    flows: ['code exchange', 'logout'],
    request: 'POST /idb/oauth2/v1/access_token',
    field: 'form self_contained_token',
    theirs: 'true',
    ours: undefined,
    reason:
      'Optional: it asks for a JWT in place of an opaque token, which to a client is all the same (RFC 6749, 1.4).',
  },
  {
    flows: ['refresh'],
    field: 'form redirect_uri',
    theirs: '[redirect URI]',
    ours: undefined,
    reason: 'A refresh has no such parameter (RFC 6749, 6; Login with Webex guide).',
  },
  ...formOrder(['code exchange', 'logout'], {
    theirs: 'grant_type redirect_uri code self_contained_token',
    ours: 'code redirect_uri grant_type',
  }),
  ...formOrder(['refresh'], {
    theirs: 'grant_type redirect_uri refresh_token',
    ours: 'refresh_token grant_type',
  }),
  ...formOrder(['client credentials'], {
    theirs: 'grant_type scope self_contained_token',
    ours: 'self_contained_token scope grant_type',
  }),
  ...formOrder(['revoke'], { theirs: 'token token_type_hint', ours: 'token_type_hint token' }),
  {
    flows: ['people/me'],
    request: 'POST /idb/oauth2/v1/access_token',
    field: 'request',
    theirs: 'sent',
    ours: undefined,
    reason:
      'The SDK first trades its token for one without `spark:kms` (scope reduction, `credentials.js#getUserToken`): one more round trip, and one more token to revoke at every refresh. Here that happens when you ask for it: `getUserToken(scope)`.',
  },
  {
    flows: ['people/me'],
    field: 'header authorization',
    theirs: 'Bearer [access token of the scope reduction]',
    ours: 'Bearer [access token of the refresh]',
    reason: 'Follows from the scope reduction above.',
  },
  {
    flows: ['revoke'],
    field: 'form token',
    theirs: '[access token of the refresh]',
    ours: '[refresh token of the code exchange]',
    reason:
      'Revoking the refresh token ends the whole grant (RFC 7009, 2.1). The SDK revokes the access token alone, and new ones can still be had.',
  },
  {
    flows: ['revoke'],
    field: 'form token_type_hint',
    theirs: 'access_token',
    ours: 'refresh_token',
    reason: 'Follows from the token.',
  },
  {
    flows: ['revoke'],
    field: 'result',
    theirs: 'true',
    ours: 'false',
    reason: '`canAuthorize` afterwards: the SDK still holds the refresh token.',
  },
  {
    flows: ['revoke'],
    field: 'header accept',
    theirs: 'application/json',
    ours: undefined,
    reason: 'The answer has no body that would be read (RFC 7009, 2.2).',
  },
  {
    flows: ['logout'],
    request: 'POST /idb/oauth2/v1/revoke',
    field: 'request',
    theirs: undefined,
    ours: 'sent',
    reason:
      'The SDK forgets its token first and then finds no token to log out with (`webex-core.js#logout`): Webex is never told. Here it is, and `logout` says whether Webex confirmed it.',
  },
  {
    flows: ['logout'],
    field: 'unhandled rejection',
    theirs: 'Current state cannot produce an access token',
    ours: undefined,
    reason: 'The same defect: nobody waits for that request. By default Node ends the process over it.',
  },
  {
    flows: ['JWT login'],
    field: 'header authorization',
    theirs: '[guest JWT]',
    ours: 'Bearer [guest JWT]',
    reason: 'Webex accepts both; a credential has a scheme before it (RFC 9110, 11.4).',
  },
  ...['GET /u2c/api/v1/limited/catalog', 'GET /u2c/api/v1/catalog'].map((request): KnownDifference => ({
    flows: ['JWT login'],
    request,
    field: 'request',
    theirs: 'sent',
    ours: undefined,
    reason:
      'The catalogs are asked for at the start. A sign-in does not wait for them: the public API needs none.',
  })),
  {
    flows: ['JWT login'],
    request: 'GET /v1/people/me',
    field: 'request',
    theirs: undefined,
    ours: 'sent',
    reason: 'Who the guest is is kept with the grant.',
  },
  {
    flows: [...TOKEN_ENDPOINT, 'revoke'],
    field: 'header content-type',
    theirs: 'application/x-www-form-urlencoded',
    ours: 'application/x-www-form-urlencoded;charset=UTF-8',
    reason: 'As the Fetch Standard sends `URLSearchParams`; it means the same.',
  },
  {
    flows: ['start', ...TOKEN_ENDPOINT, 'revoke', 'people/me', 'JWT login'],
    field: 'header user-agent',
    theirs: '@webex/http-core',
    ours: 'webex-auth',
    reason: 'Who speaks.',
  },
  {
    flows: ['start', 'people/me', 'revoke', 'JWT login'],
    field: 'header spark-user-agent',
    theirs: 'webex-js-sdk/[version] (node)',
    ours: undefined,
    reason: 'A header of the SDK, which names it once more.',
  },
  {
    flows: ['start', 'people/me', 'revoke', 'JWT login'],
    field: 'header cisco-no-http-redirect',
    theirs: 'true',
    ours: undefined,
    reason:
      'The SDK asks for redirects in a header of their own (`cisco-location`), which it follows. Here no secret follows a redirect.',
  },
  {
    flows: [...TOKEN_ENDPOINT, 'start', 'people/me', 'revoke', 'JWT login'],
    field: 'header trackingid',
    theirs: 'webex-js-sdk_[uuid]_[number]',
    ours: 'webex-auth_[uuid]_[number]',
    reason: 'The same form, with the name of who made it.',
  },
  {
    flows: [...TOKEN_ENDPOINT, 'start', 'people/me', 'revoke', 'JWT login'],
    field: 'header accept-encoding',
    theirs: undefined,
    ours: 'identity',
    reason: 'Says in words what the SDK leaves open (RFC 9110, 12.5.3): a body that is not compressed.',
  },
];

function formOrder(
  flows: readonly FlowName[],
  { theirs, ours }: { theirs: string; ours: string },
): KnownDifference[] {
  return [
    {
      flows,
      field: 'form order',
      theirs,
      ours,
      reason: 'Fields of a form have no order (RFC 6749, appendix B).',
    },
  ];
}
