import { debuglog } from 'node:util';
import type { HttpSettings } from './assembly-network.js';
import type { Clock } from './base/clock.js';
import type { Emitter } from './base/emitter.js';
import type { Fetch } from './base/fetch.js';
import { Tracing } from './base/tracing.js';
import type { ClientSettings } from './config/client-options.js';
import type { WebexAuthEvents } from './events.js';
import type { WebexEndpoints } from './platform/endpoints.js';
import type { Store } from './stores/store.js';
import type { LogFields } from './telemetry/log-line.js';
import { publishEvents } from './telemetry/published-events.js';

/** What the debug log begins with is taken from these. */
export interface TelemetryOptions {
  client: ClientSettings | undefined;
  endpoints: WebexEndpoints;
  scheduler: boolean;
  discovery: boolean;
  fetch?: Fetch | undefined;
  transport?: unknown;
  http?: HttpSettings | undefined;
  /** Takes the lines of the debug log. */
  log?: ((line: string) => void) | undefined;
}

/** What an assembly tells of its work: on the process's diagnostics channels, in its debug log, and through OpenTelemetry. */
export class AssemblyTelemetry {
  readonly tracing: Tracing;
  readonly #options: TelemetryOptions;
  readonly #parts: { emitter: Emitter<WebexAuthEvents>; clock: Clock; store: Store };
  readonly #stop: () => void;

  constructor(
    options: TelemetryOptions,
    parts: { emitter: Emitter<WebexAuthEvents>; clock: Clock; store: Store },
  ) {
    this.#options = options;
    this.#parts = parts;
    this.tracing = new Tracing(parts);
    this.#stop = publishEvents(parts.emitter, this.tracing);
  }

  /** Loads what somebody wants: the debug log, and OpenTelemetry where the application has it. */
  async load(): Promise<void> {
    await Promise.all([this.#startLog(), this.#startOpenTelemetry()]);
  }

  async #startLog(): Promise<void> {
    const { log } = this.#options;
    if (!log && !debuglog('webex-auth').enabled) return;
    const { clock, store } = this.#parts;
    const { startDebugLog } = await import('./telemetry/debug-log.js');
    startDebugLog({ tracing: this.tracing, clock, log, settings: settingsOf(this.#options, store) });
  }

  async #startOpenTelemetry(): Promise<void> {
    const { recordWithOpenTelemetry } = await import('./telemetry/open-telemetry.js');
    if (await recordWithOpenTelemetry(this.tracing)) return;
    const message =
      '@opentelemetry/api is installed and cannot be loaded: nothing is traced; install it anew';
    this.#parts.emitter.emit('degraded', { reason: 'OPENTELEMETRY_UNAVAILABLE', message });
  }

  /** Publishes no more events: another assembly tells them. */
  stop(): void {
    this.#stop();
  }
}

// What helps to understand a log of somebody else's; names of theirs and secrets are not among it.
function settingsOf(
  { client, endpoints, scheduler, discovery, fetch, transport, http }: TelemetryOptions,
  { name, abilities }: Store,
): LogFields {
  return {
    store: name,
    durable: abilities.durable,
    shared: abilities.shared,
    api: new URL(endpoints.apiBase).origin,
    tokens: new URL(endpoints.authorizationServer.tokenEndpoint).origin,
    secrets: client ? 1 + client.olderClientSecrets.length : 0,
    scheduler,
    discovery,
    transport: transport ? 'own' : fetch ? 'fetch' : 'undici',
    proxy: http?.proxy === undefined ? 'environment' : http.proxy !== false,
  };
}
