import type { AuditEntry } from '../stores/audit-log.js';
import type { GrantDescription } from '../vault/grant-summary.js';
import { html, type Html } from '../web/html.js';
import { historyView, isoTime } from './history-view.js';
import { durationWords, relativeWords } from './time-words.js';

/** What the view shows. */
export interface GrantViewContent {
  /** Undefined: nothing is stored for the one who is signed in. */
  grant: GrantDescription | undefined;
  history: readonly AuditEntry[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Addresses of the login handler, on this site. */
  links: { signIn: string; reconnect: string };
}

/** One's own grant as it is at this moment. The live view asks for this part every second. */
export function grantView({ grant, history, now, links }: GrantViewContent): Html {
  return html`<div
    id="live"
    data-state="${grant?.state ?? 'none'}"
    data-generation="${grant?.generation ?? 0}"
  >
    ${grant ? grantCard(grant, now, links.reconnect) : nothingStored(links.signIn)}
    ${historyView(history, now)}
  </div>`;
}

function nothingStored(signIn: string): Html {
  return html`<section class="card">
    <h2>Nothing is stored for you</h2>
    <p class="soft">You are signed in here, but your grant was removed. Sign in again to make a new one.</p>
    <p class="after"><a class="button primary" href="${signIn}">Sign in again</a></p>
  </section>`;
}

function grantCard(grant: GrantDescription, now: number, reconnect: string): Html {
  return html`<section class="card" aria-labelledby="grant">
    <h2 id="grant">Your grant</h2>
    ${stateLine(grant, now, reconnect)} ${tokenCountdown(grant, now)}
    <dl class="facts">
      <div>
        <dt>Next refresh</dt>
        <dd>${when(grant.state === 'dead' ? undefined : grant.dueAt, now, 'none')}</dd>
      </div>
      <div>
        <dt>Refresh token ends</dt>
        <dd>${when(grant.refreshExpiresAt, now, 'not known')}</dd>
      </div>
      <div>
        <dt>Token sets so far</dt>
        <dd>${grant.generation}</dd>
      </div>
      <div>
        <dt>Last error</dt>
        <dd>${grant.lastError ?? 'none'}</dd>
      </div>
      <div class="wide">
        <dt>Scopes</dt>
        <dd>${scopeList(grant)}</dd>
      </div>
    </dl>
  </section>`;
}

function stateLine(grant: GrantDescription, now: number, reconnect: string): Html {
  const { badge, words, offer } = stateWords(grant, now);
  return html`<p class="state">
    <span class="badge ${grant.state}">${badge}</span>
    <span>${words} ${offer ? html`<a href="${reconnect}">Sign in again</a>` : undefined}</span>
  </p>`;
}

function stateWords(
  { state, reason, lastError, dueAt, expiresAt }: GrantDescription,
  now: number,
): { badge: string; words: string; offer: boolean } {
  if (state === 'dead') {
    const words = `Webex no longer renews this grant (${reason ?? 'revoked'}).`;
    return { badge: 'Ended', words, offer: true };
  }
  if (state === 'suspect') {
    const words =
      'Webex refused to renew this grant in a way that may pass. It is tried again; a token that is still valid stays in use.';
    return { badge: 'Doubtful', words, offer: true };
  }
  if (expiresAt !== undefined && expiresAt <= now && dueAt === undefined) {
    return { badge: 'Expired', words: 'The token has expired and cannot be renewed.', offer: true };
  }
  if (lastError !== undefined) {
    return { badge: 'Live', words: 'The last refresh failed; it is tried again by itself.', offer: false };
  }
  const words =
    dueAt === undefined
      ? 'The token works until it expires; it cannot be renewed by itself.'
      : 'The token works and is renewed by itself before it expires.';
  return { badge: 'Live', words, offer: false };
}

function tokenCountdown({ issuedAt, expiresAt, dueAt, state }: GrantDescription, now: number): Html {
  if (expiresAt === undefined) {
    return html`<p class="countdown"><b>Access token</b> <span>no known end</span></p>`;
  }
  const lifetime = Math.max(1, expiresAt - (issuedAt ?? now));
  const left = Math.min(lifetime, Math.max(0, expiresAt - now));
  const due = state !== 'live' || (dueAt !== undefined && now >= dueAt) || left === 0;
  const words = left > 0 ? `expires in ${durationWords(left)}` : `expired ${relativeWords(expiresAt, now)}`;
  return html`<p class="countdown"><b>Access token</b> <span title="${isoTime(expiresAt)}">${words}</span></p>
    <progress
      class="${due ? 'due' : 'fresh'}"
      aria-label="Remaining life of the access token"
      max="${lifetime}"
      value="${left}"
    ></progress>`;
}

function when(at: number | undefined, now: number, otherwise: string): Html {
  if (at === undefined) return html`${otherwise}`;
  return html`<time datetime="${isoTime(at)}" title="${isoTime(at)}">${relativeWords(at, now)}</time>`;
}

function scopeList({ scope, missingScopes }: GrantDescription): Html {
  if (scope === undefined && missingScopes.length === 0) return html`Webex did not say`;
  return html`<ul class="scopes">
    ${(scope ?? []).map((one) => html`<li><code>${one}</code></li>`)}
    ${missingScopes.map((one) => html`<li class="missing"><code>${one}</code> not granted</li>`)}
  </ul>`;
}
