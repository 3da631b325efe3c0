import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import { scopeList, scopeProblem } from './client-options.js';
import { checkNumber } from './number-setting.js';
import { recordOf } from './record.js';

/** Refuses options of a call that are no object, as callers without types may give them. Errors: `ConfigurationError`. */
export function assertOptions(options: unknown, setting = 'options'): void {
  if (!recordOf(options)) refuse([{ setting, problem: 'must be an object' }]);
}

/** Refuses a call for what is wrong with its options; nothing when nothing is. Errors: `ConfigurationError`. */
export function refuse(problems: readonly ConfigurationProblem[]): void {
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** Scopes that were given to a call, as a list (RFC 6749, 3.3). Errors: `ConfigurationError`, which does not repeat them. */
export function scopeOption(scope: unknown, setting = 'scope'): readonly string[] {
  const problem = scope === undefined ? 'is missing' : scopeProblem(scope);
  if (problem !== undefined) refuse([{ setting, problem, example: 'spark:people_read' }]);
  return scopeList(scope as string | readonly string[]);
}

/** What a token is asked for with, checked; its scopes as a list. Errors: `ConfigurationError`. */
export function tokenDemands<Demands extends { minTtl?: unknown; requireScope?: unknown }>(
  demands: Demands,
): Demands & { requireScope: readonly string[] | undefined } {
  assertOptions(demands);
  const { minTtl, requireScope } = demands;
  refuse(checkNumber('minTtl', minTtl, { unit: 'seconds' }));
  return {
    ...demands,
    requireScope: requireScope === undefined ? undefined : scopeOption(requireScope, 'requireScope'),
  };
}
