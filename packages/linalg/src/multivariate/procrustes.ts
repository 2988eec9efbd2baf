/**
 * Orthogonal Procrustes: the orthogonal Q that turns B onto A, and with it a scale and a translation if wanted.
 *
 *     min over QᵀQ = I, s ≥ 0, t of ‖A − (s B Q + 1 tᵀ)‖_F
 *
 * | name    | shape  | meaning                                                              |
 * |---------|--------|----------------------------------------------------------------------|
 * | A, B    | [n, d] | target and source, a point a row; centred for what follows if t is   |
 * | U S Vᵀ  | [d, d] | the singular value decomposition of BᵀA                              |
 * | D       | [d, d] | I, or diag(1, …, 1, det(U) det(V)) where det Q = 1 is asked for      |
 *
 *     Q = U D Vᵀ,    s = tr(S D) / ‖B‖²,    t = ā − s Qᵀ b̄
 *
 * Why: ‖A − s B Q‖² = ‖A‖² + s²‖B‖² − 2 s tr(Qᵀ BᵀA), and tr(Qᵀ BᵀA) = Σ σ_i w_ii for the orthogonal W = Vᵀ QᵀU, |w_ii| ≤ 1, is
 * greatest at W = I (von Neumann 1937; Green 1952; Schönemann 1966); among W of determinant −1, at diag(1, …, 1, −1), the last
 * being where σ is least (Kabsch 1978; Umeyama 1991). Given Q, s minimises a parabola, and t the squared distance of the
 * means (Schönemann & Carroll 1970; Gower & Dijksterhuis, Procrustes Problems, 2004, §4.1, §4.6, §3.2).
 *
 * Every cross product is allowed: the minimum is exact for singular ones too, where Q is one of several minimisers. It is
 * unique when BᵀA is regular, or, for rotations, when σ_{d−1} + det(U) det(V) σ_d > 0. Cost: 2 n d² operations and one SVD.
 */

import { ShapeError, formatShape, referenceKernels, tensorOf, transpose } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { scaleToSafeRangeInPlace } from '../dense/denseMatrix.ts';
import type { LinalgOptions } from '../dense/options.ts';
import { timesPowerOfTwo } from '../dense/powerOfTwo.ts';
import { product, scaleColumnsInPlace } from '../dense/products.ts';
import { norm2 } from '../dense/vectorOps.ts';
import { factorizeQr } from '../orthogonal/qr.ts';
import { svd } from '../svd/svd.ts';
import { copySamples } from './sampleMatrix.ts';
import type { SampleMatrix } from './sampleMatrix.ts';

export interface ProcrustesOptions extends LinalgOptions {
  /** Rotations only, det Q = 1; otherwise reflections too. Default false. */
  readonly rotation?: boolean;
  /** Fit s as well; otherwise it is 1. Default false. */
  readonly scaling?: boolean;
  /** Fit t as well; otherwise it is 0. Default false. */
  readonly translation?: boolean;
}

/** A ≈ scale · B · orthogonal + 1 translationᵀ. */
export interface Procrustes {
  /** Q [d, d]. */
  readonly orthogonal: Tensor<'f64'>;
  /** s ≥ 0; 1 when not fitted, or when every point of B is the same; Infinity when beyond the doubles. */
  readonly scale: number;
  /** t [d], ±Infinity where beyond the doubles, and right where s alone is. */
  readonly translation: Tensor<'f64'>;
  /** ‖A − (s B Q + 1 tᵀ)‖_F, from the differences; Infinity when beyond the doubles. */
  readonly residual: number;
}

/**
 * The orthogonal matrix, and the similarity, that brings one configuration of points nearest to another.
 * @param a - target [n, d] f64 (f32 is promoted), a point a row
 * @param b - source [n, d] f64 (f32 is promoted)
 * @returns orthogonal [d, d], scale, translation [d], residual
 * @throws ShapeError when `a` and `b` do not have 2 axes and the same shape.
 * @throws DomainError when an element is not finite.
 * @throws ConvergenceError as `svd`; no such matrix is known.
 * @example
 * import { fromNested, toNested } from '@rankwise/tensor';
 * import { procrustes } from '@rankwise/linalg';
 * // A quarter turn, twice as large, moved by (5, 0).
 * const b = fromNested('f64', [[1, 0], [-1, 0], [0, 1], [0, -1]]);
 * const a = fromNested('f64', [[5, 2], [5, -2], [3, 0], [7, 0]]);
 * const { orthogonal, scale, translation } = procrustes(a, b, { rotation: true, scaling: true, translation: true });
 * toNested(orthogonal) // => [[0, 1], [-1, 0]]
 * scale // => 2
 * toNested(translation) // => [5, 0]
 */
export function procrustes(a: Tensor<FloatDType>, b: Tensor<FloatDType>, options: ProcrustesOptions = {}): Procrustes {
  const { rotation = false, scaling = false, translation = false, kernels = referenceKernels } = options;
  const target = copySamples('procrustes', 'a', a, translation);
  const source = copySamples('procrustes', 'b', b, translation);
  const [n = 0, d = 0] = target.rows.shape;
  if (source.rows.shape[0] !== n || source.rows.shape[1] !== d) {
    throw new ShapeError(`procrustes: b: expected shape ${formatShape(a.shape)}, got ${formatShape(b.shape)}`);
  }
  const { u, s, v } = svd(product(kernels, transpose(source.rows), target.rows), { kernels });
  const signs = new Float64Array(d).fill(1);
  if (rotation && d > 0) signs[d - 1] = determinantSign(kernels, u) * determinantSign(kernels, v);
  const orthogonal = product(kernels, scaleColumnsInPlace(u, signs), transpose(v));
  const fitted = scaling ? bestScale(s.data, signs, source, target) : { factor: 1, exponent: 0 };
  const meanPower = scaleToSafeRangeInPlace(source.mean);
  const moved = product(kernels, tensorOf(source.mean, [1, d]), orthogonal).data;
  const shift = target.mean.map((mean, j) => mean - timesScale(moved[j]!, fitted, -Math.log2(meanPower)));
  const residual = residualOf(target, source.power, product(kernels, source.rows, orthogonal).data, fitted);
  return { orthogonal, scale: timesScale(1, fitted, 0), translation: tensorOf(shift, [d]), residual };
}

/** s = factor · 2^exponent, which need be no double for what it multiplies to be one. */
interface Scale {
  readonly factor: number;
  readonly exponent: number;
}

/** value · s · 2^exponent. */
function timesScale(value: number, scale: Scale, exponent: number): number {
  return timesPowerOfTwo(value * scale.factor, scale.exponent + exponent);
}

/** s = tr(S D) / ‖B‖², not below 0: in one dimension, where the only rotation is 1, the parabola's minimum may be. */
function bestScale(s: Float64Array, signs: Float64Array, source: SampleMatrix, target: SampleMatrix): Scale {
  const { data } = source.rows;
  const norm = norm2(data, 0, data.length);
  if (norm === 0) return { factor: 1, exponent: 0 };
  let trace = 0;
  for (let i = s.length - 1; i >= 0; i--) trace += signs[i]! * s[i]!;
  return { factor: Math.max(trace, 0) / norm / norm, exponent: Math.log2(source.power) - Math.log2(target.power) };
}

/** ‖A − s B Q‖_F at the scale of the larger of the two. */
function residualOf({ rows, power }: SampleMatrix, sourcePower: number, turned: Float64Array, scale: Scale): number {
  const [exponent, sourceExponent] = [-Math.log2(power), -Math.log2(sourcePower)];
  const ratio = timesScale(1, scale, sourceExponent - exponent);
  const [aWeight, bWeight] = ratio <= 1 ? [1, ratio] : [1 / ratio, 1];
  const difference = rows.data.map((value, i) => aWeight * value - bWeight * turned[i]!);
  const norm = norm2(difference, 0, difference.length);
  return ratio <= 1 ? timesPowerOfTwo(norm, exponent) : timesScale(norm, scale, sourceExponent);
}

/** det Q = ±1 of an orthogonal Q = H_0 H_1 ⋯ R: −1 for each reflector and for each negative r_ii. */
function determinantSign(kernels: Kernels, q: Tensor<'f64'>): number {
  const { taus, r } = factorizeQr('procrustes', 'q', q, kernels);
  let sign = 1;
  taus.forEach((tau, i) => {
    if (tau !== 0) sign = -sign;
    if (r.data[i * taus.length + i]! < 0) sign = -sign;
  });
  return sign;
}
