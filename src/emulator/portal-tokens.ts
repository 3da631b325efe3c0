import { keepAccount } from './account.js';
import { uuidOf } from './emulator-options.js';
import type { EmulatorPerson } from './emulator-options.js';
import type { FakeWebex } from './fake-webex.js';

/** Who gave such tokens out: nobody's client. */
const PORTAL = 'FAKE-developer-portal';

/** What a bot may do. */
const BOT_SCOPES = [
  'spark:people_read',
  'spark:rooms_read',
  'spark:memberships_read',
  'spark:messages_read',
  'spark:messages_write',
];

// Nearly all that a person may do, but these (webex-facts 6.3).
const NOT_PERSONAL = /^(cjp|cjds|guest-issuer):/;

/** A bot's token: opaque, without an end or a refresh token. Another one for the same name ends those before it. */
export function issueBotToken(
  webex: FakeWebex,
  { displayName = 'Example Bot' }: { displayName?: string } = {},
): string {
  const id = uuidOf(JSON.stringify(['bot', displayName]));
  const orgId = webex.users[0]?.orgId ?? '';
  const email = `${displayName.toLowerCase().replace(/[^a-z0-9]+/g, '-')}@webex.bot`;
  keepAccount(webex, { kind: 'bot', id, orgId, email, displayName });
  webex.grants.revokeGrants(({ userId }) => userId === id);
  return issue(webex, { userId: id, orgId, scopes: BOT_SCOPES, lifetime: 'botToken' });
}

/** A person's own token, as the developer portal shows it: opaque, 12 hours, no refresh token (webex-facts 6.3). */
export function issuePersonalToken(webex: FakeWebex, { id: userId, orgId }: EmulatorPerson): string {
  const registered = webex.clients.flatMap((client) => client.scopes);
  const scopes = [...new Set(['spark:all', ...registered])].filter((scope) => !NOT_PERSONAL.test(scope));
  return issue(webex, { userId, orgId, scopes, lifetime: 'personalToken' });
}

function issue(
  { grants }: FakeWebex,
  grant: { userId: string; orgId: string; scopes: string[]; lifetime: 'botToken' | 'personalToken' },
): string {
  const opened = grants.open({ ...grant, clientId: PORTAL, format: 'opaque', refreshable: false });
  return opened.answer.access_token;
}
