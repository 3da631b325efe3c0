import type { EndpointAddresses } from '../../src/config/endpoint-options.js';
import type { ClientOptions } from '../../src/index.js';

/** What a process of the crowd is told on its command line; test secrets only. */
export interface CrowdSettings {
  client: ClientOptions;
  endpoints: EndpointAddresses;
  vault: string;
  keys: string;
  subject: string;
  callers: number;
  /** Calls nothing until the crowd comes. */
  idle: boolean;
}
