import type { Person } from '../oauth/person.js';
import { html, type Html } from '../web/html.js';
import { grantView, type GrantViewContent } from './grant-view.js';
import { noticeBox, type Notice } from './notice.js';
import { gatewayPage } from './page-frame.js';

const RELOAD_SECONDS = 5;

/** How a call of the Webex API went. */
export type CallResult =
  | { readonly ok: true; readonly status: number; readonly body: string }
  | {
      readonly ok: false;
      readonly status: number | undefined;
      readonly code: string;
      readonly trackingId: string | undefined;
    };

/** What the page shows besides the grant. */
export interface GrantPageContent extends GrantViewContent {
  emulator: string | undefined;
  signOut: string;
  notice?: Notice | undefined;
  result?: CallResult | undefined;
  setCookie?: string | undefined;
}

/** The page for those who are signed in: who one is, what can be done, and one's grant, kept current. */
export function grantPage(content: GrantPageContent): Response {
  const { grant, emulator, signOut, notice, result, setCookie } = content;
  const main = html`${personCard(grant?.person, signOut)} ${notice && noticeBox(notice)}
    ${grant ? actions() : undefined} ${result && resultCard(result)}
    <p id="lost" class="notice bad" role="status" hidden>The gateway does not answer. Trying again…</p>
    ${grantView(content)}`;
  // A reload would throw the result away.
  const live = { reloadSeconds: result ? undefined : RELOAD_SECONDS };
  return gatewayPage({ title: 'Your grant', main, emulator, live, setCookie });
}

function personCard(person: Person | undefined, signOut: string): Html {
  const name = person?.displayName ?? person?.email ?? 'Signed in';
  return html`<header class="person">
    <span class="initials" aria-hidden="true">${initials(name)}</span>
    <div class="who">
      <h1>${name}</h1>
      ${person?.email && person.email !== name ? html`<p>${person.email}</p>` : undefined}
    </div>
    <form method="post" action="${signOut}"><button>Sign out</button></form>
  </header>`;
}

function actions(): Html {
  return html`<nav class="actions" aria-label="What you can do">
    <form method="post" action="/grant/call"><button class="primary">Call people/me</button></form>
    <form method="post" action="/grant/refresh"><button>Refresh now</button></form>
    <form method="post" action="/grant/disconnect" class="apart">
      <button class="danger" title="Revokes the tokens at Webex and deletes them here">Disconnect</button>
    </form>
  </nav>`;
}

function resultCard(result: CallResult): Html {
  const badge = result.ok
    ? html`<span class="badge live">${result.status}</span>`
    : html`<span class="badge dead">${result.status ?? 'no answer'}</span>`;
  const content = result.ok
    ? html`<pre tabindex="0">${result.body}</pre>`
    : html`<p>
        The call did not succeed: <code>${result.code}</code>
        ${result.trackingId ? html` (tracking id <code>${result.trackingId}</code>)` : undefined}
      </p>`;
  return html`<section class="card result" id="result" aria-labelledby="result-title">
    <h2 id="result-title">GET people/me ${badge}</h2>
    ${content}
  </section>`;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => Array.from(word)[0] ?? '')
    .join('')
    .toUpperCase();
}
