/**
 * Eigenvalues of a symmetric tridiagonal matrix by bisection with Sturm counts: each, any range of them, or those in an interval,
 * without the others; the independent second algorithm beside QL and divide and conquer.
 *
 * Gershgorin's discs bound all; a count at a point bounds every eigenvalue at once, which is kept for those still to be found
 * (Wilkinson, The Algebraic Eigenvalue Problem, 1965, §5.37; Golub & Van Loan, 4th ed., §8.4.1–8.4.2; LAPACK dstebz). Each interval
 * is halved until no double lies inside it: what error remains is that of the counts, a few ε of the elements of T, so that small
 * eigenvalues have all the digits that T determines. Cost: some 55 n operations with a division for each eigenvalue.
 */

import { ConvergenceError, DomainError, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { EPSILON, unscaleInPlace } from '../dense/denseMatrix.ts';
import { countBelow, smallestPivot, squaresOf } from './sturmCount.ts';
import { copyTridiagonal, reachOf } from './tridiagonalMatrix.ts';
import type { TridiagonalMatrix } from './tridiagonalMatrix.ts';

/** From 2^1024 down to 2^-1074, and the 53 bits of a double. */
const MAX_HALVINGS = 2151;

export interface BisectionOptions {
  /** Only the eigenvalues with these positions, 0 for the largest: from the first up to, not including, the second. */
  readonly range?: readonly [from: number, to: number];
  /** Only the eigenvalues λ with low ≤ λ < high. With `range` as well, the positions are among these. */
  readonly interval?: readonly [low: number, high: number];
}

/**
 * Eigenvalues of a symmetric tridiagonal matrix, descending, by bisection.
 * @param diagonal - [n] f64 (f32 is promoted)
 * @param coupling - [n − 1] f64 (f32 is promoted)
 * @returns [n], or as many as the options leave
 * @throws ShapeError when the shapes do not fit together.
 * @throws DomainError when an element is not finite, `range` is not 0 ≤ from ≤ to ≤ count in integers, or `interval` not
 * low ≤ high.
 * @throws ConvergenceError when an interval does not become small; none is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { tridiagonalEigenvalues } from '@rankwise/linalg';
 * const [diagonal, coupling] = [fromNested('f64', [3, -1, 2]), fromNested('f64', [0, 0])];
 * toNested(tridiagonalEigenvalues(diagonal, coupling)) // => [3, 2, -1]
 * toNested(tridiagonalEigenvalues(diagonal, coupling, { interval: [0, 3] })) // => [2]
 */
export function tridiagonalEigenvalues(
  diagonal: Tensor<FloatDType>,
  coupling: Tensor<FloatDType>,
  options: BisectionOptions = {},
): Tensor<'f64'> {
  const caller = 'tridiagonalEigenvalues';
  const matrix = copyTridiagonal(caller, diagonal, coupling);
  const [first, last] = selectedPositions(caller, matrix, options);
  const values = bisectInto(caller, matrix, first, last).toReversed();
  unscaleInPlace(values, matrix.power);
  return tensorOf(values, [values.length]);
}

/** The eigenvalues first .. last − 1 in ascending order: the largest doubles that these many eigenvalues are not below. */
function bisectInto(caller: string, matrix: TridiagonalMatrix, first: number, last: number): Float64Array {
  const { diagonal, coupling } = matrix;
  const squares = squaresOf(coupling);
  const least = smallestPivot(coupling);
  // Rounding of the bound itself is within n ε of it, and a count at a bound must be 0 or n.
  const reach = reachOf(matrix) * (1 + 2 * diagonal.length * EPSILON) + least;
  const low = new Float64Array(last - first).fill(-reach);
  const high = new Float64Array(last - first).fill(reach);
  const countAt = (x: number, from: number): void => {
    const count = countBelow(diagonal, squares, least, x) - first;
    for (let j = from; j < low.length && low[j]! < x; j++) {
      if (j < count) high[j] = Math.min(high[j]!, x);
      else low[j] = x;
    }
  };
  // Halving comes near 0 by ever smaller steps only.
  countAt(0, 0);
  for (let k = 0; k < low.length; k++) {
    for (let halvings = 0; ; halvings++) {
      const middle = low[k]! + (high[k]! - low[k]!) / 2;
      if (middle <= low[k]! || middle >= high[k]! || high[k]! - low[k]! <= least) break;
      if (halvings === MAX_HALVINGS) {
        throw new ConvergenceError(
          `${caller}: expected an interval to become small within ${MAX_HALVINGS} halvings, got ${low[k]} to ${high[k]}`,
          halvings,
          high[k]! - low[k]!,
        );
      }
      countAt(middle, k);
    }
  }
  return low;
}

/** Positions in ascending order, from and to, of what the options ask for. */
function selectedPositions(
  caller: string,
  { diagonal, coupling, power }: TridiagonalMatrix,
  { range, interval }: BisectionOptions,
): [number, number] {
  let [first, last] = [0, diagonal.length];
  if (interval !== undefined) {
    const [low, high] = interval;
    if (!(low <= high)) throw new DomainError(`${caller}: interval: expected low <= high, got [${low}, ${high}]`);
    const below = (x: number): number => countBelow(diagonal, squaresOf(coupling), smallestPivot(coupling), x * power);
    [first, last] = [below(low), below(high)];
  }
  if (range !== undefined) {
    const [from, to] = range;
    const isRange = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= last - first;
    if (!isRange) {
      throw new DomainError(
        `${caller}: range: expected integers 0 <= from <= to <= ${last - first}, got [${from}, ${to}]`,
      );
    }
    [first, last] = [last - to, last - from];
  }
  return [first, last];
}
