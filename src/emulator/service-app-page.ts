import { html } from 'hono/html';
import type { FakeWebex } from './fake-webex.js';
import { emulatorPage } from './page.js';
import type { EmulatorPage } from './page.js';
import type { ServiceApp } from './service-app-book.js';

/** The page that lists every service app with every organisation. Works without JavaScript. */
export function serviceAppPage(
  { serviceApps, banner }: Pick<FakeWebex, 'serviceApps' | 'banner'>,
  { csrf }: { csrf: string },
): EmulatorPage {
  const apps = serviceApps.list();
  return emulatorPage({
    title: 'Service apps',
    banner,
    content: html`
      <h1>Service apps</h1>
      <p class="lead">
        ${
          apps.length === 0
            ? 'No client is registered as a service app.'
            : 'As an admin, decide which service apps may act in your organisation.'
        }
      </p>
      ${apps.map(
        ({ client, owner }) => html`
          <h2>${nameOf(client)} <code>${client.clientId}</code></h2>
          <p class="lead">Asked for by ${owner.displayName}, with <code>${client.scopes.join(' ')}</code></p>
          <ul class="scopes">
            ${serviceApps.orgIds().map((orgId) => {
              const isAuthorized = serviceApps.isAuthorized(client.clientId, orgId);
              return html`
                <li>
                  <span>${isAuthorized ? 'Authorized' : 'Not authorized'} in <code>${orgId}</code></span>
                  <form method="post">
                    <input type="hidden" name="csrf" value="${csrf}" />
                    <input type="hidden" name="client" value="${client.clientId}" />
                    <input type="hidden" name="org" value="${orgId}" />
                    ${
                      isAuthorized
                        ? html`<button name="decision" value="deauthorize">Deauthorize</button>`
                        : html`<button class="allow" name="decision" value="authorize">Authorize</button>`
                    }
                  </form>
                </li>
              `;
            })}
          </ul>
        `,
      )}
    `,
  });
}

function nameOf({ name = 'Service app' }: ServiceApp['client']): string {
  return name;
}
