import type { Assembly } from './assembly.js';

/** `webex.services`: where Webex's services are, by name. Before discovery and without one, the built-in table answers. */
export class WebexServices {
  readonly #assembly: Assembly;

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  /** Base URL of a service, without a slash at the end; undefined = not known. */
  get(name: string): string | undefined {
    const services = this.list();
    return Object.hasOwn(services, name) ? services[name] : undefined;
  }

  /** All services that are known now. */
  list(): Readonly<Record<string, string>> {
    return this.#assembly.knownServices();
  }

  /** Resolves when the service is known. Errors: `ServiceNotFoundError`, `TimeoutError` after `timeout` ms. */
  async waitForService(name: string, options?: { timeout?: number; signal?: AbortSignal }): Promise<string> {
    return (await this.#assembly.network()).services.waitForService(name, options);
  }

  /** Asks the catalog again. Never rejects for what Webex does: then what is known stays, and `degraded` tells. */
  async discover({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await (await this.#assembly.network()).services.discover({ force: true, signal });
  }

  /** Asks for the services of the person with this address, before they sign in (webex-facts 1.5). */
  async discoverForEmail(email: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await (await this.#assembly.network()).services.discoverForEmail(email, { signal });
  }
}
