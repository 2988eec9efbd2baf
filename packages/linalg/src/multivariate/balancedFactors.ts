/**
 * A product of thin factors in balanced form: M = left · right = P Qᵀ with P = U S^½ and Qᵀ = S^½ Vᵀ from M = U S Vᵀ
 * (Zhang et al. 2015, §2.2, end), so that PᵀP = QᵀQ = S: neither factor is larger than the other.
 *
 * M itself is never formed. With left = Q_1 R_1 and rightᵀ = Q_2 R_2, M = Q_1 (R_1 R_2ᵀ) Q_2ᵀ, and the SVD is taken of the
 * small core R_1 R_2ᵀ (Golub & Van Loan, 4th ed., §5.2, §2.4), both factors scaled by powers of two, so that P and Q are found
 * where M is beyond the doubles. Cost: O((p + d) k² + k³).
 */

import { DomainError, ShapeError, copyOf, formatShape, referenceKernels, tensorOf, transpose } from '@rankwise/tensor';
import type { FloatDType, Tensor } from '@rankwise/tensor';
import { columnSigns } from '../dense/columnOrder.ts';
import { copyMatrix, matrixTensor, scaleToSafeRangeInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { timesPowerOfTwo } from '../dense/powerOfTwo.ts';
import { product, scaleColumnsInPlace } from '../dense/products.ts';
import { factorizeQr, thinQ } from '../orthogonal/qr.ts';
import { svdFactors } from '../svd/svdFactors.ts';

export interface BalancedFactors {
  /** P = U S^½ [p, k']. */
  readonly left: Tensor<'f64'>;
  /** Qᵀ = S^½ Vᵀ [k', d]. */
  readonly right: Tensor<'f64'>;
  /** S [k'], descending: the singular values of M; Infinity where one is beyond the doubles. */
  readonly singularValues: Tensor<'f64'>;
}

/**
 * Rewrites left · right with factors of equal weight.
 * @param left - [p, k] f64
 * @param right - [k, d] f64
 * @returns left [p, k'], right [k', d], k' = min(p, k, d); in each column of left the element of largest
 * magnitude, the first of ties, is positive
 * @throws ShapeError when the factors do not fit each other.
 * @throws DomainError when an element is not finite, or one of P or Q beyond the range of doubles.
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
  const caller = 'balancedFactors';
  const [a, b] = [copyMatrix(caller, 'left', left), copyMatrix(caller, 'right', right)];
  const exponent = -Math.log2(scaleToSafeRangeInPlace(a.data)) - Math.log2(scaleToSafeRangeInPlace(b.data));
  const leftFactors = factorizeQr(caller, 'left', matrixTensor(a), kernels);
  const rightFactors = factorizeQr(caller, 'right', transpose(matrixTensor(b)), kernels);
  const core = product(kernels, leftFactors.r, transpose(rightFactors.r));
  const { u, s, v } = svdFactors(caller, 'left · right', core, kernels, 'thin');
  // M is 2^exponent times the scaled product; the root of an odd power of two is left with the values.
  const half = Math.floor(exponent / 2);
  const roots = s.map((value) => Math.sqrt(value * 2 ** (exponent - 2 * half)));
  const p = product(kernels, thinQ(leftFactors, { kernels }), u);
  const q = product(kernels, thinQ(rightFactors, { kernels }), v);
  const signs = columnSigns({ rows: p.shape[0] ?? 0, columns: roots.length, data: p.data });
  const weights = roots.map((root, j) => root * signs[j]!);
  return {
    left: timesPower('left', scaleColumnsInPlace(p, weights), half),
    right: timesPower('right', copyOf(transpose(scaleColumnsInPlace(q, weights))), half),
    singularValues: tensorOf(
      s.map((value) => timesPowerOfTwo(value, exponent)),
      [s.length],
    ),
  };
}

/** @throws DomainError when an element overflows. */
function timesPower(argument: string, factor: Tensor<'f64'>, exponent: number): Tensor<'f64'> {
  const data = factor.data.map((value) => timesPowerOfTwo(value, exponent));
  if (!data.every(Number.isFinite)) {
    throw new DomainError(`balancedFactors: ${argument}: expected factors in the range of doubles, got overflow`);
  }
  return tensorOf(data, factor.shape);
}
