// The floor table of docs/architecture.md as rules. The table itself is data: floors.json.
import { readFileSync } from 'node:fs';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
const { floors } = read('./floors.json');
const paths = new Map(floors.map(({ name, path }) => [name, [path]]));

/** Source files behind the exports map: what a user of the package can import. The emulator stays a tower of its own. */
const entryPoints = Object.entries(read('./package.json').exports)
  .filter(([subpath]) => subpath !== './emulator')
  .flatMap(([, target]) => (typeof target === 'object' ? [target.default] : []))
  .map((target) => `^src/${target.replace('./dist/', '').replace(/\.js$/, '.ts').replaceAll('.', '\\.')}$`);
paths.set('entry points', entryPoints);

const pathsOf = (names) =>
  names.flatMap((name) => {
    const found = paths.get(name);
    if (!found) throw new Error(`floors.json: no floor is named ${name}`);
    return found;
  });

const rulesOf = ({ name, path, imports, importsTypes = [], packages = [], builtins = true }) => [
  {
    name: `${name}-imports`,
    comment: `${name} may import: ${imports.join(', ') || 'nothing'}`,
    severity: 'error',
    from: { path },
    to: { path: '^src/', pathNot: [path, ...pathsOf(imports), ...pathsOf(importsTypes)] },
  },
  ...importsTypes.map((contract) => ({
    name: `${name}-imports-types-of-${contract}`,
    comment: `${name} may only \`import type\` from ${contract}`,
    severity: 'error',
    from: { path },
    to: { path: pathsOf([contract]), pathNot: pathsOf(imports), dependencyTypesNot: ['type-only'] },
  })),
  {
    name: `${name}-packages`,
    comment: `${name} may use these packages: ${packages.join(', ') || 'none'}`,
    severity: 'error',
    from: { path },
    to: {
      path: 'node_modules/',
      ...(packages.length > 0 && {
        pathNot: packages.flatMap((one) => [`node_modules/${one}/`, `node_modules/@types/${one}/`]),
      }),
    },
  },
  ...(builtins
    ? []
    : [
        {
          name: `${name}-builtins`,
          comment: `${name} also runs where there is no Node`,
          severity: 'error',
          from: { path },
          to: { dependencyTypes: ['core'] },
        },
      ]),
];

const homeless = { path: '^src/', pathNot: floors.map(({ path }) => path) };

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...floors.flatMap(rulesOf),
    {
      name: 'no-floor',
      comment: 'belongs to no floor of floors.json',
      severity: 'error',
      from: homeless,
      to: {},
    },
    {
      name: 'no-floor-alone',
      comment: 'belongs to no floor of floors.json',
      severity: 'error',
      from: { ...homeless, orphan: true },
      to: {},
    },
    {
      name: 'no-cycle',
      comment: 'cycles hide who depends on whom',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      comment: 'the import leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
