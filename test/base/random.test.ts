import { expect, it } from 'vitest';

import { randomToken } from '../../src/base/random.js';

it('random tokens have the length asked for, in base64url, and never repeat', () => {
  expect(randomToken()).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(randomToken(9)).toMatch(/^[A-Za-z0-9_-]{12}$/);
  expect(new Set(Array.from({ length: 1_000 }, () => randomToken(16))).size).toBe(1_000);
});
