import type { EndpointAddresses } from '../../src/config/endpoint-options.js';
import type { ClientOptions } from '../../src/index.js';

/** What a worker process of a fleet is told on its command line; test secrets only. */
export interface FleetSettings {
  client: ClientOptions;
  endpoints: EndpointAddresses;
  vault: string;
  keys: string;
  subject: string;
  callers: number;
}
