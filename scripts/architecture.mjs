// Writes the floor table and the import picture of docs/architecture.md from floors.json and from what the sources import.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { generatedSections } from './generated-section.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { floors } = JSON.parse(readFileSync(`${root}floors.json`, 'utf8'));
const floorOf = (file) => floors.find(({ path }) => new RegExp(path).test(file))?.name;

/** Floors that nearly everyone imports; their arrows would hide the others. */
const GROUND = new Set(['base', 'errors']);

const sentence = ({ imports, importsTypes = [] }) =>
  [imports.join(', '), importsTypes.map((name) => `types of ${name}`).join(', ')]
    .filter(Boolean)
    .join('; ') || '–';

const table = [
  '| floor | holds | may import | packages |',
  '|---|---|---|---|',
  ...floors.map((floor) =>
    [
      '',
      `\`${floor.name}\``,
      floor.holds,
      sentence(floor),
      (floor.packages ?? []).map((name) => `\`${name}\``).join(', ') || '–',
      '',
    ]
      .join(' | ')
      .trim(),
  ),
].join('\n');

const { output } = await cruise(['src'], {
  ...(await extractDepcruiseOptions(`${root}.dependency-cruiser.mjs`)),
  baseDir: root,
  validate: false,
});

/** "from to" → whether a value crosses. */
const arrows = new Map();
for (const { source, dependencies } of output.modules) {
  const from = floorOf(source);
  for (const { resolved, dependencyTypes } of dependencies) {
    const to = floorOf(resolved);
    if (!from || !to || from === to || GROUND.has(to)) continue;
    const key = `${from} ${to}`;
    arrows.set(key, arrows.get(key) || !dependencyTypes.includes('type-only'));
  }
}
const drawn = new Set([...arrows.keys()].flatMap((key) => key.split(' ')));
const id = (name) => name.replaceAll('-', '_');
const picture = [
  '```mermaid',
  'flowchart TD',
  ...floors.filter(({ name }) => drawn.has(name)).map(({ name }) => `  ${id(name)}["${name}"]`),
  ...[...arrows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) =>
      key
        .split(' ')
        .map(id)
        .join(value ? ' --> ' : ' -.-> '),
    )
    .map((line) => `  ${line}`),
  '```',
].join('\n');

await generatedSections('docs/architecture.md', { floors: table, imports: picture });
