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

/** A matrix whose rows (expand) or columns (contract) come as an optional single, pairs, and a last single. */
export interface MirroredMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly entries: Float64Array;
  /** 1 when the point 0 stands in front of the pairs. */
  readonly firstPair: number;
  readonly pairs: number;
  /** Columns outside firstColumn … endColumn − 1 are 0 in the rows of pairs. */
  readonly firstColumn: number;
  readonly endColumn: number;
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
  // In Bᵀ, a pair's polynomial has the factor x when 0 is a point, and lacks the degree that only ∞ adds.
  const [firstColumn, endColumn] = which === 'input' ? [firstPair, columns - 1] : [0, columns];
  const pairs = Math.floor(matrices.points.length / 2);
  return { rows: fractions.length, columns, entries, firstPair, pairs, firstColumn, endColumn };
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
    for (let pair = 0; pair < pairs; pair += 2) {
      const row = firstPair + 2 * pair;
      const other = pair + 1 < pairs ? row + 2 : row;
      expandPairs(matrix, row, other, source, from, layout.sourceStep, target, to, layout.targetStep);
    }
    expandRow(matrix, rows - 1, source, from, layout.sourceStep, target, to + (rows - 1) * layout.targetStep);
  }
}

/** t = G s for three taps: as expand, with s_0, s_1 and s_2 in registers. */
export function expandThreeTaps(
  { rows, entries, firstPair, pairs }: MirroredMatrix,
  source: Float64Array,
  sourceStart: number,
  target: Float64Array,
  targetStart: number,
  { vectors, sourceStep, sourceVector, targetStep, targetVector }: TransformLayout,
): void {
  for (let v = 0; v < vectors; v++) {
    for (let lane = 0; lane < 3; lane++) {
      const from = (sourceStart + v * sourceVector + lane) & 0x3fffffff;
      const s0 = source[from]!;
      const s1 = source[from + sourceStep]!;
      const s2 = source[from + 2 * sourceStep]!;
      let to = (targetStart + v * targetVector + lane) & 0x3fffffff;
      // Point 0 picks s_0 with weight 1 / N_0, ∞ picks s_2 with weight 1.
      if (firstPair === 1) {
        target[to] = entries[0]! * s0;
        to += targetStep;
      }
      let entry = firstPair * 3;
      for (let pair = 0; pair < pairs; pair++, entry += 6) {
        const even = entries[entry]! * s0 + entries[entry + 2]! * s2;
        const odd = entries[entry + 1]! * s1;
        target[to] = even + odd;
        target[to + targetStep] = even - odd;
        to += 2 * targetStep;
      }
      target[targetStart + v * targetVector + (rows - 1) * targetStep + lane] = s2;
    }
  }
}

/**
 * Rows `row` and `row + 1`, of points +p and −p, and rows `other` and `other + 1`: two pairs at once load each source
 * element once. `other` may be `row`. A lead sum takes the first column and every second one from there, a follow sum the rest.
 */
// Twelve sums in registers, one statement a line, as in microKernel.ts.
// oxlint-disable-next-line max-lines-per-function
function expandPairs(
  { columns, entries, firstColumn, endColumn }: MirroredMatrix,
  row: number,
  other: number,
  source: Float64Array,
  from: number,
  step: number,
  target: Float64Array,
  to: number,
  targetStep: number,
): void {
  let lead0 = 0;
  let lead1 = 0;
  let lead2 = 0;
  let follow0 = 0;
  let follow1 = 0;
  let follow2 = 0;
  let otherLead0 = 0;
  let otherLead1 = 0;
  let otherLead2 = 0;
  let otherFollow0 = 0;
  let otherFollow1 = 0;
  let otherFollow2 = 0;
  const apart = (other - row) * columns;
  const end = row * columns + endColumn;
  let next = from + firstColumn * step;
  for (let at = row * columns + firstColumn; at < end; at++) {
    const entry = at & 0x3fffffff;
    const i = next & 0x3fffffff;
    const x0 = source[i]!;
    const x1 = source[i + 1]!;
    const x2 = source[i + 2]!;
    const a = entries[entry]!;
    const b = entries[(entry + apart) & 0x3fffffff]!;
    lead0 += a * x0;
    lead1 += a * x1;
    lead2 += a * x2;
    otherLead0 += b * x0;
    otherLead1 += b * x1;
    otherLead2 += b * x2;
    next = i + step;
    if (++at === end) break;
    const j = next & 0x3fffffff;
    const y0 = source[j]!;
    const y1 = source[j + 1]!;
    const y2 = source[j + 2]!;
    const c = entries[entry + 1]!;
    const d = entries[(entry + 1 + apart) & 0x3fffffff]!;
    follow0 += c * y0;
    follow1 += c * y1;
    follow2 += c * y2;
    otherFollow0 += d * y0;
    otherFollow1 += d * y1;
    otherFollow2 += d * y2;
    next = j + step;
  }
  const sign = firstColumn % 2 === 0 ? 1 : -1;
  storePair(target, to + row * targetStep, targetStep, sign, lead0, lead1, lead2, follow0, follow1, follow2);
  if (other === row) return;
  const there = to + other * targetStep;
  storePair(
    target,
    there,
    targetStep,
    sign,
    otherLead0,
    otherLead1,
    otherLead2,
    otherFollow0,
    otherFollow1,
    otherFollow2,
  );
}

/** lead + follow to the row of +p, and even − odd columns to the row of −p; sign is 1 when lead has the even ones. */
function storePair(
  target: Float64Array,
  to: number,
  targetStep: number,
  sign: number,
  lead0: number,
  lead1: number,
  lead2: number,
  follow0: number,
  follow1: number,
  follow2: number,
): void {
  const plus = to & 0x3fffffff;
  target[plus] = lead0 + follow0;
  target[plus + 1] = lead1 + follow1;
  target[plus + 2] = lead2 + follow2;
  const minus = (to + targetStep) & 0x3fffffff;
  target[minus] = sign * (lead0 - follow0);
  target[minus + 1] = sign * (lead1 - follow1);
  target[minus + 2] = sign * (lead2 - follow2);
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
    const at = (from + j * step) & 0x3fffffff;
    sum0 += coefficient * source[at]!;
    sum1 += coefficient * source[at + 1]!;
    sum2 += coefficient * source[at + 2]!;
  }
  const at = to & 0x3fffffff;
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
    const plus = (from + (firstPair + 2 * pair) * step) & 0x3fffffff;
    const minus = (plus + step) & 0x3fffffff;
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
    const i = at & 0x3fffffff;
    sum0 += coefficient * folded[i]!;
    sum1 += coefficient * folded[i + 1]!;
    sum2 += coefficient * folded[i + 2]!;
    at = i + 3;
    entry += 2;
  }
  const i = to & 0x3fffffff;
  target[i] = sum0;
  target[i + 1] = sum1;
  target[i + 2] = sum2;
}

function addInPlace(target: Float64Array, to: number, source: Float64Array, from: number): void {
  target[to] = target[to]! + source[from]!;
  target[to + 1] = target[to + 1]! + source[from + 1]!;
  target[to + 2] = target[to + 2]! + source[from + 2]!;
}
