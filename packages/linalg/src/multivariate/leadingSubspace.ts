/**
 * Leading left singular vectors of G [p, r]: the U [p, k] with UᵀU = I that leaves least of G,
 *
 *     ‖G − U UᵀG‖² = ‖G‖² − ‖UᵀG‖² = σ_{k+1}² + σ_{k+2}² + …    (Eckart & Young 1936)
 *
 * **Exactly**, from the symmetric eigenproblem of G Gᵀ or of GᵀG, whichever is smaller; in the second case U is an orthonormal
 * basis of G Ṽ, Ṽ the leading eigenvectors, and no matrix whose columns are combinations of G Ṽ is nearer to G than U UᵀG.
 * Squaring loses small singular values, but not the objective: U is optimal for G Gᵀ + Δ with ‖Δ‖ ≤ c p ε ‖G‖², so the
 * greatest ‖UᵀG‖² is missed by at most 2k ‖Δ‖ whatever the gaps, which is the rounding of ‖G‖² itself.
 *
 * **By improvement** of a subspace that is nearly right: orthogonal iteration (Golub & Van Loan, 4th ed., §8.2.4), U' an
 * orthonormal basis of G Gᵀ U. It never leaves more of G than U does, from wherever it starts, as it is alternating least
 * squares: X = UᵀG is the best right factor to U; the best left factor L to X spans, at most, G Xᵀ, as U' does; hence
 * min ‖G − U'X'‖ ≤ ‖G − L X‖ ≤ ‖G − U X‖. Components outside the leading subspace shrink by (σ_j / σ_k)⁴ of their share a
 * step. A U orthogonal to a leading vector stays so: only the exact method is sure of the greatest.
 *
 * G = A B is given by its factors for that: a step is four products with a side of k, and G itself is not formed.
 */

import { transpose } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { EPSILON, SAFE_MINIMUM, maxAbs } from '../dense/denseMatrix.ts';
import { product } from '../dense/products.ts';
import { norm2 } from '../dense/vectorOps.ts';
import { symmetricEigen } from '../eigen/symmetricEigen.ts';
import { factorizeQr, thinQ } from '../orthogonal/qr.ts';
import { orthonormalRows } from './orthonormalRows.ts';

/** Steps after which the exact method is no dearer. */
const MAX_STEPS = 4;

/** Elements of ε² times this are still normal. */
const LEAST_IMAGE = SAFE_MINIMUM / (EPSILON * EPSILON);

/** U [p, k], and UᵀG [k, r]. */
export interface LeadingSubspace {
  readonly left: Tensor<'f64'>;
  readonly projected: Tensor<'f64'>;
}

/** The k = `count` leading left singular vectors of a contiguous G [p, r], k ≤ min(p, r), whose squares neither over- nor underflow. */
export function leadingLeftVectors(kernels: Kernels, g: Tensor<'f64'>, count: number): LeadingSubspace {
  const [p = 0, r = 0] = g.shape;
  const small = p <= r ? product(kernels, g, transpose(g)) : product(kernels, transpose(g), g);
  const { vectors } = symmetricEigen(small, { kernels, count });
  const left = p <= r ? vectors : basisOf(kernels, product(kernels, g, vectors));
  return { left, projected: product(kernels, transpose(left), g) };
}

/**
 * Orthogonal iteration for the leading left singular vectors of A B, from `initial` [p, k] with orthonormal columns, until a
 * step adds no more than `leastGain` of its square to ‖UᵀG‖. Undefined when four steps are not enough, or the range of doubles is not.
 */
export function improvedLeftVectors(
  kernels: Kernels,
  a: Tensor<'f64'>,
  b: Tensor<'f64'>,
  initial: Tensor<'f64'>,
  leastGain: number,
): LeadingSubspace | undefined {
  let projected = product(kernels, product(kernels, transpose(initial), a), b);
  for (let step = 0; step < MAX_STEPS; step++) {
    const image = product(kernels, product(kernels, projected, transpose(b)), transpose(a));
    // Of smaller elements, those that count have lost digits to underflow.
    const rows = maxAbs(image.data) < LEAST_IMAGE ? undefined : orthonormalRows(kernels, image);
    if (rows === undefined) return undefined;
    const before = norm2(projected.data, 0, projected.data.length);
    projected = product(kernels, product(kernels, rows, a), b);
    const after = norm2(projected.data, 0, projected.data.length);
    if (1 - (before / after) ** 2 <= leastGain) return { left: transpose(rows), projected };
  }
  return undefined;
}

/** Orthonormal columns that span those of x, by Householder reflectors, which need no column to be independent or nonzero. */
function basisOf(kernels: Kernels, x: Tensor<'f64'>): Tensor<'f64'> {
  return thinQ(factorizeQr('leadingLeftVectors', 'x', x, kernels), { kernels });
}
