import type { ConfigurationProblem } from '../errors.js';
import { joined } from './unknown-settings.js';

/** The parts of the library that an application may give itself. */
export interface GivenParts {
  store?: unknown;
  keys?: unknown;
  fetch?: unknown;
  transport?: unknown;
  clock?: unknown;
}

/** What makes a part: the methods that are called before anything else of it. */
interface Shape {
  what: string;
  methods: readonly string[];
  example: string;
}

const SHAPES: Readonly<Record<Exclude<keyof GivenParts, 'fetch'>, Shape>> = {
  store: { what: 'a store', methods: ['open', 'close'], example: "sqliteStore({ path: 'webex-auth.db' })" },
  keys: {
    what: 'a KeyRing',
    methods: ['keyCheck', 'mac', 'messageKey'],
    example: 'KeyRing.fromEnvironment()',
  },
  transport: {
    what: 'a transport',
    methods: ['send', 'close'],
    example: '{ send: async (request) => …, close: async () => … }',
  },
  clock: {
    what: 'a clock',
    methods: ['now', 'monotonic', 'after', 'sleep'],
    example: '{ now, monotonic, after, sleep }',
  },
};

/** What is wrong with parts that were given, and which of `required` are not. A path, a URL or a key is no part. */
export function partProblems(
  parts: GivenParts,
  { required = [] }: { required?: readonly (keyof typeof SHAPES)[] } = {},
): readonly ConfigurationProblem[] {
  const found = functionProblems('', { fetch: parts.fetch });
  const wrong = (Object.keys(SHAPES) as (keyof typeof SHAPES)[]).flatMap((setting) => {
    const { what, methods, example } = SHAPES[setting];
    const part = parts[setting];
    if (part === undefined)
      return required.includes(setting) ? [{ setting, problem: 'is missing', example }] : [];
    return hasMethods(part, methods) ? [] : [{ setting, problem: `must be ${what}`, example }];
  });
  return [...wrong, ...found];
}

/** What is wrong with functions that were set below `path`; nothing where they are undefined. */
export function functionProblems(
  path: string,
  functions: Readonly<Record<string, unknown>>,
): readonly ConfigurationProblem[] {
  return Object.entries(functions)
    .filter(([, value]) => value !== undefined && typeof value !== 'function')
    .map(([name]) => ({ setting: joined(path, name), problem: 'must be a function' }));
}

function hasMethods(part: unknown, methods: readonly string[]): boolean {
  if (typeof part !== 'object' || part === null) return false;
  return methods.every((name) => typeof (part as Readonly<Record<string, unknown>>)[name] === 'function');
}
