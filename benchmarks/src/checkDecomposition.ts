/**
 * A decomposition is right when its residuals are: how many times n ε each is off, in the 1-norm, as LAPACK's own tests count (dsyt21,
 * dbdt01, dqrt01, dort01), where a backward stable algorithm is near 1 and 30 is the limit.
 *
 * | routine    | residuals                                                                                              |
 * |------------|--------------------------------------------------------------------------------------------------------|
 * | eigen      | |A V − V Λ| / |A|, |I − VᵀV|; the values against those of an iteration that makes no vectors            |
 * | svd        | |A V − U S| / |A|, |I − UᵀU|, |I − VᵀV|                                                                |
 * | qr         | |A − Q R| / |A|, |I − QᵀQ|; R has zeros below its diagonal                                             |
 * | regression | |right · C − leftᵀ · cross| / (|right| |C|), the normal equations; |I − leftᵀ left|                    |
 *
 * Every engine is held to the same limits; which decomposition of several it gives (signs, order) is left to it.
 */

import { referenceKernels, transpose, zeros } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';
import { symmetricEigenvalues } from '@rankwise/linalg';

import type { Checker } from './check.ts';
import { apart } from './workloads/joined.ts';
import type { DecompositionWorkload, PreparedDecomposition } from './workloads/workload.ts';

type Matrix = Tensor<'f64'>;
/** Its parts are as many as the routine gives: see shapesOf. */
type Residuals = (parts: readonly Matrix[]) => number[];

const threshold = 30;

export function createDecompositionChecker(prepared: PreparedDecomposition): Checker {
  const { n } = prepared.workload;
  const shapes = shapesOf(prepared.workload);
  const residuals = residualsOf(prepared);
  return (output) => {
    const parts = apart(Float64Array.from(output), shapes);
    const worst = Math.max(...residuals(parts));
    // Written so that NaN counts as wrong.
    const error = worst < Infinity ? worst / (n * Number.EPSILON) : Infinity;
    return { error, ratio: error / threshold };
  };
}

function shapesOf({ routine, n, count }: DecompositionWorkload): readonly Shape[] {
  switch (routine) {
    case 'eigen':
      return [[count], [n, count]];
    case 'svd':
      return [[n], [n, n], [n, n]];
    case 'qr':
      return [
        [n, n],
        [n, n],
      ];
    case 'regression':
      return [
        [n, count],
        [count, n],
      ];
  }
}

function residualsOf({ workload: { routine }, a, cross = a }: PreparedDecomposition): Residuals {
  const scale = norm1(a);
  switch (routine) {
    case 'eigen': {
      const expected = symmetricEigenvalues(a);
      return ([values, vectors]) => [
        norm1(difference(product(a, vectors!), scaledColumns(vectors!, values!))) / scale,
        orthogonality(vectors!),
        valuesError(values!, expected) / scale,
      ];
    }
    case 'svd':
      return ([s, u, v]) => [
        norm1(difference(product(a, v!), scaledColumns(u!, s!))) / scale,
        orthogonality(u!),
        orthogonality(v!),
      ];
    case 'qr':
      return ([q, r]) => [norm1(difference(a, product(q!, r!))) / scale, orthogonality(q!), isUpper(r!) ? 0 : Infinity];
    case 'regression':
      return ([left, right]) => [
        norm1(difference(product(right!, a), product(transpose(left!), cross))) / (norm1(right!) * scale),
        orthogonality(left!),
      ];
  }
}

function product(a: Matrix, b: Matrix): Matrix {
  const out = zeros('f64', [a.shape[0] ?? 0, b.shape[1] ?? 0]);
  referenceKernels.matmul({ a, b, out });
  return out;
}

/** |I − QᵀQ|. */
function orthogonality(q: Matrix): number {
  const gram = product(transpose(q), q);
  const [n = 0] = gram.shape;
  for (let i = 0; i < n; i++) gram.data[i * n + i]! -= 1;
  return norm1(gram);
}

/** Largest sum of magnitudes of a column; NaN when an element is NaN. */
function norm1({ data, shape: [m = 0, n = 0] }: Matrix): number {
  const sums = new Float64Array(n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) sums[j]! += Math.abs(data[i * n + j]!);
  return Math.max(0, ...sums);
}

function difference(a: Matrix, b: Matrix): Matrix {
  return { ...a, data: a.data.map((value, at) => value - b.data[at]!) };
}

function scaledColumns(a: Matrix, factors: Tensor<'f64'>): Matrix {
  const [, n = 0] = a.shape;
  return { ...a, data: a.data.map((value, at) => value * factors.data[at % n]!) };
}

/** How far the values, in any order, are from the largest of the expected ones. */
function valuesError(values: Tensor<'f64'>, expected: Tensor<'f64'>): number {
  const descending = values.data.toSorted().toReversed();
  return Math.max(0, ...descending.map((value, i) => Math.abs(value - expected.data[i]!)));
}

function isUpper({ data, shape: [, n = 0] }: Matrix): boolean {
  return data.every((value, at) => at % n >= Math.floor(at / n) || value === 0);
}
