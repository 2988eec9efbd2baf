/**
 * The nonlinear solver as the paper's text reads, slowly: all of Z is kept, every mean is taken of what it is the mean of, and the
 * reduced-rank regression goes through the normal equations and the eigenvectors of the fitted values.
 *
 *   M̂ = Z_c Y_cᵀ (Y_c Y_cᵀ)⁻¹,   F = M̂ Y_c,   U = top d' eigenvectors of F Fᵀ,   M = U Uᵀ M̂,   b = z̄ − M ŷ̄
 *
 * Source: Zhang et al. 2015, §2.2 and §2.3. Shares no solver code with the package; needs Y Yᵀ regular.
 */

import type { ResponseSamples } from '@rankwise/approx';
import { jacobiEigen } from '@rankwise/linalg';
import { transpose } from '@rankwise/tensor';
import { at, matrixFrom, multiply, symmetrized } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { inDoubles, solveFromRight } from './support.ts';

export interface OracleMap {
  readonly m: Matrix;
  readonly offset: Float64Array;
}

export interface OracleIteration {
  readonly nonlinear: number;
  readonly relaxedAfterAuxiliary: number;
  readonly relaxedAfterFit: number;
}

export interface OracleResult {
  readonly start: OracleMap;
  readonly last: OracleMap;
  readonly iterations: readonly OracleIteration[];
  /** Σ ‖r(y) − mean of r(y)‖². */
  readonly energy: number;
  /** How far a relative error of the data may be enlarged in M: the worst condition and eigenvalue gap on the way. */
  readonly sensitivity: number;
}

interface Fit extends OracleMap {
  readonly sensitivity: number;
}

/** The alternation from the linear solution; `schedule` as [λ, iterations]. With ω the fit is to y' + ω (z − y'), which the paper does not do. */
export function paperAlternation(
  { target, regressor }: ResponseSamples,
  rank: number,
  schedule: readonly (readonly [number, number])[],
  overRelaxation = 1,
): OracleResult {
  const y = inDoubles(target);
  const x = inDoubles(regressor);
  const [n = 0, d = 0] = y.shape;
  const start = fit(y, x, rank);
  let current: Fit = start;
  let sensitivity = start.sensitivity;
  const iterations: OracleIteration[] = [];
  for (const [lambda, count] of schedule) {
    for (let i = 0; i < count; i++) {
      const predicted = predict(current, x);
      const z = matrixFrom(n, d, (row, j) => chooseZ(Math.max(0, at(y, row, j)), at(predicted, row, j), lambda));
      const nonlinear = squares(y, predicted);
      const relaxedAfterAuxiliary = squares(y, z) + lambda * distance(z, predicted);
      const beyond = matrixFrom(n, d, (row, j) => {
        const before = at(predicted, row, j);
        return before + overRelaxation * (at(z, row, j) - before);
      });
      current = fit(overRelaxation === 1 ? z : beyond, x, rank);
      sensitivity = Math.max(sensitivity, current.sensitivity);
      const relaxedAfterFit = squares(y, z) + lambda * distance(z, predict(current, x));
      iterations.push({ nonlinear, relaxedAfterAuxiliary, relaxedAfterFit });
    }
  }
  return { start, last: current, iterations, energy: responseEnergy(y), sensitivity };
}

/** Step (ii) for one element: the two candidates of the paper, compared by their cost. */
function chooseZ(response: number, predicted: number, lambda: number): number {
  const z0 = Math.min(0, predicted);
  const z1 = Math.max(0, (lambda * predicted + response) / (lambda + 1));
  const cost0 = response ** 2 + lambda * (z0 - predicted) ** 2;
  const cost1 = (response - z1) ** 2 + lambda * (z1 - predicted) ** 2;
  return cost0 <= cost1 ? z0 : z1;
}

/** Step (i): the best affine map of rank d' from x to z. */
function fit(z: Matrix, x: Matrix, rank: number): Fit {
  const [, d = 0] = z.shape;
  const zMean = means(z);
  const xMean = means(x);
  const zc = centred(z, zMean);
  const xc = centred(x, xMean);
  const moment = symmetrized(multiply(transpose(xc), xc));
  const full = solveFromRight(multiply(transpose(zc), xc), moment);
  const fitted = multiply(xc, transpose(full));
  const { values, vectors } = jacobiEigen(symmetrized(multiply(transpose(fitted), fitted)));
  const u = matrixFrom(d, rank, (i, j) => at(vectors, i, j));
  const m = multiply(u, multiply(transpose(u), full));
  const offset = Float64Array.from({ length: d }, (_, i) => {
    let sum = zMean[i]!;
    for (let j = 0; j < d; j++) sum -= at(m, i, j) * xMean[j]!;
    return sum;
  });
  const moments = jacobiEigen(moment).values.data;
  const gap = rank === d ? values.data[0]! : values.data[rank - 1]! - values.data[rank]!;
  return { m, offset, sensitivity: moments[0]! / moments[d - 1]! + values.data[0]! / gap };
}

function predict({ m, offset }: OracleMap, x: Matrix): Matrix {
  const linear = multiply(x, transpose(m));
  return matrixFrom(x.shape[0] ?? 0, offset.length, (row, j) => at(linear, row, j) + offset[j]!);
}

/** Σ ‖r(a) − r(b)‖². */
function squares(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (Math.max(0, a.data[i]!) - Math.max(0, b.data[i]!)) ** 2;
  return sum;
}

function distance(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return sum;
}

function responseEnergy(y: Matrix): number {
  const responses = { ...y, data: y.data.map((value) => Math.max(0, value)) };
  const mean = means(responses);
  let sum = 0;
  for (const value of centred(responses, mean).data) sum += value * value;
  return sum;
}

function means(a: Matrix): Float64Array {
  const [n = 0, d = 0] = a.shape;
  return Float64Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += at(a, i, j);
    return sum / n;
  });
}

function centred(a: Matrix, mean: Float64Array): Matrix {
  const [n = 0, d = 0] = a.shape;
  return matrixFrom(n, d, (i, j) => at(a, i, j) - mean[j]!);
}
