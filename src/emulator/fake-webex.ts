import { CodeBook } from './code-book.js';
import { DeviceBook } from './device-book.js';
import type { EmulatorClient, EmulatorPerson, EmulatorSettings, GuestIssuer } from './emulator-options.js';
import type { EmulatorState } from './emulator-state.js';
import { Faults } from './faults.js';
import { GrantBook } from './grant-book.js';
import { Ledger } from './ledger.js';
import type { OffsetClock } from './offset-clock.js';
import { RegionalHosts } from './regional-hosts.js';
import { ServiceAppBook } from './service-app-book.js';
import { WebhookBook } from './webhook-book.js';

/** What the endpoints share: who is registered, what was given out, what came in. */
export interface FakeWebex {
  readonly clock: OffsetClock;
  readonly settings: EmulatorSettings;
  readonly state: EmulatorState;
  readonly clients: EmulatorClient[];
  readonly users: EmulatorPerson[];
  readonly codes: CodeBook;
  readonly grants: GrantBook;
  readonly devices: DeviceBook;
  readonly guestIssuers: GuestIssuer[];
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly regions: RegionalHosts;
  readonly serviceApps: ServiceAppBook;
  readonly webhooks: WebhookBook;
  readonly banner: string | undefined;
  /** Resolves when the present state is kept. */
  save(): Promise<void>;
}

/** Puts the shared parts together. */
export function fakeWebex(
  given: Omit<
    FakeWebex,
    'codes' | 'grants' | 'devices' | 'faults' | 'ledger' | 'regions' | 'serviceApps' | 'webhooks'
  >,
): FakeWebex {
  const { state, clock, settings } = given;
  return {
    ...given,
    codes: new CodeBook(state, { clock, settings }),
    grants: new GrantBook(state, { clock, settings }),
    devices: new DeviceBook(state, { clock, settings }),
    faults: new Faults(),
    ledger: new Ledger(),
    regions: new RegionalHosts(),
    serviceApps: new ServiceAppBook(state, given),
    webhooks: new WebhookBook(state, given),
  };
}

/** The person with this address, UUID or public id. */
export function findPerson(users: readonly EmulatorPerson[], name: string): EmulatorPerson | undefined {
  return users.find(({ email, id, personId }) => [email, id, personId].includes(name));
}
