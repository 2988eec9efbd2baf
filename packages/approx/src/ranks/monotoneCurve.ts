/**
 * What a layer loses at every rank, from measurements at a few: monotone, smooth, and through the measured points where these
 * are monotone themselves.
 *
 * 1. A larger rank cannot lose more. Where measurements say so, noise does; neighbours that are out of order share their mean
 *    (isotonic.ts).
 * 2. Losses fall by powers of ten, roughly as a power of the rank, so that log loss over log rank is interpolated: by a cubic Hermite
 *    spline with slopes that keep it monotone (Fritsch, Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300–304). A curve with
 *    corners would do for the values, but an optimum over it gathers at the corners.
 *
 * Beyond the measured ranks the curve is level.
 */

import { DomainError } from '@rankwise/tensor';
import { nonIncreasing } from './isotonic.ts';

/**
 * The curve's values at rank 1, 2, …, `count`.
 * @param ranks - measured, strictly ascending, ≥ 1
 * @param values - measured, ≥ 0, one for each rank
 * @throws DomainError when there are no measurements, their numbers differ, ranks do not ascend, or a value is negative or not finite.
 * @example
 * import { monotoneCurve } from '@rankwise/approx';
 * [...monotoneCurve([1, 4], [1, 1 / 16], 4)].map((value) => Math.round(value * 144)) // => [144, 36, 16, 9]
 */
export function monotoneCurve(ranks: readonly number[], values: readonly number[], count: number): Float64Array {
  checkPoints(ranks, values);
  const falling = nonIncreasing(values);
  const smallest = falling.findLast((value) => value > 0);
  if (smallest === undefined) return new Float64Array(count);
  // A measured 0 is below what f32 activations resolve, of whatever size the smallest other value has.
  const floor = Math.max(smallest * 2 ** -24, Number.MIN_VALUE);
  const x = ranks.map((rank) => Math.log(rank));
  const y = falling.map((value) => Math.log(Math.max(value, floor)));
  const slopes = monotoneSlopes(x, y);
  const curve = new Float64Array(count);
  let segment = 0;
  for (let rank = 1; rank <= count; rank++) {
    while (segment + 1 < ranks.length && (ranks[segment + 1] ?? 0) <= rank) segment++;
    const value = falling[segment] ?? 0;
    const level = ranks[segment] === rank || segment + 1 === ranks.length || rank < (ranks[0] ?? 1) || value === 0;
    const between = level ? value : Math.exp(hermite(x, y, slopes, segment, Math.log(rank)));
    // The exponential's rounding must not make a level stretch rise.
    curve[rank - 1] = rank > 1 ? Math.min(between, curve[rank - 2]!) : between;
  }
  return curve;
}

/** Slopes at the points: weighted harmonic means of the secants beside them inside, the secants themselves at the ends. */
function monotoneSlopes(x: readonly number[], y: readonly number[]): number[] {
  const widths = x.slice(1).map((right, i) => right - (x[i] ?? 0));
  const secants = y.slice(1).map((right, i) => (right - (y[i] ?? 0)) / (widths[i] ?? 1));
  return x.map((_, i) => {
    const [left, right] = [secants[i - 1], secants[i]];
    if (left === undefined || right === undefined) return left ?? right ?? 0;
    if (left * right <= 0) return 0;
    const [before, after] = [widths[i - 1] ?? 1, widths[i] ?? 1];
    const weight = (before + 2 * after) / (3 * (before + after));
    return (left * right) / (weight * right + (1 - weight) * left);
  });
}

function hermite(x: readonly number[], y: readonly number[], slopes: readonly number[], i: number, at: number): number {
  const [x0, x1, y0, y1] = [x[i] ?? 0, x[i + 1] ?? 0, y[i] ?? 0, y[i + 1] ?? 0];
  const width = x1 - x0;
  const t = (at - x0) / width;
  const rise = t * t * (3 - 2 * t);
  const bend = width * t * (1 - t) * ((1 - t) * (slopes[i] ?? 0) - t * (slopes[i + 1] ?? 0));
  return y0 * (1 - rise) + y1 * rise + bend;
}

function checkPoints(ranks: readonly number[], values: readonly number[]): void {
  if (ranks.length === 0 || ranks.length !== values.length) {
    throw new DomainError(
      `monotoneCurve: values: expected one for each of at least one rank, got ${values.length} for ${ranks.length}`,
    );
  }
  for (const [i, rank] of ranks.entries()) {
    if (!(Number.isInteger(rank) && rank > (ranks[i - 1] ?? 0))) {
      throw new DomainError(`monotoneCurve: ranks: expected ascending integers ≥ 1, got ${ranks.join(', ')}`);
    }
  }
  for (const value of values) {
    if (!(value >= 0 && value < Infinity)) {
      throw new DomainError(`monotoneCurve: values: expected finite numbers ≥ 0, got ${value}`);
    }
  }
}
