/**
 * Kinds of matrices that break linear algebra, in the spirit of LAPACK's dchkst and dchkbd: known spectra conjugated by
 * random orthogonal matrices, extremes of scale, exact and near rank deficiency, famous matrices.
 *
 * Each kind makes a matrix of any size from a stream of random numbers; n = 0 gives an empty one.
 */

import { tensorOf, transpose, zeros } from '@rankwise/tensor';
import type { Random, Tensor } from '@rankwise/tensor';

export type Matrix = Tensor<'f64'>;

export interface SymmetricKind {
  readonly name: string;
  /** Symmetric to the last bit. */
  readonly make: (n: number, random: Random) => Matrix;
  /** True when every eigenvalue is at least 0, apart from rounding. */
  readonly semidefinite?: true;
}

export interface GeneralKind {
  readonly name: string;
  readonly make: (m: number, n: number, random: Random) => Matrix;
}

const EPSILON = Number.EPSILON;

/** The matrix with elements f(i, j). */
export function matrixFrom(m: number, n: number, f: (i: number, j: number) => number): Matrix {
  const data = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) data[i * n + j] = f(i, j);
  return tensorOf(data, [m, n]);
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

/** Element (i, j) of any strided matrix. */
export function at(a: Matrix, i: number, j: number): number {
  return a.data[a.offset + i * (a.strides[0] ?? 0) + j * (a.strides[1] ?? 0)]!;
}

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

/** Q diag(values) Qᵀ for a random orthogonal Q, made symmetric to the last bit. */
export function conjugated(values: readonly number[], random: Random): Matrix {
  const n = values.length;
  const q = randomOrthonormal(n, n, random);
  const product = multiply(
    matrixFrom(n, n, (i, j) => at(q, i, j) * values[j]!),
    transpose(q),
  );
  return symmetrized(product);
}

/** U diag(values) Vᵀ, m × n, for random U and V with orthonormal columns; as many values as the shorter side. */
export function withSingularValues(m: number, n: number, values: readonly number[], random: Random): Matrix {
  const u = randomOrthonormal(m, values.length, random);
  const v = randomOrthonormal(n, values.length, random);
  return multiply(
    matrixFrom(m, values.length, (i, j) => at(u, i, j) * values[j]!),
    transpose(v),
  );
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

/** n values of each sort; every sort runs from 1 down to about ε or has a gap of that size. */
export const spectra: Readonly<Record<string, (n: number) => number[]>> = {
  arithmetic: (n) => Array.from({ length: n }, (_, i) => 1 - (i / Math.max(n - 1, 1)) * (1 - EPSILON)),
  geometric: (n) => Array.from({ length: n }, (_, i) => EPSILON ** (i / Math.max(n - 1, 1))),
  'one large': (n) => Array.from({ length: n }, (_, i) => (i === 0 ? 1 : EPSILON)),
  'one small': (n) => Array.from({ length: n }, (_, i) => (i === n - 1 ? EPSILON : 1)),
  'two clusters': (n) => Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 + i * EPSILON : 0.5 - i * EPSILON)),
  repeated: (n) => Array.from({ length: n }, (_, i) => 1 + Math.floor((3 * i) / Math.max(n, 1))),
};

const randomSymmetric = (n: number, random: Random): Matrix => symmetrized(randomMatrix(n, n, random));

const gram = (n: number, rank: number, random: Random): Matrix => {
  const y = randomMatrix(n, rank, random);
  return symmetrized(multiply(y, transpose(y)));
};

const tridiagonal = (n: number, main: (i: number) => number, beside: (i: number) => number): Matrix =>
  matrixFrom(n, n, (i, j) => (i === j ? main(i) : Math.abs(i - j) === 1 ? beside(Math.min(i, j)) : 0));

const fromSpectra: SymmetricKind[] = Object.entries(spectra).flatMap(([name, values]): SymmetricKind[] => [
  {
    name: `diagonal, ${name}`,
    make: (n) => matrixFrom(n, n, (i, j) => (i === j ? values(n)[i]! : 0)),
    semidefinite: true,
  },
  { name: `conjugated, ${name}`, make: (n, random) => conjugated(values(n), random), semidefinite: true },
]);

export const symmetricGallery: readonly SymmetricKind[] = [
  { name: 'zero', make: (n) => zeros('f64', [n, n]), semidefinite: true },
  { name: 'identity', make: (n) => matrixFrom(n, n, (i, j) => (i === j ? 1 : 0)), semidefinite: true },
  ...fromSpectra,
  {
    name: 'conjugated, geometric with random signs',
    make: (n, random) =>
      conjugated(
        spectra['geometric']!(n).map((value) => (random.uniform() < 0.5 ? -value : value)),
        random,
      ),
  },
  { name: 'random', make: randomSymmetric },
  { name: 'random near overflow', make: (n, random) => scaled(randomSymmetric(n, random), 2 ** 1020 / Math.max(n, 1)) },
  { name: 'random times 1e150', make: (n, random) => scaled(randomSymmetric(n, random), 1e150) },
  { name: 'random times 1e-150', make: (n, random) => scaled(randomSymmetric(n, random), 1e-150) },
  { name: 'random subnormal', make: (n, random) => scaled(randomSymmetric(n, random), 1e-310) },
  { name: 'moment of many samples', make: (n, random) => gram(n, 3 * n + 1, random), semidefinite: true },
  {
    name: 'moment of rank n / 2',
    make: (n, random) => gram(n, Math.floor(n / 2), random),
    semidefinite: true,
  },
  {
    name: 'moment with dead and doubled variables',
    make: (n, random) => {
      const full = gram(n, 2 * n + 1, random);
      const source = (i: number): number => (i % 4 === 3 ? i - 1 : i);
      return matrixFrom(n, n, (i, j) => (i % 5 === 4 || j % 5 === 4 ? 0 : at(full, source(i), source(j))));
    },
    semidefinite: true,
  },
  { name: 'Hilbert', make: (n) => matrixFrom(n, n, (i, j) => 1 / (i + j + 1)), semidefinite: true },
  {
    name: 'Wilkinson W+',
    make: (n) =>
      tridiagonal(
        n,
        (i) => Math.abs(i - (n - 1) / 2),
        () => 1,
      ),
  },
  {
    name: 'second differences',
    make: (n) =>
      tridiagonal(
        n,
        () => 2,
        () => -1,
      ),
    semidefinite: true,
  },
  {
    name: 'tiny off-diagonals',
    make: (n) =>
      tridiagonal(
        n,
        (i) => 1 + (i % 3),
        (i) => EPSILON * (1 + (i % 2)),
      ),
  },
  {
    name: 'zero diagonal',
    make: (n, random) =>
      symmetrized(
        tridiagonal(
          n,
          () => 0,
          () => random.uniform(),
        ),
      ),
  },
  {
    name: 'graded rows and columns',
    make: (n, random) => {
      const c = randomSymmetric(n, random);
      return matrixFrom(n, n, (i, j) => at(c, i, j) * 10 ** -(i + j));
    },
  },
  {
    name: 'graded the other way',
    make: (n, random) => {
      const c = randomSymmetric(n, random);
      return matrixFrom(n, n, (i, j) => at(c, i, j) * 10 ** (i + j - 2 * n));
    },
  },
  { name: 'all ones', make: (n) => matrixFrom(n, n, () => 1), semidefinite: true },
  { name: 'exchange', make: (n) => matrixFrom(n, n, (i, j) => (i + j === n - 1 ? 1 : 0)) },
  {
    name: 'small integers',
    make: (n, random) => symmetrized(matrixFrom(n, n, () => random.integer(7) - 3)),
  },
];

export const generalGallery: readonly GeneralKind[] = [
  { name: 'zero', make: (m, n) => zeros('f64', [m, n]) },
  { name: 'identity', make: (m, n) => matrixFrom(m, n, (i, j) => (i === j ? 1 : 0)) },
  ...Object.entries(spectra).map(([name, values]): GeneralKind => ({
    name: `known singular values, ${name}`,
    make: (m, n, random) => withSingularValues(m, n, values(Math.min(m, n)), random),
  })),
  { name: 'random', make: randomMatrix },
  {
    name: 'random near overflow',
    make: (m, n, random) => scaled(randomMatrix(m, n, random), 2 ** 1020 / Math.max(m, n, 1)),
  },
  { name: 'random times 1e150', make: (m, n, random) => scaled(randomMatrix(m, n, random), 1e150) },
  { name: 'random times 1e-150', make: (m, n, random) => scaled(randomMatrix(m, n, random), 1e-150) },
  { name: 'random subnormal', make: (m, n, random) => scaled(randomMatrix(m, n, random), 1e-310) },
  {
    name: 'rank 1',
    make: (m, n, random) => multiply(randomMatrix(m, 1, random), randomMatrix(1, n, random)),
  },
  {
    name: 'half rank',
    make: (m, n, random) => {
      const rank = Math.floor(Math.min(m, n) / 2);
      return multiply(randomMatrix(m, rank, random), randomMatrix(rank, n, random));
    },
  },
  { name: 'Hilbert', make: (m, n) => matrixFrom(m, n, (i, j) => 1 / (i + j + 1)) },
  {
    name: 'graded rows',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      return matrixFrom(m, n, (i, j) => at(c, i, j) * 10 ** -i);
    },
  },
  {
    name: 'graded columns',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      return matrixFrom(m, n, (i, j) => at(c, i, j) * 10 ** (j - n));
    },
  },
  {
    name: 'zero and doubled columns',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      return matrixFrom(m, n, (i, j) => (j % 3 === 1 ? 0 : at(c, i, j % 4 === 3 ? j - 1 : j)));
    },
  },
  { name: 'all ones', make: (m, n) => matrixFrom(m, n, () => 1) },
  { name: 'one element', make: (m, n) => matrixFrom(m, n, (i, j) => (i === m - 1 && j === n - 1 ? 3 : 0)) },
  {
    name: 'bidiagonal with zeros on the diagonal',
    make: (m, n) => matrixFrom(m, n, (i, j) => (i === j ? i % 2 : j === i + 1 ? 1 : 0)),
  },
  {
    name: 'Kahan',
    // sin^i on the diagonal, −cos · sin^i right of it, with angle 1.2: no column looks small, the last pivot is.
    make: (m, n) => matrixFrom(m, n, (i, j) => Math.sin(1.2) ** i * (i === j ? 1 : j > i ? -Math.cos(1.2) : 0)),
  },
  { name: 'small integers', make: (m, n, random) => matrixFrom(m, n, () => random.integer(7) - 3) },
];
