/**
 * The leading singular values and vectors of a large matrix from its products with a few random vectors.
 *
 * | name | shape  | meaning                                                                                          |
 * |------|--------|--------------------------------------------------------------------------------------------------|
 * | Ω    | [n, l] | standard normal; l = count + oversampling                                                        |
 * | Q    | [m, l] | orthonormal basis of the range of (A Aᵀ)^q A Ω, made orthonormal after every product             |
 * | B    | [l, n] | Qᵀ A = W diag(s) Vᵀ; A ≈ (Q W) diag(s) Vᵀ, cut to `count`                                        |
 * | ω_i  | [n]    | r further normal vectors, independent of Q                                                       |
 *
 * (Halko, Martinsson & Tropp, Finding structure with randomness, SIAM Review 53 (2011), Algorithms 4.4, 5.1; Theorem 10.6 says
 * how near Q comes to the best: within 1 + c √(n / l) of σ_{l+1} without power iterations, and q of them take the (2q + 1)th root
 * of that factor.) The error is not left to theory: with probability at least 1 − 10^−r
 *
 *     ‖(I − QQᵀ) A‖₂ ≤ 10 √(2/π) max_i ‖(I − QQᵀ) A ω_i‖₂      (their (4.3), Lemma 4.1)
 *
 * and as A − Q W_c S_c V_cᵀ is the sum of (I − QQᵀ) A and Q (B − B_c), of orthogonal ranges, ‖·‖₂² of it is at most that bound
 * squared plus s_{c+1}². To meet a tolerance, several Q may be tried, and which one is kept depends on its own bound: that all
 * of the t bounds that may be asked hold has a probability of at least 1 − t 10^−r, t known from the shape. Cost: 4 m n l (1 + q), nearly all in products, against some 7 n³ for the SVD of a square matrix.
 */

import {
  DomainError,
  contiguous,
  createRandom,
  referenceKernels,
  slice,
  tensorOf,
  transpose,
  zeros,
} from '@rankwise/tensor';
import type { FloatDType, Kernels, Random, Tensor } from '@rankwise/tensor';
import { applyColumnOrder, columnSigns } from '../dense/columnOrder.ts';
import { EPSILON, copyMatrix, matrixTensor, scaleToSafeRangeInPlace, unscaleInPlace } from '../dense/denseMatrix.ts';
import type { DenseMatrix } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { product } from '../dense/products.ts';
import { norm2 } from '../dense/vectorOps.ts';
import { qr } from '../orthogonal/qr.ts';
import type { Svd } from './svd.ts';
import { svdFactors } from './svdFactors.ts';
import type { SvdFactors } from './svdFactors.ts';
import { checkCount } from './truncatedSvd.ts';

/** The α of Lemma 4.1: a larger one makes failure less probable and the bound looser. */
const PROBE_FACTOR = 10;

/** Vectors in the first attempt to meet a tolerance; each further one has twice as many. */
const FIRST_COUNT = 16;

/** What is asked for: so many singular values, or as few as keep the error bound within a tolerance (of the 2-norm, absolute). */
export type RandomizedTarget = { readonly count: number } | { readonly tolerance: number };

export interface RandomizedSvdOptions extends LinalgOptions {
  /** Of the random vectors; an integer from 0 to 2^53 − 1. */
  readonly seed: number;
  /** Random vectors beyond the count. Default 10. */
  readonly oversampling?: number;
  /** q. Default 2; more help where singular values fall slowly. */
  readonly powerIterations?: number;
  /** r: the error bound of one attempt fails with a probability of at most 10^−r. Default 10. */
  readonly probes?: number;
}

/** u [m, count], s [count], v [n, count]. */
export interface RandomizedSvd extends Svd {
  /** ‖A − U diag(s) Vᵀ‖₂ is at most this, with the probability below; Infinity when beyond the doubles. */
  readonly errorBound: number;
  /** At least that of the bound: 1 − 10^−probes for a count, 1 − t 10^−probes for a tolerance that t attempts may be made to meet. */
  readonly probability: number;
}

/** Q, the decomposition of B, and the bound for (I − QQᵀ) A. */
interface Sketch {
  readonly basis: Tensor<'f64'>;
  readonly core: SvdFactors;
  readonly missed: number;
}

/** The options, all set. */
interface Plan {
  readonly kernels: Kernels;
  readonly random: Random;
  readonly oversampling: number;
  readonly powerIterations: number;
  readonly probes: number;
}

/**
 * The leading singular values and vectors, near the best in all but rare cases, and a bound for the error that is right in all
 * but one of 10^probes (for a tolerance, t of them).
 * @param a - [m, n] f64 (f32 is promoted), any strides
 * @param target - `{ count }`, at most min(m, n); or `{ tolerance }`: as few as a bound of ‖A − U diag(s) Vᵀ‖₂ allows, all of
 * them where rounding alone exceeds it. The attempts to meet a tolerance, t at most, double the number of random vectors.
 * @returns u [m, count], s [count], v [n, count], signs as in `svd`, errorBound and probability
 * @throws ShapeError when `a` does not have 2 axes.
 * @throws DomainError when `a` holds NaN or an infinity, or count, tolerance, seed or an option is not as described.
 * @throws ConvergenceError when an iteration of the SVD of B reaches its cap; no such matrix is known.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { randomizedSvd } from '@rankwise/linalg';
 * const { s, errorBound } = randomizedSvd(fromNested('f64', [[0, 2], [3, 0]]), { count: 1 }, { seed: 1 });
 * Math.abs(s.data[0] - 3) < 1 // => true
 * errorBound >= 2 // => true
 */
export function randomizedSvd(
  a: Tensor<FloatDType>,
  target: RandomizedTarget,
  options: RandomizedSvdOptions,
): RandomizedSvd {
  const plan = planOf(options);
  const matrix = copyMatrix('randomizedSvd', 'a', a);
  const power = scaleToSafeRangeInPlace(matrix.data);
  const scaled = matrixTensor(matrix);
  const most = Math.min(matrix.rows, matrix.columns);
  if ('count' in target) {
    checkCount('randomizedSvd', target.count, a);
    const sketch = sketchOf(scaled, Math.min(target.count + plan.oversampling, most), plan);
    return cut(sketch, target.count, power, plan, 1);
  }
  const tolerance = target.tolerance * power;
  if (!(tolerance >= 0)) {
    throw new DomainError(`randomizedSvd: tolerance: expected a number of at least 0, got ${target.tolerance}`);
  }
  const attempts = 1 + Math.max(0, Math.ceil(Math.log2(most / FIRST_COUNT)));
  for (let size = FIRST_COUNT; ; size *= 2) {
    const sketch = sketchOf(scaled, Math.min(size, most), plan);
    const { s } = sketch.core;
    let count = 0;
    while (count < s.length && errorBound(sketch, count) > tolerance) count++;
    if (errorBound(sketch, count) <= tolerance || size >= most) return cut(sketch, count, power, plan, attempts);
  }
}

/** Callers without a type checker may leave out the options, or the seed. */
function planOf(options: Partial<RandomizedSvdOptions> = {}): Plan {
  const { kernels = referenceKernels, seed, oversampling = 10, powerIterations = 2, probes = 10 } = options;
  for (const [name, value, least] of [
    ['oversampling', oversampling, 0],
    ['powerIterations', powerIterations, 0],
    ['probes', probes, 1],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least)) {
      throw new DomainError(`randomizedSvd: ${name}: expected an integer of at least ${least}, got ${value}`);
    }
  }
  if (seed === undefined || !Number.isSafeInteger(seed) || seed < 0) {
    throw new DomainError(`randomizedSvd: seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  }
  return { kernels, random: createRandom(seed), oversampling, powerIterations, probes };
}

/** Algorithms 4.4 and 5.1 with l = `size` random vectors, and the estimate (4.3). */
function sketchOf(a: Tensor<'f64'>, size: number, { kernels, random, powerIterations, probes }: Plan): Sketch {
  const [, n = 0] = a.shape;
  let basis = qr(product(kernels, a, random.fillNormalInPlace(zeros('f64', [n, size]))), { kernels }).q;
  for (let i = 0; i < powerIterations; i++) {
    const other = qr(product(kernels, transpose(a), basis), { kernels }).q;
    basis = qr(product(kernels, a, other), { kernels }).q;
  }
  const b = product(kernels, transpose(basis), a);
  const vectors = random.fillNormalInPlace(zeros('f64', [n, probes]));
  const rest = product(kernels, a, vectors);
  kernels.matmul({ a: basis, b: product(kernels, b, vectors), out: rest, alpha: -1, beta: 1 });
  const lengths = contiguous(transpose(rest)).data;
  const m = a.shape[0] ?? 0;
  let longest = 0;
  for (let i = 0; i < probes; i++) longest = Math.max(longest, norm2(lengths, i * m, m));
  const missed = PROBE_FACTOR * Math.sqrt(2 / Math.PI) * longest;
  return { basis, core: svdFactors('randomizedSvd', 'a', b, kernels, 'thin'), missed };
}

/** Of the approximation by `count` values; the last term is what rounding may add to the decomposition of B. */
function errorBound({ basis, core: { s, v }, missed }: Sketch, count: number): number {
  const rounding = Math.max(basis.shape[0] ?? 0, v.shape[0] ?? 0) * EPSILON * (s[0] ?? 0);
  return Math.hypot(missed, s[count] ?? 0) + rounding;
}

function cut(sketch: Sketch, count: number, power: number, plan: Plan, attempts: number): RandomizedSvd {
  const { kernels, probes } = plan;
  const { basis, core } = sketch;
  const left = product(kernels, basis, slice(core.u, [undefined, [0, count]]));
  const [n = 0] = core.v.shape;
  const u: DenseMatrix = { rows: basis.shape[0] ?? 0, columns: count, data: left.data };
  const signs = columnSigns(u);
  const order = Array.from(signs.keys());
  const s = core.s.slice(0, count);
  unscaleInPlace(s, power);
  return {
    u: matrixTensor(applyColumnOrder(u, order, signs)),
    s: tensorOf(s, [count]),
    v: matrixTensor(applyColumnOrder({ rows: n, columns: core.s.length, data: core.v.data }, order, signs)),
    errorBound: errorBound(sketch, count) / power,
    probability: Math.max(0, 1 - attempts * 10 ** -probes),
  };
}
