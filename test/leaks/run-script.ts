import { isWebexAuthError } from '../../src/index.js';
import { castOf, secretsOf, type Cast, type SharedSettings } from './cast.js';
import { collectEvidence, type Evidence, type Judgement } from './evidence.js';
import { startHostileUpstream, type Fault, type HostileUpstream } from './hostile-upstream.js';
import { openFaces, PageRefused, reopenFaces, surface, type CallName } from './surface.js';

/** One bad day: what goes wrong, and what the calls that meet it come to. */
export interface FaultScript {
  readonly name: string;
  /** What the upstream does from a certain moment on. */
  readonly fault?: () => Fault;
  /** Settings that apply from then on. */
  readonly settings?: (at: Backstage) => Promise<SharedSettings> | SharedSettings;
  /** Calls of its own in place of the whole surface. */
  readonly calls?: (stage: Stage) => Promise<Readonly<Record<string, () => Promise<unknown>>>>;
  /** What calls must come to: `ok` or a code, and the calls. Others may come to either. */
  readonly outcome: Readonly<Record<string, string>>;
  /** Only these of the surface; all of it by default. */
  readonly only?: readonly CallName[];
  /** How often the fault must have been served; 1 where there is one. */
  readonly served?: number;
  /** Timers run so many times as fast. */
  readonly haste?: number;
}

/** What a script sets up its trouble with. */
export interface Backstage {
  readonly evidence: Evidence;
  readonly upstream: HostileUpstream;
  /** Called when the script is over. */
  readonly atEnd: (clean: () => Promise<void> | void) => void;
}

/** What a script's own calls are made with. */
export interface Stage extends Backstage {
  readonly cast: Cast;
}

/** What came of a script. */
export interface Report extends Judgement {
  /** `ok`, a code, or `UNTYPED` with the name of the error. */
  readonly outcomes: Readonly<Record<string, string>>;
  readonly served: number;
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
  const upstream = await startHostileUpstream({
    mint: (label) => evidence.mint(label),
    watch: (secret, label) => evidence.watch(secret, label),
  });
  const cleaning: (() => Promise<void> | void)[] = [];
  const backstage: Backstage = { evidence, upstream, atEnd: (clean) => void cleaning.push(clean) };
  const parts = { upstream, evidence, directory, secrets: secretsOf(evidence) };
  const good = castOf(parts);
  const settings = await script.settings?.(backstage);
  const { haste } = script;
  const cast = settings || haste ? castOf({ ...parts, settings, haste }) : good;
  const outcomes: Record<string, string> = {};
  try {
    const calls = await (script.calls?.({ ...backstage, cast }) ?? everyCall(good, cast, evidence));
    upstream.arm(script.fault?.());
    const only: readonly string[] | undefined = script.only;
    for (const [name, call] of Object.entries<() => Promise<unknown>>(calls)) {
      if (only?.includes(name) === false) continue;
      outcomes[name] = await call().then(
        (value) => {
          evidence.keep(`result of ${name}`, value);
          return 'ok';
        },
        (error: unknown) => {
          if (!(error instanceof PageRefused)) evidence.keep(`error of ${name}`, error);
          return outcomeOf(error);
        },
      );
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
  const served = [...upstream.served.values()].reduce((sum, count) => sum + count, 0);
  return { ...evidence.judge(), outcomes, served, ms: performance.now() - started };
}

async function everyCall(good: Cast, cast: Cast, evidence: Evidence) {
  let faces = await openFaces(good, evidence);
  if (cast !== good) {
    await good.close();
    faces = await reopenFaces(cast, faces);
  }
  return surface(faces, cast, evidence);
}

function outcomeOf(error: unknown): string {
  if (error instanceof PageRefused || isWebexAuthError(error)) return error.code;
  return `UNTYPED ${error instanceof Error ? `${error.name}: ${error.message}` : typeof error}`;
}
