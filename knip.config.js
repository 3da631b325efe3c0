import { readFileSync } from 'node:fs';

const { exports: entryPoints, bin } = JSON.parse(
  readFileSync(new URL('./package.json', import.meta.url), 'utf8'),
);

/** Source files behind the exports map and the commands. */
const published = [...Object.values(entryPoints), ...Object.values(bin)]
  .flatMap((target) =>
    typeof target === 'object' ? [target.default, target.browser ?? []].flat() : [target],
  )
  .filter((target) => target.includes('/dist/'))
  .map((target) => `${target.replace('./dist/', 'src/').replace(/\.js$/, '.ts')}!`);

/** @type {import('knip').KnipConfig} */
export default {
  entry: [
    ...new Set(published),
    'scripts/*.mjs',
    'bench/*.mjs',
    'verify/main.ts',
    'test/support/summary-reporter.ts',
    'test/**/*.worker.ts',
  ],
  project: ['src/**/*.ts!', 'test/**/*.ts', 'bench/**/*', 'scripts/**/*.mjs', 'verify/**/*.ts'],
  // publint: started by scripts/check.mjs; express: required by its adapter's test, its types by the code blocks of the docs;
  // @webex/*, got: installed by test/sdk/install.mjs, from the lock files there and in bench/.
  ignoreDependencies: ['publint', 'express', '@types/express', 'got', /^@webex\//],
  ignoreExportsUsedInFile: { interface: true, type: true },
};
