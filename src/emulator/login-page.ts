import { html } from 'hono/html';
import type { AuthorizationRequest } from './authorization-request.js';
import type { EmulatorPerson } from './emulator-options.js';
import { emulatorPage } from './page.js';
import type { EmulatorPage } from './page.js';

const MEANINGS: Record<string, string> = {
  'spark:all': 'Act as a full Webex client',
  'spark:kms': 'Use your encryption keys',
  'spark:people_read': 'See people in your organisation',
  'spark:rooms_read': 'See the spaces you are in',
  'spark:rooms_write': 'Create and change spaces',
  'spark:memberships_read': 'See who is in your spaces',
  'spark:messages_read': 'Read your messages',
  'spark:messages_write': 'Send messages as you',
  'meeting:schedules_read': 'See your meetings',
  openid: 'Know who you are',
  email: 'See your email address',
};

/** What the login page shows. `sealed` and `csrf` go back with the form. */
export interface LoginPageContent {
  request: AuthorizationRequest;
  users: readonly EmulatorPerson[];
  sealed: string;
  csrf: string;
  banner: string | undefined;
}

/** The page on which a person picks an account and allows or declines. Works without JavaScript. */
export function loginPage({ request, users, sealed, csrf, banner }: LoginPageContent): EmulatorPage {
  const { client, redirectUri, scopes, loginHint } = request;
  const name = client.name ?? 'An integration';
  const chosen = users.find(({ email }) => email === loginHint) ?? users[0];
  return emulatorPage({
    title: `Sign in to ${name}`,
    banner,
    content: html`
      <h1>Sign in</h1>
      <p class="lead"><strong>${name}</strong> would like to use a Webex account.</p>
      <form method="post">
        <input type="hidden" name="request" value="${sealed}" />
        <input type="hidden" name="csrf" value="${csrf}" />
        <fieldset>
          <legend>Sign in as</legend>
          ${users.map(
            (user) => html`
              <label class="person">
                <input
                  type="radio"
                  name="user"
                  value="${user.email}"
                  required
                  ${user === chosen ? 'checked' : ''}
                />
                <span class="initials" aria-hidden="true">${initials(user.displayName)}</span>
                <span class="who"><b>${user.displayName}</b><small>${user.email}</small></span>
                <span class="tick" aria-hidden="true"></span>
              </label>
            `,
          )}
        </fieldset>
        <h2>It asks to</h2>
        <ul class="scopes">
          ${scopes.map(
            (scope) => html`<li>${MEANINGS[scope] ?? 'Use this scope'} <code>${scope}</code></li>`,
          )}
        </ul>
        <p class="actions">
          <button class="allow" name="decision" value="allow">Allow</button>
          <button name="decision" value="decline">Decline</button>
        </p>
      </form>
      <p class="return">Either way you return to <code>${new URL(redirectUri).host || redirectUri}</code></p>
    `,
  });
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}
