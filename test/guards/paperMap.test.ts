/** The map from the paper's formulas to the code names files that exist and functions that those files export. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectNoViolations, repositoryRoot } from '../kit/repository.ts';

interface MapRow {
  readonly files: readonly string[];
  readonly functions: readonly string[];
}

/** Rows `| § | formula | files | functions |`; a file stands as `src/…` of this package, or as `package: src/…`. */
function mapRows(readme: string): MapRow[] {
  return readme.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const codes = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
    const files = codes(cells[3]);
    if (cells.length !== 6 || !files.some((file) => file.endsWith('.ts'))) return [];
    return [{ files, functions: codes(cells[4]) }];
  });
}

function pathOf(file: string): string {
  const [, owner = 'approx', path = file] = /^(\w+): (.*)$/.exec(file) ?? [];
  return join(repositoryRoot, 'packages', owner, path);
}

function violations(rows: readonly MapRow[]): string[] {
  return rows.flatMap(({ files, functions }) => {
    const missing = files.filter((file) => !existsSync(pathOf(file)));
    const code = files
      .filter((file) => !missing.includes(file))
      .map((file) => readFileSync(pathOf(file), 'utf8'))
      .join('\n');
    const unknown = functions.filter(
      (name) =>
        !new RegExp(`export (?:async )?(?:function\\*? |const )${name}\\b|export \\{[^}]*\\b${name}\\b`).test(code),
    );
    return [
      ...missing.map((file) => `${file} does not exist`),
      ...unknown.map((name) => `${name} is exported by none of ${files.join(', ')}`),
    ];
  });
}

describe("the map of the paper's formulas", () => {
  const readme = readFileSync(join(repositoryRoot, 'packages/approx/README.md'), 'utf8');

  it('names files and functions that exist', () => {
    const rows = mapRows(readme);
    expect(rows.length).toBeGreaterThanOrEqual(14);
    expectNoViolations(violations(rows));
  });

  it('would be caught naming others', () => {
    const rows = mapRows('| 1 | `x` | `src/layers.ts`, `src/none.ts` | `convolutionLayers`, `nobody` |');
    expect(violations(rows)).toEqual([
      'src/none.ts does not exist',
      'nobody is exported by none of src/layers.ts, src/none.ts',
    ]);
  });
});
