import { format, inspect } from 'node:util';

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table', 'group'] as const;

/**
 * Records what this process writes to stdout and stderr, through `console` (test runners replace it) and as process
 * warnings, and lets all of it pass. `stop` ends it and gives what was written by each way.
 */
export function recordOutput(): { stop(): Map<string, Buffer> } {
  const written = new Map<string, Buffer[]>();
  const record = (way: string, chunk: Uint8Array): void => {
    written.set(way, [...(written.get(way) ?? []), Buffer.from(chunk)]);
  };
  const restore: (() => void)[] = [];

  for (const way of ['stdout', 'stderr'] as const) {
    const stream = process[way];
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    const recording = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const encoding = typeof rest[0] === 'string' ? (rest[0] as BufferEncoding) : 'utf8';
      record(way, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      return write(chunk, ...rest);
    };
    restore.push(replace(stream, 'write', recording));
  }
  for (const method of METHODS) {
    const print = console[method].bind(console) as (...args: unknown[]) => void;
    const recording = (...args: unknown[]): void => {
      const whole = method === 'dir' || method === 'table';
      const text = whole ? inspect(args[0], { depth: Infinity }) : format(...args);
      record('console', Buffer.from(`${text}\n`));
      print(...args);
    };
    restore.push(replace(console, method, recording));
  }
  const onWarning = (warning: Error): void =>
    record('warning', Buffer.from(inspect(warning, { showHidden: true })));
  process.on('warning', onWarning);
  restore.push(() => process.off('warning', onWarning));

  return {
    stop() {
      for (const undo of restore.splice(0)) undo();
      const all = new Map([...written].map(([way, chunks]) => [way, Buffer.concat(chunks)]));
      written.clear();
      return all;
    },
  };
}

// Puts `value` in the place of a method; the function that it returns puts back exactly what was there.
function replace(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    if (before) Object.defineProperty(object, name, before);
    else Reflect.deleteProperty(object, name);
  };
}
