import type { EndpointAddresses } from '../../src/config/endpoint-options.js';

/** What the worker process is told on its command line; test secrets only. */
export interface LifeSettings {
  story:
    | 'refreshedInTheBackground'
    | 'expiredAtTheStart'
    | 'refreshedTwice'
    | 'loggedOut'
    | 'storeFailsUnseen'
    | 'storeFailsSeen'
    | 'leftAlone'
    | 'dropped'
    | 'control';
  credentials: {
    client_id: string;
    client_secret: string;
    redirect_uri: string;
    access_token: string;
    refresh_token: string;
    expires_in: number;
  };
  endpoints: EndpointAddresses;
}
