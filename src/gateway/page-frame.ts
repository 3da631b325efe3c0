import { createHash } from 'node:crypto';

import { Html, html } from '../web/html.js';
import { LIVE_SCRIPT } from './live-script.js';
import { PAGE_STYLE } from './page-style.js';

// Made by hand, so that no formatter puts white space inside: the hash is over every character.
const STYLE = new Html(`<style>${PAGE_STYLE}</style>`);
const SCRIPT = new Html(`<script>${LIVE_SCRIPT}</script>`);
const STYLE_SOURCE = `'sha256-${sha256(PAGE_STYLE)}'`;
const SCRIPT_SOURCE = `'sha256-${sha256(LIVE_SCRIPT)}'`;

/** Headers of everything the gateway answers itself (ASVS 3.4). `same-origin` lets our own forms prove where they come from. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** What a page consists of. */
export interface PageContent {
  title: string;
  main: Html;
  status?: number;
  /** Where the emulator runs, for the banner of the demo. */
  emulator: string | undefined;
  /** Keeps `#live` current: with the script, or by reloading every `reloadSeconds` where scripts are off. */
  live?: { reloadSeconds: number | undefined };
  narrow?: boolean;
  setCookie?: string | undefined;
}

/** A page of the gateway. Only the style and the script with the hashes of this release run; everything given is escaped. */
export function gatewayPage(content: PageContent): Response {
  const { title, main, status = 200, emulator, live, narrow = false, setCookie } = content;
  const reload = live?.reloadSeconds;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · webex-auth</title>
        ${STYLE}
        ${
          reload === undefined
            ? undefined
            : html`<noscript><meta http-equiv="refresh" content="${reload}" /></noscript>`
        }
      </head>
      <body>
        ${emulator === undefined ? undefined : demoBanner(emulator)}
        <main class="${narrow ? 'narrow' : 'wide'}">${main}</main>
        ${live ? SCRIPT : undefined}
      </body>
    </html>`;
  const headers = new Headers({ ...COMMON_HEADERS, 'content-type': 'text/html; charset=utf-8' });
  headers.set('content-security-policy', policy(live !== undefined));
  if (setCookie !== undefined) headers.append('set-cookie', setCookie);
  return new Response(document.toString(), { status, headers });
}

function demoBanner(emulator: string): Html {
  return html`<header class="demo">
    <b>DEMO</b> Webex is emulated on this machine, at ${emulator}. Accounts and tokens are fake.
  </header>`;
}

function policy(live: boolean): string {
  const script = live ? `; script-src ${SCRIPT_SOURCE}; connect-src 'self'` : '';
  return `default-src 'none'; style-src ${STYLE_SOURCE}${script}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
