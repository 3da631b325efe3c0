import { isWebexAuthError } from '../../src/index.js';
import { castOf, secretsOf, type Cast, type SharedSettings } from './cast.js';
import { collectEvidence, type Evidence, type Judgement } from './evidence.js';
import { ADA, ADA_EMAIL, ADA_NAME } from './good-answers.js';
import { startHostileUpstream, type Fault, type HostileUpstream } from './hostile-upstream.js';
import { openFaces, PageRefused, reopenFaces, surface, type CallName } from './surface.js';

/** One bad day: what goes wrong, and what the calls that meet it come to. */
export interface FaultScript {
  readonly name: string;
  /** What the upstream does from a certain moment on. */
  readonly fault?: (at: Backstage) => Fault;
  /** What the tokens that Webex issues look like on this day; canaries by default. */
  readonly token?: () => string;
  /** Settings that apply from then on. */
  readonly settings?: (at: Backstage) => Promise<SharedSettings> | SharedSettings;
  /** Calls of its own in place of the whole surface. */
  readonly calls?: (stage: Stage) => Promise<Readonly<Record<string, () => Promise<unknown>>>>;
  /** What calls must come to: `ok` or a code, and the calls. Others may come to either. */
  readonly outcome: Readonly<Record<string, string>>;
  /** Only these of the surface; all of it by default. */
  readonly only?: readonly CallName[];
  /** What must strike besides the upstream's fault, as `Backstage.strike` is told. */
  readonly strikes?: readonly string[];
  /** What the errors of all calls in `outcome` must say, where the code could be that of another trouble. */
  readonly says?: RegExp;
  /** Calls that must fail without anything being asked of the upstream. All others that fail must have met the fault. */
  readonly unsent?: string;
  /** Timers run so many times as fast. */
  readonly haste?: number;
}

/** What a script sets up its trouble with. */
export interface Backstage {
  readonly evidence: Evidence;
  readonly upstream: HostileUpstream;
  /** Makes what Webex issues. */
  readonly mint: (label: string) => string;
  /** Told each time that trouble strikes which is not the upstream's: what it is. */
  readonly strike: (what: string) => void;
  /** Called when the script is over. */
  readonly atEnd: (clean: () => Promise<void> | void) => void;
}

/** What a script's own calls are made with. */
export interface Stage extends Backstage {
  readonly cast: Cast;
}

/** What came of one call. */
export interface CallReport {
  /** `ok`, a code, or `UNTYPED` with the name of the error. */
  readonly outcome: string;
  /** What the error says; empty for a page. */
  readonly said: string;
  /** How many requests the upstream had of it, and how often trouble struck. */
  readonly asked: number;
  readonly struck: number;
}

/** What came of a script. */
export interface Report extends Judgement {
  readonly calls: Readonly<Record<string, CallReport>>;
  /** How often the fault was served, by route; 0 where it was meant to be and was not. */
  readonly served: Readonly<Record<string, number>>;
  /** What else struck. */
  readonly strikes: readonly string[];
  /** How often trouble struck in all. */
  readonly struck: number;
  readonly ms: number;
}

/** Signs in on a good day, lets the fault begin, makes every call, and looks through all that was told. */
export async function runScript(
  script: FaultScript,
  directory: string,
  telemetry: () => Promise<readonly object[]>,
): Promise<Report> {
  const started = performance.now();
  const evidence = collectEvidence();
  evidence.watchPerson(ADA_NAME, 'name of a person');
  evidence.watchPerson(ADA_EMAIL, 'e-mail of a person');
  evidence.watchPerson(ADA.id, 'id of a person');
  const mint = (label: string): string => {
    const token = /^(access|refresh) token/.test(label) ? script.token?.() : undefined;
    if (token === undefined) return evidence.mint(label);
    evidence.watch(token, label);
    return token;
  };
  const upstream = await startHostileUpstream({
    mint,
    watch: (secret, label) => evidence.watch(secret, label),
  });
  const cleaning: (() => Promise<void> | void)[] = [];
  const strikes: string[] = [];
  const backstage: Backstage = {
    evidence,
    upstream,
    mint,
    strike: (what) => void strikes.push(what),
    atEnd: (clean) => void cleaning.push(clean),
  };
  const struck = (): number =>
    [...upstream.served.values()].reduce((sum, count) => sum + count, strikes.length);
  const parts = { upstream, evidence, directory, secrets: secretsOf(evidence) };
  const good = castOf(parts);
  const settings = await script.settings?.(backstage);
  const { haste } = script;
  const cast = settings || haste ? castOf({ ...parts, settings, haste }) : good;
  const reports: Record<string, CallReport> = {};
  const served: Record<string, number> = {};
  try {
    const calls = await (script.calls?.({ ...backstage, cast }) ?? everyCall(good, cast, evidence));
    const fault = script.fault?.(backstage);
    if (fault && fault.routes !== 'all') for (const route of fault.routes) served[route] = 0;
    upstream.arm(fault);
    const only: readonly string[] | undefined = script.only;
    for (const [name, call] of Object.entries<() => Promise<unknown>>(calls)) {
      if (only?.includes(name) === false) continue;
      const before = { asked: upstream.urls.length, struck: struck() };
      const ended = await call().then(
        (value) => {
          evidence.keep(`result of ${name}`, value);
          return { outcome: 'ok', said: '' };
        },
        (error: unknown) => {
          if (!(error instanceof PageRefused)) evidence.keep(`error of ${name}`, error);
          return endOf(error);
        },
      );
      reports[name] = {
        ...ended,
        asked: upstream.urls.length - before.asked,
        struck: struck() - before.struck,
      };
    }
    for (const url of upstream.urls) evidence.text('URL asked for', url);
    evidence.files('store', directory);
  } finally {
    await Promise.all([good.close(), cast.close()]).catch((error: unknown) =>
      evidence.keep('error of close', error),
    );
    await upstream.close();
    for (const clean of cleaning) await clean();
  }
  evidence.files('store after closing', directory);
  for (const one of await telemetry()) evidence.keep('telemetry', one);
  Object.assign(served, Object.fromEntries(upstream.served));
  return {
    ...evidence.judge(),
    calls: reports,
    served,
    strikes,
    struck: struck(),
    ms: performance.now() - started,
  };
}

async function everyCall(good: Cast, cast: Cast, evidence: Evidence) {
  let faces = await openFaces(good, evidence);
  if (cast !== good) {
    await good.close();
    faces = await reopenFaces(cast, faces);
  }
  return surface(faces, cast, evidence);
}

function endOf(error: unknown): Pick<CallReport, 'outcome' | 'said'> {
  if (error instanceof PageRefused) return { outcome: error.code, said: '' };
  if (isWebexAuthError(error)) return { outcome: error.code, said: error.message };
  return { outcome: `UNTYPED ${error instanceof Error ? error.name : typeof error}`, said: String(error) };
}
