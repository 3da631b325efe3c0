import type { RecordedRequest } from './recorded-request.js';

/** What both clients do, in this order. */
export const FLOWS = [
  'start',
  'login address',
  'sign-in address',
  'code exchange',
  'refresh',
  'people/me',
  'client credentials',
  'revoke',
  'logout',
  'JWT login',
] as const;

export type FlowName = (typeof FLOWS)[number];

/** What the flows are given. */
export interface FlowInput {
  /** A fresh code. */
  code: string;
  state: string;
  /** For client credentials. */
  scope: string;
  guest: { issuer: string; secretId: string; displayName: string; expiresIn: number };
}

/** How a flow ended. */
export interface FlowResult {
  flow: FlowName;
  /** What it came to, in a word that both clients share: whether they can authorize, a name, an address. */
  value?: unknown;
  /** The class of what it threw. */
  error?: string | undefined;
  /** Rejections that nobody handled. */
  unhandled: readonly string[];
}

/** A client that does the flows. */
export interface FlowClient {
  run(flow: FlowName, input: FlowInput): Promise<FlowResult>;
  close(): Promise<void>;
}

/** All that one client did: by flow, how it ended and what it asked. */
export type FlowLog = ReadonlyMap<FlowName, { result: FlowResult; requests: readonly RecordedRequest[] }>;
