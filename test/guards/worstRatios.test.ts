/**
 * The table of worst ratios in packages/linalg/README.md names the routines that the tests measure, no more and no fewer. (The
 * numbers are the tests' own: `npm run test:ratios` writes them.)
 */

import { describe, expect, it } from 'vitest';
import { routinesOfMarkdown } from '../kit/matrices/ratioTables.ts';
import { betweenMarkers } from '../kit/matrices/ratioReporter.ts';
import { readSource, typescriptFiles } from '../kit/repository.ts';

/** `expectRatio('routine: check'` or `'routine, used so: check'`; names put together at run time are in the table of routines. */
const measured = /\bexpectRatio\(\s*['"`](\w+)[:, '"`]/g;
const inTable = /^ {4}name: '(\w+)'|^ {2}\{ name: '(\w+)'/gm;

function measuredRoutines(): string[] {
  const files = typescriptFiles(['test/linalg']).filter(({ path }) => !/\/kit\w*\.test\.ts$/.test(path));
  const names = files.flatMap(({ path, text }) => {
    const pattern = path === 'test/linalg/routines.ts' ? inTable : measured;
    return [...text.matchAll(pattern)].map(([, name, other]) => name ?? other ?? '');
  });
  return [...new Set(names)].toSorted();
}

describe('the table of worst ratios', () => {
  it('is found, and names routines', () => {
    expect(measuredRoutines()).toEqual(expect.arrayContaining(['cholesky', 'jacobiSvd', 'svd', 'symmetricEigen']));
  });

  it('names what the tests measure: if not, npm run test:ratios', () => {
    const table = betweenMarkers(readSource('packages/linalg/README.md').text);
    expect(routinesOfMarkdown(table).toSorted()).toEqual(measuredRoutines());
  });
});
