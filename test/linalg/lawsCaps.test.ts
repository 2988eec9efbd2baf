/**
 * Every iteration ends, even where arithmetic itself is broken: with Math.abs, Math.sqrt or Math.hypot giving NaN no test of
 * convergence is ever passed, and what is left is the cap. No cap can be set from outside; this reaches all of them.
 */

import { jacobiEigen, jacobiSvd, polar, singularValues, svd, symmetricEigen, symmetricEigenvalues, tridiagonalEigen, tridiagonalEigenvalues, tridiagonalEigenvectors } from '@rankwise/linalg'; // prettier-ignore
import { ConvergenceError, full } from '@rankwise/tensor';
import { describe, expect, it, vi } from 'vitest';
import { generalCase, symmetricCase } from '../kit/matrices/index.ts';

const n = 40;
const symmetric = symmetricCase('random', n, 1).matrix;
const general = generalCase('random', n, n, 1).matrix;
const [diagonal, coupling] = [full('f64', [n], 1), full('f64', [n - 1], 1)];

const routines: Readonly<Record<string, () => unknown>> = {
  symmetricEigen: () => symmetricEigen(symmetric),
  'symmetricEigen, a part': () => symmetricEigen(symmetric, { count: 3 }),
  symmetricEigenvalues: () => symmetricEigenvalues(symmetric),
  tridiagonalEigen: () => tridiagonalEigen(diagonal, coupling),
  tridiagonalEigenvalues: () => tridiagonalEigenvalues(diagonal, coupling),
  tridiagonalEigenvectors: () => tridiagonalEigenvectors(diagonal, coupling, diagonal),
  jacobiEigen: () => jacobiEigen(symmetric),
  jacobiSvd: () => jacobiSvd(general),
  svd: () => svd(general),
  singularValues: () => singularValues(general),
  polar: () => polar(general),
};

/** Which of them must say that they did not converge; others may give NaN, or refuse what they are handed. */
const caps: Readonly<Record<'abs' | 'sqrt' | 'hypot', Readonly<Record<string, string>>>> = {
  abs: {
    symmetricEigen: 'symmetricEigen: a: expected QL to converge within 600 sweeps, got 20 eigenvalues left',
    symmetricEigenvalues:
      'symmetricEigenvalues: a: expected QL to converge within 1200 sweeps, got 40 eigenvalues left',
    tridiagonalEigen: 'tridiagonalEigen: a: expected QL to converge within 600 sweeps, got 20 eigenvalues left',
    jacobiEigen: 'jacobiEigen: a: expected an end within 30 sweeps, got 780 rotations in the last',
    singularValues: 'singularValues: a: expected QR to converge within 9600 rotations, got 40 singular values left',
    svd: 'svd: a: expected QR to converge within',
    polar: 'polar: a: expected QR to converge within',
  },
  sqrt: {
    jacobiSvd: 'jacobiSvd: a: expected columns orthogonal to NaN within 30 sweeps',
    tridiagonalEigenvectors: 'tridiagonalEigenvectors: values: expected an eigenvector within 5 steps',
  },
  hypot: {},
};

for (const broken of ['abs', 'sqrt', 'hypot'] as const) {
  describe(`Math.${broken} gives NaN`, () => {
    for (const [name, run] of Object.entries(routines)) {
      it(`${name} ends`, () => {
        const error = errorOf(broken, run);
        const expected = caps[broken][name];
        if (expected === undefined) return;
        expect(error).toBeInstanceOf(ConvergenceError);
        if (!(error instanceof ConvergenceError)) return;
        expect(error.message).toContain(expected);
        expect(error.iterations).toBeGreaterThan(0);
      });
    }
  });
}

function errorOf(broken: 'abs' | 'sqrt' | 'hypot', run: () => unknown): unknown {
  const spy = vi.spyOn(Math, broken).mockReturnValue(NaN);
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    spy.mockRestore();
  }
}
