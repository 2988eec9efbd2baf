/**
 * Tables of the worst ratios measured: one line a routine for the terminal; routine × kind in full; markdown for a README, in
 * which the gallery's families stand for their kinds.
 */

import { checkOf, isWorse, keepWorst, routineOf } from './worstRatios.ts';
import type { WorstRatio } from './worstRatios.ts';

/** Worst ratios of several files as one list, sorted by check and kind. */
export function mergeRatios(lists: Iterable<readonly WorstRatio[]>): WorstRatio[] {
  const kept = new Map<string, WorstRatio>();
  for (const list of lists) for (const one of list) keepWorst(kept, one);
  return [...kept.values()].toSorted((a, b) => compare(a.check, b.check) || compare(a.kind, b.kind));
}

/** One line a routine: its worst ratio, of which check, on which case. */
export function summaryTable(ratios: readonly WorstRatio[]): string {
  const rows = byRoutine(ratios).map(([routine, own]) => {
    const worst = worstOf(own);
    return [routine, formatRatio(worst.ratio), `${checkOf(worst.check)} | ${worst.what}`];
  });
  return aligned(rows);
}

/** One row a kind, one column a routine: the worst of all checks. */
export function fullTable(ratios: readonly WorstRatio[]): string {
  const routines = byRoutine(ratios);
  const kinds = [...new Set(ratios.map(({ kind }) => kind))].toSorted(compare);
  const blocks: string[] = [];
  // Six routines at a time keep the lines short.
  for (let first = 0; first < routines.length; first += 6) {
    const columns = routines.slice(first, first + 6);
    const rows = kinds.map((kind) => [kind, ...columns.map(([, own]) => cell(own.filter((one) => one.kind === kind)))]);
    const measured = rows.filter(([, ...cells]) => cells.some((text) => text !== ''));
    blocks.push(aligned([['', ...columns.map(([routine]) => routine)], ...measured]));
  }
  return blocks.join('\n\n');
}

/** Markdown: a row a routine with its worst ratio for each family of kinds, and the worst of all with its check and kind. */
export function markdownTable(ratios: readonly WorstRatio[]): string {
  const names = [...new Set(ratios.map(({ family }) => family))].toSorted(compare);
  const rows = byRoutine(ratios).map(([routine, own]) => {
    const worst = worstOf(own);
    const cells = names.map((name) => cell(own.filter(({ family }) => family === name)));
    const check = checkOf(worst.check).replaceAll('|', '\\|');
    return [`\`${routine}\``, `**${formatRatio(worst.ratio)}**`, `${check} · ${worst.kind}`, ...cells];
  });
  const lines = [['routine', 'worst', 'of · on', ...names], ['---', '---', '---', ...names.map(() => '---')], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The routines in a table made by markdownTable. */
export function routinesOfMarkdown(markdown: string): string[] {
  return [...markdown.matchAll(/^\| `([^`]+)`/gm)].map(([, routine = '']) => routine);
}

function byRoutine(ratios: readonly WorstRatio[]): [routine: string, own: WorstRatio[]][] {
  const routines = [...new Set(ratios.map(({ check }) => routineOf(check)))].toSorted(compare);
  return routines.map((routine) => [routine, ratios.filter(({ check }) => routineOf(check) === routine)]);
}

function worstOf(ratios: readonly WorstRatio[]): WorstRatio {
  return ratios.reduce((worst, one) => (isWorse(one.ratio, worst.ratio) ? one : worst));
}

function cell(ratios: readonly WorstRatio[]): string {
  return ratios.length === 0 ? '' : formatRatio(worstOf(ratios).ratio);
}

/** Two digits; less than 0.01 reads 0. */
function formatRatio(ratio: number): string {
  return ratio < 0.01 ? '0' : ratio >= 10 ? ratio.toFixed(0) : ratio.toPrecision(2);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((text, j) => (widths[j] = Math.max(widths[j] ?? 0, text.length)));
  return rows.map((row) => row.map((text, j) => text.padEnd(widths[j] ?? 0)).join('  ').trimEnd()).join('\n'); // prettier-ignore
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
