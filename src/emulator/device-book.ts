import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { emulatorError } from './emulator-options.js';
import type { EmulatorSettings } from './emulator-options.js';
import type { DeviceRecord, EmulatorState } from './emulator-state.js';
import { fingerprint } from './fake-token.js';

/** A device grant as tests and the control API see it: without the device code. */
export interface EmulatorDevice {
  readonly userCode: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly state: DeviceRecord['state'] | 'expired';
  /** Milliseconds since the epoch, on the emulator's clock. */
  readonly expiresAt: number;
  /** The interval in force: it grows with every `slow_down`. Seconds. */
  readonly interval: number;
  readonly polls: number;
  /** Polls that came before the interval in force was over. */
  readonly earlyPolls: number;
  readonly pollsAfterExpiry: number;
}

/** The two codes that a device gets. */
export interface DeviceCodes {
  deviceCode: string;
  userCode: string;
}

/** What a poll learns. A grant is taken once: the same code is `unknown` from then on. */
export type PollVerdict =
  | { kind: 'pending' | 'declined' | 'expired' | 'unknown' }
  | { kind: 'slow_down'; interval: number }
  | { kind: 'allowed'; userId: string; scopes: string[] };

/** Seconds between two polls (webex-facts 2.3). */
export const FIRST_INTERVAL = 2;

const SLOW_DOWN_MS = 5000;
// A timer that was started late in a turn of the event loop fires some milliseconds early: no fault of the device.
const TIMER_SLACK_MS = 10;
const USER_CODES = 1_000_000;

/** Devices that wait to be let in (RFC 8628): short-lived codes, polled no faster than the interval. */
export class DeviceBook {
  readonly #state: EmulatorState;
  readonly #clock: Clock;
  readonly #settings: EmulatorSettings;

  constructor(state: EmulatorState, parts: { clock: Clock; settings: EmulatorSettings }) {
    this.#state = state;
    this.#clock = parts.clock;
    this.#settings = parts.settings;
  }

  /** The devices that asked, oldest first. */
  get list(): EmulatorDevice[] {
    return [...this.#state.devices.values()].map((device) => this.#shown(device));
  }

  /** A device code and a user code that no other waiting device has. */
  issue(asked: { clientId: string; scopes: string[] }): DeviceCodes {
    const deviceCode = randomUUID();
    const userCode = this.#newUserCode();
    this.#state.devices.set(fingerprint(deviceCode), {
      ...asked,
      userCode,
      state: 'pending',
      expiresAt: this.#clock.now() + this.#settings.lifetimes.deviceCode * 1000,
      intervalMs: FIRST_INTERVAL * 1000,
      polls: 0,
      earlyPolls: 0,
      pollsAfterExpiry: 0,
    });
    return { deviceCode, userCode };
  }

  /** The device that waits behind a user code. */
  waiting(userCode: string): EmulatorDevice | undefined {
    const device = this.#waiting(userCode);
    return device && this.#shown(device);
  }

  /** Lets a waiting device in as `userId`, or declines it. False where none waits behind this code. */
  decide(userCode: string, decision: { userId: string } | 'decline'): boolean {
    const device = this.#waiting(userCode);
    if (!device) return false;
    device.state = decision === 'decline' ? 'declined' : 'allowed';
    if (decision !== 'decline') device.userId = decision.userId;
    return true;
  }

  /** What a poll of `clientId` learns; it counts. Another client's code is unknown to it. */
  poll(deviceCode: string, clientId: string): PollVerdict {
    const device = this.#state.devices.get(fingerprint(deviceCode));
    if (device?.clientId !== clientId) return { kind: 'unknown' };
    const now = this.#clock.now();
    const isEarly =
      device.polledAt !== undefined && now + TIMER_SLACK_MS < device.polledAt + device.intervalMs;
    device.polls += 1;
    device.polledAt = now;
    if (isEarly) device.earlyPolls += 1;
    if (now >= device.expiresAt) device.pollsAfterExpiry += 1;
    if (device.state === 'used') return { kind: 'unknown' };
    if (device.state === 'declined') return { kind: 'declined' };
    if (now >= device.expiresAt) return { kind: 'expired' };
    return device.userId === undefined ? this.#wait(device, isEarly) : this.#take(device, device.userId);
  }

  // RFC 8628, 3.5: only one who still has to wait is slowed down, and then for good.
  #wait(device: DeviceRecord, isEarly: boolean): PollVerdict {
    if (!isEarly) return { kind: 'pending' };
    device.intervalMs += SLOW_DOWN_MS;
    return { kind: 'slow_down', interval: device.intervalMs / 1000 };
  }

  #take(device: DeviceRecord, userId: string): PollVerdict {
    device.state = 'used';
    return { kind: 'allowed', userId, scopes: device.scopes };
  }

  #waiting(userCode: string): DeviceRecord | undefined {
    const now = this.#clock.now();
    const devices = [...this.#state.devices.values()];
    return devices.find(
      (device) => device.userCode === userCode && device.state === 'pending' && device.expiresAt > now,
    );
  }

  #newUserCode(): string {
    for (let tries = 0; tries < 1000; tries++) {
      const code = String(randomInt(USER_CODES)).padStart(6, '0');
      if (!this.#waiting(code)) return code;
    }
    throw emulatorError(
      'EMULATOR_TOO_MANY_DEVICES',
      'Too many devices wait. Let them in or let them expire.',
    );
  }

  #shown({
    state,
    intervalMs,
    userId: _userId,
    polledAt: _polledAt,
    ...device
  }: DeviceRecord): EmulatorDevice {
    const isExpired = (state === 'pending' || state === 'allowed') && device.expiresAt <= this.#clock.now();
    return { ...device, state: isExpired ? 'expired' : state, interval: intervalMs / 1000 };
  }
}
