import { afterEach, describe, expect, it, vi } from 'vitest';

import { Emitter } from '../../src/base/emitter.js';

interface Events {
  tick: number;
  tock: { at: string };
}

afterEach(() => vi.restoreAllMocks());

const emitterWithReports = () => {
  const reports: [unknown, PropertyKey][] = [];
  const emitter = new Emitter<Events>({ onListenerError: (error, event) => reports.push([error, event]) });
  return { emitter, reports };
};

describe('an emitter', () => {
  it('calls the listeners of an event, in order, with its payload', () => {
    const emitter = new Emitter<Events>();
    const calls: string[] = [];
    emitter.on('tick', (n) => calls.push(`first ${n}`));
    emitter.on('tick', (n) => calls.push(`second ${n}`));
    emitter.on('tock', ({ at }) => calls.push(at));
    emitter.emit('tick', 7);
    emitter.emit('tock', { at: 'noon' });
    expect(calls).toEqual(['first 7', 'second 7', 'noon']);
  });

  it('removes listeners by off and by the function it returned, and ignores unknown ones', () => {
    const emitter = new Emitter<Events>();
    const [one, two] = [vi.fn(), vi.fn()];
    const remove = emitter.on('tick', one);
    emitter.on('tick', two);
    remove();
    remove();
    emitter.off('tick', () => undefined);
    emitter.off('tock', two);
    emitter.emit('tick', 1);
    emitter.off('tick', two);
    emitter.emit('tick', 2);
    expect(one).not.toHaveBeenCalled();
    expect(two.mock.calls).toEqual([[1]]);
  });

  it('counts a listener that was added twice, and each removal takes its own', () => {
    const emitter = new Emitter<Events>();
    const listener = vi.fn();
    const remove = emitter.on('tick', listener);
    emitter.on('tick', listener);
    remove();
    remove();
    emitter.emit('tick', 1);
    expect(listener).toHaveBeenCalledOnce();
  });

  it('calls a once listener once, also when a listener emits the same event again', () => {
    const emitter = new Emitter<Events>();
    const calls: number[] = [];
    emitter.on('tick', (n) => n < 3 && emitter.emit('tick', n + 1));
    emitter.once('tick', (n) => calls.push(n));
    emitter.emit('tick', 1);
    emitter.emit('tick', 9);
    expect(calls).toEqual([3]);
  });

  it('removes a once listener by off and by its function', () => {
    const emitter = new Emitter<Events>();
    const listener = vi.fn();
    emitter.once('tick', listener);
    emitter.off('tick', listener);
    emitter.once('tick', listener)();
    emitter.emit('tick', 1);
    expect(listener).not.toHaveBeenCalled();
  });

  it('lets listeners add and remove listeners while it calls them', () => {
    const emitter = new Emitter<Events>();
    const calls: string[] = [];
    const remove = emitter.on('tick', () => {
      calls.push('a');
      remove();
      emitter.on('tick', () => calls.push('late'));
    });
    emitter.on('tick', () => calls.push('b'));
    emitter.emit('tick', 1);
    expect(calls).toEqual(['a', 'b']);
    emitter.emit('tick', 2);
    expect(calls).toEqual(['a', 'b', 'b', 'late']);
  });
});

describe('a failing listener', () => {
  const boom = new Error('boom');

  it('that throws is reported, and harms neither the others nor the emitter', () => {
    const { emitter, reports } = emitterWithReports();
    const after = vi.fn();
    emitter.on('tick', () => {
      throw boom;
    });
    emitter.on('tick', after);
    emitter.emit('tick', 1);
    expect(after).toHaveBeenCalledOnce();
    expect(reports).toEqual([[boom, 'tick']]);
  });

  it.each<[string, () => unknown]>([
    ['a promise', () => Promise.reject(boom)],
    ['an async function', async () => Promise.reject(boom)],
    ['another kind of promise', () => ({ then: (_: unknown, reject: (e: unknown) => void) => reject(boom) })],
  ])('that rejects by %s is reported, and is no unhandled rejection', async (_, listener) => {
    const { emitter, reports } = emitterWithReports();
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    emitter.on('tick', listener);
    emitter.once('tick', listener);
    emitter.emit('tick', 1);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(reports).toEqual([
      [boom, 'tick'],
      [boom, 'tick'],
    ]);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('is told to the process by its name only when nobody else asks for it', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const emitter = new Emitter<Events>();
    emitter.on('tick', () => {
      throw new RangeError('with a secret in it');
    });
    emitter.emit('tick', 1);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toBe("A listener of 'tick' failed: RangeError");
    expect(JSON.stringify(warn.mock.calls)).not.toContain('secret');
  });

  it('is told to the process when the report itself fails, now or later', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const emitter = new Emitter<Events>({
      onListenerError: () => {
        throw new Error('the report is broken');
      },
    });
    const after = vi.fn();
    emitter.on('tick', () => {
      throw boom;
    });
    const rejects: () => unknown = () => Promise.reject(boom);
    emitter.on('tick', rejects);
    emitter.on('tick', after);
    emitter.emit('tick', 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(after).toHaveBeenCalledOnce();
    expect(warn).toHaveBeenCalledTimes(2);
  });
});
