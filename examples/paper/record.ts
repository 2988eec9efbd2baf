/** The same as the page, for programs: plain JSON in which accuracies are counts and no photograph is named. */

import type { Part } from './parts.ts';
import type { Terms } from './page.ts';
import type { PaperResults } from './results.ts';
import { wilsonInterval } from './statistics.ts';

export function paperRecord(parts: readonly Part[], results: PaperResults, terms: Terms): string {
  const record = {
    format: 'rankwise-paper',
    version: 1,
    run: Object.fromEntries(terms),
    claims: parts.flatMap(({ id, claims }) => claims.map((claim) => ({ part: id, ...claim }))),
    results,
  };
  return `${JSON.stringify(record, summarise, 1)}\n`;
}

/** Hits become how many of how many, and the 95% interval of their share. */
function summarise(_: string, value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  const right = value.reduce((sum, hit) => sum + hit, 0);
  return { right, of: value.length, interval: wilsonInterval(right, value.length) };
}
