/**
 * Singular values and vectors of an upper bidiagonal matrix by divide and conquer, B = X diag(σ) Yᵀ.
 *
 *     B = [ B₁         ]        rows 0 .. k − 1, one column more than rows
 *         [ α e_kᵀ  β e_0ᵀ ]    row k
 *         [         B₂ ]        the rows after it
 *
 * Given the decompositions of B₁ and B₂, that of B comes from a diagonal matrix with one full row (bidiagonalMerge.ts). Every
 * part has one column more than rows, the whole as well, where that column is zero; so every part has a right null vector.
 * Parts of up to 32 rows go to the QR iteration.
 *
 * Reference: Gu & Eisenstat, A divide-and-conquer algorithm for the bidiagonal SVD, SIAM J. Matrix Anal. Appl. 16 (1995);
 * LAPACK dbdsdc, dlasd0. Cost: at most 8n³/3 operations, in matrix products, and O(n²) beside them; the less the more values
 * are deflated. Singular values have absolute accuracy n ε ‖B‖; those of a B with up to 32 rows have relative accuracy.
 */

import type { Kernels } from '@rankwise/tensor';
import { identityData } from '../dense/denseMatrix.ts';
import { makeRotationSweeps } from '../orthogonal/rotationSweeps.ts';
import { mergePartsInPlace } from './bidiagonalMerge.ts';
import type { BidiagonalParts } from './bidiagonalMerge.ts';
import { bidiagonalQrInPlace } from './bidiagonalQr.ts';

/** Rows up to which QR is as fast: of 16, 24, 32 and 48, the last two were best at n = 256 and 512. */
const LEAF = 32;

/**
 * Decomposes the matrix with diagonal `main` and elements `above` it (n, the last one zero), whose largest magnitude is in
 * [2^-485, 2^485] or 0.
 * @throws ConvergenceError naming `caller`, from the QR iteration or the secular equation.
 */
export function bidiagonalDivideAndConquer(
  caller: string,
  kernels: Kernels,
  main: Float64Array,
  above: Float64Array,
): BidiagonalParts {
  const n = main.length;
  const parts = {
    values: new Float64Array(n),
    left: new Float64Array(n * n),
    right: new Float64Array((n + 1) * (n + 1)),
  };
  const solveInPlace = (first: number, end: number): void => {
    if (end - first <= LEAF) {
      solveLeafInPlace(caller, parts, main.slice(first, end), above.slice(first, end), first);
      return;
    }
    const middle = Math.floor((first + end) / 2);
    solveInPlace(first, middle);
    solveInPlace(middle + 1, end);
    mergePartsInPlace(caller, kernels, parts, { first, middle, end }, main[middle]!, above[middle]!);
  };
  solveInPlace(0, n);
  return parts;
}

/**
 * A leaf with a row of zeros added is square. The first sweep of QR, with shift zero, makes its last column zero, and no left
 * rotation ever touches the added row: the last right vector is the null vector, and the last left one is dropped. A leaf whose
 * last column is zero from the start needs no such row.
 */
function solveLeafInPlace(
  caller: string,
  { values, left, right }: BidiagonalParts,
  main: Float64Array,
  above: Float64Array,
  first: number,
): void {
  const n = values.length;
  const count = main.length;
  const isSquare = count === 0 || above[count - 1] === 0;
  const size = isSquare ? count : count + 1;
  const sigma = new Float64Array(size);
  sigma.set(main);
  const beside = new Float64Array(size);
  beside.set(above);
  const x = identityData(size);
  const y = identityData(size);
  bidiagonalQrInPlace(caller, sigma, beside, makeRotationSweeps(x, size, size), makeRotationSweeps(y, size, size));
  for (let i = 0; i < count; i++) {
    values[first + i] = Math.abs(sigma[i]!);
    for (let j = 0; j < count; j++) left[(first + i) * n + first + j] = x[j * size + i]!;
  }
  for (let i = 0; i < size; i++) {
    const sign = sigma[i]! < 0 ? -1 : 1;
    for (let j = 0; j < size; j++) right[(first + i) * (n + 1) + first + j] = sign * y[j * size + i]!;
  }
  if (isSquare) right[(first + count) * (n + 2)] = 1;
}
