import { expect, it } from 'vitest';
import { failureLine } from '../../src/cli/failure-line.js';
import { NetworkError } from '../../src/errors.js';

const FORGED = 'x\r\n\u001b[2J\u001b]0;owned\u0007\u009b31m\u0085\u2028done\u007f';

it.each([
  ['of the system', Object.assign(new Error(`no such file: /${FORGED}`), { code: 'ENOENT' })],
  ['of this library', new NetworkError(FORGED, { reason: 'dns', maybeProcessed: false })],
  ['with a code that is one itself', Object.assign(new Error('x'), { code: FORGED })],
  ['with a name that is one itself', Object.assign(new Error('x'), { name: FORGED })],
])('B10: an error %s is one line without control characters', (_, error) => {
  const line = failureLine(error);
  expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  expect(line.length).toBeGreaterThan(10);
});
