/**
 * A vitest reporter that prints the worst ratios which some of the test files measured (they arrive by vitest.ts).
 *
 * | environment             | what it does                                                                |
 * |-------------------------|-----------------------------------------------------------------------------|
 * | –                       | one line a routine: the worst ratio of all its checks, and its case         |
 * | RANKWISE_PRINT_RATIOS=1 | routine × kind in full as well                                              |
 * | RANKWISE_WRITE_RATIOS=1 | the markdown table goes into the file, between the markers                  |
 */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { fullTable, markdownTable, mergeRatios, summaryTable } from './ratioTables.ts';
import { THRESHOLD } from './worstRatios.ts';

/** What stands before and after the table in the file. */
export const MARKERS = ['<!-- ratios: written by the tests -->', '<!-- end of ratios -->'] as const;

export interface RatioReporterOptions {
  /** What the table calls the files. */
  readonly title: string;
  /** Only these count, by their paths relative to vitest's root. */
  readonly files: RegExp;
  /** Absolute path of the file with the markers. */
  readonly file: string;
}

export function ratioReporter({ title, files, file }: RatioReporterOptions): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[]) {
      const own = modules.filter(({ relativeModuleId }) => files.test(relativeModuleId));
      const ratios = mergeRatios(own.map((module) => module.meta().worstRatios ?? []));
      if (ratios.length === 0) return;
      console.log(`\nWorst ratios of ${title} by routine (threshold ${THRESHOLD}):\n${summaryTable(ratios)}`);
      for (const module of own) for (const line of module.meta().notes ?? []) console.log(line);
      if (isSet('RANKWISE_PRINT_RATIOS')) console.log(`\n${fullTable(ratios)}`);
      if (isSet('RANKWISE_WRITE_RATIOS')) writeBetweenMarkers(file, markdownTable(ratios));
    },
  };
}

/** The text between the markers of a file's text. */
export function betweenMarkers(text: string): string {
  const [start, end] = boundsOf(text);
  return text.slice(start, end);
}

function writeBetweenMarkers(file: string, table: string): void {
  const text = readFileSync(file, 'utf8');
  const [start, end] = boundsOf(text);
  writeFileSync(`${file}.new`, `${text.slice(0, start)}\n\n${table}\n\n${text.slice(end)}`);
  renameSync(`${file}.new`, file);
}

function boundsOf(text: string): [start: number, end: number] {
  const [before, after] = MARKERS.map((marker) => text.indexOf(marker));
  if (before === undefined || after === undefined || before < 0 || after < before) {
    throw new Error(`expected the markers ${MARKERS.join(' and ')}`);
  }
  return [before + MARKERS[0].length, after];
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== '';
}
