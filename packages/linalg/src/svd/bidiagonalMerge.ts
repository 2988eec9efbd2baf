/**
 * The merge of two solved parts of a bidiagonal matrix by the row (α, β) between them (Gu & Eisenstat 1995, §2; LAPACK
 * dlasd1, dlasd3).
 *
 * With B₁ = X₁ [D₁ 0] [Y₁ y₁]ᵀ, (lᵀ, λ) the last row of [Y₁ y₁], and (fᵀ, φ) the first row of [Y₂ y₂],
 *
 *     B = diag(X₁, 1, X₂) · [D₁ 0 0; α lᵀ ζ β fᵀ; 0 0 D₂] · (Y₁, q, Y₂)ᵀ,   q = (c y₁, s y₂),   (α λ, β φ) = ζ (c, s)
 *
 * and (−s y₁, c y₂) is the null vector of B. The matrix in the middle is a diagonal of poles, 0 in the row that is full: that
 * row is z. What z hardly touches is deflated (bidiagonalDeflation.ts); of the rest the singular vectors are found
 * (arrowheadSvd.ts), and combine those of the parts: in matrix products, by halves, as the vectors of B₁ are zero in the columns
 * of B₂. Cost: 2n³ operations when nothing is deflated and the parts are of equal size.
 */

import { slice } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { maxAbs } from '../dense/denseMatrix.ts';
import { withWorkMatrix } from '../dense/workMatrix.ts';
import { lengthOfPair } from '../orthogonal/planeRotation.ts';
import { arrowheadSvdInto } from './arrowheadSvd.ts';
import { deflateInPlace } from './bidiagonalDeflation.ts';
import type { Kept } from './bidiagonalDeflation.ts';

/** The decompositions of parts of B, in the places of their rows, and in the end of the whole. */
export interface BidiagonalParts {
  /** [n], in no order, none negative. */
  readonly values: Float64Array;
  /** [n, n]: row i is the left singular vector of values[i]. */
  readonly left: Float64Array;
  /** [n + 1, n + 1]: row i is the right singular vector of values[i]; after a part's last row comes its null vector. */
  readonly right: Float64Array;
}

/** Rows first .. end − 1, of which `middle` joins the others. */
export interface MergeRange {
  readonly first: number;
  readonly middle: number;
  readonly end: number;
}

/**
 * Replaces the decompositions of the two parts by that of rows first .. end − 1.
 * @throws ConvergenceError naming `caller`, from the secular equation.
 */
export function mergePartsInPlace(
  caller: string,
  kernels: Kernels,
  parts: BidiagonalParts,
  range: MergeRange,
  alpha: number,
  beta: number,
): void {
  const n = parts.values.length;
  const { first, middle, end } = range;
  const values = parts.values.subarray(first, end);
  values[middle - first] = 0;
  parts.left[middle * n + middle] = 1;
  const z = joinNullVectorsInPlace(parts, range, alpha, beta);
  const norm = Math.max(Math.abs(alpha), Math.abs(beta), maxAbs(values));
  if (norm === 0) return;
  // A power of two, so that squares of poles neither overflow nor vanish.
  const unit = 2 ** Math.floor(Math.log2(norm));
  for (let i = 0; i < z.length; i++) {
    values[i] = values[i]! / unit;
    z[i] = z[i]! / unit;
  }
  const kept = deflateInPlace(parts, range, z, norm / unit);
  const k = kept.places.length;
  withWorkMatrix(kernels, k, k, (left) => {
    withWorkMatrix(kernels, k, k, (right) => {
      const found = arrowheadSvdInto(left, right, caller, kept.poles, kept.weights, kept.columns);
      combineRowsInPlace(kernels, parts.left, n, end, range, kept, left);
      combineRowsInPlace(kernels, parts.right, n + 1, end + 1, range, kept, right);
      for (let i = 0; i < k; i++) parts.values[kept.places[i]!] = found[i]!;
    });
  });
  for (let i = 0; i < z.length; i++) values[i] = values[i]! * unit;
}

/** z, and in the places `middle` and `end` q and the null vector of the whole instead of y₁ and y₂. */
function joinNullVectorsInPlace(
  { values, right }: BidiagonalParts,
  { first, middle, end }: MergeRange,
  alpha: number,
  beta: number,
): Float64Array {
  const stride = values.length + 1;
  const z = new Float64Array(end - first);
  for (let i = first; i < middle; i++) z[i - first] = alpha * right[i * stride + middle]!;
  for (let i = middle + 1; i < end; i++) z[i - first] = beta * right[i * stride + middle + 1]!;

  const q = middle * stride;
  const last = end * stride;
  const f = alpha * right[q + middle]!;
  const g = beta * right[last + middle + 1]!;
  const zeta = lengthOfPair(f, g);
  const c = zeta === 0 ? 1 : f / zeta;
  const s = zeta === 0 ? 0 : g / zeta;
  z[middle - first] = zeta;
  for (let j = first; j <= middle; j++) {
    const value = right[q + j]!;
    right[q + j] = c * value;
    right[last + j] = -s * value;
  }
  for (let j = middle + 1; j <= end; j++) {
    const value = right[last + j]!;
    right[q + j] = s * value;
    right[last + j] = c * value;
  }
  return z;
}

/** A stretch of columns, and which of the kept rows are not zero there. */
interface Half {
  readonly columns: readonly [number, number];
  readonly kept: readonly [number, number];
}

/** The kept rows become combinations · (kept rows), half by half. Only the columns before `lastColumn` are of this part. */
function combineRowsInPlace(
  kernels: Kernels,
  rows: Float64Array,
  stride: number,
  lastColumn: number,
  { first, middle }: MergeRange,
  { places, upperCount, lowerStart }: Kept,
  combinations: Tensor<'f64'>,
): void {
  const count = places.length;
  const halves: Half[] = [
    { columns: [first, middle + 1], kept: [0, upperCount] },
    { columns: [middle + 1, lastColumn], kept: [lowerStart, count] },
  ];
  for (const { columns, kept } of halves) {
    const width = columns[1] - columns[0];
    const used = kept[1] - kept[0];
    withWorkMatrix(kernels, used, width, (old) => {
      for (let i = 0; i < used; i++) {
        const row = places[kept[0] + i]! * stride;
        old.data.set(rows.subarray(row + columns[0], row + columns[1]), i * width);
      }
      withWorkMatrix(kernels, count, width, (out) => {
        kernels.matmul({ a: slice(combinations, [undefined, [kept[0], kept[1]]]), b: old, out });
        for (let i = 0; i < count; i++) {
          rows.set(out.data.subarray(i * width, (i + 1) * width), places[i]! * stride + columns[0]);
        }
      });
    });
  }
}
