import type { Store } from '../store.js';

/** What a driver's tests give to each case. */
export interface ContractSubject {
  /** A fresh, empty store, opened. Whoever runs the case closes it. */
  open(): Promise<Store>;
  /** The same data through a new connection, opened; absent when the store is not durable. */
  reopen?: (() => Promise<Store>) | undefined;
  /** Lets the clock of the leases go on by `ms` milliseconds. */
  passLeaseTime(ms: number): Promise<void>;
  /** Lets the wall clock go on by `ms` milliseconds. */
  passWallTime(ms: number): Promise<void>;
  /** The store's wall clock, milliseconds since the epoch. */
  now(): number;
}

/** One thing that every store does. Free of any test runner: `run` rejects when the store does not. */
export interface ContractCase {
  readonly group: string;
  readonly name: string;
  run(subject: ContractSubject): Promise<void>;
}

/** Cases of one group, by what they prove. */
export function contractCases(
  group: string,
  cases: Readonly<Record<string, (store: Store, subject: ContractSubject) => Promise<void>>>,
): ContractCase[] {
  return Object.entries(cases).map(([name, prove]) => ({
    group,
    name,
    run: async (subject) => prove(await subject.open(), subject),
  }));
}
