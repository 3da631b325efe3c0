import { ESLint } from 'eslint';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../support/outside-project.js';

/** An existing file of a floor that is given its clock; only its text is replaced. */
const FILE = join(projectRoot, 'src', 'oauth', 'token-set.ts');

let eslint: ESLint;
beforeAll(() => {
  eslint = new ESLint({ cwd: projectRoot });
});

/** Rule ids of all complaints; complaints without a rule give their text. */
async function complaints(code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: FILE });
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message);
}

describe('the lint rules', () => {
  it.each([
    ['an enum', 'export enum Kind { A }', 'no-restricted-syntax'],
    ['a default export', 'export default 1;', 'no-restricted-syntax'],
    ['any', 'export const value: any = 1;', '@typescript-eslint/no-explicit-any'],
    [
      'a floating promise',
      'export function run(): void { Promise.resolve(1); }',
      '@typescript-eslint/no-floating-promises',
    ],
    [
      'a value import of a type',
      "import { Person } from './person.js';\nexport type People = Person[];",
      '@typescript-eslint/consistent-type-imports',
    ],
    ['a private method', 'export class A { private b(): void {} }', 'no-restricted-syntax'],
    ['a parameter property', 'export class A { constructor(readonly b: number) {} }', 'no-restricted-syntax'],
    ['a clock of its own', 'export const now = (): number => Date.now();', 'no-restricted-syntax'],
    [
      'a timer of its own',
      'export const later = (): void => void setTimeout(() => 1, 1);',
      'no-restricted-globals',
    ],
    ['ts-ignore', '// @ts-ignore\nexport const value: number = 1;', '@typescript-eslint/ban-ts-comment'],
    ['printing', "export const say = (): void => console.log('x');", 'no-console'],
  ])('refuse %s', async (_, code, rule) => {
    expect(await complaints(code)).toContain(rule);
  });

  it('cannot be switched off by a comment', async () => {
    const off = '/* eslint-disable */\nexport const value: any = 1; // eslint-disable-line\n';
    const found = await complaints(off);
    expect(found).toContain('@typescript-eslint/no-explicit-any');
    expect(found.filter((text) => text.includes('noInlineConfig'))).toHaveLength(2);
  });

  it('have nothing against good code', async () => {
    const good =
      "import type { Person } from './person.js';\n\n/** Names of all. */\nexport const names = (people: readonly Person[]): string[] => people.map(({ id }) => id);\n";
    expect(await complaints(good)).toEqual([]);
  });
});
