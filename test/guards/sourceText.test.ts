import { describe, expect, it } from 'vitest';
import { importCycles, importsOf } from '../kit/imports.ts';
import { findFunction } from '../kit/publicFunctions.ts';
import { closingBracket, lineAt, stripComments } from '../kit/sourceText.ts';

describe('stripComments', () => {
  const cases: [name: string, source: string, stripped: string, withoutStrings: string][] = [
    ['line comment', 'a; // b\nc', 'a;     \nc', 'a;     \nc'],
    ['block comment over lines', 'a /* b\n c */ d', 'a     \n      d', 'a     \n      d'],
    ['slashes in a string', "a = '// b';", "a = '// b';", "a = '    ';"],
    ['escaped quote', "a = '\\' // b'; // c", "a = '\\' // b';     ", "a = '       ';     "],
    ['template with code', '`a ${b /* c */ + "d"} // e`', '`a ${b         + "d"} // e`', '`  ${b         + " "}     `'],
    ['braces in a template', '`${{ a: 1 }.a}// b` // c', '`${{ a: 1 }.a}// b`     ', '`${{ a: 1 }.a}    `     '],
    ['regular expression', 'x = /[/"]\\//.test(y); // z', 'x = /[/"]\\//.test(y);     ', 'x = /      /.test(y);     '],
    ['division', 'a / b / c // d', 'a / b / c     ', 'a / b / c     '],
    ['division after a bracket', '(a) / b[0] / "c"', '(a) / b[0] / "c"', '(a) / b[0] / " "'],
    ['expression after return', 'return /"/ // b', 'return /"/     ', 'return / /     '],
    ['comment at the end of the file', 'a //', 'a   ', 'a   '],
  ];
  for (const [name, source, stripped, withoutStrings] of cases) {
    it(name, () => {
      expect(stripComments(source)).toBe(stripped);
      expect(stripComments(source, { strings: true })).toBe(withoutStrings);
    });
  }

  it('keeps the numbers of the lines', () => {
    const source = '/* a\nb */\n`c\nd`\ne';
    expect(lineAt(stripComments(source), source.indexOf('e'))).toBe(5);
    expect(lineAt(source, 0)).toBe(1);
  });

  it('finds the closing bracket', () => {
    expect(closingBracket('f(a[0], { b }) + c', 1)).toBe(13);
    expect(closingBracket('f(', 1)).toBe(2);
  });
});

describe('importsOf', () => {
  it('tells values from types, over lines, and sees re-exports and calls', () => {
    const source = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      'import {',
      '  type C,',
      '  type D,',
      "} from './c.ts';",
      "import { type E, f } from './e.ts';",
      "export { g } from './g.ts';",
      "export type { H } from './h.ts';",
      "import './i.ts';",
      "export const text = 'no module'; // import { x } from './x.ts'",
      "const j = await import('./j.ts');",
      "import * as k from 'node:fs';",
    ].join('\n');
    expect(importsOf(source).map(({ specifier, typeOnly, line }) => [specifier, typeOnly, line])).toEqual([
      ['./a.ts', false, 1],
      ['./b.ts', true, 2],
      ['./c.ts', true, 6],
      ['./e.ts', false, 7],
      ['./g.ts', false, 8],
      ['./h.ts', true, 9],
      ['./i.ts', false, 10],
      ['./j.ts', false, 12],
      ['node:fs', false, 13],
    ]);
  });
});

describe('importCycles', () => {
  const file = (path: string, ...targets: string[]) => ({
    path,
    text: targets.map((target) => `import { x } from '${target}';`).join('\n'),
  });

  it('finds circles through several files and folders, and self-imports', () => {
    const files = [
      file('s/a.ts', './b.ts'),
      file('s/b.ts', './t/c.ts'),
      file('s/t/c.ts', '../a.ts'),
      file('s/d.ts', './a.ts'),
    ];
    expect(importCycles(files)).toEqual([['s/a.ts', 's/b.ts', 's/t/c.ts']]);
    expect(importCycles([file('a.ts', './a.ts')])).toEqual([['a.ts']]);
  });

  it('takes a diamond for no circle, and leaves type-only imports out', () => {
    expect(
      importCycles([file('a.ts', './b.ts', './c.ts'), file('b.ts', './d.ts'), file('c.ts', './d.ts'), file('d.ts')]),
    ).toEqual([]);
    expect(importCycles([file('a.ts', './b.ts'), { path: 'b.ts', text: "import type { A } from './a.ts';" }])).toEqual(
      [],
    );
  });
});

describe('findFunction', () => {
  it('finds declarations with the comment right before them', () => {
    const source = [
      '/** Other. */',
      'const other = 1;',
      '/** One. */',
      'export function one(): void {}',
      'export async function two(): Promise<void> {}',
      '/** Three. */',
      'export const three = (x: number) => x;',
      '/** Four. */',
      'export const four = 4;',
    ].join('\n');
    const found = (name: string) => findFunction('f.ts', source, name);
    expect(found('one')).toEqual({ name: 'one', path: 'f.ts', line: 4, doc: 'One.' });
    expect(found('two')).toEqual({ name: 'two', path: 'f.ts', line: 5, doc: '' });
    expect(found('three')).toMatchObject({ line: 7, doc: 'Three.' });
    expect(found('four')).toBeUndefined();
    expect(found('on')).toBeUndefined();
  });
});
