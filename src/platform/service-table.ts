import { builtInServices, serviceOverrides } from './built-in-services.js';
import type { WebexEndpoints } from './endpoints.js';

// The order of look-up between overrides and the built-in table (webex-facts 1.5).
const LAYERS = ['user', 'sign-in', 'limited'] as const;

/** Which catalog an address is from. */
export type CatalogLayer = (typeof LAYERS)[number];

/** The addresses of services by name: override, then user, sign-in and limited catalog, then the built-in table. */
export class ServiceTable {
  readonly #overrides: ReadonlyMap<string, string>;
  readonly #builtIn: ReadonlyMap<string, string>;
  readonly #layers = new Map<CatalogLayer, ReadonlyMap<string, string>>();
  readonly #turns = new Map<CatalogLayer, number>();
  #origins: ReadonlySet<string> = new Set();

  constructor(endpoints: WebexEndpoints, overrides: Readonly<Record<string, string>> | undefined) {
    this.#overrides = serviceOverrides(overrides);
    this.#builtIn = builtInServices(endpoints);
    this.#listOrigins();
  }

  /** The base URL of a service, without a slash at the end. */
  get(name: string): string | undefined {
    for (const table of this.#tables()) {
      const url = table.get(name);
      if (url !== undefined) return url;
    }
    return undefined;
  }

  /** All of them: name → base URL, in an object without prototype. */
  list(): Record<string, string> {
    const all = Object.create(null) as Record<string, string>;
    for (const table of this.#tables().reverse()) for (const [name, url] of table) all[name] = url;
    return all;
  }

  /** Whether an override or a catalog has an address at this exact origin. */
  allows(origin: string): boolean {
    return this.#origins.has(origin);
  }

  /** Replaces what a catalog said, unless that was asked for in a later turn. */
  keep(layer: CatalogLayer, services: ReadonlyMap<string, string>, turn: number): void {
    if (turn < (this.#turns.get(layer) ?? 0)) return;
    this.#turns.set(layer, turn);
    // The public API stays where it was configured, whatever a catalog names.
    this.#layers.set(layer, new Map([...services].filter(([name]) => name !== 'hydra')));
    this.#listOrigins();
  }

  /** Forgets what the catalogs said, and what will still come from turns before this one. */
  forget(turn: number): void {
    this.#layers.clear();
    for (const layer of LAYERS) this.#turns.set(layer, turn);
    this.#listOrigins();
  }

  #tables(): ReadonlyMap<string, string>[] {
    const layers = LAYERS.flatMap((layer) => this.#layers.get(layer) ?? []);
    return [this.#overrides, ...layers, this.#builtIn];
  }

  // The built-in table is not among them: where only the API was moved, the identity broker is another world's.
  #listOrigins(): void {
    const urls = [this.#overrides, ...this.#layers.values()].flatMap((table) => [...table.values()]);
    this.#origins = new Set(urls.map((url) => new URL(url).origin));
  }
}
