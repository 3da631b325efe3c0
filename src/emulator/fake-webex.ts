import { CodeBook } from './code-book.js';
import type { EmulatorClient, EmulatorPerson, EmulatorSettings } from './emulator-options.js';
import type { EmulatorState } from './emulator-state.js';
import { Faults } from './faults.js';
import { GrantBook } from './grant-book.js';
import { Ledger } from './ledger.js';
import type { OffsetClock } from './offset-clock.js';

/** What the endpoints share: who is registered, what was given out, what came in. */
export interface FakeWebex {
  readonly clock: OffsetClock;
  readonly settings: EmulatorSettings;
  readonly state: EmulatorState;
  readonly clients: EmulatorClient[];
  readonly users: EmulatorPerson[];
  readonly codes: CodeBook;
  readonly grants: GrantBook;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly banner: string | undefined;
  /** Resolves when the present state is kept. */
  save(): Promise<void>;
}

/** Puts the shared parts together. */
export function fakeWebex(given: Omit<FakeWebex, 'codes' | 'grants' | 'faults' | 'ledger'>): FakeWebex {
  const { state, clock, settings } = given;
  return {
    ...given,
    codes: new CodeBook(state, { clock, settings }),
    grants: new GrantBook(state, { clock, settings }),
    faults: new Faults(),
    ledger: new Ledger(),
  };
}

/** The person with this address, UUID or public id. */
export function findPerson(users: readonly EmulatorPerson[], name: string): EmulatorPerson | undefined {
  return users.find(({ email, id, personId }) => [email, id, personId].includes(name));
}
