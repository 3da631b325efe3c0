import type { ConfigurationProblem } from '../errors.js';

/** What is wrong with a switch that was set; nothing when it is undefined, true or false. */
export function checkFlag(setting: string, value: unknown): readonly ConfigurationProblem[] {
  return value === undefined || typeof value === 'boolean'
    ? []
    : [{ setting, problem: 'must be true or false', example: 'true' }];
}

/** A switch in the environment: true or 1, false or 0, in any case; undefined when not set. */
export function readFlag(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): { value: boolean | undefined; problems: readonly ConfigurationProblem[] } {
  const text = env[name]?.trim().toLowerCase() ?? '';
  if (text === '') return { value: undefined, problems: [] };
  if (text === 'true' || text === '1') return { value: true, problems: [] };
  if (text === 'false' || text === '0') return { value: false, problems: [] };
  const problem = 'must be true or false (environment variable)';
  return { value: undefined, problems: [{ setting: name, problem, example: 'true' }] };
}
