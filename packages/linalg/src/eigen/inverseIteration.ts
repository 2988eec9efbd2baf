/**
 * Eigenvectors of a symmetric tridiagonal matrix for given eigenvalues, by inverse iteration: x ← (T − λ I)⁻¹ x / ‖·‖.
 *
 * One or two steps from a random start are enough, as the solution grows by 1 / ε towards the eigenvector; T − λ I is factored
 * once, with partial pivoting (tridiagonalSolve.ts). What two vectors overlap by is of the order of ε ‖T‖ over the gap between their
 * values: values closer to their neighbour than ‖T‖ / n form a cluster, in which each vector is kept orthogonal to those before it
 * (Peters & Wilkinson 1971; Parlett, The Symmetric Eigenvalue Problem, §4.9; LAPACK dstein, whose clusters end at gaps of ‖T‖ / 1000).
 *
 * Cost: some 30 n operations a vector, and 8 n a step for each earlier one of its cluster.
 */

import { ConvergenceError, DomainError, createRandom, tensorOf } from '@rankwise/tensor';
import type { FloatDType, Random, Tensor } from '@rankwise/tensor';
import { EPSILON } from '../dense/denseMatrix.ts';
import { dot, norm2 } from '../dense/vectorOps.ts';
import { orderedColumns } from './orderedColumns.ts';
import { copyTridiagonal, copyVector, reachOf } from './tridiagonalMatrix.ts';
import type { TridiagonalMatrix } from './tridiagonalMatrix.ts';
import { factorShifted, solveShiftedInPlace } from './tridiagonalSolve.ts';

/** Steps from one start before another is tried, and starts (dstein allows 5 steps). */
const MAX_STEPS = 5;
const MAX_STARTS = 4;

/** Steps made after the growth shows that the vector has been found: the first may still hold traces of the start. */
const EXTRA_STEPS = 1;

/** Any number does: starts must be repeatable. */
const SEED = 1;

/**
 * Unit eigenvectors for computed eigenvalues of a symmetric tridiagonal matrix.
 * @param diagonal - [n] f64 (f32 is promoted)
 * @param coupling - [n − 1] f64 (f32 is promoted)
 * @param values - [count], descending, eigenvalues to working precision: of tridiagonalEigenvalues, all or some
 * @returns [n, count]; in each column the element of largest magnitude, the first of ties, is positive
 * @throws ShapeError when the shapes do not fit together.
 * @throws DomainError when an element is not finite, or `values` do not descend.
 * @throws ConvergenceError when the iteration finds no vector: the value is no eigenvalue.
 * @example
 * import { fromNested } from '@rankwise/tensor';
 * import { tridiagonalEigenvectors } from '@rankwise/linalg';
 * const [diagonal, coupling] = [fromNested('f64', [3, -1, 2]), fromNested('f64', [0, 0])];
 * const { data } = tridiagonalEigenvectors(diagonal, coupling, fromNested('f64', [2]));
 * Array.from(data, (x) => Math.round(x * x)) // => [0, 0, 1]
 */
export function tridiagonalEigenvectors(
  diagonal: Tensor<FloatDType>,
  coupling: Tensor<FloatDType>,
  values: Tensor<FloatDType>,
): Tensor<'f64'> {
  const caller = 'tridiagonalEigenvectors';
  const matrix = copyTridiagonal(caller, diagonal, coupling);
  const shifts = copyVector(caller, 'values', values).map((value) => value * matrix.power);
  const n = matrix.diagonal.length;
  if (shifts.some((value, j) => j > 0 && value > shifts[j - 1]!)) {
    throw new DomainError(`${caller}: values: expected descending order, got an ascent`);
  }
  // Any number does for a zero matrix.
  const norm = reachOf(matrix) || 1;
  const rows = new Float64Array(shifts.length * n);
  const random = createRandom(SEED);
  let clusterStart = 0;
  for (let j = 0; j < shifts.length; j++) {
    if (j > 0 && shifts[j - 1]! - shifts[j]! > norm / n) clusterStart = j;
    findVectorInPlace(caller, matrix, norm, shifts[j]!, { rows, n, clusterStart, index: j }, random);
  }
  return orderedColumns(tensorOf(rows, [shifts.length, n]), [...shifts.keys()]);
}

/** Row `index` of `rows` is to be found, orthogonal to the rows from `clusterStart` on before it. */
interface Place {
  readonly rows: Float64Array;
  readonly n: number;
  readonly clusterStart: number;
  readonly index: number;
}

function findVectorInPlace(
  caller: string,
  matrix: TridiagonalMatrix,
  norm: number,
  shift: number,
  place: Place,
  random: Random,
): void {
  const { rows, n, index } = place;
  const factors = factorShifted(matrix, shift, EPSILON * norm);
  const x = rows.subarray(index * n, (index + 1) * n);
  // A unit vector grew to a solution of at least this size if it is within rounding of an eigenvector: ‖(T − λ I) x‖ ≤ 30 n ε ‖T‖.
  const enough = 1 / (30 * Math.max(n, 1) * EPSILON * norm);
  let growth = 0;
  for (let start = 0; start < MAX_STARTS; start++) {
    for (let i = 0; i < n; i++) x[i] = 2 * random.uniform() - 1;
    orthonormalizeInPlace(place);
    let extra = 0;
    for (let step = 0; step < MAX_STEPS; step++) {
      solveShiftedInPlace(factors, x);
      growth = orthonormalizeInPlace(place);
      if (growth >= enough && ++extra > EXTRA_STEPS) return;
    }
  }
  throw new ConvergenceError(
    `${caller}: values: expected an eigenvector within ${MAX_STEPS} steps, got a residual of ${1 / growth} for value ${index}, orthogonal to the vectors of the values near it`,
    MAX_STEPS * MAX_STARTS,
    1 / growth,
  );
}

/** Takes its cluster's vectors out of the place's row, twice over, scales it to length 1 and returns its length before that. */
function orthonormalizeInPlace({ rows, n, clusterStart, index }: Place): number {
  const at = index * n;
  for (let pass = 0; pass < 2; pass++) {
    for (let j = clusterStart; j < index; j++) {
      const overlap = dot(rows, at, rows, j * n, n);
      for (let i = 0; i < n; i++) rows[at + i] = rows[at + i]! - overlap * rows[j * n + i]!;
    }
  }
  const length = norm2(rows, at, n);
  for (let i = 0; i < n; i++) rows[at + i] = rows[at + i]! / length;
  return length;
}
