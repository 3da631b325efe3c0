import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RetryBudget } from '../../src/http/retry-budget.js';

it('starts with 10 retries and earns one with every tenth call', () => {
  const budget = new RetryBudget();
  const burst = () => Array.from({ length: 50 }, () => budget.spend()).filter(Boolean).length;
  expect(burst()).toBe(10);
  for (let call = 0; call < 9; call++) budget.earn();
  expect(budget.spend()).toBe(false);
  budget.earn();
  expect([budget.spend(), budget.spend()]).toEqual([true, false]);
  for (let call = 0; call < 100_000; call++) budget.earn();
  expect(burst()).toBe(10);
});

it('law: at no time have there been more retries than a tenth of the calls and 10', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 2_000, size: 'max' }), (steps) => {
      const budget = new RetryBudget();
      let calls = 0;
      let retries = 0;
      for (const isCall of steps) {
        if (isCall) {
          budget.earn();
          calls++;
        } else if (budget.spend()) retries++;
        if (retries > calls / 10 + 10) return false;
      }
      return true;
    }),
  );
});
