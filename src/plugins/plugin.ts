import type { ConfigurationProblem } from '../errors.js';

/** A part that is loaded by itself in the plugins phase, and let go of at the end. */
export interface Plugin<Context, Part> {
  readonly name: string;
  /** What is wrong with the configuration; empty when it can be set up. */
  check(context: Context): readonly ConfigurationProblem[];
  setUp(context: Context): Part;
  tearDown(part: Part): Promise<void>;
}
