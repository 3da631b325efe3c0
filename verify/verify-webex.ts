import type { Clock } from '../src/base/clock.js';
import { systemClock } from '../src/base/clock.js';
import type { Fetch } from '../src/base/fetch.js';
import { isWebexAuthError } from '../src/errors.js';
import type { Exchange } from './exchange.js';
import { givenGrant } from './grants.js';
import { KnownSecrets } from './known-secrets.js';
import type { Finding, Question, Verification } from './question.js';
import { endOwnGrants } from './questions/ending-questions.js';
import { grantQuestions, openQuestions } from './questions.js';
import { Recorder } from './recorder.js';
import type { RateLimited } from './recorder.js';
import { redactText } from './redact.js';
import { SignIns } from './sign-ins.js';
import { secretsOf } from './settings.js';
import type { VerifySettings } from './settings.js';
import { WebexCalls } from './webex-calls.js';

/** How a run goes. */
export interface VerifyOptions {
  readonly settings: VerifySettings;
  /** Shows the person where to sign in; called for every sign-in. */
  readonly onLoginUrl: (url: string) => void | Promise<void>;
  /** Sign in once, and leave out what needs more. */
  readonly oneSignIn?: boolean | undefined;
  /** Ids of the questions to ask; all by default. */
  readonly only?: readonly string[] | undefined;
  readonly clock?: Clock | undefined;
  readonly fetch?: Fetch | undefined;
  /** Stops the run; what was not asked by then is not settled. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run found out. Nothing in it is secret; `secrets` is for the last look before it is written. */
export interface Verified {
  readonly findings: readonly RecordedFinding[];
  readonly secrets: KnownSecrets;
  /** The 429 that ended the run early. */
  readonly limited: RateLimited | undefined;
  /** Why the sign-in failed, where it did. */
  readonly signInFailure: string | undefined;
  /** Webex replaced the refresh token that was given: it may be worth nothing now. */
  readonly replacedGivenToken: boolean;
  /** Grants of this run that could not be ended. */
  readonly leftAlive: number;
}

/** A finding with what was sent and received for it. */
export interface RecordedFinding extends Finding {
  readonly askedOn: string;
  readonly exchanges: readonly Exchange[];
}

/** Asks Webex every question, one request after the other. Never rejects: what failed or was stopped is said in what it gives. */
export async function verifyWebex(options: VerifyOptions): Promise<Verified> {
  const run = new Run(options);
  return run.all();
}

class Run {
  readonly #options: VerifyOptions;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #verification: Verification;
  readonly #findings: RecordedFinding[] = [];
  #signIn: readonly Exchange[] = [];

  constructor(options: VerifyOptions) {
    const { settings, clock = systemClock, fetch, signal, onLoginUrl, oneSignIn = false } = options;
    const secrets = new KnownSecrets();
    for (const [secret, label] of secretsOf(settings)) secrets.learn(secret, label);
    const recorder = new Recorder({ clock, secrets, fetch, signal });
    this.#options = options;
    this.#clock = clock;
    this.#recorder = recorder;
    this.#verification = {
      settings,
      secrets,
      clock,
      calls: new WebexCalls(settings, recorder),
      signIns: new SignIns({
        settings,
        recorder,
        secrets,
        clock,
        onLoginUrl,
        signal,
        allowsMore: !oneSignIn,
      }),
      main: undefined,
      grants: [],
      device: undefined,
      spareExchange: undefined,
    };
  }

  async all(): Promise<Verified> {
    for (const question of this.#asked(openQuestions)) await this.#ask(question);
    const onGrants = this.#asked(grantQuestions);
    const signInFailure = onGrants.length > 0 ? await this.#begin() : undefined;
    for (const question of onGrants) await this.#ask(question);
    const { secrets, calls, grants } = this.#verification;
    if (this.#stopped() === undefined) await endOwnGrants(calls, grants).catch(() => undefined);
    return {
      findings: this.#findings,
      secrets,
      limited: this.#recorder.limited,
      signInFailure,
      replacedGivenToken: grants.some((one) => !one.isOwn && one.replacedRefreshToken !== undefined),
      leftAlive: grants.filter(({ isOwn, hasEnded }) => isOwn && !hasEnded).length,
    };
  }

  /** Why nothing more is asked; undefined while there is no reason. */
  #stopped(): string | undefined {
    if (this.#recorder.limited) return 'Webex limited the rate of requests (429)';
    return this.#options.signal?.aborted ? 'the run was stopped' : undefined;
  }

  #asked(questions: readonly Question[]): readonly Question[] {
    const { only } = this.#options;
    return only ? questions.filter(({ id }) => only.includes(id)) : questions;
  }

  /** The first grant: by sign-in, or from the refresh token that was given. */
  async #begin(): Promise<string | undefined> {
    const { settings, grants, signIns } = this.#verification;
    if (this.#stopped() !== undefined) return undefined;
    try {
      const main =
        settings.refreshToken === undefined ? await signIns.complete() : givenGrant(settings.refreshToken);
      grants.push(main);
      this.#verification.main = main;
      return undefined;
    } catch (error) {
      return this.#stopped() === undefined ? reasonOf(error) : undefined;
    } finally {
      this.#signIn = this.#recorder.takeExchanges();
    }
  }

  async #ask(question: Question): Promise<void> {
    const { id, facts, question: text, assumption } = question;
    const result = await this.#outcome(question);
    this.#findings.push({
      id,
      facts,
      question: text,
      assumption,
      ...result,
      answer: redactText(result.answer, this.#verification.secrets),
      askedOn: new Date(this.#clock.now()).toISOString().slice(0, 10),
      // The library signed in before anything was asked; this question is about that.
      exchanges: [...(id === 'token-answer' ? this.#signIn : []), ...this.#recorder.takeExchanges()],
    });
  }

  async #outcome(question: Question): Promise<Pick<Finding, 'outcome' | 'answer' | 'agrees'>> {
    const before = this.#stopped();
    if (before !== undefined) return notSettled(before);
    try {
      const result = await question.ask(this.#verification);
      if ('unsettled' in result) return notSettled(result.unsettled);
      const agrees = result.agrees === undefined ? 'nothing assumed' : result.agrees ? 'yes' : 'no';
      return { outcome: 'settled', answer: result.answer, agrees };
    } catch (error) {
      const why = this.#stopped();
      if (why !== undefined) return notSettled(why);
      return { outcome: 'failed', answer: reasonOf(error), agrees: 'not settled' };
    }
  }
}

function notSettled(why: string): Pick<Finding, 'outcome' | 'answer' | 'agrees'> {
  return { outcome: 'not settled', answer: why, agrees: 'not settled' };
}

// The library's errors may be shown whole; of others only what Node calls them.
function reasonOf(error: unknown): string {
  if (isWebexAuthError(error)) return `${error.code}: ${error.message}`;
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return error instanceof Error ? error.name : 'unknown failure';
}
