import type { Clock } from '../base/clock.js';
import { emulatorError, uuidOf } from './emulator-options.js';
import type { EmulatorClient, EmulatorPerson } from './emulator-options.js';
import type { EmulatorState } from './emulator-state.js';
import { publicId } from './fake-token.js';

/** A registered service app. The owner is the developer who asks for its tokens. */
export interface ServiceApp {
  client: EmulatorClient;
  applicationId: string;
  owner: EmulatorPerson;
}

/** Service apps, and in which organisations an admin authorized them (webex-facts 6.2). */
export class ServiceAppBook {
  readonly #state: EmulatorState;
  readonly #clock: Clock;
  readonly #users: readonly EmulatorPerson[];
  readonly #apps: readonly ServiceApp[];

  /** Throws EMULATOR_BAD_OPTIONS where an owner is not among the users. */
  constructor(
    state: EmulatorState,
    parts: { clock: Clock; clients: readonly EmulatorClient[]; users: readonly EmulatorPerson[] },
  ) {
    this.#state = state;
    this.#clock = parts.clock;
    this.#users = parts.users;
    this.#apps = parts.clients
      .filter(({ serviceApp }) => serviceApp)
      .map((client) => ({
        client,
        applicationId: publicId('APPLICATION', client.clientId),
        owner: ownerOf(client, parts.users),
      }));
  }

  /** All service apps. */
  list(): readonly ServiceApp[] {
    return this.#apps;
  }

  /** The service app of this client. */
  find(clientId: string): ServiceApp | undefined {
    return this.#apps.find(({ client }) => client.clientId === clientId);
  }

  /** The organisations that can authorize: those of the users. UUIDs. */
  orgIds(): string[] {
    return [...new Set(this.#users.map(({ orgId }) => orgId))];
  }

  /** Who stands for the admin of an organisation: the first of its users. */
  adminOf(orgId: string): EmulatorPerson | undefined {
    return this.#users.find((user) => user.orgId === orgId);
  }

  isAuthorized(clientId: string, orgId: string): boolean {
    return this.#state.serviceApps.has(keyOf(clientId, orgId));
  }

  /** Writes down that it is authorized or is no longer; whether that is a change. */
  note(clientId: string, orgId: string, { authorized }: { authorized: boolean }): boolean {
    if (this.isAuthorized(clientId, orgId) === authorized) return false;
    const key = keyOf(clientId, orgId);
    if (!authorized) return this.#state.serviceApps.delete(key);
    this.#state.serviceApps.set(key, { clientId, orgId, authorizedAt: this.#clock.now() });
    return true;
  }
}

/** The UUID of a service app's machine account in an organisation: the same for every token. */
export function machineIdOf(clientId: string, orgId: string): string {
  return uuidOf(`machine\n${orgId}\n${clientId}`);
}

function ownerOf({ ownerId }: EmulatorClient, users: readonly EmulatorPerson[]): EmulatorPerson {
  const owner =
    ownerId === undefined
      ? users[0]
      : users.find(({ id, personId, email }) => [id, personId, email].includes(ownerId));
  if (owner) return owner;
  throw emulatorError(
    'EMULATOR_BAD_OPTIONS',
    'A service app needs an owner among the users. Fix clients[].ownerId.',
  );
}

// A UUID has a fixed alphabet without a line break, so that no two pairs give the same text.
function keyOf(clientId: string, orgId: string): string {
  return `${orgId}\n${clientId}`;
}
