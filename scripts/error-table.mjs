// Writes the table of docs/errors.md from the classes of src/errors.ts and their doc comments.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { generatedSections } from './generated-section.mjs';

const path = fileURLToPath(new URL('../src/errors.ts', import.meta.url));
const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);

/** The initial value of a field, `undefined` when the class leaves it as its base has it. */
function field(node, name) {
  const member = node.members.find((one) => ts.isPropertyDeclaration(one) && one.name.getText() === name);
  const value = member?.initializer;
  return value && (ts.isStringLiteral(value) ? value.text : value.getText());
}

const rows = source.statements.filter(ts.isClassDeclaration).flatMap((node) => {
  const code = field(node, 'code');
  if (!code) return [];
  const meaning = ts.getTextOfJSDocComment(ts.getJSDocCommentsAndTags(node)[0]?.comment) ?? '';
  const action = field(node, 'action');
  return [
    [
      `\`${code}\``,
      `\`${node.name.text}\``,
      meaning.replace(/\s+/g, ' ').trim(),
      field(node, 'retryable') === 'true' ? 'yes' : 'no',
      action ? `\`${action}\`` : '–',
    ],
  ];
});

const table = [
  ['code', 'class', 'meaning', 'retryable', 'action'],
  ['---', '---', '---', '---', '---'],
  ...rows,
]
  .map((cells) => `| ${cells.join(' | ')} |`)
  .join('\n');

await generatedSections('docs/errors.md', { errors: table });
