/**
 * Eigenvalues of a symmetric matrix by cyclic Jacobi rotations: the second, independent algorithm beside symmetricEigen.
 *
 * Each element a_pq off the diagonal is turned to 0 by a rotation of rows and columns p and q:
 *
 *     θ = (a_qq − a_pp) / 2a_pq,  t = sign(θ) / (|θ| + √(1 + θ²)),  a_pp ← a_pp − t a_pq,  a_qq ← a_qq + t a_pq
 *
 * The sum of squares off the diagonal falls by 2a_pq² each time; row-cyclic sweeps converge, quadratically at the end
 * (Jacobi 1846; Forsythe & Henrici 1960; Golub & Van Loan, 4th ed., §8.5).
 *
 * It ends when |a_pq| ≤ ε √|a_pp a_qq| for all pairs (after 12 sweeps: or |a_pq| ≤ ε max |a_ij|). For a positive definite A
 * every eigenvalue then has a relative error of the order of n ε κ(D A D), D = diag(A)^−½, often far below n ε κ(A), which is
 * what QL guarantees (Demmel & Veselić 1992).
 * Order and signs as in symmetricEigen; only the lower triangle is read. Cost: 5 to 10 sweeps of 6n³ operations.
 */

import { ConvergenceError, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { applyColumnOrderAndSigns, descendingOrder } from '../dense/columnOrder.ts';
import {
  EPSILON,
  SAFE_MINIMUM,
  identityData,
  matrixTensor,
  maxAbs,
  scaleToSafeRangeInPlace,
  transposed,
  unscaleInPlace,
} from '../dense/denseMatrix.ts';
import { copySymmetricMatrix } from './symmetricEigen.ts';
import type { SymmetricEigen } from './symmetricEigen.ts';

/** Ten sweeps are many for any matrix; LAPACK's one-sided Jacobi allows 30. */
const MAX_SWEEPS = 30;

/**
 * Sweeps after which elements below ε max |a_ij| are left alone. What a semi-definite A of low rank leaves behind is rounding
 * errors, themselves of low rank, whose remains are smaller by ε again, and so on down to the smallest double: no digit of them
 * means anything. Matrices that determine their small eigenvalues are done by then.
 */
const RELATIVE_SWEEPS = 12;

/**
 * All eigenvalues and eigenvectors of a symmetric matrix, by Jacobi rotations.
 * @param a - [n, n] f64 (f32 is promoted), any strides; the lower triangle is read
 * @throws ShapeError when `a` is not square.
 * @throws DomainError when `a` is not finite or not symmetric, as in symmetricEigen.
 * @throws ConvergenceError when 30 sweeps were not enough.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { jacobiEigen } from '@rankwise/linalg';
 * toNested(jacobiEigen(fromNested('f64', [[2, 0], [0, 3]])).values) // => [3, 2]
 */
export function jacobiEigen(a: Tensor<FloatDType>): SymmetricEigen {
  const { rows: n, data } = copySymmetricMatrix('jacobiEigen', 'a', a);
  const power = scaleToSafeRangeInPlace(data);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) data[j * n + i] = data[i * n + j]!;
  // Rows of `vectors` are the eigenvectors: rotations then run along rows.
  const vectors = identityData(n);
  const absolute = EPSILON * maxAbs(data);
  for (let sweep = 0; ; sweep++) {
    const rotations = sweepInPlace(data, vectors, n, sweep < RELATIVE_SWEEPS ? SAFE_MINIMUM : absolute);
    if (rotations === 0) break;
    if (sweep === MAX_SWEEPS) {
      throw new ConvergenceError(
        `jacobiEigen: a: expected an end within ${MAX_SWEEPS} sweeps, got ${rotations} rotations in the last`,
        MAX_SWEEPS,
        rotations,
      );
    }
  }
  const found = Float64Array.from({ length: n }, (_, i) => data[i * n + i]!);
  const order = descendingOrder(found);
  const values = Float64Array.from(order, (j) => found[j]!);
  unscaleInPlace(values, power);
  const columns = transposed({ rows: n, columns: n, data: vectors });
  return { values: tensorOf(values, [n]), vectors: matrixTensor(applyColumnOrderAndSigns(columns, order)) };
}

/** Visits each pair p < q once; returns how many needed a rotation, elements up to `negligible` never. */
function sweepInPlace(a: Float64Array, vectors: Float64Array, n: number, negligible: number): number {
  let rotations = 0;
  for (let p = 0; p < n - 1; p++) {
    for (let q = p + 1; q < n; q++) {
      const apq = a[p * n + q]!;
      const bound = EPSILON * Math.sqrt(Math.abs(a[p * n + p]!)) * Math.sqrt(Math.abs(a[q * n + q]!));
      if (Math.abs(apq) <= Math.max(bound, negligible)) continue;
      rotations++;
      rotatePairInPlace(a, vectors, n, p, q);
    }
  }
  return rotations;
}

function rotatePairInPlace(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const rowP = p * n;
  const rowQ = q * n;
  const apq = a[rowP + q]!;
  const app = a[rowP + p]!;
  const aqq = a[rowQ + q]!;
  const theta = (aqq - app) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(1 + theta * theta));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = c * t;
  for (let k = 0; k < n; k++) {
    const akp = a[rowP + k]!;
    const akq = a[rowQ + k]!;
    const newP = c * akp - s * akq;
    const newQ = s * akp + c * akq;
    a[rowP + k] = newP;
    a[rowQ + k] = newQ;
    a[k * n + p] = newP;
    a[k * n + q] = newQ;
    const vp = vectors[rowP + k]!;
    const vq = vectors[rowQ + k]!;
    vectors[rowP + k] = c * vp - s * vq;
    vectors[rowQ + k] = s * vp + c * vq;
  }
  a[rowP + p] = app - t * apq;
  a[rowQ + q] = aqq + t * apq;
  a[rowP + q] = 0;
  a[rowQ + p] = 0;
}
