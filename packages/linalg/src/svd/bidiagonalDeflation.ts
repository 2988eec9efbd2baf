/**
 * Which poles of a merge keep their value and vectors (deflate), and which go on to the secular equation.
 *
 * A matrix of diagonal d with a full row z (d = 0 in it) has, up to a change below the tolerance t = 8 u ‖B‖:
 *  - the singular value d_j where |z_j| ≤ t;
 *  - the singular value d_i where d_j − d_i ≤ t, after a rotation of rows and columns i and j that makes z_i zero.
 *
 * What is kept has poles more than t apart (the first, 0, and the second t / 2) and |z_j| > t, so that its roots are separated
 * from its poles. (Gu & Eisenstat 1995, §4.1; LAPACK dlasd2.) Changes add to an absolute error of O(t) for each merge.
 */

import { EPSILON } from '../dense/denseMatrix.ts';
import { lengthOfPair } from '../orthogonal/planeRotation.ts';
import type { BidiagonalParts, MergeRange } from './bidiagonalMerge.ts';

/** dlasd2's multiple of the unit roundoff u = ε / 2. */
const ROUNDOFFS = 8;

/** What is not deflated. */
export interface Kept {
  /** [k], ascending, the first 0. */
  readonly poles: Float64Array;
  /** [k]: z at the poles. */
  readonly weights: Float64Array;
  /** [k]: pole i is at position columns[i] of `places`. */
  readonly columns: Int32Array;
  /** [k]: rows of the vectors, those of the first part only, then those of both, then those of the second part only. */
  readonly places: Int32Array;
  /** places[0 .. upperCount) are not zero in the first part, those from lowerStart on not in the second. */
  readonly upperCount: number;
  readonly lowerStart: number;
}

/** The parts in which a vector is not zero. */
const FIRST = 0;
const BOTH = 1;
const SECOND = 2;

/** Deflates; `z` [end − first] and vectors of deflated pairs are changed. `norm` is at least every pole, |α| and |β|. */
export function deflateInPlace(parts: BidiagonalParts, range: MergeRange, z: Float64Array, norm: number): Kept {
  const { first, middle, end } = range;
  const { values } = parts;
  const tolerance = ROUNDOFFS * (EPSILON / 2) * norm;
  const support = new Uint8Array(end - first).fill(FIRST).fill(SECOND, middle - first + 1);
  support[middle - first] = BOTH;
  const joined = middle - first;
  const pole = (i: number): number => values[first + i]!;
  const rest = Array.from(z.keys())
    .filter((i) => i !== joined)
    .toSorted((i, j) => pole(i) - pole(j) || i - j);

  const kept = [joined];
  let candidate = -1;
  for (const i of rest) {
    if (Math.abs(z[i]!) <= tolerance) continue;
    if (candidate >= 0 && pole(i) - pole(candidate) <= tolerance) {
      rotatePairInPlace(parts, range, z, candidate, i);
      if (support[i] !== support[candidate]) support[i] = BOTH;
    } else if (candidate >= 0) kept.push(candidate);
    candidate = i;
  }
  if (candidate >= 0) kept.push(candidate);

  if (z[joined]! <= tolerance) z[joined] = tolerance;
  const poles = Float64Array.from(kept, pole);
  if (kept.length > 1) poles[1] = Math.max(poles[1]!, tolerance / 2);
  return { poles, weights: Float64Array.from(kept, (i) => z[i]!), ...grouped(kept, support, first) };
}

/** Rotates vectors i and j so that z_i becomes 0. */
function rotatePairInPlace(
  { values, left, right }: BidiagonalParts,
  { first, end }: MergeRange,
  z: Float64Array,
  i: number,
  j: number,
): void {
  const length = lengthOfPair(z[i]!, z[j]!);
  const c = z[j]! / length;
  const s = z[i]! / length;
  z[j] = length;
  z[i] = 0;
  const n = values.length;
  rotateRowsInPlace(left, (first + i) * n, (first + j) * n, first, end, c, s);
  rotateRowsInPlace(right, (first + i) * (n + 1), (first + j) * (n + 1), first, end + 1, c, s);
}

/** (x, y) ← (c x − s y, c y + s x) in the columns from .. to − 1. */
function rotateRowsInPlace(
  rows: Float64Array,
  x: number,
  y: number,
  from: number,
  to: number,
  c: number,
  s: number,
): void {
  for (let column = from; column < to; column++) {
    const xValue = rows[x + column]!;
    const yValue = rows[y + column]!;
    rows[x + column] = c * xValue - s * yValue;
    rows[y + column] = c * yValue + s * xValue;
  }
}

/** The rows of the kept, by where they are not zero. */
function grouped(
  kept: readonly number[],
  support: Uint8Array,
  first: number,
): Pick<Kept, 'columns' | 'places' | 'upperCount' | 'lowerStart'> {
  const order = Array.from(kept.keys()).toSorted((i, j) => support[kept[i]!]! - support[kept[j]!]! || i - j);
  const columns = new Int32Array(kept.length);
  order.forEach((i, position) => (columns[i] = position));
  const countOf = (which: number): number => kept.filter((i) => support[i] === which).length;
  return {
    columns,
    places: Int32Array.from(order, (i) => first + kept[i]!),
    upperCount: kept.length - countOf(SECOND),
    lowerStart: countOf(FIRST),
  };
}
