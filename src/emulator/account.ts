import type { AccountKind, AccountRecord } from './emulator-state.js';
import { publicId } from './fake-token.js';
import type { FakeWebex } from './fake-webex.js';

/** An account as endpoints see it. `id` and `orgId` are UUIDs; `personId` is the id that `people/me` shows. */
export interface EmulatorAccount {
  kind: AccountKind;
  id: string;
  personId: string;
  email: string;
  displayName: string;
  orgId: string;
}

/** The account with this UUID: one of the people, or one that was made since. */
export function findAccount(
  { users, state }: Pick<FakeWebex, 'users' | 'state'>,
  id: string | undefined,
): EmulatorAccount | undefined {
  const person = users.find((user) => user.id === id);
  if (person) {
    const { personId, email, displayName, orgId } = person;
    return { kind: 'person', id: person.id, personId, email, displayName, orgId };
  }
  const record = state.accounts.get(id ?? '');
  return record && asAccount(record);
}

/** Makes an account, or gives the one of this id the name it has now. */
export function keepAccount({ state }: Pick<FakeWebex, 'state'>, record: AccountRecord): EmulatorAccount {
  state.accounts.set(record.id, record);
  return asAccount(record);
}

function asAccount({ kind, id, orgId, email, displayName }: AccountRecord): EmulatorAccount {
  return { kind, id, orgId, email, displayName, personId: publicId('PEOPLE', id) };
}
