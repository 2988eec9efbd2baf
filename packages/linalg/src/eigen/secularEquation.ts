/**
 * Roots of the secular equation, for ordered poles d_0 < d_1 < … and ρ > 0:
 *
 *     f(λ) = 1/ρ + Σ z_j² / (d_j − λ) = 0,   d_i < λ_i < d_{i+1},   d_{k−1} < λ_{k−1} < d_{k−1} + ρ ‖z‖²
 *
 * They are the eigenvalues of diag(d) + ρ z zᵀ, and with d_j = s_j² the squared singular values of a diagonal with a row added.
 *
 * | name     | meaning                                                                                          |
 * |----------|--------------------------------------------------------------------------------------------------|
 * | origin   | the pole nearer to the root: λ is known as d_origin + μ, so that each d_j − λ has full accuracy  |
 * | μ        | the shift; |μ| is at most half the gap, hence (d_j − d_origin) − μ never cancels                  |
 * | l, r     | the two poles interpolated at: i and i + 1, for the last root k − 2 and k − 1                     |
 * | ψ, φ     | the sums over j ≤ l and over j ≥ r                                                               |
 * | Δ_j      | d_j − λ at the current λ                                                                          |
 *
 * Each step replaces f by c + s / (Δ_l − η) + S / (Δ_r − η), of equal value and slope, and solves for η: with the nearer
 * pole's own weight (fixed weight), or, when that is slow, with s and S from the slopes of ψ and φ (the middle way): Li,
 * Solving secular equations stably and efficiently, LAPACK Working Note 89 (1993); LAPACK dlaed4. A bracket guards each step.
 *
 * It ends when |f| is below what rounding makes of it (Gu & Eisenstat 1995, §3.1): then the vectors made from the
 * differences, with ẑ recomputed from the roots, are orthogonal. Cost: 3 to 5 passes over the poles for each root.
 */

import { ConvergenceError } from '@rankwise/tensor';
import { EPSILON } from '../dense/denseMatrix.ts';

/** Three or four steps are usual; bisecting the 53 bits of a double, 11 of them twice, would take as many as this. */
const MAX_STEPS = 64;

export interface SecularEquation {
  /** [k]. An element may be tiny, but not so tiny that its pole and the root coincide. */
  readonly z: Float64Array;
  readonly rho: number;
  /** Writes d_j − d_origin to out[j], j < k, each to full relative accuracy: the poles themselves are never asked for. */
  readonly gapsTo: (origin: number, out: Float64Array) => void;
}

/** A root, λ = d_origin + shift; and a place for the values that its search passes on. One serves for any number of roots. */
export interface SecularRoot {
  origin: number;
  shift: number;
  /** f at the shift, and the bound on its rounding error. */
  value: number;
  roundoff: number;
  psiSlope: number;
  phiSlope: number;
  low: number;
  high: number;
}

export function makeSecularRoot(): SecularRoot {
  return { origin: 0, shift: 0, value: 0, roundoff: 0, psiSlope: 0, phiSlope: 0, low: 0, high: 0 };
}

/**
 * Finds root i: its origin and shift go to `root`, the differences d_j − λ_i to out[j], j < k.
 * @throws ConvergenceError naming `caller` when 64 steps were not enough.
 */
export function secularRootInto(
  root: SecularRoot,
  caller: string,
  equation: SecularEquation,
  i: number,
  out: Float64Array,
): void {
  const k = equation.z.length;
  if (k === 1) {
    root.origin = 0;
    root.shift = equation.rho * equation.z[0]! * equation.z[0]!;
    out[0] = -root.shift;
    return;
  }
  const left = Math.min(i, k - 2);
  if (i < k - 1) startBetweenPolesInPlace(root, equation, i, out);
  else startBeyondPolesInPlace(root, equation, out);
  iterateInPlace(root, caller, equation, i, left, out);
  for (let j = 0; j < k; j++) out[j] = out[j]! - root.shift;
}

/** Chooses the origin by the sign of f half-way between the poles, and a first shift from the two poles alone. */
function startBetweenPolesInPlace(root: SecularRoot, equation: SecularEquation, i: number, gaps: Float64Array): void {
  const { z, gapsTo } = equation;
  gapsTo(i, gaps);
  const gap = gaps[i + 1]!;
  const half = gap / 2;
  evaluateInPlace(root, equation, i, gaps, half);
  const near = z[i]! * z[i]!;
  const far = z[i + 1]! * z[i + 1]!;
  const rest = root.value + near / half - far / half;
  let shift: number;
  if (root.value > 0) {
    root.origin = i;
    root.low = 0;
    root.high = half;
    shift = smallerRoot(rest, rest * gap + near + far, near * gap);
  } else {
    root.origin = i + 1;
    root.low = -half;
    root.high = 0;
    gapsTo(i + 1, gaps);
    shift = smallerRoot(rest, -rest * gap + near + far, -far * gap);
  }
  root.shift = shift > root.low && shift < root.high ? shift : (root.low + root.high) / 2;
}

/** As startBetweenPolesInPlace, for the root beyond the last pole. */
function startBeyondPolesInPlace(root: SecularRoot, equation: SecularEquation, gaps: Float64Array): void {
  const { z, rho, gapsTo } = equation;
  const k = z.length;
  let reach = 0;
  for (let j = 0; j < k; j++) reach += z[j]! * z[j]!;
  // Above the sum by what its roundings may have taken from it.
  reach *= rho * (1 + k * EPSILON);
  root.origin = k - 1;
  gapsTo(k - 1, gaps);
  const half = reach / 2;
  evaluateInPlace(root, equation, k - 2, gaps, half);
  const gap = -gaps[k - 2]!;
  const last = z[k - 1]! * z[k - 1]!;
  const previous = z[k - 2]! * z[k - 2]!;
  const rest = root.value + previous / (gap + half) + last / half;
  root.low = root.value <= 0 ? half : 0;
  root.high = root.value <= 0 ? reach : half;
  const shift = largerRoot(rest, -rest * gap + previous + last, -last * gap);
  root.shift = shift > root.low && shift < root.high ? shift : (root.low + root.high) / 2;
}

function iterateInPlace(
  root: SecularRoot,
  caller: string,
  equation: SecularEquation,
  i: number,
  left: number,
  gaps: Float64Array,
): void {
  let previous = 0;
  let isMiddleWay = i > left;
  for (let steps = 0; ; steps++) {
    const { shift } = root;
    evaluateInPlace(root, equation, left, gaps, shift);
    const { value } = root;
    if (Math.abs(value) <= root.roundoff) return;
    if (value < 0) root.low = Math.max(root.low, shift);
    else root.high = Math.min(root.high, shift);
    if (steps === MAX_STEPS) {
      throw new ConvergenceError(
        `${caller}: expected a root of the secular equation within ${MAX_STEPS} steps, got a value of ${value} at root ${i}`,
        steps,
        Math.abs(value),
      );
    }
    // Slow on one side of the root: the other interpolation is tried.
    if (i === left && value * previous > 0 && Math.abs(value) > Math.abs(previous) / 10) isMiddleWay = !isMiddleWay;
    previous = value;
    let eta = i > left ? stepBeyond(root, left, gaps) : stepBetween(root, equation, left, gaps, isMiddleWay);
    // f rises: a step has the sign of −f. NaN and an infinite step are replaced as well.
    if (!(value * eta < 0)) eta = -value / (root.psiSlope + root.phiSlope);
    const inside = shift + eta > root.low && shift + eta < root.high;
    if (!inside) eta = ((value < 0 ? root.high : root.low) - shift) / 2;
    if (shift + eta === shift && Number.isFinite(value)) return;
    root.shift = shift + eta;
  }
}

/** f, its slopes and its rounding error at λ = d_origin + shift; ψ sums j ≤ left. Sums run towards the nearer poles. */
function evaluateInPlace(
  root: SecularRoot,
  { z, rho }: SecularEquation,
  left: number,
  gaps: Float64Array,
  shift: number,
): void {
  let psi = 0;
  let psiSlope = 0;
  let partialSums = 0;
  for (let j = 0; j <= left; j++) {
    const zj = z[j]!;
    const t = zj / (gaps[j]! - shift);
    psi += zj * t;
    psiSlope += t * t;
    partialSums -= psi;
  }
  let phi = 0;
  let phiSlope = 0;
  let phiPartialSums = 0;
  for (let j = z.length - 1; j > left; j--) {
    const zj = z[j]!;
    const t = zj / (gaps[j]! - shift);
    phi += zj * t;
    phiSlope += t * t;
    phiPartialSums += phi;
  }
  root.value = 1 / rho + psi + phi;
  root.psiSlope = psiSlope;
  root.phiSlope = phiSlope;
  // Eight roundings in each term and the last sums, one in each partial sum, one of the shift (dlaed4's erretm).
  const terms = 8 * (Math.abs(psi) + Math.abs(phi)) + partialSums + Math.abs(phiPartialSums) + 2 / rho;
  root.roundoff = (EPSILON / 2) * (terms + Math.abs(shift) * (psiSlope + phiSlope));
}

/** The step to the root of the interpolant between poles l and r. */
function stepBetween(
  root: SecularRoot,
  { z }: SecularEquation,
  left: number,
  gaps: Float64Array,
  isMiddleWay: boolean,
): number {
  const { value, shift, psiSlope, phiSlope } = root;
  const right = left + 1;
  const deltaLeft = gaps[left]! - shift;
  const deltaRight = gaps[right]! - shift;
  const slope = psiSlope + phiSlope;
  let c: number;
  if (isMiddleWay) c = value - deltaLeft * psiSlope - deltaRight * phiSlope;
  else if (root.origin === left) {
    const t = z[left]! / deltaLeft;
    c = value - deltaRight * slope - (gaps[left]! - gaps[right]!) * t * t;
  } else {
    const t = z[right]! / deltaRight;
    c = value - deltaLeft * slope - (gaps[right]! - gaps[left]!) * t * t;
  }
  const a = (deltaLeft + deltaRight) * value - deltaLeft * deltaRight * slope;
  return smallerRoot(c, a, deltaLeft * deltaRight * value);
}

/** The step to the root of the middle way's interpolant beyond the last pole. */
function stepBeyond(root: SecularRoot, left: number, gaps: Float64Array): number {
  const { value, shift, psiSlope, phiSlope } = root;
  const deltaLeft = gaps[left]! - shift;
  const deltaRight = gaps[left + 1]! - shift;
  const c = Math.abs(value - deltaLeft * psiSlope - deltaRight * phiSlope);
  const a = (deltaLeft + deltaRight) * value - deltaLeft * deltaRight * (psiSlope + phiSlope);
  return largerRoot(c, a, deltaLeft * deltaRight * value);
}

/** (a − √(a² − 4bc)) / 2c, a root of c x² − a x + b, without cancellation. */
function smallerRoot(c: number, a: number, b: number): number {
  const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
  return a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
}

/** (a + √(a² − 4bc)) / 2c, a root of c x² − a x + b, without cancellation. */
function largerRoot(c: number, a: number, b: number): number {
  const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
  return a >= 0 ? (a + root) / (2 * c) : (2 * b) / (a - root);
}
