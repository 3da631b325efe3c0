import type { AuditEntry } from '../stores/audit-log.js';
import { html, type Html } from '../web/html.js';
import { relativeWords } from './time-words.js';

const CAUSES: Readonly<Record<string, string>> = {
  scheduled: 'Refreshed automatically',
  access: 'Refreshed when the token was needed',
  rejected: 'Refreshed after Webex refused the token',
  manual: 'Refreshed by hand',
};

type Detail = AuditEntry['detail'];

const WORDS: Readonly<Record<string, (detail: Detail) => string>> = {
  login: () => 'Signed in',
  logout: ({ revoked }) =>
    revoked === true ? 'Disconnected; Webex confirmed it' : 'Disconnected; Webex did not confirm it',
  'token:refresh': ({ cause, ms }) =>
    `${CAUSES[String(cause)] ?? 'Refreshed'}${typeof ms === 'number' ? ` (${String(Math.round(ms))} ms)` : ''}`,
  unauthorized: ({ kind, reason }) =>
    kind === 'dead' ? `The grant has ended: ${String(reason)}` : `The token was refused: ${String(reason)}`,
  'auth:error': ({ code, retryable }) =>
    `A refresh failed: ${String(code)}${retryable === true ? '; it is tried again' : ''}`,
  'grant:suspect': ({ reason }) => `The grant became doubtful: ${String(reason)}`,
  'grant:recovered': () => 'The grant is good again',
};

const TROUBLE = ['unauthorized', 'auth:error', 'grant:suspect'];

/** What happened to a grant, newest first, in words. */
export function historyView(entries: readonly AuditEntry[], now: number): Html {
  const lines = entries.map(({ at, event, detail }) => {
    const words = WORDS[event]?.(detail) ?? event;
    return html`<li>
      <span class="${TROUBLE.includes(event) ? 'bad' : 'plain'}">${words}</span>
      <time datetime="${isoTime(at)}" title="${isoTime(at)}">${relativeWords(at, now)}</time>
    </li>`;
  });
  return html`<section class="card" aria-labelledby="history">
    <h2 id="history">History</h2>
    ${
      lines.length > 0
        ? html`<ol class="history">
            ${lines}
          </ol>`
        : html`<p class="soft">Nothing has happened yet.</p>`
    }
  </section>`;
}

/** An instant (milliseconds since the epoch) for machines and tooltips: ISO 8601, UTC. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
