/** How far a sample may stray from its distribution, with a chance of at most DELTA for a right generator to stray further. */

/** Small enough that thousands of such tests all pass with a right generator. */
const DELTA = 1e-6;

/** Σ (observed − expected)² / expected. */
export function chiSquare(observed: ArrayLike<number>, expected: (cell: number) => number): number {
  return Array.from(observed).reduce((sum, count, cell) => sum + (count - expected(cell)) ** 2 / expected(cell), 0);
}

/** P(χ²_d ≥ d + 2 √(d t) + 2 t) ≤ e^−t: B. Laurent, P. Massart, Annals of Statistics 28 (2000), lemma 1. */
export function chiSquareBound(degrees: number): number {
  const t = -Math.log(DELTA);
  return degrees + 2 * Math.sqrt(degrees * t) + 2 * t;
}

/** Kolmogorov and Smirnov's distance, sup |F_n − F|. */
export function empiricalDistance(sample: readonly number[], cumulative: (x: number) => number): number {
  const n = sample.length;
  return sample
    .toSorted((a, b) => a - b)
    .reduce((worst, x, i) => Math.max(worst, (i + 1) / n - cumulative(x), cumulative(x) - i / n), 0);
}

/** P(sup |F_n − F| > ε) ≤ 2 exp(−2 n ε²): P. Massart, Annals of Probability 18 (1990). */
export function empiricalDistanceBound(n: number): number {
  return Math.sqrt(Math.log(2 / DELTA) / (2 * n));
}

/** Hoeffding: the mean of n values in [low, high] is within this of its expectation. */
export function meanBound(n: number, low: number, high: number): number {
  return (high - low) * empiricalDistanceBound(n);
}

/** Φ(x) = ½ + φ(x) Σ x^(2k+1) / (1 · 3 ⋯ (2k+1)): G. Marsaglia, J. Statistical Software 11 (2004). */
export function normalCumulative(x: number): number {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let term = x;
  let sum = x;
  let previous = Number.NaN;
  for (let odd = 3; sum !== previous; odd += 2) {
    previous = sum;
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
