import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { PAGE_STYLE } from './page-style.js';
import type { EmulatorContext } from './route.js';

/** Escaped HTML. */
export type EmulatorPage = ReturnType<typeof html>;

// One string, so that no formatter puts white space inside: the hash is over every character.
const STYLE = raw(`<style>${PAGE_STYLE}</style>`);
const STYLE_HASH = createHash('sha256').update(PAGE_STYLE).digest('base64');

/** The frame of every page: banner, card, footer. Whatever is put in is escaped. */
export function emulatorPage({
  title,
  content,
  banner,
}: {
  title: string;
  content: EmulatorPage;
  banner: string | undefined;
}): EmulatorPage {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Webex emulator</title>
        ${STYLE}
      </head>
      <body>
        <header role="banner">
          <strong>EMULATOR</strong> <span>This is not Webex. Accounts and tokens here are fake.</span>
          ${banner === undefined ? '' : html`<span>${banner}</span>`}
        </header>
        <main>${content}</main>
      </body>
    </html>`;
}

/** A page that says one thing. */
export function noticePage({
  title,
  text,
  banner,
}: {
  title: string;
  text: string;
  banner: string | undefined;
}): EmulatorPage {
  return emulatorPage({
    title,
    banner,
    content: html`<h1>${title}</h1>
      <p class="lead">${text}</p>`,
  });
}

/** Sends a page with a strict content security policy. `formTargets` are sources that its form may lead to. */
export async function sendPage(
  context: EmulatorContext,
  page: EmulatorPage,
  { status = 200, formTargets = [] }: { status?: 200 | 400 | 403; formTargets?: readonly string[] } = {},
): Promise<Response> {
  const formAction = formTargets.length > 0 ? ["'self'", ...formTargets].join(' ') : "'none'";
  context.header(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
  );
  context.header('X-Content-Type-Options', 'nosniff');
  context.header('X-Frame-Options', 'DENY');
  context.header('Referrer-Policy', 'same-origin');
  context.header('Cache-Control', 'no-store');
  return context.html(await page, status);
}
