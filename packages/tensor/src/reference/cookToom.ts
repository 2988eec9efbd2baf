/**
 * The matrices of the minimal filtering algorithm F(m, r) by the Cook–Toom construction, in exact rational numbers.
 *
 *   y = Aᵀ [(G g) ⊙ (Bᵀ d)],   y_i = Σ_j d_{i+j} g_j   for i < m, j < r: m outputs from α = m + r − 1 products
 *
 * | name  | shape  | entry                                                                      |
 * |-------|--------|----------------------------------------------------------------------------|
 * | p_k   | α − 1  | distinct finite points; the last point is ∞                                 |
 * | N_k   |        | Π_{l ≠ k} (p_k − p_l), with the sign s_k that makes ±p rows mirror images   |
 * | Aᵀ    | [m, α] | Aᵀ[i][k] = p_k^i; at ∞ the unit vector of i = m − 1                         |
 * | G     | [α, r] | G[k][j] = p_k^j / N_k; at ∞ the unit vector of j = r − 1                    |
 * | Bᵀ    | [α, α] | row k: coefficients of s_k Π_{l ≠ k} (x − p_l); at ∞ those of Π (x − p_l)   |
 *
 * The polynomial product g(x) h(x) is found by its values at the α points and Lagrange interpolation; filtering is the
 * transpose of that map (Blahut, "Fast Algorithms for Signal Processing", 2010, §5; Lavin & Gray 2016, §4.1). The points
 * come as pairs ±p next to each other, with 0 in front when their number is odd. Then rows k, k + 1 of a pair satisfy
 * T[k + 1][j] = (−1)^j T[k][j] in G and Bᵀ, and columns of Aᵀ likewise, which halves the work of the transforms.
 * Points near 1 in magnitude keep the entries small (Vincent et al. 2017).
 */

import { DomainError } from '../errors.ts';

/** numerator / denominator in lowest terms, denominator > 0; both far below 2^53 for the sizes allowed here. */
export type Fraction = readonly [number, number];

/** Largest m + r − 1: its matrices have entries of at most 2^10, so f64 keeps far more digits than f32 has. */
export const maxTransformSize = 12;

const positivePoints: readonly Fraction[] = [
  [1, 1],
  [2, 1],
  [1, 2],
  [3, 2],
  [2, 3],
];

export interface CookToom {
  /** m, r and m + r − 1. */
  readonly outputs: number;
  readonly taps: number;
  readonly size: number;
  /** The finite points. */
  readonly points: readonly Fraction[];
  /** Aᵀ, [m, α]. */
  readonly output: readonly (readonly Fraction[])[];
  /** G, [α, r]. */
  readonly filter: readonly (readonly Fraction[])[];
  /** Bᵀ, [α, α]. */
  readonly input: readonly (readonly Fraction[])[];
}

/**
 * The matrices of F(outputs, taps).
 * @throws DomainError when outputs or taps is below 2 or outputs + taps − 1 exceeds 12.
 * @example
 * import { cookToom } from '@rankwise/tensor';
 * cookToom(2, 2).output // => [[[1, 1], [1, 1], [0, 1]], [[1, 1], [-1, 1], [1, 1]]]
 */
export function cookToom(outputs: number, taps: number): CookToom {
  const size = outputs + taps - 1;
  if (!(outputs >= 2 && taps >= 2 && size <= maxTransformSize)) {
    throw new DomainError(
      `cookToom: outputs, taps: expected at least 2 and a sum of at most 13, got ${outputs}, ${taps}`,
    );
  }
  const points = finitePoints(size - 1);
  const output = Array.from({ length: outputs }, (_, i) => [
    ...points.map((point) => power(point, i)),
    unit(i === outputs - 1),
  ]);
  const filter: Fraction[][] = [];
  const input: Fraction[][] = [];
  points.forEach((point, k) => {
    const others = points.filter((_, l) => l !== k);
    const sign: Fraction = [point[0] < 0 && size % 2 === 1 ? -1 : 1, 1];
    const norm = others.reduce((product, other) => times(product, minus(point, other)), sign);
    filter.push(Array.from({ length: taps }, (_, j) => over(power(point, j), norm)));
    input.push([...polynomialWithRoots(others).map((coefficient) => times(coefficient, sign)), unit(false)]);
  });
  filter.push(Array.from({ length: taps }, (_, j) => unit(j === taps - 1)));
  input.push(polynomialWithRoots(points));
  return { outputs, taps, size, points, output, filter, input };
}

/** `count` points: 0 when count is odd, then +p, −p, … */
function finitePoints(count: number): Fraction[] {
  const points: Fraction[] = count % 2 === 1 ? [[0, 1]] : [];
  for (const [numerator, denominator] of positivePoints.slice(0, Math.floor(count / 2))) {
    points.push([numerator, denominator], [-numerator, denominator]);
  }
  return points;
}

/** Coefficients of Π (x − root), constant term first. */
function polynomialWithRoots(roots: readonly Fraction[]): Fraction[] {
  let polynomial: Fraction[] = [unit(true)];
  for (const root of roots) {
    const shifted: Fraction[] = [unit(false), ...polynomial];
    polynomial = shifted.map((coefficient, j) => minus(coefficient, times(root, polynomial[j] ?? unit(false))));
  }
  return polynomial;
}

function unit(one: boolean): Fraction {
  return [one ? 1 : 0, 1];
}

function power(base: Fraction, exponent: number): Fraction {
  return [base[0] ** exponent, base[1] ** exponent];
}

function times(a: Fraction, b: Fraction): Fraction {
  return reduced(a[0] * b[0], a[1] * b[1]);
}

function over(a: Fraction, b: Fraction): Fraction {
  return reduced(a[0] * b[1], a[1] * b[0]);
}

function minus(a: Fraction, b: Fraction): Fraction {
  return reduced(a[0] * b[1] - b[0] * a[1], a[1] * b[1]);
}

function reduced(numerator: number, denominator: number): Fraction {
  let a = Math.abs(numerator);
  let b = Math.abs(denominator);
  while (b !== 0) [a, b] = [b, a % b];
  const divisor = denominator < 0 ? -a : a;
  // Adding 0 turns −0 into 0.
  return [numerator / divisor + 0, denominator / divisor];
}
