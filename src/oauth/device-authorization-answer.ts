import { Secret } from '../base/secret.js';
import { isLoopback } from '../base/secure-url.js';
import { ProtocolError } from '../errors.js';
import type { EndpointAnswer } from './endpoint-answer.js';
import { member } from './member.js';
import { isRefreshToken } from './token-answer.js';

/** What the device authorization endpoint gives (RFC 8628, 3.2), with an instant in place of the lifetime. */
export interface DeviceAuthorizationAnswer {
  /** What the poll presents: whoever has it gets the tokens. */
  deviceCode: Secret;
  /** What the person types in at `verificationUri`. */
  userCode: string;
  verificationUri: string;
  /** The same with the code in it, for a QR code; undefined = the server gave none. */
  verificationUriComplete?: string | undefined;
  /** When both codes end, milliseconds since the epoch. */
  expiresAt: number;
  /** The least time between two polls, milliseconds. */
  intervalMs: number;
}

const DEFAULT_INTERVAL_S = 5;
const LONGEST_S = 365 * 86_400;

/** Reads an answer strictly: a person acts on what it says. ProtocolError names the member that cannot be used. */
export function readDeviceAuthorizationAnswer(answer: EndpointAnswer): DeviceAuthorizationAnswer {
  const { body, status, trackingId, receivedAt } = answer;
  const wrong = (name: string): ProtocolError =>
    new ProtocolError(`The answer of the device authorization endpoint has no usable ${name}`, {
      status,
      trackingId,
    });
  // An optional member that is null says the same as one that is not there.
  const optional = (name: string): unknown => member(body, name) ?? undefined;
  const deviceCode = member(body, 'device_code');
  const userCode = member(body, 'user_code');
  const verificationUri = member(body, 'verification_uri');
  const verificationUriComplete = optional('verification_uri_complete');
  const expiresIn = member(body, 'expires_in');
  const interval = optional('interval') ?? DEFAULT_INTERVAL_S;
  if (!isRefreshToken(deviceCode)) throw wrong('device_code');
  if (!isUserCode(userCode)) throw wrong('user_code');
  if (!isVerificationUri(verificationUri)) throw wrong('verification_uri');
  if (verificationUriComplete !== undefined && !isVerificationUri(verificationUriComplete)) {
    throw wrong('verification_uri_complete');
  }
  if (!isDuration(expiresIn)) throw wrong('expires_in');
  if (!isDuration(interval)) throw wrong('interval');
  return {
    deviceCode: new Secret(deviceCode),
    userCode,
    verificationUri,
    verificationUriComplete,
    expiresAt: receivedAt + Math.floor(expiresIn * 1000),
    intervalMs: Math.ceil(interval * 1000),
  };
}

// Codes and addresses are written to terminals and pages: nothing that is not seen as it is, or turns the text around it.
function isUserCode(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u.test(value) && value.trim() !== '';
}

function isVerificationUri(value: unknown): value is string {
  // With its slashes: without them a parser still finds a host, and people another than they read.
  if (typeof value !== 'string' || !/^https?:\/\/[\x21-\x7e]{1,2040}$/i.test(value)) return false;
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  const encrypted = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return encrypted && username === '' && password === '';
}

function isDuration(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && seconds > 0 && seconds <= LONGEST_S;
}
