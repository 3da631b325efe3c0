import { html } from 'hono/html';
import type { EmulatorPerson } from './emulator-options.js';
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

/** The form fields in which a person says who they are and what they decide: `user` and `decision`. */
export function accountPicker({
  users,
  chosen = users[0],
  scopes,
}: {
  users: readonly EmulatorPerson[];
  chosen?: EmulatorPerson | undefined;
  scopes: readonly string[];
}): EmulatorPage {
  return html`<fieldset>
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
      ${scopes.map((scope) => html`<li>${MEANINGS[scope] ?? 'Use this scope'} <code>${scope}</code></li>`)}
    </ul>
    <p class="actions">
      <button class="allow" name="decision" value="allow">Allow</button>
      <button name="decision" value="decline">Decline</button>
    </p>`;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}
