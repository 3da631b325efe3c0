import type { Conditional, GrantKey } from '../grant-record.js';
import type { LeaseStore } from '../lease-store.js';
import { plainText } from './column.js';
import { failureValue, tokenValues } from './grant-mapping.js';
import type { leaseStatements } from './lease-statements.js';
import type { PostgresValue } from './postgres-connection.js';

/** Runs a statement on the row of a key. */
type Step<Result> = (statement: string, key: GrantKey, values: readonly PostgresValue[]) => Promise<Result>;

/** The refresh protocol's steps over such statements. `decided` gives the row, `told` only whether it was so. */
export function postgresLeases(
  of: ReturnType<typeof leaseStatements>,
  { decided, told }: { decided: Step<Conditional>; told: Step<boolean> },
): LeaseStore {
  return {
    claim: (key, { holder, version, leaseMs, deadlineMs }) =>
      decided(of.claim, key, [plainText(holder), version, leaseMs, deadlineMs]),
    renew: (key, { holder, fence, leaseMs }) => told(of.renew, key, [plainText(holder), fence, leaseMs]),
    release: (key, { holder, fence }) => told(of.release, key, [plainText(holder), fence]),
    keepCandidate: (key, { fence, candidate }) => told(of.keepCandidate, key, [fence, candidate]),
    commit: (key, { fence, generation, write }) =>
      decided(of.commit, key, [...tokenValues(write), fence, generation]),
    rescue: (key, { generation, write }) => decided(of.rescue, key, [...tokenValues(write), generation]),
    bury: (key, { fence, version, state, reason, failure, dueAt }) => {
      const due = state === 'dead' ? undefined : dueAt;
      return decided(of.bury, key, [fence, failureValue(failure), due, version, state, plainText(reason)]);
    },
    close: (key, { fence, failure, dueAt }) => decided(of.close, key, [fence, failureValue(failure), dueAt]),
    leave: (key, { fence, failure, dueAt }) => decided(of.leave, key, [fence, failureValue(failure), dueAt]),
  };
}
