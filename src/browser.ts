import { ConfigurationError } from './errors.js';

export * from './errors.js';
export * from './error-aliases.js';

/** Stands where a part of the server library would be; any use of it throws. */
function serverOnly(name: string): never {
  const fail = (): never => {
    throw new ConfigurationError([
      {
        setting: 'webex-auth',
        problem: `${name} runs on Node.js servers only: a client secret does not belong in a browser. Sign in through your server and call Webex from there`,
      },
    ]);
  };
  const traps = { get: fail, set: fail, has: fail, apply: fail, construct: fail, getPrototypeOf: fail };
  // A function, unlike an arrow, can be called and constructed: both reach the traps.
  const target = function (): void {
    fail();
  };
  return new Proxy(target, traps) as never;
}

export const KeyRing = serverOnly('KeyRing');
export const Webex = serverOnly('Webex');
export const WebexAuth = serverOnly('WebexAuth');
export const memoryStore = serverOnly('memoryStore');
