import { ConfigurationError, type ConfigurationProblem } from '../errors.js';
import { recordOf } from './record.js';

/** Where this code runs. `worker` is a browser's, not Node's; `edge` has fetch and little else. */
export type Runtime = 'node' | 'bun' | 'deno' | 'browser' | 'worker' | 'edge';

/** Finds out where this code runs, by the marks that each runtime leaves among its globals. */
export function detectRuntime(globals: object = globalThis): Runtime {
  const marks = globals as Readonly<Record<string, unknown>>;
  const process = recordOf(marks['process']);
  const versions = recordOf(process?.['versions']);
  const userAgent = recordOf(marks['navigator'])?.['userAgent'];
  // Bun, Deno and edge runtimes show a Node version too: they are asked first.
  if (marks['Bun'] !== undefined || typeof versions?.['bun'] === 'string') return 'bun';
  if (marks['Deno'] !== undefined) return 'deno';
  if (marks['EdgeRuntime'] !== undefined || userAgent === 'Cloudflare-Workers') return 'edge';
  // Bundlers give browsers a `process` without versions, Electron gives its pages a whole one.
  const isPage = marks['window'] !== undefined && process?.['type'] === 'renderer';
  if (typeof versions?.['node'] === 'string' && !isPage) return 'node';
  if (marks['window'] !== undefined && marks['document'] !== undefined) return 'browser';
  return marks['WorkerGlobalScope'] !== undefined || marks['importScripts'] !== undefined ? 'worker' : 'edge';
}

/** Why this library cannot run there, with what to do; nothing on servers. */
export function serverRuntimeProblems(runtime: Runtime): readonly ConfigurationProblem[] {
  switch (runtime) {
    case 'node':
    case 'bun':
    case 'deno':
      return [];
    case 'browser':
    case 'worker':
      return [
        {
          setting: 'webex-auth',
          problem: `runs on servers, and this is a browser${runtime === 'worker' ? "'s worker" : ''}: a client secret does not belong there. Sign in through your server and call Webex from there`,
        },
      ];
    case 'edge':
      return [
        {
          setting: 'webex-auth',
          problem: 'needs Node.js, and this is an edge runtime: let this route run on Node.js',
          example: "export const runtime = 'nodejs', in Next.js",
        },
      ];
  }
}

/** Refuses to go on where there is no server. Errors: `ConfigurationError`. */
export function assertServerRuntime(globals: object = globalThis): void {
  const problems = serverRuntimeProblems(detectRuntime(globals));
  if (problems.length > 0) throw new ConfigurationError(problems);
}
