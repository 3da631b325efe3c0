import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { WebexAuth, Webex, WebexAuthEvents } from '../../src/index.js';
import { createLeakScanner } from '../support/leak-scanner.js';

/** What a script told the world, and what of it should not have been told. Kept until the end: some secrets are only seen late. */
export interface Evidence {
  /** Makes a secret that is watched. */
  mint(label: string): string;
  watch(secret: string, label: string): void;
  /** The last secret of this label. */
  newest(label: string): string | undefined;
  /** Text about a person: no secret, but no line of a log may hold it. */
  watchPerson(text: string, label: string): void;
  /** Something that anybody may print. */
  keep(where: string, value: unknown): void;
  /** A text that goes to people, logs or other machines. */
  text(where: string, text: string): void;
  files(where: string, path: string): void;
  /** The settings of both faces that make them tell all they can. */
  readonly verbose: object;
  /** Keeps the payload of every event. */
  listen(source: Pick<WebexAuth | Webex, 'on'>): void;
  /** Looks through all of it. */
  judge(): Judgement;
}

/** What was found; places and labels, never secrets. */
export interface Judgement {
  readonly hits: readonly string[];
  /** Where a control character stood in a text that would be one line of a log. */
  readonly controls: readonly string[];
  /** How many things were looked at, by kind. */
  readonly looked: Readonly<Record<string, number>>;
  /** For those who look at what only they can see. */
  readonly secrets: readonly (readonly [label: string, secret: string])[];
  /** The same of what is told of persons. */
  readonly personal: readonly (readonly [label: string, text: string])[];
}

/** Every event of both faces. */
export const EVENT_NAMES = [
  'ready',
  'phase',
  'token:refresh',
  'unauthorized',
  'auth:error',
  'login',
  'logout',
  'grant:suspect',
  'grant:recovered',
  'loaded',
  'client:logout',
  'client:InvalidRequestError',
  'degraded',
] as const satisfies readonly (keyof WebexAuthEvents)[];

const TRACED = ['webex-auth.request', 'webex-auth.refresh'];
const CHANNELS = [
  'webex-auth.event',
  'webex-auth.retry',
  'webex-auth.refusal',
  ...TRACED.flatMap((name) =>
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((part) => `tracing:${name}:${part}`),
  ),
];

const LOG_LINE = 'log line';
const NOT_PRINTABLE = /[\p{Cc}\u2028\u2029]/u;

/** Starts collecting. */
export function collectEvidence(): Evidence {
  const scanner = createLeakScanner();
  const personScanner = createLeakScanner();
  const personal: [string, string][] = [];
  const secrets = new Map<string, string>();
  const kept: [string, unknown][] = [];
  const looked: Record<string, number> = {};
  const seen = new WeakSet();
  const controls: string[] = [];
  const looks: (() => void)[] = [];
  const count = (kind: string): void => void (looked[kind] = (looked[kind] ?? 0) + 1);
  const onMessage = (message: unknown, name: string | symbol): void => {
    evidence.keep(`channel ${String(name)}`, message);
  };
  for (const name of CHANNELS) subscribe(name, onMessage);
  const onWarning = (warning: Error): void => evidence.keep('warning', warning);
  process.on('warning', onWarning);

  const evidence: Evidence = {
    mint(label) {
      const secret = scanner.canary(`${label} ${String(secrets.size)}`);
      secrets.set(secret, label);
      return secret;
    },
    watch(secret, label) {
      if (secrets.has(secret)) return;
      secrets.set(secret, label);
      scanner.watch(secret, `${label} ${String(secrets.size)}`);
    },
    newest: (label) => [...secrets].findLast(([, own]) => own === label)?.[0],
    watchPerson(text, label) {
      personal.push([label, text]);
      personScanner.watch(text, label);
    },
    keep(where, value) {
      count(where.split(' ')[0] ?? where);
      // The message of one request comes on several channels, the same object.
      if (typeof value === 'object' && value !== null) {
        if (seen.has(value)) return;
        seen.add(value);
      }
      kept.push([where, value]);
    },
    text(where, text) {
      count(where.split(' ')[0] ?? where);
      looks.push(() => scanner.scanText(where, text));
    },
    files(where, path) {
      count('files');
      looks.push(() => scanner.scanFiles(where, path));
    },
    verbose: {
      http: { onRetry: (notice: object) => evidence.keep('retry notice', notice) },
      log: (line: string) => evidence.keep(LOG_LINE, line),
    },
    listen(source) {
      for (const name of EVENT_NAMES) source.on(name, (payload) => evidence.keep(`event ${name}`, payload));
    },
    judge() {
      process.off('warning', onWarning);
      for (const name of CHANNELS) unsubscribe(name, onMessage);
      for (const [where, value] of kept) {
        scanner.scanValue(where, value);
        if (where === LOG_LINE) personScanner.scanValue(where, value);
        for (const text of oneLiners(value)) if (NOT_PRINTABLE.test(text)) controls.push(where);
      }
      for (const look of looks) look();
      const hits = [...scanner.hits, ...personScanner.hits].map(
        ({ label, form, where }) => `${label} as ${form} in ${where}`,
      );
      return {
        hits: [...new Set(hits)],
        controls: [...new Set(controls)],
        looked,
        secrets: [...secrets].map(([secret, label]) => [label, secret]),
        personal,
      };
    },
  };
  return evidence;
}

// What a log would write on one line: texts and what errors and payloads hold, without stacks.
function* oneLiners(value: unknown, depth = 0): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null || depth > 5) return;
  for (const name of Object.getOwnPropertyNames(value)) {
    yield name;
    if (name !== 'stack') yield* oneLiners((value as Record<string, unknown>)[name], depth + 1);
  }
}
