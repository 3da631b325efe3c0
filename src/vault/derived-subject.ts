import { ConfigurationError } from '../errors.js';

const PREFIXES = ['service-app:', 'guest:', 'bot:', 'client:'];

/** Whose grant a service app's token of one organisation (UUID) is. */
export function serviceAppSubject(orgId: string): string {
  return `service-app:${orgId}`;
}

/** Whose grant a guest's token is. */
export function guestSubject(subject: string): string {
  return `guest:${subject}`;
}

/** Whose grant a bot's or personal token is, by the id that people/me shows. */
export function botSubject(personId: string): string {
  return `bot:${personId}`;
}

/** Whose grant a token of the client's own is. */
export function clientSubject(scope: readonly string[]): string {
  return `client:${[...scope].sort().join(' ')}`;
}

/**
 * Refuses a subject of the application's own that could be taken for one of those above: a user who may choose a name must not
 * choose a service app's. Errors: `ConfigurationError`.
 */
export function assertOwnSubject(subject: unknown): asserts subject is string {
  const problem =
    typeof subject !== 'string' || subject === ''
      ? 'must be a string that is not empty'
      : PREFIXES.some((prefix) => subject.startsWith(prefix))
        ? `must not begin with ${PREFIXES.join(', ')}: these name service apps, guests, bots and clients`
        : undefined;
  if (problem) throw new ConfigurationError([{ setting: 'subject', problem, example: 'user-42' }]);
}
