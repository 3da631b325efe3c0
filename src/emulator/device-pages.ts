import { html } from 'hono/html';
import { accountPicker } from './account-picker.js';
import { checkCsrfToken, issueCsrfToken } from './consent.js';
import type { EmulatorDevice } from './device-book.js';
import type { FakeWebex } from './fake-webex.js';
import { isOwnBrowserRequest } from './own-browser-request.js';
import { emulatorPage, noticePage, sendPage } from './page.js';
import type { EmulatorPage } from './page.js';
import type { EmulatorContext, Route } from './route.js';

/** Where a person lets a device in; `?userCode=` has the code filled in. */
export const VERIFICATION_PATH = '/verify';

/** The page on which a person types the code of a device, picks an account and allows or declines. */
export function devicePageRoutes(webex: FakeWebex): Route[] {
  return [
    { method: 'GET', path: VERIFICATION_PATH, handle: (context) => showDevice(webex, context) },
    { method: 'POST', path: VERIFICATION_PATH, handle: (context) => takeDecision(webex, context) },
  ];
}

function showDevice(webex: FakeWebex, context: EmulatorContext): Promise<Response> {
  if (!isOwnBrowserRequest(context, 'navigation'))
    return refuse(webex, context, 'This request came from elsewhere.');
  const { banner } = webex;
  const typed = context.req.query('userCode');
  const device = webex.devices.waiting(readCode(typed));
  const formTargets = [new URL(context.req.url).origin];
  if (!device) {
    const page = codePage({ banner, isWrong: typed !== undefined });
    return sendPage(context, page, { formTargets, status: typed === undefined ? 200 : 400 });
  }
  const csrf = issueCsrfToken(context, { key: webex.state.key, request: sealedAs(device.userCode) });
  return sendPage(context, consentPage(webex, { device, csrf }), { formTargets });
}

function takeDecision(webex: FakeWebex, context: EmulatorContext): Promise<Response> {
  const form = context.get('form') ?? new URLSearchParams();
  const userCode = form.get('request') ?? '';
  const csrf = form.get('csrf') ?? '';
  const { key } = webex.state;
  if (
    !isOwnBrowserRequest(context, 'form') ||
    !checkCsrfToken(context, { csrf, key, request: sealedAs(userCode) })
  ) {
    return refuse(webex, context, 'This form was not made for this browser. Type the code again.', 403);
  }
  const isDeclined = form.get('decision') === 'decline';
  const person = webex.users.find(({ email }) => email === form.get('user'));
  if (!isDeclined && (form.get('decision') !== 'allow' || !person)) {
    return refuse(webex, context, 'Pick an account and allow or decline.');
  }
  const decision = isDeclined || !person ? 'decline' : { userId: person.id };
  if (!webex.devices.decide(userCode, decision)) {
    return refuse(webex, context, 'No device waits for this code any more. Begin again on the device.');
  }
  const title = isDeclined ? 'Declined' : 'Your device is let in';
  const text = isDeclined ? 'The device was not let in.' : 'Go back to it: it goes on by itself.';
  return sendPage(context, noticePage({ title, text, banner: webex.banner }));
}

// People type codes with blanks and hyphens in them.
function readCode(typed: string | undefined): string {
  return (typed ?? '').replace(/[\s-]/g, '');
}

// Another text than any authorization request has: the token of one form is no good for the other.
function sealedAs(userCode: string): string {
  return `device\n${userCode}`;
}

function codePage({ banner, isWrong }: { banner: string | undefined; isWrong: boolean }): EmulatorPage {
  return emulatorPage({
    title: 'Let a device in',
    banner,
    content: html`<h1>Let a device in</h1>
      <p class="lead">
        ${isWrong ? 'No device waits for this code. Check it and try again.' : 'Type the code it shows.'}
      </p>
      <form method="get">
        <label class="code"
          >Code <input name="userCode" inputmode="numeric" autocomplete="off" required autofocus
        /></label>
        <p class="actions"><button class="allow">Next</button></p>
      </form>`,
  });
}

function consentPage(
  { clients, users, banner }: FakeWebex,
  { device, csrf }: { device: EmulatorDevice; csrf: string },
): EmulatorPage {
  const { clientId, userCode, scopes } = device;
  const name = clients.find((client) => client.clientId === clientId)?.name ?? 'An integration';
  return emulatorPage({
    title: `Let ${name} in`,
    banner,
    content: html`<h1>Let a device in</h1>
      <p class="lead">
        <strong>${name}</strong> on a device that shows <strong>${userCode}</strong> would like to use a Webex
        account. Go on only if it is yours.
      </p>
      <form method="post">
        <input type="hidden" name="request" value="${userCode}" />
        <input type="hidden" name="csrf" value="${csrf}" />
        ${accountPicker({ users, scopes })}
      </form>`,
  });
}

function refuse(
  { banner }: FakeWebex,
  context: EmulatorContext,
  text: string,
  status: 400 | 403 = 400,
): Promise<Response> {
  return sendPage(context, noticePage({ title: 'This device cannot be let in', text, banner }), { status });
}
