/**
 * What decompositions in a metric obey: A x = λ B x with a definite B, and M = U diag(s) Vᵀ with VᵀBV = I. The metric is drawn by
 * the law, with condition number 16, so that its own part in the errors is a small constant. Reference: Golub & Van Loan, 4th
 * ed., §8.7.
 */

import { transpose } from '@rankwise/tensor';
import type { Random, Tensor } from '@rankwise/tensor';
import type { GeneralCase, SymmetricCase } from '../arbitraries.ts';
import { at, matrixFrom, multiply, randomOrthonormal, symmetrized } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import { difference, norm1, orthogonalityRatio } from '../ratios.ts';
import { conjugated, withCondition } from '../spectra.ts';
import type { EigenDecomposition } from './eigenvectorLaws.ts';
import { apart, demandDescending, demandShape, normalised } from './law.ts';
import type { Law } from './law.ts';
import type { SingularDecomposition } from './svdLaws.ts';

/** Eigenvalues, descending, and vectors with xᵀBx = 1. */
export type GeneralizedEigenOf = (a: Matrix, b: Matrix) => EigenDecomposition;

/** Of M [m, n] with a metric [n, n] on its rows. */
export type GeneralizedSvdOf = (m: Matrix, metric: Matrix) => SingularDecomposition;

const CONDITION = 16;

const metric = (n: number, random: Random): Matrix => conjugated(withCondition(n, CONDITION), random);

export const generalizedEigenLaws: readonly Law<GeneralizedEigenOf, SymmetricCase>[] = [
  {
    name: 'A X = B X L',
    ratio: (eigen, { matrix }, random) => {
      const a = normalised(matrix);
      const [n = 0] = a.shape;
      const b = metric(n, random);
      const { values, vectors } = eigen(a, b);
      demandDescending(values.data, n);
      demandShape('vectors', vectors, n, n);
      const off = difference(multiply(a, vectors), multiply(b, timesColumns(vectors, values)));
      const size = norm1(a) + norm1(b) * values.data.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
      return quotient(norm1(off), size * norm1(vectors) * n * Number.EPSILON);
    },
  },
  {
    name: "X'BX = I",
    ratio: (eigen, { matrix }, random) => {
      const a = normalised(matrix);
      const b = metric(a.shape[0] ?? 0, random);
      return metricOrthogonality(eigen(a, b).vectors, b);
    },
  },
  {
    name: 'values under congruence',
    ratio: (eigen, { matrix }, random) => {
      const a = normalised(matrix);
      const [n = 0] = a.shape;
      const b = metric(n, random);
      const q = randomOrthonormal(n, n, random);
      const moved = (x: Matrix): Matrix => symmetrized(multiply(multiply(transpose(q), x), q));
      return apart(eigen(a, b).values.data, eigen(moved(a), moved(b)).values.data, CONDITION * n);
    },
  },
];

export const generalizedSvdLaws: readonly Law<GeneralizedSvdOf, GeneralCase>[] = [
  {
    name: "M = U S V'",
    ratio: (svd, { matrix }, random) => {
      const m = normalised(matrix);
      const [rows = 0, n = 0] = m.shape;
      const { u, s, v } = svd(m, metric(n, random));
      demandDescending(s.data, Math.min(rows, n));
      const off = difference(m, multiply(timesColumns(u, s), transpose(v)));
      return quotient(norm1(off), norm1(m) * Math.max(rows, n) * CONDITION * Number.EPSILON);
    },
  },
  {
    name: "U'U = I",
    ratio: (svd, { matrix }, random) => {
      const m = normalised(matrix);
      return orthogonalityRatio(svd(m, metric(m.shape[1] ?? 0, random)).u);
    },
  },
  {
    name: "V'BV = I",
    ratio: (svd, { matrix }, random) => {
      const m = normalised(matrix);
      const b = metric(m.shape[1] ?? 0, random);
      return metricOrthogonality(svd(m, b).v, b);
    },
  },
];

/** ‖I − VᵀBV‖ / (‖V‖² ‖B‖ n ε). */
function metricOrthogonality(v: Matrix, b: Matrix): number {
  const [n = 0, k = 0] = v.shape;
  const product = multiply(transpose(v), multiply(b, v));
  const off = matrixFrom(k, k, (i, j) => at(product, i, j) - (i === j ? 1 : 0));
  return quotient(norm1(off), norm1(v) * norm1(transpose(v)) * norm1(b) * n * Number.EPSILON);
}

function timesColumns(a: Matrix, factors: Tensor<'f64'>): Matrix {
  const [m = 0, n = 0] = a.shape;
  return matrixFrom(m, n, (i, j) => at(a, i, j) * factors.data[j]!);
}

function quotient(error: number, unit: number): number {
  return error === 0 ? 0 : error / unit;
}
