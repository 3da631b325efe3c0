// Writes the tables of docs/errors.md from the classes of src/errors.ts, their doc comments, and the names of src/error-aliases.ts.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { generatedSections } from './generated-section.mjs';

/** What to do, by action. */
const BY_ACTION = {
  sign_in_again: 'send the person to the login',
  fix_configuration: 'mend the setting that the message names',
  fix_client_secret: "set the client's current id and secret; refreshes resume by themselves",
  ask_admin: "ask the organisation's administrator for the consent, role or scope",
  provide_key: 'give the process the key that the records were sealed with',
  restore_store: 'bring the store back from a backup',
  retry_later: 'wait until `retryAt`',
};

/** What to do, by code: where there is no action, or where its words are too general. */
const BY_CODE = {
  INVALID_REQUEST: 'look at the options of this call; report it if they are right',
  INVALID_SCOPE: 'register the scope on the integration, or ask for fewer',
  UNAUTHORIZED_CLIENT: 'use another grant: for calls without a user, a service app',
  UNSUPPORTED_GRANT_TYPE: 'check that the token endpoint is the right one',
  AUTHORIZATION_PENDING: 'nothing: the polling goes on by itself',
  SLOW_DOWN: 'nothing: the polling slows down by itself',
  DEVICE_CODE_EXPIRED: 'ask for a new code and show it',
  TOKEN_LIMIT_REACHED: 'have older tokens of this person ended, then sign in again',
  AUTHORIZATION_SERVER_ERROR: 'offer the login again, later',
  AUTHORIZATION_RESPONSE_INVALID: 'start the login anew; hand on the callback URL as it came',
  ISSUER_MISMATCH: 'treat it as an attack; else check `endpoints.issuer`',
  PERSON_MISMATCH: 'disconnect the subject first, or use another subject',
  SERVICE_APP_NOT_AUTHORIZED: 'have a full administrator authorize the app in Control Hub',
  SCOPE_REDUCTION_FAILED: 'ask for scopes that the token has, and not for all of them',
  WEBHOOK_SIGNATURE_INVALID: 'answer 401; check the secret, and that the body is the raw one',
  FORBIDDEN: 'add `missingScopes` to the integration, sign the person in again; if none, ask the admin',
  UNAUTHORIZED: 'at sign-in check the client secret; at the API report the token as rejected',
  PROTOCOL_ERROR: 'try again; look for a proxy in between when it lasts',
  NETWORK_ERROR:
    'try again; `reason` says what failed, `maybeProcessed` whether Webex may have seen the request',
  TIMEOUT: 'try again, with a longer deadline if need be',
  SERVICE_UNAVAILABLE: 'try again later; at `retryAt` where Webex gave one',
  RESPONSE_TOO_LARGE: 'raise `maxBodyBytes` for this call, or stream it with `fetch`',
  ORIGIN_NOT_ALLOWED:
    'call this address with a client of your own, or add its origin to `endpoints.allowedOrigins`',
  BAD_REQUEST: 'mend the request; `body` says what is wrong',
  NOT_FOUND: 'check the id, and whether this principal may see it',
  CONFLICT: 'read what is there, then decide',
  LOCKED: 'try again later',
  UNAVAILABLE_FOR_LEGAL_REASONS: 'nothing',
  API_ERROR: 'look at `status` and `body`',
  SERVICE_NOT_FOUND: 'check the name, or name the service in `config.services.override`',
  REAUTH_REQUIRED: 'do what `action` says; it goes by the kind of grant (see below)',
  TOKEN_EXPIRED: 'refresh it: `token()` does so by itself',
  TOKEN_EXPIRING: 'ask with `token(subject, { minTtl })`, which refreshes first',
  TOKEN_REVOKED: 'do what `action` says; it goes by the kind of grant (see below)',
  SCOPE_MISSING: 'send the person to the login, asking for `missingScopes` too',
  STORE_UNAVAILABLE: 'try again; valid tokens are served meanwhile',
  STORE_SCHEMA_TOO_NEW: 'run the newer release',
  CLOSED: 'make a new instance',
};

function sourceOf(file) {
  const path = fileURLToPath(new URL(`../src/${file}`, import.meta.url));
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
}

/** The text of a literal, otherwise the source of an expression. */
function textOf(expression) {
  return expression && (ts.isStringLiteral(expression) ? expression.text : expression.getText());
}

/** The initial value of a field, `undefined` when the class leaves it as its base has it. */
function field(node, name) {
  const member = node.members.find((one) => ts.isPropertyDeclaration(one) && one.name.getText() === name);
  return textOf(member?.initializer);
}

/** The default of a name that the constructor takes out of its options. */
function constructorDefault(node, name) {
  const { parameters = [] } = node.members.find(ts.isConstructorDeclaration) ?? {};
  const elements = parameters.flatMap((one) =>
    ts.isObjectBindingPattern(one.name) ? one.name.elements : [],
  );
  return textOf(elements.find((one) => one.name.getText() === name)?.initializer);
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const classes = sourceOf('errors.ts').statements.filter(ts.isClassDeclaration);
const codes = new Map(classes.map((node) => [node.name.text, field(node, 'code')]));

const rows = classes.flatMap((node) => {
  const code = field(node, 'code');
  if (!code) return [];
  const meaning = ts.getTextOfJSDocComment(ts.getJSDocCommentsAndTags(node)[0]?.comment) ?? '';
  const action = field(node, 'action') ?? constructorDefault(node, 'action');
  const todo = BY_CODE[code] ?? BY_ACTION[action];
  if (!todo) throw new Error(`scripts/error-table.mjs does not say what to do about ${code}`);
  return [
    [
      `\`${code}\``,
      `\`${node.name.text}\``,
      meaning.replace(/\s+/g, ' ').trim(),
      field(node, 'retryable') === 'true' ? 'yes' : 'no',
      action ? `\`${action}\`` : '–',
      todo,
    ],
  ];
});

const unknown = Object.keys(BY_CODE).filter((code) => ![...codes.values()].includes(code));
if (unknown.length > 0)
  throw new Error(`scripts/error-table.mjs knows codes that are none: ${unknown.join(', ')}`);

/** `export const Older = NameOfNow;` */
const olderNames = sourceOf('error-aliases.ts')
  .statements.filter(ts.isVariableStatement)
  .flatMap(({ declarationList }) => declarationList.declarations)
  .filter(({ initializer }) => initializer && codes.has(initializer.getText()))
  .map(({ name, initializer }) => {
    const now = initializer.getText();
    return [`\`${name.getText()}\``, `\`${now}\``, `\`${codes.get(now)}\``];
  });

await generatedSections('docs/errors.md', {
  errors: table(['code', 'class', 'meaning', 'retryable', 'action', 'what to do'], rows),
  'older names': table(['name in webex-js-sdk', 'class', 'code'], olderNames),
});
