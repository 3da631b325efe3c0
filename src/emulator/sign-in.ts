import { emulatorError } from './emulator-options.js';
import type { EmulatorPerson } from './emulator-options.js';
import { findPerson } from './fake-webex.js';

/** Who signs in, and whether they decline. */
export interface SignInOptions {
  /** Address, UUID or public id; the first person when left out. */
  user?: string;
  deny?: boolean;
}

/**
 * Goes through the login page as a browser would, over HTTP, and gives the URL that the browser would be sent back to.
 * Rejects with EMULATOR_SIGN_IN_REFUSED where the page shows an error in place of a redirect.
 */
export async function signIn(
  authorizeUrl: string,
  { user, deny = false, users }: SignInOptions & { users: readonly EmulatorPerson[] },
): Promise<string> {
  const person = user === undefined ? users[0] : findPerson(users, user);
  if (!person) throw emulatorError('EMULATOR_UNKNOWN_USER', 'No such user. Use one of emulator.users.');
  const shown = await fetch(authorizeUrl, { redirect: 'manual' });
  const page = await shown.text();
  const early = shown.headers.get('location');
  if (early !== null) return early;
  const decision = deny ? 'decline' : 'allow';
  const fields = {
    request: hidden(page, 'request'),
    csrf: hidden(page, 'csrf'),
    user: person.email,
    decision,
  };
  const cookie = shown.headers.getSetCookie().map((line) => line.split(';', 1)[0]);
  const answered = await fetch(authorizeUrl, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookie.join('; ') },
    body: new URLSearchParams(fields),
  });
  await answered.arrayBuffer();
  const location = answered.headers.get('location');
  if (location === null) throw refused();
  return location;
}

function hidden(page: string, name: string): string {
  const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1];
  if (value === undefined) throw refused();
  const entities: Record<string, string> = {
    '&amp;': '&',
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
  };
  return value.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity);
}

function refused(): Error {
  return emulatorError(
    'EMULATOR_SIGN_IN_REFUSED',
    'The emulator showed an error page: check client_id and redirect_uri of the authorization URL.',
  );
}
