/**
 * Products with the Cook–Toom matrices on vectors of three lanes, by way of their ±p symmetry (see cookToom.ts).
 *
 *   expand:   t_i = Σ_j T[i][j] s_j for T = G or Bᵀ;  rows +p and −p are E + O and E − O with
 *             E = Σ_{j even} T[i][j] s_j and O = Σ_{j odd} T[i][j] s_j
 *   contract: t_i = Σ_j T[i][j] s_j for T = Aᵀ;       a pair of columns needs p^i (s_{+p} + s_{−p}) for even i only and
 *             p^i (s_{+p} − s_{−p}) for odd i only
 *
 * Each call does `vectors` such products; s_j and t_i are three adjacent f64, at strides that the caller chooses. Two calls
 * with the strides exchanged make the two-dimensional transform T S Tᵀ. Cost: rows · columns / 2 multiply-adds a lane.
 */

import type { CookToom, Fraction } from './cookToom.ts';
import { indexMask } from './microKernel.ts';

/** A matrix whose rows (expand) or columns (contract) come as an optional single, pairs, and a last single. */
export interface MirroredMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly entries: Float64Array;
  /** 1 when the point 0 stands in front of the pairs. */
  readonly firstPair: number;
  readonly pairs: number;
}

/** Where the vectors of a batch of products lie, in elements. */
export interface TransformLayout {
  readonly vectors: number;
  /** From s_j to s_{j+1}, and from one product's s to the next one's. */
  readonly sourceStep: number;
  readonly sourceVector: number;
  /** From t_i to t_{i+1}, and from one product's t to the next one's. */
  readonly targetStep: number;
  readonly targetVector: number;
}

/** One of the matrices, rounded to f64. */
export function mirroredMatrix(matrices: CookToom, which: 'filter' | 'input' | 'output'): MirroredMatrix {
  const fractions: readonly (readonly Fraction[])[] = matrices[which];
  const columns = which === 'filter' ? matrices.taps : matrices.size;
  const entries = Float64Array.from(fractions.flat(), ([numerator, denominator]) => numerator / denominator);
  const firstPair = matrices.points.length % 2;
  return { rows: fractions.length, columns, entries, firstPair, pairs: Math.floor(matrices.points.length / 2) };
}

/** t = T s for T = G or Bᵀ. */
export function expand(
  matrix: MirroredMatrix,
  source: Float64Array,
  sourceStart: number,
  target: Float64Array,
  targetStart: number,
  layout: TransformLayout,
): void {
  const { rows, firstPair, pairs } = matrix;
  for (let v = 0; v < layout.vectors; v++) {
    const from = sourceStart + v * layout.sourceVector;
    const to = targetStart + v * layout.targetVector;
    if (firstPair === 1) expandRow(matrix, 0, source, from, layout.sourceStep, target, to);
    for (let pair = 0; pair < pairs; pair++) {
      const row = firstPair + 2 * pair;
      expandPair(matrix, row, source, from, layout.sourceStep, target, to + row * layout.targetStep, layout.targetStep);
    }
    expandRow(matrix, rows - 1, source, from, layout.sourceStep, target, to + (rows - 1) * layout.targetStep);
  }
}

/** Rows `row` and `row + 1`, of points +p and −p. */
function expandPair(
  { columns, entries }: MirroredMatrix,
  row: number,
  source: Float64Array,
  from: number,
  step: number,
  target: Float64Array,
  to: number,
  targetStep: number,
): void {
  let even0 = 0;
  let even1 = 0;
  let even2 = 0;
  let odd0 = 0;
  let odd1 = 0;
  let odd2 = 0;
  let next = from;
  const first = row * columns;
  for (let j = 0; j < columns; j++) {
    let coefficient = entries[first + j]!;
    let at = next & indexMask;
    even0 += coefficient * source[at]!;
    even1 += coefficient * source[at + 1]!;
    even2 += coefficient * source[at + 2]!;
    next += step;
    if (++j === columns) break;
    coefficient = entries[first + j]!;
    at = next & indexMask;
    odd0 += coefficient * source[at]!;
    odd1 += coefficient * source[at + 1]!;
    odd2 += coefficient * source[at + 2]!;
    next += step;
  }
  const plus = to & indexMask;
  target[plus] = even0 + odd0;
  target[plus + 1] = even1 + odd1;
  target[plus + 2] = even2 + odd2;
  const minus = (to + targetStep) & indexMask;
  target[minus] = even0 - odd0;
  target[minus + 1] = even1 - odd1;
  target[minus + 2] = even2 - odd2;
}

/** The row of point 0 or ∞, half of whose entries are 0. */
function expandRow(
  { columns, entries }: MirroredMatrix,
  row: number,
  source: Float64Array,
  from: number,
  step: number,
  target: Float64Array,
  to: number,
): void {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  for (let j = 0; j < columns; j++) {
    const coefficient = entries[row * columns + j]!;
    if (coefficient === 0) continue;
    const at = (from + j * step) & indexMask;
    sum0 += coefficient * source[at]!;
    sum1 += coefficient * source[at + 1]!;
    sum2 += coefficient * source[at + 2]!;
  }
  const at = to & indexMask;
  target[at] = sum0;
  target[at + 1] = sum1;
  target[at + 2] = sum2;
}

/** Sums and differences of the pairs of one product: at most six pairs, three lanes, twice. */
const folded = new Float64Array(48);
const differences = 24;

/** t = T s for T = Aᵀ. */
export function contract(
  matrix: MirroredMatrix,
  source: Float64Array,
  sourceStart: number,
  target: Float64Array,
  targetStart: number,
  layout: TransformLayout,
): void {
  const { rows, columns } = matrix;
  const { sourceStep, targetStep } = layout;
  for (let v = 0; v < layout.vectors; v++) {
    const from = sourceStart + v * layout.sourceVector;
    const to = targetStart + v * layout.targetVector;
    foldPairs(matrix, source, from, sourceStep);
    for (let row = 0; row < rows; row++) contractRow(matrix, row, target, to + row * targetStep);
    // Point 0 contributes to row 0 only, and ∞ to the last row only, both with weight 1.
    if (matrix.firstPair === 1) addInPlace(target, to, source, from);
    addInPlace(target, to + (rows - 1) * targetStep, source, from + (columns - 1) * sourceStep);
  }
}

function foldPairs({ firstPair, pairs }: MirroredMatrix, source: Float64Array, from: number, step: number): void {
  for (let pair = 0; pair < pairs; pair++) {
    const plus = (from + (firstPair + 2 * pair) * step) & indexMask;
    const minus = (plus + step) & indexMask;
    for (let lane = 0; lane < 3; lane++) {
      const a = source[plus + lane]!;
      const b = source[minus + lane]!;
      folded[pair * 3 + lane] = a + b;
      folded[differences + pair * 3 + lane] = a - b;
    }
  }
}

function contractRow(
  { columns, entries, firstPair, pairs }: MirroredMatrix,
  row: number,
  target: Float64Array,
  to: number,
): void {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let at = row % 2 === 0 ? 0 : differences;
  let entry = row * columns + firstPair;
  for (let pair = 0; pair < pairs; pair++) {
    const coefficient = entries[entry]!;
    const i = at & indexMask;
    sum0 += coefficient * folded[i]!;
    sum1 += coefficient * folded[i + 1]!;
    sum2 += coefficient * folded[i + 2]!;
    at = i + 3;
    entry += 2;
  }
  const i = to & indexMask;
  target[i] = sum0;
  target[i + 1] = sum1;
  target[i + 2] = sum2;
}

function addInPlace(target: Float64Array, to: number, source: Float64Array, from: number): void {
  target[to] = target[to]! + source[from]!;
  target[to + 1] = target[to + 1]! + source[from + 1]!;
  target[to + 2] = target[to + 2]! + source[from + 2]!;
}
