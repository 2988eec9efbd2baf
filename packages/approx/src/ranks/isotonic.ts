/**
 * The nearest monotone sequence in least squares: neighbours that are out of order share their mean (pool adjacent violators; Barlow,
 * Bartholomew, Bremner, Brunk, Statistical Inference under Order Restrictions, 1972). Linear in the number of values.
 */

/** Minimises Σ (result_i − value_i)² over results that never rise. */
export function nonIncreasing(values: readonly number[]): number[] {
  const blocks: { sum: number; size: number }[] = [];
  for (const value of values) {
    let block = { sum: value, size: 1 };
    for (;;) {
      const last = blocks.at(-1);
      if (last === undefined || last.sum * block.size >= block.sum * last.size) break;
      block = { sum: block.sum + last.sum, size: block.size + last.size };
      blocks.pop();
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ sum, size }) => Array.from({ length: size }, () => sum / size));
}

/** The same with results that never fall. */
export function nonDecreasing(values: readonly number[]): number[] {
  return nonIncreasing(values.toReversed()).toReversed();
}
