import { claimCases } from './contract/claim-cases.js';
import type { ContractCase } from './contract/contract-case.js';
import { grantCases } from './contract/grant-cases.js';
import { listingCases } from './contract/listing-cases.js';
import { outcomeCases } from './contract/outcome-cases.js';
import { sharedStateCases } from './contract/shared-state-cases.js';

export type { ContractCase, ContractSubject } from './contract/contract-case.js';

/** What every store does, as cases to run against a driver: with any test runner, or none. */
export function storeContract(): readonly ContractCase[] {
  return [...grantCases, ...claimCases, ...outcomeCases, ...listingCases, ...sharedStateCases];
}
