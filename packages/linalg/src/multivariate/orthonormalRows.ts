/**
 * Orthonormal rows Q that span the rows of X [k, p], k ≤ p, in matrix products.
 *
 *     X Xᵀ = L Lᵀ,    Q ← L⁻¹ X                 until δ = ‖I − QQᵀ‖_∞ ≤ √ε: Cholesky QR
 *     Q ← ½ (3 I − QQᵀ) Q                        once: Newton's step for the nearest orthonormal rows
 *
 * One Cholesky pass leaves δ near κ(X)² ε, a second one a few p ε when δ was below 1/2 (Yamamoto, Nakatsukasa, Yanagisawa &
 * Fukaya 2015); Newton's step leaves ¾ δ² + ¼ δ³ (Higham, Functions of Matrices, §8.3), which is below ε then, and costs one product.
 * Nothing is assumed of X: δ is looked at, and rows too dependent are given to Householder reflectors instead, at several times
 * the time. Rows are brought to length 1 first, so that only the angles between them count. Cost: 4 k² p operations and more.
 */

import { DomainError, transpose } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { EPSILON, matrixTensor } from '../dense/denseMatrix.ts';
import { product } from '../dense/products.ts';
import { norm2 } from '../dense/vectorOps.ts';
import { factorizeQr, thinQ } from '../orthogonal/qr.ts';
import { cholesky } from '../systems/cholesky.ts';
import { solveTriangular } from '../systems/triangular.ts';

/** Cholesky passes before reflectors do it: one from κ < 10^4, two from κ < 10^7. */
const MAX_PASSES = 2;

/** Q [k, p] with Q Qᵀ = I and the rows of a contiguous X in its span; undefined when X is not finite. */
export function orthonormalRows(kernels: Kernels, x: Tensor<'f64'>): Tensor<'f64'> | undefined {
  const [k = 0, p = 0] = x.shape;
  const data = x.data.slice();
  for (let i = 0; i < k; i++) {
    const norm = norm2(data, i * p, p);
    if (!Number.isFinite(norm)) return undefined;
    if (norm !== 0) for (let j = i * p; j < (i + 1) * p; j++) data[j] = data[j]! / norm;
  }
  const unit = matrixTensor({ rows: k, columns: p, data });
  return (
    byCholesky(kernels, unit) ??
    transpose(thinQ(factorizeQr('orthonormalRows', 'x', transpose(unit), kernels), { kernels }))
  );
}

/** Undefined when the rows are too dependent. */
function byCholesky(kernels: Kernels, x: Tensor<'f64'>): Tensor<'f64'> | undefined {
  let q = x;
  for (let pass = 0; ; pass++) {
    const gram = product(kernels, q, transpose(q));
    if (defectOf(gram) <= Math.sqrt(EPSILON)) return product(kernels, newtonFactor(gram), q);
    const factor = pass < MAX_PASSES ? definiteFactor(kernels, gram) : undefined;
    if (factor === undefined) return undefined;
    // By substitution: each row stays in the span to ε, where a product with L⁻¹ would leave it by κ ε.
    q = solveTriangular(factor, q, { kernels });
  }
}

/** L of gram = L Lᵀ; undefined when gram is not positive definite to working precision. */
function definiteFactor(kernels: Kernels, gram: Tensor<'f64'>): Tensor<'f64'> | undefined {
  try {
    return cholesky(gram, { kernels });
  } catch (error) {
    // The one way to ask whether a matrix is positive definite is to factorise it.
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** ½ (3 I − gram). */
function newtonFactor(gram: Tensor<'f64'>): Tensor<'f64'> {
  const [k = 0] = gram.shape;
  return { ...gram, data: gram.data.map((value, at) => (at % (k + 1) === 0 ? 3 - value : -value) / 2) };
}

/** ‖I − gram‖_∞; NaN when an element is NaN. */
function defectOf(gram: Tensor<'f64'>): number {
  const [k = 0] = gram.shape;
  let defect = 0;
  for (let i = 0; i < k; i++) {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += Math.abs((i === j ? 1 : 0) - gram.data[i * k + j]!);
    defect = Math.max(defect, sum);
  }
  return defect;
}
