import { expect, it } from 'vitest';
import { assertServerRuntime, detectRuntime, type Runtime } from '../../src/config/runtime.js';
import { ConfigurationError } from '../../src/errors.js';

const process = { versions: { node: '20.20.0' } };
const page = { window: {}, document: {} };

const PLACES: readonly (readonly [string, object, Runtime])[] = [
  ['Node', { process }, 'node'],
  ['Node with a navigator', { process, navigator: { userAgent: 'Node.js/22' } }, 'node'],
  ['Node with a DOM for tests', { process, ...page }, 'node'],
  ['Bun', { process: { versions: { node: '22.0.0', bun: '1.2.0' } }, Bun: {} }, 'bun'],
  ['Deno', { process, Deno: {}, window: {} }, 'deno'],
  ['a page', page, 'browser'],
  ["a page with a bundler's process", { ...page, process: { versions: {}, browser: true } }, 'browser'],
  ['a page of Electron', { ...page, process: { ...process, type: 'renderer' } }, 'browser'],
  ['a web worker', { WorkerGlobalScope: () => undefined, importScripts: () => undefined }, 'worker'],
  ['a Vercel edge function', { EdgeRuntime: 'edge-runtime', process }, 'edge'],
  ['a Cloudflare worker', { navigator: { userAgent: 'Cloudflare-Workers' }, process }, 'edge'],
  ['something else', {}, 'edge'],
  ['globals of odd types', { process: 1, navigator: null, window: undefined }, 'edge'],
];

it.each(PLACES)('%s', (_, globals, runtime) => {
  expect(detectRuntime(globals)).toBe(runtime);
  const start = (): void => assertServerRuntime(globals);
  if (['node', 'bun', 'deno'].includes(runtime)) expect(start).not.toThrow();
  else expect(start).toThrow(ConfigurationError);
});

it('says what to do instead', () => {
  expect(() => assertServerRuntime(page)).toThrow(/client secret does not belong there.*through your server/);
  expect(() => assertServerRuntime({})).toThrow(/let this route run on Node\.js/);
});

it('is on a server here', () => {
  expect(detectRuntime()).toBe('node');
  expect(() => assertServerRuntime()).not.toThrow();
});
