import type { Failure } from '../web/failure.js';
import { html } from '../web/html.js';
import { gatewayPage } from './page-frame.js';

/** What went wrong in plain words, what to do, and the code to quote. `next` is the one link, on this site. */
export function errorPage(
  failure: Failure,
  { emulator, next }: { emulator: string | undefined; next: { href: string; label: string } },
): Response {
  const { title, advice, code, status, trackingId } = failure;
  const main = html`<section class="card problem">
    <h1>${title}</h1>
    <p>${advice}</p>
    <a class="button primary" href="${next.href}">${next.label}</a>
    <dl>
      <dt>Code</dt>
      <dd>${code}</dd>
      ${
        trackingId
          ? html`<dt>Tracking id</dt>
              <dd>${trackingId}</dd>`
          : undefined
      }
    </dl>
  </section>`;
  return gatewayPage({ title, main, status, emulator, narrow: true });
}
