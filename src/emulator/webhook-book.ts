import { createHmac, randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { emulatorError, isLoopback } from './emulator-options.js';
import type { EmulatorClient, EmulatorPerson } from './emulator-options.js';
import type { EmulatorState, WebhookRecord } from './emulator-state.js';
import { publicId } from './fake-token.js';
import { webhookBody } from './webhook-body.js';
import type { ServiceAppEvent } from './webhook-body.js';

/** A webhook to register: a URL on this machine, and whose it is (default the first user). */
export interface WebhookOptions {
  targetUrl: string;
  /** Deliveries are signed with it; without one they are not signed. */
  secret?: string;
  name?: string;
  /** Address, UUID or public id of a user. Only their service apps are told of. */
  owner?: string;
}

/** One attempt to deliver. `status` is absent where no answer came: in time, or at all. */
export interface WebhookDelivery {
  webhookId: string;
  event: 'authorized' | 'deauthorized';
  /** Milliseconds since the epoch, on the emulator's clock. */
  at: number;
  status?: number;
}

/** How long a receiver may take; milliseconds. */
const LONGEST_DELIVERY_MS = 2000;

/** Webhooks of developers, for the resource `serviceApp` alone (webex-facts 6.2, 8). */
export class WebhookBook {
  readonly #state: EmulatorState;
  readonly #clock: Clock;
  readonly #users: readonly EmulatorPerson[];
  readonly #clients: readonly EmulatorClient[];
  #deliveries: WebhookDelivery[] = [];

  constructor(
    state: EmulatorState,
    parts: { clock: Clock; users: readonly EmulatorPerson[]; clients: readonly EmulatorClient[] },
  ) {
    this.#state = state;
    this.#clock = parts.clock;
    this.#users = parts.users;
    this.#clients = parts.clients;
  }

  /** Every attempt to deliver since the start, oldest first. */
  get deliveries(): readonly WebhookDelivery[] {
    return this.#deliveries;
  }

  /** Registers a webhook. Throws EMULATOR_NOT_LOOPBACK, EMULATOR_BAD_OPTIONS or EMULATOR_UNKNOWN_USER. */
  register({ targetUrl, secret, name = 'Service app decisions', owner }: WebhookOptions): { id: string } {
    const url = URL.canParse(targetUrl) ? new URL(targetUrl) : undefined;
    if (!url || !/^https?:$/.test(url.protocol) || secret === '') {
      throw emulatorError(
        'EMULATOR_BAD_OPTIONS',
        'A webhook needs a targetUrl with http or https, and a secret that is not empty or none.',
      );
    }
    if (!isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
      throw emulatorError(
        'EMULATOR_NOT_LOOPBACK',
        'The Webex emulator delivers to loopback only. Use a targetUrl on 127.0.0.1, ::1 or localhost.',
      );
    }
    const person =
      owner === undefined
        ? this.#users[0]
        : this.#users.find(({ id, personId, email }) => [id, personId, email].includes(owner));
    if (!person) throw emulatorError('EMULATOR_UNKNOWN_USER', 'No such user. Use one of emulator.users.');
    const id = publicId('WEBHOOK', randomUUID());
    const created = this.#clock.now();
    const record = { id, name, targetUrl: url.href, ownerId: person.id, created };
    this.#state.webhooks.set(id, secret === undefined ? record : { ...record, secret });
    return { id };
  }

  /** Tells all webhooks of the app's owner, and waits for their answers, two seconds at most. Never rejects. */
  async deliver(
    happened: ServiceAppEvent,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const { owner } = happened.app;
    const told = [...this.#state.webhooks.values()].filter(({ ownerId }) => ownerId === owner.id);
    await Promise.all(told.map((webhook) => this.#post(webhook, happened, signal)));
  }

  /** Forgets the deliveries. */
  clear(): void {
    this.#deliveries = [];
  }

  async #post(
    webhook: WebhookRecord,
    happened: ServiceAppEvent,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { id: webhookId, targetUrl, secret } = webhook;
    const at = this.#clock.now();
    const delivery: WebhookDelivery = { webhookId, event: happened.event, at };
    this.#deliveries.push(delivery);
    const body = JSON.stringify(webhookBody(webhook, happened, { at, clients: this.#clients }));
    const signature =
      secret === undefined
        ? {}
        : { 'X-Spark-Signature': createHmac('sha1', secret).update(body).digest('hex') };
    const late = new AbortController();
    const timer = this.#clock.after(LONGEST_DELIVERY_MS, () => late.abort());
    try {
      const response = await fetch(targetUrl, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/json', ...signature },
        body,
        signal: AbortSignal.any(signal ? [late.signal, signal] : [late.signal]),
      });
      delivery.status = response.status;
      await response.body?.cancel();
    } catch {
      // The decision stands whether or not anybody hears of it: the delivery without a status tells.
    } finally {
      timer.cancel();
    }
  }
}
