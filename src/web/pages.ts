import { createHash } from 'node:crypto';

import type { Failure } from './failure.js';
import { Html, html } from './html.js';

const STYLE = `
:root{color-scheme:light dark;--ground:#f4f6f8;--card:#fff;--text:#14181d;--soft:#56616d;--line:#dce2e8;--accent:#0a63c9;--on:#fff}
@media(prefers-color-scheme:dark){:root{--ground:#101418;--card:#1a2027;--text:#eef2f6;--soft:#9eabb8;--line:#2d3742;--accent:#6cb2ff;--on:#0b1117}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--text);font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:29rem;padding:2.25rem;background:var(--card);border:1px solid var(--line);border-radius:1rem}
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25;text-wrap:balance}
p{margin:0 0 1.5rem;color:var(--soft)}
a{display:inline-block;padding:.65rem 1.25rem;border-radius:.6rem;background:var(--accent);color:var(--on);font-weight:600;text-decoration:none}
a:hover{text-decoration:underline}
a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1.75rem 0 0;padding-top:1.25rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

// Nothing runs in a page, loads, frames, caches or leaks it (ASVS 3.4).
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** A page of the login handler: `main` in a card that follows the light or dark setting. */
export function page({
  title,
  main,
  status = 200,
}: {
  title: string;
  main: Html;
  status?: number;
}): Response {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${new Html(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>${main}</main>
      </body>
    </html>`;
  return new Response(document.toString(), { status, headers: PAGE_HEADERS });
}

/** What went wrong, in plain words, what to do next, and the code to quote. `signIn` is a link of this site. */
export function errorPage(failure: Failure, { signIn }: { signIn: string }): Response {
  const main = html`<h1>${failure.title}</h1>
    <p>${failure.advice}</p>
    <a href="${signIn}">Sign in again</a>
    <dl>
      <dt>Code</dt>
      <dd>${failure.code}</dd>
      ${
        failure.trackingId
          ? html`<dt>Tracking id</dt>
              <dd>${failure.trackingId}</dd>`
          : undefined
      }
    </dl>`;
  return page({ title: failure.title, main, status: failure.status });
}
