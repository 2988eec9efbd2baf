/** A file with a line of JSON for each finished row of a long table: what is in it is not computed again. */

import { appendFile, readFile } from 'node:fs/promises';

export interface RowLog<Row> {
  /** What the file held when it was opened. */
  readonly rows: readonly Row[];
  readonly append: (row: Row) => Promise<void>;
}

/** Opens a log; without a file nothing is kept. Lines are what the same example wrote before. */
export async function openRowLog<Row>(file: string | undefined): Promise<RowLog<Row>> {
  if (file === undefined) return { rows: [], append: () => Promise.resolve() };
  const text = await readFile(file, 'utf8').catch(() => '');
  // A line that a kill cut short has no newline, and its row is made again.
  const lines = text.split('\n').slice(0, -1);
  return {
    rows: lines.filter((line) => line.startsWith('{') && line.endsWith('}')).map((line) => JSON.parse(line) as Row),
    append: (row) => appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${JSON.stringify(row)}\n`),
  };
}
