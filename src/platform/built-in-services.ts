import { secureUrl } from '../base/secure-url.js';
import { ConfigurationError } from '../errors.js';
import type { WebexEndpoints } from './endpoints.js';

/** The services whose addresses are known without a catalog: name → base URL without a slash at the end. */
export function builtInServices({
  apiBase,
  idbroker,
  serviceCatalog,
}: WebexEndpoints): ReadonlyMap<string, string> {
  const broker = idbroker.authorize.replace(/\/idb\/oauth2\/v1\/authorize$/, '');
  // webex-facts 1.3: the identity host carries the suffix of its broker.
  const suffix = /^https:\/\/idbroker(-[a-z-]+)?\.webex\.com$/.exec(broker);
  const services = new Map([
    ['hydra', apiBase],
    ['idbroker', broker],
  ]);
  if (suffix) services.set('identity', `https://identity${suffix[1] ?? ''}.webex.com`);
  if (serviceCatalog !== undefined) services.set('u2c', serviceCatalog);
  return services;
}

/** The addresses that the application itself gives to services: https, or http on this machine; else `ConfigurationError`. */
export function serviceOverrides(
  overrides: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, string> {
  const services = new Map<string, string>();
  for (const [name, text] of Object.entries(overrides)) {
    const url = typeof text === 'string' ? secureUrl(text) : undefined;
    if (!url || url.search) {
      const setting = `services.override.${/^[\w.-]{1,100}$/.test(name) ? name : '(name)'}`;
      const problem = 'must be an https URL without query (http only for this machine)';
      throw new ConfigurationError([{ setting, problem, example: 'https://webexapis.com/v1' }]);
    }
    services.set(name, `${url.origin}${url.pathname}`.replace(/\/+$/, ''));
  }
  return services;
}
