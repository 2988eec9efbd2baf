/**
 * A law is a theorem that every right routine keeps for every matrix, as a function of the routine under test. It gives a
 * ratio: by how many times n ε the theorem is missed. Ratios below 30 are rounding errors; a shape, an order or a sign that is
 * wrong throws.
 */

import type { Random } from '@rankwise/tensor';
import type { MatrixCase } from '../arbitraries.ts';
import type { Matrix } from '../matrix.ts';
import { at, largestOf, timesPowerOfTwo } from '../matrix.ts';
import { expectRatio } from '../worstRatios.ts';

export interface Law<R, C extends MatrixCase = MatrixCase> {
  readonly name: string;
  /** The cases that the law speaks of. Default: all. */
  readonly applies?: (one: C) => boolean;
  /** `random` is a stream of this law and case alone. */
  readonly ratio: (routine: R, one: C, random: Random) => number;
}

export class LawViolation extends Error {
  override readonly name = 'LawViolation';
}

/** @throws LawViolation when the condition does not hold. */
export function demand(condition: boolean, what: string): void {
  if (!condition) throw new LawViolation(what);
}

/** A law with the routine it is to test: what tables of routines hold, whatever each takes and gives. */
export interface BoundLaw<C extends MatrixCase> {
  readonly name: string;
  /**
   * Undefined when the law does not speak of the case.
   * @throws Error what the routine or the law throws, with the law and the case before it
   */
  readonly ratio: (one: C) => number | undefined;
}

export function bindLaws<R, C extends MatrixCase>(laws: readonly Law<R, C>[], routine: R): BoundLaw<C>[] {
  return laws.map((law) => ({ name: law.name, ratio: (one) => ratioOf(law, routine, one) }));
}

/** Runs every law that applies and hands `name: law` with the ratio to `report`, which by default throws when it is 30 or more. */
export function checkLaws<C extends MatrixCase>(
  name: string,
  laws: readonly BoundLaw<C>[],
  one: C,
  report: (check: string, one: C, ratio: number) => void = expectRatio,
): void {
  for (const law of laws) {
    const ratio = law.ratio(one);
    if (ratio !== undefined) report(`${name}: ${law.name}`, one, ratio);
  }
}

function ratioOf<R, C extends MatrixCase>(law: Law<R, C>, routine: R, one: C): number | undefined {
  if (law.applies !== undefined && !law.applies(one)) return undefined;
  try {
    return law.ratio(routine, one, one.random.fork(law.name));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${law.name}: ${one.what}: ${reason}`, { cause: error });
  }
}

/** Where squares overflow or vanish, and a normalised matrix with elements of 2^-100 is still made of normal numbers. */
export const FAR_EXPONENTS = [900, -900];

/** A times the power of two that brings its largest element into [1, 2): what laws that add and multiply start from. */
export function normalised(a: Matrix): Matrix {
  const largest = largestOf(a);
  return largest === 0 ? a : timesPowerOfTwo(a, -Math.floor(Math.log2(largest)));
}

/** max |x_i − y_i| / (largest · terms · ε). */
export function apart(x: ArrayLike<number>, y: ArrayLike<number>, terms: number): number {
  demand(x.length === y.length, `expected ${x.length} values, got ${y.length}`);
  return excess(x, y, y, terms);
}

/** By how much some x_i lies outside [low_i, high_i], over (largest · terms · ε). NaN anywhere gives NaN. */
export function excess(
  x: ArrayLike<number>,
  low: ArrayLike<number>,
  high: ArrayLike<number>,
  terms: number,
  atLeast = 0,
): number {
  let worst = 0;
  let largest = atLeast;
  for (let i = 0; i < x.length; i++) {
    worst = Math.max(worst, low[i]! - x[i]!, x[i]! - high[i]!);
    for (const value of [x[i]!, low[i]!, high[i]!]) {
      if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    }
  }
  return worst === 0 ? 0 : worst / (largest * Math.max(terms, 1) * spacing(largest));
}

/** Relative spacing of doubles near a number: ε, or more where they are subnormal. */
function spacing(scale: number): number {
  return Math.max(Number.EPSILON, Number.MIN_VALUE / scale);
}

/** All elements in row-major order. */
export function elementsOf(a: Matrix): Float64Array {
  const [m = 0, n = 0] = a.shape;
  return Float64Array.from({ length: m * n }, (_, k) => at(a, Math.floor(k / n), k % n));
}

/** @throws LawViolation unless the values descend and number `count`. */
export function demandDescending(values: ArrayLike<number>, count: number): void {
  demand(values.length === count, `expected ${count} values, got ${values.length}`);
  for (let i = 1; i < count; i++) {
    demand(values[i - 1]! >= values[i]!, `expected descending values, got ${values[i - 1]} before ${values[i]}`);
  }
}

/** @throws LawViolation unless the matrix has this shape. */
export function demandShape(what: string, a: Matrix, m: number, n: number): void {
  demand(a.shape[0] === m && a.shape[1] === n, `${what}: expected shape [${m}, ${n}], got [${a.shape}]`);
}
