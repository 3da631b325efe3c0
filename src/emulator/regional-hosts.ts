import type { HttpBindings } from '@hono/node-server';
import { emulatorError } from './emulator-options.js';
import { listen } from './loopback-server.js';
import type { LoopbackServer } from './loopback-server.js';
import { OidcKeys } from './oidc-keys.js';

/** Where a region's identity broker is, and who it says it is in ID tokens (webex-facts 1.3). */
export interface EmulatorRegion {
  readonly url: string;
  readonly issuer: string;
  readonly jwksUri: string;
}

/** A region with its own host and its own keys. */
export interface RegionalHost extends EmulatorRegion {
  readonly name: string;
  readonly port: number;
  readonly keys: OidcKeys;
}

/** The regions of one emulator, the first of them home: that of people without a region, and of the discovery documents. */
export class RegionalHosts {
  readonly #hosts = new Map<string, RegionalHost>();
  readonly #servers: LoopbackServer[] = [];

  /** The first region. */
  get home(): RegionalHost {
    const [home] = this.#hosts.values();
    if (!home) throw emulatorError('EMULATOR_CLOSED', 'The emulator does not listen yet.');
    return home;
  }

  /** The host of a region; home where there is none of that name. */
  at(name: string): RegionalHost {
    return this.#hosts.get(name) ?? this.home;
  }

  /** All of them, home first. */
  all(): RegionalHost[] {
    return [...this.#hosts.values()];
  }

  /**
   * Starts a server for each region: home at `port`, the others at any free port. `answer` is told the region that was
   * called. Rejects with Node's own error, and then nothing listens.
   */
  async listen(
    names: readonly string[],
    answer: (request: Request, bindings: HttpBindings & { region: string }) => Response | Promise<Response>,
    { host, port }: { host: string; port: number },
  ): Promise<void> {
    try {
      for (const name of names) {
        const server = await listen((request, bindings) => answer(request, { ...bindings, region: name }), {
          host,
          port: this.#servers.length === 0 ? port : 0,
        });
        this.#servers.push(server);
        this.#hosts.set(name, regionalHost(name, server));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends all servers. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}

function regionalHost(name: string, { url, port }: LoopbackServer): RegionalHost {
  const issuer = `${url}/idb`;
  const jwksUri = `${issuer}/oauth2/v2/keys/verificationjwk`;
  return { name, url, port, issuer, jwksUri, keys: new OidcKeys() };
}
