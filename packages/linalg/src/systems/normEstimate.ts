/**
 * A lower bound, usually sharp, of the 1-norm of a matrix B that is known only by its products with vectors.
 *
 * ‖B‖₁ = max ‖B x‖₁ over ‖x‖₁ ≤ 1 is the maximum of a convex function, which lies at a unit vector. From x = (1/n, …, 1/n),
 * step to the unit vector e_j that the gradient Bᵀ sign(B x) points to, while that increases ‖B x‖₁; in the end also try
 * x_i = (−1)^i (1 + i / (n − 1)), which few B can deceive in the same way. (Hager 1984; Higham 1988,
 * ACM Algorithm 674; Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §15.3; LAPACK dlacn2.)
 *
 * The caller may rely on: the result is ‖B x‖₁ / ‖x‖₁ of some x, so at most ‖B‖₁ apart from the rounding of the products; it is
 * exact for n ≤ 1 and mostly within a factor of 3 (there are B for which it is any factor off). At most 10 products,
 * 12 where some overflow; always the same ones.
 */

import { DomainError } from '@rankwise/tensor';

/** Steps after which the LAPACK routine stops; more than 3 are hardly ever taken. */
const MAX_STEPS = 5;

/** B x, or Bᵀ x. */
export type Multiply = (x: Float64Array, transposed: boolean) => Float64Array;

/**
 * Estimates ‖B‖₁ from below.
 * @param n - B is [n, n]
 * @param multiply - gives B x, or Bᵀ x, as a new array or in the one it was given
 * @returns 0 for n = 0; Infinity when a product is not finite
 * @throws DomainError when `n` is not a non-negative integer.
 * @example
 * import { normEstimate } from '@rankwise/linalg';
 * // B = [[1, 2], [0, -3]]
 * normEstimate(2, (x, transposed) => {
 *   const [a = 0, b = 0] = x;
 *   return Float64Array.of(transposed ? a : a + 2 * b, transposed ? 2 * a - 3 * b : -3 * b);
 * }) // => 5
 */
export function normEstimate(n: number, multiply: Multiply): number {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new DomainError(`normEstimate: n: expected a non-negative integer, got ${n}`);
  }
  if (n === 0) return 0;
  let { image, ratio: estimate } = stretch(multiply, new Float64Array(n).fill(1));
  if (n === 1) return estimate;
  let at = -1;
  for (let step = 1; step < MAX_STEPS && estimate < Infinity; step++) {
    const signs = image.map((value) => (value < 0 ? -1 : 1));
    const gradient = multiply(signs.slice(), true);
    const next = largestAt(gradient);
    // No vertex promises more than the one at hand, B e_at.
    if (at !== -1 && Math.abs(gradient[at]!) === Math.abs(gradient[next]!)) break;
    at = next;
    const unit = new Float64Array(n);
    unit[at] = 1;
    image = multiply(unit, false);
    const norm = norm1(image);
    // The same signs give the same gradient, at which e_at is the best already.
    const isRepeated = image.every((value, i) => (value < 0 ? -1 : 1) === signs[i]);
    const isNoBetter = norm <= estimate;
    estimate = Math.max(estimate, norm);
    if (isRepeated || isNoBetter) break;
  }
  const alternating = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + i / (n - 1)));
  return Math.max(estimate, stretch(multiply, alternating).ratio);
}

/** B x and ‖B x‖₁ / ‖x‖₁. x is taken as it is, which keeps integers exact, or at length 1 where that overflows. */
function stretch(multiply: Multiply, x: Float64Array): { readonly image: Float64Array; readonly ratio: number } {
  const length = norm1(x);
  const image = multiply(x.slice(), false);
  const norm = norm1(image);
  if (norm < Infinity) return { image, ratio: norm / length };
  const smaller = multiply(
    x.map((value) => value / length),
    false,
  );
  return { image: smaller, ratio: norm1(smaller) };
}

/** Infinity when an element is not finite. */
function norm1(x: Float64Array): number {
  let sum = 0;
  for (const value of x) sum += Math.abs(value);
  return Number.isNaN(sum) ? Infinity : sum;
}

function largestAt(x: Float64Array): number {
  let best = 0;
  for (let i = 1; i < x.length; i++) if (Math.abs(x[i]!) > Math.abs(x[best]!)) best = i;
  return best;
}
