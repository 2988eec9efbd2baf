import { ConvergenceError, fromNested, referenceKernels, tensorOf, toNested, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { tridiagonalEigen, tridiagonalEigenvalues } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import { afterAll, describe, expect, it } from 'vitest';
import { deflateInPlace } from '../../packages/linalg/src/eigen/deflation.ts';
import { divideAndConquer } from '../../packages/linalg/src/eigen/divideAndConquer.ts';
import { tridiagonalQlInPlace } from '../../packages/linalg/src/eigen/tridiagonalQl.ts';
import { symmetricCases } from '../kit/matrices/arbitraries.ts';
import { eigenvectorLaws, partialEigenvectorLaws } from '../kit/matrices/laws/eigenvectorLaws.ts';
import { bindLaws, checkLaws } from '../kit/matrices/laws/law.ts';
import { expectRatio, hasPositiveLargest, valuesRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';
import * as fc from 'fast-check';
import { diagonalsOf, tridiagonalCase, tridiagonalKinds } from './tridiagonalCases.ts';
import type { TridiagonalCase } from './tridiagonalCases.ts';

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

/** Around the leaves of 32, and where two and four of them are split unevenly. */
const boundarySizes = [24, 25, 31, 32, 33, 34, 63, 64, 65, 66, 67, 100];

function expectDecomposition(routine: string, kernels: Kernels, one: TridiagonalCase, count?: number): void {
  const options = { kernels, ...(count === undefined ? {} : { count }) };
  const laws = bindLaws(count === undefined ? eigenvectorLaws : partialEigenvectorLaws, (matrix) => {
    const { diagonal, coupling } = diagonalsOf(matrix);
    return tridiagonalEigen(diagonal, coupling, options);
  });
  checkLaws(routine, laws, one);
  const { values, vectors } = tridiagonalEigen(one.diagonal, one.coupling, options);
  expect(hasPositiveLargest(vectors), one.what).toBe(true);
  const byBisection = tridiagonalEigenvalues(one.diagonal, one.coupling, { range: [0, values.data.length] });
  expectRatio(`${routine}: values against bisection`, one, valuesRatio(values.data, byBisection.data));
}

describe('tridiagonalEigen: by hand', () => {
  it('n = 0, 1, 2', () => {
    const empty = zeros('f64', [0]);
    expect(tridiagonalEigen(empty, empty).values.shape).toEqual([0]);
    expect(tridiagonalEigen(empty, empty).vectors.shape).toEqual([0, 0]);
    expect(toNested(tridiagonalEigen(fromNested('f64', [-3]), empty).vectors)).toEqual([[1]]);
    const pair = tridiagonalEigen(fromNested('f64', [0, 0]), fromNested('f64', [-2]));
    expectRatio('tridiagonalEigen: by hand', '2 x 2', valuesRatio(pair.values.data, Float64Array.of(2, -2)));
  });

  it('a matrix with no couplings is only sorted, whatever its size', () => {
    const n = 70;
    const shuffled = Float64Array.from({ length: n }, (_, i) => (i * 31) % n);
    const { values, vectors } = tridiagonalEigen(tensorOf(shuffled, [n]), zeros('f64', [n - 1]));
    expect([...values.data]).toEqual(Array.from({ length: n }, (_, i) => n - 1 - i));
    expect(vectors.data.every((x, at) => x === (shuffled[Math.floor(at / n)] === n - 1 - (at % n) ? 1 : 0))).toBe(true);
  });

  it('the path of 65 vertices has 2 cos(jπ / 66)', () => {
    const n = 65;
    const exact = Float64Array.from({ length: n }, (_, j) => 2 * Math.sin(((n - 1 - 2 * j) * Math.PI) / (2 * n + 2)));
    const { values } = tridiagonalEigen(zeros('f64', [n]), tensorOf(new Float64Array(n - 1).fill(1), [n - 1]));
    expectRatio('tridiagonalEigen: by hand', 'path', valuesRatio(values.data, exact));
  });
});

describe('tridiagonalEigen: laws', () => {
  for (const kind of tridiagonalKinds) {
    it(`decomposes at leaves and splits: ${kind}`, { timeout: 60_000 }, () => {
      for (const n of boundarySizes)
        expectDecomposition('tridiagonalEigen', referenceKernels, tridiagonalCase(kind, n, n));
    });
  }

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`deep trees of merges, whole and in part (${name})`, { timeout: 60_000 }, () => {
      for (const kind of ['glued Wilkinson', 'random tridiagonal', 'equal halves']) {
        const one = tridiagonalCase(kind, 150, 4);
        expectDecomposition('tridiagonalEigen', kernels, one);
        for (const count of [0, 1, 40, 149]) expectDecomposition('tridiagonalEigen, a part', kernels, one, count);
      }
    });
  }

  it('a part is the leading part of the whole', () => {
    for (const kind of ['second differences', 'random tridiagonal', 'Clement']) {
      const { diagonal, coupling, what } = tridiagonalCase(kind, 97, 5);
      const whole = tridiagonalEigen(diagonal, coupling);
      for (const count of [1, 13, 60]) {
        const part = tridiagonalEigen(diagonal, coupling, { count });
        expect(part.values.data, what).toEqual(whole.values.data.slice(0, count));
        const leading = whole.vectors.data.filter((_, at) => at % 97 < count);
        expectRatio('tridiagonalEigen, a part: vectors', what, valuesRatio(part.vectors.data, leading));
      }
    }
  });

  it('agrees with QL', () => {
    for (const kind of tridiagonalKinds) {
      for (const n of [33, 70]) {
        const one = tridiagonalCase(kind, n, 9);
        const diagonal = one.diagonal.data.slice();
        const coupling = Float64Array.from({ length: n }, (_, i) => one.coupling.data[i] ?? 0);
        tridiagonalQlInPlace('test', diagonal, coupling, undefined);
        const { values } = tridiagonalEigen(one.diagonal, one.coupling);
        const descending = diagonal.toSorted().toReversed();
        expectRatio('tridiagonalEigen: values against QL', one, valuesRatio(values.data, descending));
      }
    }
  });

  it('does not mind the signs of the couplings', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ name }) => tridiagonalKinds.includes(name)),
        (one) => {
          const { diagonal, coupling } = diagonalsOf(one.matrix);
          const turned = tensorOf(
            coupling.data.map((e, i) => (i % 3 === 0 ? -e : e)),
            coupling.shape,
          );
          const ratio = valuesRatio(
            tridiagonalEigen(diagonal, turned).values.data,
            tridiagonalEigen(diagonal, coupling).values.data,
          );
          expectRatio('tridiagonalEigen: signs of couplings', one, ratio);
        },
      ),
      { numRuns: runs() },
    );
  });
});

describe('deflateInPlace', () => {
  const problem = (d: number[], z: number[], support: number[]): Parameters<typeof deflateInPlace>[0] => {
    const n = d.length;
    const vectors = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    const ascending = Int32Array.from(d.keys()).toSorted((i, j) => d[i]! - d[j]!);
    return { d: Float64Array.from(d), z: Float64Array.from(z), rho: 1, ascending, support: Uint8Array.from(support), vectors, start: 0, stride: n }; // prettier-ignore
  };

  it('small elements of z are known, large ones are kept in ascending order', () => {
    const { kept, known } = deflateInPlace(problem([3, 1, 2], [0.8, 2 ** -60, 0.6], [0, 0, 2]));
    expect([[...kept], [...known]]).toEqual([[2, 0], [1]]);
  });

  it('of equal poles one is kept, with both their elements, and the vectors mix the halves', () => {
    const given = problem([1, 2, 2], [0, 0.6, 0.8], [0, 0, 2]);
    const { kept, known } = deflateInPlace(given);
    expect([[...kept], [...known]]).toEqual([[2], [0, 1]]);
    expect([given.z[1], given.z[2]]).toEqual([0, 1]);
    expect([...given.support]).toEqual([0, 1, 1]);
    expect([...given.vectors]).toEqual([1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8]);
  });

  it('a chain of equal poles leaves one', () => {
    const n = 6;
    const given = problem(
      Array.from({ length: n }, () => 5),
      Array.from({ length: n }, () => 1 / Math.sqrt(n)),
      [0, 0, 0, 2, 2, 2],
    );
    const { kept, known } = deflateInPlace(given);
    expect([kept.length, known.length]).toEqual([1, n - 1]);
    expectRatio(
      'deflateInPlace: by hand',
      'chain',
      valuesRatio(Float64Array.of(given.z[kept[0]!]!), Float64Array.of(1)),
    );
  });
});

describe('errors', () => {
  const two = fromNested('f64', [1, 2]);
  const one = fromNested('f64', [1]);

  it('refuses what it is not for', () => {
    expect(() => tridiagonalEigen(two, two)).toThrow('tridiagonalEigen: coupling: expected shape [1], got [2]');
    expect(() => tridiagonalEigen(zeros('f64', [2, 2]), one)).toThrow('tridiagonalEigen: diagonal: expected 1 axis, got shape [2, 2]'); // prettier-ignore
    expect(() => tridiagonalEigen(fromNested('f64', [1, NaN]), one)).toThrow(
      /diagonal: expected finite elements, got NaN/,
    );
    expect(() => tridiagonalEigen(two, one, { count: 3 })).toThrow('tridiagonalEigen: count: expected an integer from 0 to 2, got 3'); // prettier-ignore
    expect(() => tridiagonalEigen(two, one, { count: 0.5 })).toThrow(/count: expected an integer/);
  });

  it('tells where it got when nothing can converge', () => {
    const run = (): unknown =>
      divideAndConquer(
        'someone',
        referenceKernels,
        new Float64Array(40).fill(NaN),
        new Float64Array(40).fill(1),
        40,
        () => undefined,
      );
    expect(run).toThrow(ConvergenceError);
    expect(run).toThrow(/^someone: /);
  });
});
