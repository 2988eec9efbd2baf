/**
 * A product of thin factors in balanced form: M = left · right = P Qᵀ with P = U S^½ and Qᵀ = S^½ Vᵀ from M = U S Vᵀ
 * (Zhang et al. 2015, §2.2, end), so that PᵀP = QᵀQ = S: neither factor is larger than the other.
 *
 * M itself is never formed. With left = Q_1 R_1 and rightᵀ = Q_2 R_2, M = Q_1 (R_1 R_2ᵀ) Q_2ᵀ, and the SVD is taken of the
 * small core R_1 R_2ᵀ (Golub & Van Loan, 4th ed., §5.2, §2.4). Cost: O((p + d) k² + k³).
 */

import { ShapeError, copyOf, formatShape, referenceKernels, transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import type { LinalgOptions } from '../dense/options.ts';
import { columnSigns } from '../dense/columnOrder.ts';
import { product, scaleColumnsInPlace } from '../dense/products.ts';
import { factorizeQr, thinQ } from '../orthogonal/qr.ts';
import { svd } from '../svd/svd.ts';

export interface BalancedFactors {
  /** P = U S^½ [p, k']. */
  readonly left: Tensor<'f64'>;
  /** Qᵀ = S^½ Vᵀ [k', d]. */
  readonly right: Tensor<'f64'>;
  /** S [k'], descending: the singular values of M. */
  readonly singularValues: Tensor<'f64'>;
}

/**
 * Rewrites left · right with factors of equal weight.
 * @param left - [p, k] f64
 * @param right - [k, d] f64
 * @returns left [p, k'], right [k', d], k' = min(p, k, d); in each column of left the element of largest
 * magnitude, the first of ties, is positive
 * @throws ShapeError when the factors do not fit each other.
 * @throws DomainError when an element is not finite.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { balancedFactors } from '@rankwise/linalg';
 * const { left, right } = balancedFactors(fromNested('f64', [[1]]), fromNested('f64', [[4]]));
 * toNested(left) // => [[2]]
 * toNested(right) // => [[2]]
 */
export function balancedFactors(
  left: Tensor<FloatDType>,
  right: Tensor<FloatDType>,
  { kernels = referenceKernels }: LinalgOptions = {},
): BalancedFactors {
  if (left.shape.length !== 2 || right.shape.length !== 2 || left.shape[1] !== right.shape[0]) {
    throw new ShapeError(
      `balancedFactors: right: expected [k, d] to fit left, got ${formatShape(left.shape)} and ${formatShape(right.shape)}`,
    );
  }
  const leftFactors = factorizeQr('balancedFactors', 'left', left, kernels);
  const rightFactors = factorizeQr('balancedFactors', 'right', transpose(right), kernels);
  const { u, s, v } = svd(product(kernels, leftFactors.r, transpose(rightFactors.r)), { kernels });
  const roots = s.data.map(Math.sqrt);
  const p = product(kernels, thinQ(leftFactors, { kernels }), u);
  const q = product(kernels, thinQ(rightFactors, { kernels }), v);
  const signs = columnSigns({ rows: p.shape[0] ?? 0, columns: roots.length, data: p.data });
  const weights = roots.map((root, j) => root * signs[j]!);
  return {
    left: scaleColumnsInPlace(p, weights),
    right: copyOf(transpose(scaleColumnsInPlace(q, weights))),
    singularValues: s,
  };
}
