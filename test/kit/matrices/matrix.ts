/**
 * Matrices made and multiplied by the definition: what the kit builds its cases from. Nothing here is fast, and nothing is
 * shared with the routines under test.
 */

import { tensorOf, zeros } from '@rankwise/tensor';
import type { Random, Tensor } from '@rankwise/tensor';

export type Matrix = Tensor<'f64'>;

/** The matrix with elements f(i, j). */
export function matrixFrom(m: number, n: number, f: (i: number, j: number) => number): Matrix {
  const data = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) data[i * n + j] = f(i, j);
  return tensorOf(data, [m, n]);
}

/** Element (i, j) of any strided matrix. */
export function at(a: Matrix, i: number, j: number): number {
  return a.data[a.offset + i * (a.strides[0] ?? 0) + j * (a.strides[1] ?? 0)]!;
}

/** Ones on the diagonal, square unless n is given. */
export function identityMatrix(m: number, n = m): Matrix {
  return matrixFrom(m, n, (i, j) => (i === j ? 1 : 0));
}

/** The values on the diagonal of a square matrix. */
export function diagonalMatrix(values: ArrayLike<number>): Matrix {
  return matrixFrom(values.length, values.length, (i, j) => (i === j ? values[i]! : 0));
}

/** The symmetric tridiagonal matrix with main(i) at (i, i) and beside(i) at (i, i + 1) and (i + 1, i). */
export function tridiagonalMatrix(n: number, main: (i: number) => number, beside: (i: number) => number): Matrix {
  const diagonal = Float64Array.from({ length: n }, (_, i) => main(i));
  const coupling = Float64Array.from({ length: Math.max(n - 1, 0) }, (_, i) => beside(i));
  return matrixFrom(n, n, (i, j) => (i === j ? diagonal[i]! : Math.abs(i - j) === 1 ? coupling[Math.min(i, j)]! : 0));
}

/** a · b by the definition. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const [m = 0, inner = 0] = a.shape;
  const [, n = 0] = b.shape;
  const out = zeros('f64', [m, n]);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = at(a, i, k);
      for (let j = 0; j < n; j++) out.data[i * n + j]! += factor * at(b, k, j);
    }
  }
  return out;
}

/** Elements uniform in [−1, 1). */
export function randomMatrix(m: number, n: number, random: Random): Matrix {
  return matrixFrom(m, n, () => 2 * random.uniform() - 1);
}

/** Orthonormal columns, m × n with m ≥ n: Gram–Schmidt, three times over, of a random matrix. */
export function randomOrthonormal(m: number, n: number, random: Random): Matrix {
  const q = matrixFrom(m, n, () => random.normal());
  const column = (j: number): Float64Array => Float64Array.from({ length: m }, (_, i) => at(q, i, j));
  const inner = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  for (let j = 0; j < n; j++) {
    const x = column(j);
    for (let pass = 0; pass < 3; pass++) {
      for (let k = 0; k < j; k++) {
        const y = column(k);
        const overlap = inner(x, y);
        for (let i = 0; i < m; i++) x[i]! -= overlap * y[i]!;
      }
    }
    const norm = Math.sqrt(inner(x, x));
    for (let i = 0; i < m; i++) q.data[i * n + j] = x[i]! / norm;
  }
  return q;
}

/** The lower triangle mirrored. */
export function symmetrized(a: Matrix): Matrix {
  const [n = 0] = a.shape;
  return matrixFrom(n, n, (i, j) => (j <= i ? at(a, i, j) : at(a, j, i)));
}

export function scaled(a: Matrix, factor: number): Matrix {
  const [m = 0, n = 0] = a.shape;
  return matrixFrom(m, n, (i, j) => at(a, i, j) * factor);
}

/** A times 2^exponent, also where that power itself is no double. */
export function timesPowerOfTwo(a: Matrix, exponent: number): Matrix {
  const half = Math.trunc(exponent / 2);
  return scaled(scaled(a, 2 ** half), 2 ** (exponent - half));
}

/** a + factor · b. */
export function combined(a: Matrix, factor: number, b: Matrix): Matrix {
  const [m = 0, n = 0] = a.shape;
  return matrixFrom(m, n, (i, j) => at(a, i, j) + factor * at(b, i, j));
}

/** The matrix with element (i, j) taken from (rows[i], columns[j]). */
export function selected(a: Matrix, rows: ArrayLike<number>, columns: ArrayLike<number>): Matrix {
  return matrixFrom(rows.length, columns.length, (i, j) => at(a, rows[i]!, columns[j]!));
}

/** The largest magnitude, 0 for no elements; NaN when an element is NaN. */
export function largestOf(a: Matrix): number {
  const [m = 0, n = 0] = a.shape;
  let largest = 0;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) largest = Math.max(largest, Math.abs(at(a, i, j)));
  return largest;
}
