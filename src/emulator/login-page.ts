import { html } from 'hono/html';
import { accountPicker } from './account-picker.js';
import type { AuthorizationRequest } from './authorization-request.js';
import type { EmulatorPerson } from './emulator-options.js';
import { emulatorPage } from './page.js';
import type { EmulatorPage } from './page.js';

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
        ${accountPicker({ users, chosen, scopes })}
      </form>
      <p class="return">Either way you return to <code>${new URL(redirectUri).host || redirectUri}</code></p>
    `,
  });
}
