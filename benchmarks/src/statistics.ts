/** Order statistics: robust against the stray slow sample that a busy machine gives. */

export interface Summary {
  readonly samples: number;
  readonly median: number;
  /** First and third quartile, linearly interpolated (Hyndman, Fan 1996, definition 7). */
  readonly quartiles: readonly [number, number];
  readonly range: readonly [number, number];
}

/** @param values - at least one */
export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    samples: sorted.length,
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    range: [quantile(sorted, 0), quantile(sorted, 1)],
  };
}

function quantile(sorted: readonly number[], fraction: number): number {
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}
