import { secureUrl } from '../base/secure-url.js';
import { servicesFromEnvironment } from '../platform/environment-endpoints.js';
import type { ProblemList } from './problem-list.js';
import { recordOf } from './record.js';
import { findUnknownSettings } from './unknown-settings.js';

const PATH = 'config.services';
const EXAMPLE = 'https://identity.webex.com';

const IGNORED = {
  allowedDomains: 'a token goes to endpoints.allowedOrigins, and to services of the catalog',
  discovery: 'comes from endpoints, or U2C_SERVICE_URL and HYDRA_SERVICE_URL',
  servicesNotNeedValidation: 'every address is checked here',
  validateDomains: 'every address is checked here',
};

/**
 * The addresses of services that the application gives itself, by the services' names: `config.services.override` over
 * IDENTITY_BASE_URL. Problems name the service and never its address.
 */
export function readServiceAddresses(
  { services, env }: { services: unknown; env: NodeJS.ProcessEnv },
  problems: ProblemList,
): Readonly<Record<string, string>> {
  const given = problems.collect(() => servicesFromEnvironment(env)) ?? {};
  if (services === undefined) return given;
  const { override = {}, ...rest } = recordOf(services) ?? {};
  problems.add(...findUnknownSettings(rest, { path: PATH, known: ['override'], ignored: IGNORED }).problems);
  const addresses = recordOf(override);
  if (!recordOf(services) || !addresses) {
    const setting = recordOf(services) ? `${PATH}.override` : PATH;
    problems.add({ setting, problem: 'must be an object', example: `{ identity: '${EXAMPLE}' }` });
  }
  for (const [name, address] of Object.entries(addresses ?? {})) {
    if (typeof address === 'string' && secureUrl(address)?.search === '') continue;
    const setting = `${PATH}.override.${/^[\w-]{1,40}$/.test(name) ? name : '(name)'}`;
    const problem = 'must be an https URL (http only on loopback) without user, query or fragment';
    problems.add({ setting, problem, example: EXAMPLE });
  }
  return { ...given, ...(addresses as Readonly<Record<string, string>> | undefined) };
}
