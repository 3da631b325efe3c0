import { html } from '../web/html.js';
import { noticeBox, type Notice } from './notice.js';
import { gatewayPage } from './page-frame.js';

/** The page for those who are not signed in. */
export function signInPage({
  signIn,
  emulator,
  notice,
  setCookie,
}: {
  signIn: string;
  emulator: string | undefined;
  notice: Notice | undefined;
  setCookie: string | undefined;
}): Response {
  const main = html`${notice && noticeBox(notice)}
    <section class="card hero">
      <h1>webex-auth</h1>
      <p>Sign in once. Your tokens are kept encrypted on this server and refreshed before they expire.</p>
      <a class="button primary large" href="${signIn}">Sign in with Webex</a>
    </section>`;
  return gatewayPage({ title: 'Sign in', main, emulator, narrow: true, setCookie });
}
