/**
 * Planted faults: each law of the kit lets the right routine pass and catches some wrong one, and each wrong routine, off by as
 * little as 1e-13 n, is caught. A law that catches nothing would prove nothing.
 */

import { cholesky, jacobiEigen, jacobiSvd, ldlFactors, logDeterminant, lq, luFactors, pivotedQr, qr, solve, thinQ } from '@rankwise/linalg'; // prettier-ignore
import { tensorOf, transpose } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import {
  THRESHOLD,
  at,
  bindLaws,
  choleskyLaws,
  completeOrthogonalLaws,
  eigenvalueLaws,
  eigenvectorLaws,
  generalCase,
  generalRelationLaws,
  identityMatrix,
  largestOf,
  ldlLaws,
  leastSquaresLaws,
  logDeterminantLaws,
  lqLaws,
  luLaws,
  matrixFrom,
  multiply,
  partialEigenvectorLaws,
  pivotedQrLaws,
  polarLaws,
  pseudoInverseLaws,
  qrLaws,
  scaled,
  singularValueLaws,
  solutionLaws,
  svdLaws,
  symmetricCase,
  symmetricRelationLaws,
} from '../kit/matrices/index.ts';
import type { GeneralCase, Law, Matrix, MatrixCase, SymmetricCase } from '../kit/matrices/index.ts';

const symmetric: readonly SymmetricCase[] = [
  'identity',
  'definite, condition 2',
  'definite, condition 1e4',
  'diagonal, arithmetic with alternating signs',
  'conjugated, one large',
  'conjugated signs',
  'random',
  'second differences',
  'Clement',
  'Fiedler',
  'small integers',
  'block diagonal with repeats',
].flatMap((kind) => [3, 8].map((n) => symmetricCase(kind, n, n)));

const general: readonly GeneralCase[] = [
  'identity',
  'condition 2',
  'condition 2e7',
  'random',
  'random orthogonal',
  'half rank of integers',
  'rank 1',
  'bidiagonal of ones',
  'small integers',
  'unimodular integers',
  'graded columns',
].flatMap((kind) => [[8, 8], [3, 3], [8, 5], [5, 8]].map(([m = 0, n = 0]) => generalCase(kind, m, n, m + n))); // prettier-ignore

const square = general.filter(({ matrix }) => matrix.shape[0] === matrix.shape[1]);
const invertible = square.filter(({ kind }) => /identity|condition 2$|orthogonal|bidiagonal/.test(kind));
const tall = general.filter(({ matrix }) => matrix.shape[0]! >= matrix.shape[1]!);

/** Just above what a tolerance of 1e-12 would let pass for small matrices. */
const slip = (a: Matrix): number => 1 + 1e-13 * Math.max(...a.shape);

const nudged = (a: Matrix, i: number, j: number, factor: number): Matrix => {
  const [m = 0, n = 0] = a.shape;
  return matrixFrom(m, n, (row, column) => at(a, row, column) * (row === i && column === j ? factor : 1));
};

/** Column j of a matrix times a factor. */
const column = (a: Matrix, j: number, factor: number): Matrix => {
  const [m = 0, n = 0] = a.shape;
  return matrixFrom(m, n, (row, k) => at(a, row, k) * (k === j ? factor : 1));
};

/** Column `to` overwritten by column `from`. */
const copied = (a: Matrix, from: number, to: number): Matrix => {
  const [m = 0, n = 0] = a.shape;
  return matrixFrom(m, n, (row, k) => at(a, row, k === to ? from : k));
};

const list = (values: ArrayLike<number>): Tensor<'f64'> => tensorOf(Float64Array.from(values), [values.length]);

function testFaults<R, C extends MatrixCase>(
  what: string,
  laws: readonly Law<R, C>[],
  cases: readonly C[],
  right: R,
  faults: Readonly<Record<string, R>>,
): void {
  const catches = (law: Law<R, C>, routine: R): boolean =>
    cases.some((one) => {
      try {
        const [ratio] = bindLaws([law], routine).map((bound) => bound.ratio(one));
        return ratio !== undefined && !(ratio < THRESHOLD);
      } catch {
        return true;
      }
    });
  describe(what, () => {
    it('the right routine passes', () => {
      expect(laws.filter((law) => catches(law, right)).map(({ name }) => name)).toEqual([]);
    });
    for (const [name, routine] of Object.entries(faults)) {
      it(`caught: ${name}`, () => {
        expect(laws.filter((law) => catches(law, routine)).length).toBeGreaterThan(0);
      });
    }
    for (const law of laws) {
      it(`catches something: ${law.name}`, () => {
        expect(Object.values(faults).filter((routine) => catches(law, routine)).length).toBeGreaterThan(0);
      });
    }
  });
}

/** Wrong ways to list values, from a right one; each reads the matrix and the right values. */
const wrongValues: Readonly<Record<string, (values: Float64Array, a: Matrix) => Float64Array | number[]>> = {
  'the largest is too large by 1e-13 n': (x, a) => x.map((value, j) => (j === 0 ? value * slip(a) : value)),
  'all are too small by 1e-13 n': (x, a) => x.map((value) => value / slip(a)),
  'all too large by 1e-13 n, unless the matrix is diagonal': (x, a) => (isDiagonal(a) ? x : x.map((value) => value * slip(a))), // prettier-ignore
  'too large by 1e-13 n for even orders only': (x, a) => (a.shape[1]! % 2 === 1 ? x : x.map((value) => value * slip(a))), // prettier-ignore
  'a value found twice, the last lost': (x) => x.map((value, j) => x[j === x.length - 1 ? j - 1 : j] ?? value),
  'ascending': (x) => x.toReversed(), // prettier-ignore
  'signs lost': (x) => x.map(Math.abs).toSorted((p, q) => q - p),
  'all negative': (x) => x.map((value) => -Math.abs(value)).toSorted((p, q) => q - p),
  'squares overflow or vanish': (x, a) => (Number.isFinite(1 / largestOf(a) ** 2) && largestOf(a) ** 2 < Infinity ? x : x.map(() => 0)), // prettier-ignore
  'one value missing': (x) => x.subarray(1),
  'the first element goes unread': (x, a) => x.map((value, j) => (j === 0 ? value - Math.abs(at(a, 0, 0)) / 8 : value)),
  'NaN': (x) => x.map((value, j) => (j === 0 ? NaN : value)), // prettier-ignore
};

function isDiagonal(a: Matrix): boolean {
  const [m = 0, n = 0] = a.shape;
  return matrixFrom(m, n, (i, j) => (i === j ? 0 : at(a, i, j))).data.every((value) => value === 0);
}

function withFaults(right: (a: Matrix) => Tensor<'f64'>): Record<string, (a: Matrix) => Tensor<'f64'>> {
  return Object.fromEntries(Object.entries(wrongValues).map(([name, wrong]) => [name, (a: Matrix) => (right(a).data.length === 0 ? right(a) : list(wrong(right(a).data, a)))])); // prettier-ignore
}

const eigenvaluesOf = (a: Matrix): Tensor<'f64'> => jacobiEigen(a).values;
const singularValuesOf = (a: Matrix): Tensor<'f64'> => jacobiSvd(a).s;

testFaults('eigenvalues', eigenvalueLaws, symmetric, eigenvaluesOf, withFaults(eigenvaluesOf));
const { 'signs lost': _none, ...singularFaults } = withFaults(singularValuesOf);
testFaults('singular values', singularValueLaws, general, singularValuesOf, singularFaults);

const eigenFaults = (right: typeof jacobiEigen) => ({
  'a sign in one vector': (a: Matrix) => ({ ...right(a), vectors: nudged(right(a).vectors, 1, 1, -1) }),
  'a vector lost': (a: Matrix) => ({ ...right(a), vectors: copied(right(a).vectors, 0, 1) }),
  'a vector too long by 1e-13 n': (a: Matrix) => ({ ...right(a), vectors: column(right(a).vectors, 0, slip(a)) }),
  'a value too large by 1e-13 n': (a: Matrix) => ({ ...right(a), values: list(right(a).values.data.map((x, j) => (j === 0 ? x * slip(a) : x))) }), // prettier-ignore
  'values in the wrong order': (a: Matrix) => ({ ...right(a), values: list(right(a).values.data.toReversed()) }),
  'vectors as rows': (a: Matrix) => ({ ...right(a), vectors: transpose(right(a).vectors) }),
});

testFaults('eigenvectors', eigenvectorLaws, symmetric, (a) => jacobiEigen(a), eigenFaults(jacobiEigen)); // prettier-ignore
testFaults('some eigenvectors', partialEigenvectorLaws, symmetric, (a) => jacobiEigen(a), eigenFaults(jacobiEigen)); // prettier-ignore

testFaults('SVD', svdLaws, general, (a) => jacobiSvd(a), {
  'a sign on one side': (a) => ({ ...jacobiSvd(a), u: column(jacobiSvd(a).u, 0, -1) }),
  'a left vector lost': (a) => ({ ...jacobiSvd(a), u: copied(jacobiSvd(a).u, 0, 1) }),
  'a right vector lost': (a) => ({ ...jacobiSvd(a), v: copied(jacobiSvd(a).v, 0, 1) }),
  'a right vector too long by 1e-13 n': (a) => ({ ...jacobiSvd(a), v: column(jacobiSvd(a).v, 0, slip(a)) }),
  'a value too large by 1e-13 n': (a) => ({ ...jacobiSvd(a), s: list(jacobiSvd(a).s.data.map((x) => x * slip(a))) }),
});

const relations = { eigenvalues: eigenvaluesOf, singularValues: singularValuesOf };
const wrongRelations = {
  'values too large by 1e-13 n': { ...relations, singularValues: (a: Matrix) => list(jacobiSvd(a).s.data.map((x) => x * slip(a))) }, // prettier-ignore
};
testFaults('relations', generalRelationLaws, general, relations, wrongRelations);
testFaults('relations of symmetric matrices', symmetricRelationLaws, symmetric, relations, wrongRelations);

testFaults('QR', qrLaws, general, (a) => qr(a), {
  'a sign in R': (a) => ({ ...qr(a), r: nudged(qr(a).r, 0, 0, -1) }),
  'Q off by 1e-13 n': (a) => ({ ...qr(a), q: column(qr(a).q, 0, slip(a)) }),
  'R off by 1e-13 n': (a) => ({ ...qr(a), r: scaled(qr(a).r, slip(a)) }),
  'R not triangular': (a) => ({ q: identityMatrix(a.shape[0]!, Math.min(...a.shape)), r: a }),
});

testFaults('LQ', lqLaws, general, (a) => lq(a), {
  'a sign in L': (a) => ({ ...lq(a), l: nudged(lq(a).l, 0, 0, -1) }),
  'Q off by 1e-13 n': (a) => ({ ...lq(a), q: nudged(lq(a).q, 0, 0, slip(a)) }),
  'columns instead of rows': (a) => ({ ...lq(a), q: transpose(lq(a).q) }),
});

const pivoted = (a: Matrix) => {
  const { factors, permutation } = pivotedQr(a);
  return { q: thinQ(factors), r: factors.r, permutation };
};
testFaults('QR with pivoting', pivotedQrLaws, general, pivoted, {
  'no pivoting': (a) => ({ ...qr(a), permutation: Int32Array.from({ length: a.shape[1]! }, (_, j) => j) }),
  'the inverse permutation': (a) => ({ ...pivoted(a), permutation: pivoted(a).permutation.map((_, j, all) => all.indexOf(j)) }), // prettier-ignore
  'no permutation': (a) => ({ ...pivoted(a), permutation: pivoted(a).permutation.fill(0) }),
  'Q off by 1e-13 n': (a) => ({ ...pivoted(a), q: column(pivoted(a).q, 0, slip(a)) }),
});

const complete = (a: Matrix) => {
  const { q, r } = qr(transpose(a));
  const inner = qr(transpose(r));
  return { q: inner.q, t: inner.r, z: q };
};
testFaults('complete orthogonal', completeOrthogonalLaws, general, complete, {
  'Q off by 1e-13 n': (a) => ({ ...complete(a), q: column(complete(a).q, 0, slip(a)) }),
  'Z off by 1e-13 n': (a) => ({ ...complete(a), z: column(complete(a).z, 0, slip(a)) }),
  'T of another sign': (a) => ({ ...complete(a), t: scaled(complete(a).t, -1) }),
});

testFaults('Cholesky', choleskyLaws, symmetric, (a) => cholesky(a), {
  'the transpose': (a) => transpose(cholesky(a)),
  'negative diagonal': (a) => scaled(cholesky(a), -1),
  'off by 1e-13 n': (a) => scaled(cholesky(a), slip(a)),
});

testFaults('LU', luLaws, general, (a) => luFactors(a), {
  'the inverse permutation': (a) => ({ ...luFactors(a), permutation: luFactors(a).permutation.map((_, j, all) => all.indexOf(j)) }), // prettier-ignore
  'no pivoting': (a) => ({ ...withoutPivots(a), permutation: Int32Array.from({ length: a.shape[0]! }, (_, i) => i), scale: 1 }), // prettier-ignore
  'U off by 1e-13 n': (a) => ({ ...luFactors(a), upper: scaled(luFactors(a).upper, slip(a)) }),
});

const ldl = (a: Matrix) => {
  const { lower, diagonal, coupling, permutation, scale } = ldlFactors(a);
  const middle = matrixFrom(diagonal.data.length, diagonal.data.length, (i, j) => (i === j ? diagonal.data[i]! : Math.abs(i - j) === 1 ? coupling.data[Math.min(i, j)]! : 0)); // prettier-ignore
  return { lower, middle, permutation, scale };
};
testFaults('LDL', ldlLaws, symmetric, ldl, {
  'D of another sign': (a) => ({ ...ldl(a), middle: scaled(ldl(a).middle, -1) }),
  'D off by 1e-13 n': (a) => ({ ...ldl(a), middle: scaled(ldl(a).middle, slip(a)) }),
});

testFaults('determinant', logDeterminantLaws, square, (a) => logDeterminant(a), {
  'another sign': (a) => ({ ...logDeterminant(a), sign: -logDeterminant(a).sign }),
  'off by 1e-11': (a) => ({ ...logDeterminant(a), logAbs: logDeterminant(a).logAbs + 1e-11 }),
});

testFaults('solutions', solutionLaws, invertible, (a, b) => solve(a, b), {
  'of the transpose': (a, b) => solve(transpose(a), b),
  'off by 1e-13 n': (a, b) => scaled(solve(a, b), slip(a)),
});

const inverse = (a: Matrix): Matrix => {
  const { u, s, v } = jacobiSvd(a);
  const least = Math.max(...a.shape) * Number.EPSILON * (s.data[0] ?? 0); // bound: the rounding of A's elements moves σ so far
  const weighted = matrixFrom(v.shape[0]!, s.data.length, (i, j) =>
    s.data[j]! > least ? at(v, i, j) / s.data[j]! : 0,
  );
  return multiply(weighted, transpose(u));
};
testFaults('least squares', leastSquaresLaws, general, (a, b) => multiply(inverse(a), b), {
  'off by 1e-13 n': (a, b) => scaled(multiply(inverse(a), b), slip(a)),
  'a ridge': (a, b) => multiply(ridgeInverse(a), b),
});

testFaults('pseudo-inverse', pseudoInverseLaws, general, inverse, {
  'the transpose': (a) => transpose(a),
  'a ridge': ridgeInverse,
  'off by 1e-13 n': (a) => scaled(inverse(a), slip(a)),
  'not of least norm': (a) => plusOnes(inverse(a)),
  'not of least squares': (a) => transpose(plusOnes(transpose(inverse(a)))),
});

const polar = (a: Matrix) => {
  const { u, s, v } = jacobiSvd(a);
  const stretched = matrixFrom(v.shape[0]!, s.data.length, (i, j) => at(v, i, j) * s.data[j]!);
  return { u: multiply(u, transpose(v)), h: multiply(stretched, transpose(v)) };
};
testFaults('polar', polarLaws, tall, polar, {
  'both negative': (a) => ({ u: scaled(polar(a).u, -1), h: scaled(polar(a).h, -1) }),
  'U off by 1e-13 n': (a) => ({ ...polar(a), u: scaled(polar(a).u, slip(a)) }),
  'H not symmetric': (a) => ({ ...polar(a), h: nudged(polar(a).h, 0, 1, 1 + 1e-11) }),
  'A itself': (a) => ({ u: a, h: identityMatrix(a.shape[1]!) }),
});

/** L and U without exchanges of rows; not finite when a pivot is 0. */
function withoutPivots(a: Matrix): { lower: Matrix; upper: Matrix } {
  const [m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const work = matrixFrom(m, n, (i, j) => at(a, i, j));
  const lower = identityMatrix(m, k);
  for (let step = 0; step < k; step++) {
    for (let i = step + 1; i < m; i++) {
      const factor = at(work, i, step) / at(work, step, step);
      lower.data[i * k + step] = factor;
      for (let j = step; j < n; j++) work.data[i * n + j]! -= factor * at(work, step, j);
    }
  }
  return { lower, upper: matrixFrom(k, n, (i, j) => (j < i ? 0 : at(work, i, j))) };
}

/** (AᵀA + 1e-9 I)⁻¹ Aᵀ. */
function ridgeInverse(a: Matrix): Matrix {
  const gram = multiply(transpose(a), a);
  const [n = 0] = gram.shape;
  return solve(matrixFrom(n, n, (i, j) => at(gram, i, j) + (i === j ? 1e-9 : 0)), transpose(a)); // prettier-ignore
}

/** With a small multiple of ones added, which a null space lets pass unseen. */
function plusOnes(x: Matrix): Matrix {
  const [m = 0, n = 0] = x.shape;
  return matrixFrom(m, n, (i, j) => at(x, i, j) + 1e-9);
}
