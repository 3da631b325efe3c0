import { inspect } from 'node:util';
import { isAnyArrayBuffer, isMap, isSet } from 'node:util/types';

/** One thing that somebody could print of a value: which way, and what comes out. */
export type Printing = readonly [way: string, text: string | Uint8Array];

const MOST_NODES = 100_000;
const EVERYTHING = {
  depth: Infinity,
  showHidden: true,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Infinity,
};

/** Everything that Node, a logger or a debugger could print of `value`, and every text reachable in it by name. */
export function* valueTexts(value: unknown): Generator<Printing> {
  const ways: [string, () => unknown][] = [
    ['inspect', () => inspect(value, EVERYTHING)],
    ['inspect without custom', () => inspect(value, { ...EVERYTHING, customInspect: false })],
    ['String', () => String(value)],
    ['JSON', () => toJson(value)],
    ['clone', () => inspect(structuredClone(value), EVERYTHING)],
  ];
  for (const [way, print] of ways) {
    const text = attempt(print);
    if (typeof text === 'string') yield [way, text];
  }
  yield* reachable(value);
}

// JSON.stringify with cycles cut, and bigints as text, as loggers do.
function toJson(value: unknown): string | undefined {
  const above: unknown[] = [];
  return JSON.stringify(value, function (this: unknown, _, member: unknown) {
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (typeof member === 'bigint') return String(member);
    if (typeof member !== 'object' || member === null) return member;
    if (above.includes(member)) return '[circular]';
    above.push(member);
    return member;
  });
}

// Own names and values, enumerable or not (message, stack and cause of errors are such), and what collections hold.
function* reachable(root: unknown): Generator<Printing> {
  const seen = new Set<unknown>();
  const open: [string, unknown][] = [['value', root]];
  for (let next = open.pop(); next && seen.size < MOST_NODES; next = open.pop()) {
    const [path, value] = next;
    if (typeof value === 'string') yield [path, value];
    else if (typeof value === 'symbol') yield [path, value.description ?? ''];
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
      continue;
    seen.add(value);
    if (ArrayBuffer.isView(value))
      yield [path, new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
    else if (isAnyArrayBuffer(value)) yield [path, new Uint8Array(value)];
    else open.push(...members(path, value));
  }
}

function members(path: string, value: object): [string, unknown][] {
  const found: [string, unknown][] = [];
  if (isMap(value) || isSet(value)) {
    for (const [name, member] of value.entries())
      found.push([`${path}[key]`, name], [`${path}[entry]`, member]);
  }
  for (const name of attempt(() => Reflect.ownKeys(value)) ?? []) {
    found.push([`${path}[name]`, name]);
    const member = attempt(() => (value as Record<PropertyKey, unknown>)[name]);
    found.push([`${path}.${String(name)}`, member]);
  }
  return found;
}

// What cannot be printed cannot leak that way.
function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
