import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const everywhere = [
  { selector: 'TSEnumDeclaration', message: 'No enum: use a union of string literals.' },
  { selector: 'TSParameterProperty', message: 'No parameter properties: declare the field.' },
];

const inSource = [
  ...everywhere,
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: 'PropertyDefinition[accessibility="private"]', message: 'Use #private.' },
  { selector: 'MethodDefinition[kind!="constructor"][accessibility="private"]', message: 'Use #private.' },
];

/** Calls, not mentions: `random = Math.random` as a default is how it is given. */
const callOf = (object, property, message) => ({
  selector: `CallExpression[callee.object.name="${object}"][callee.property.name="${property}"]`,
  message,
});

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'bench/results/']),
  {
    // No comment switches a rule off: mend the code, or change the rule here for everyone.
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...everywhere],
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      // `() => void (count += 1)` and `return reject(error)` are clear enough.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // In-memory parts implement asynchronous contracts.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': ['error', { allowRethrowing: true, allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: false },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...inSource] },
  },
  {
    // Only the clock reads the time and only the random source draws: everybody else is given them.
    files: ['src/**/*.ts'],
    ignores: ['src/base/**', 'src/cli/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...inSource,
        callOf('Date', 'now', 'Take a Clock.'),
        callOf('performance', 'now', 'Take a Clock.'),
        callOf('Math', 'random', 'Take a source of random numbers.'),
      ],
      'no-restricted-globals': [
        'error',
        { name: 'setTimeout', message: 'Take a Clock.' },
        { name: 'setInterval', message: 'Take a Clock.' },
      ],
    },
  },
  {
    // What callers without TypeScript may pass is checked all the same.
    files: ['src/config/**/*.ts'],
    rules: { '@typescript-eslint/no-unnecessary-condition': 'off' },
  },
  {
    files: ['src/cli/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // An assertion that fails the test when it is wrong.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Printing what must not print its secrets is what many of them are for.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
);
