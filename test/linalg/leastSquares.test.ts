import { cast, createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Random } from '@rankwise/tensor';
import { createSimdKernels } from '@rankwise/simd';
import { leastSquares } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCase, generalCases, seeds } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom, multiply, randomMatrix, randomOrthonormal, scaled } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { difference, distanceRatio, expectRatio, norm1, normFrobenius, scalarRatio, valuesRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import type { CaseName } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

const methods = ['complete', 'qr', 'svd'] as const;
const anyRank = ['complete', 'svd'] as const;
type Method = (typeof methods)[number];

/** A = U S Vᵀ and b, with x = V S⁻¹ Uᵀ b from the factors it was made of. */
interface KnownProblem {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly x: Matrix;
  readonly v: Matrix;
  /** What roundings of A and b may move x by, over max(m, n) ε: ‖x‖ (κ + κ² ‖r‖ / (‖A‖ ‖x‖)), at least κ ‖b‖ / ‖A‖. */
  readonly reach: number;
}

function knownProblem(m: number, n: number, values: readonly number[], columns: number, random: Random): KnownProblem {
  const r = values.length;
  const u = randomOrthonormal(m, r, random);
  const v = randomOrthonormal(n, r, random);
  const a = multiply(matrixFrom(m, r, (i, j) => at(u, i, j) * values[j]!), transpose(v)); // prettier-ignore
  const b = randomMatrix(m, columns, random);
  const overlaps = multiply(transpose(u), b);
  const x = multiply(v, matrixFrom(r, columns, (i, j) => at(overlaps, i, j) / values[i]!)); // prettier-ignore
  const [largest = 1] = values;
  const condition = largest / (values.at(-1) ?? 1);
  const residual = normFrobenius(difference(b, multiply(a, x)));
  const reach = condition * normFrobenius(x) + (condition ** 2 * residual) / largest + (condition * normFrobenius(b)) / largest; // prettier-ignore
  return { a, b, x, v, reach };
}

const geometric = (count: number, condition: number): number[] =>
  Array.from({ length: count }, (_, i) => condition ** (-i / Math.max(count - 1, 1)));

/** Shape, rank and condition: square, tall, wide, full rank and less, sizes around a block. */
const known = [
  [6, 6, 6, 10],
  [9, 4, 4, 1e3],
  [4, 9, 4, 1e3],
  [33, 20, 20, 1e6],
  [20, 33, 20, 1e6],
  [30, 30, 17, 1e4],
  [40, 33, 32, 100],
  [70, 66, 40, 1e5],
  [66, 100, 40, 1e5],
  [100, 40, 33, 1e3],
] as const;

/** The normal equations and the residual's norm, which hold for each method whatever the matrix. */
function expectLeastSquares(a: Matrix, b: Matrix, method: Method, what: CaseName, kernels: Kernels = referenceKernels) {
  const [m = 0, n = 0] = a.shape;
  const [, columns = 0] = b.shape;
  const { x, rank, residualNorms, singularValues } = leastSquares(a, b, { method, kernels });
  expect(x.shape).toEqual([n, columns]);
  expect(residualNorms.shape).toEqual([columns]);
  expect(singularValues?.shape).toEqual(method === 'svd' ? [Math.min(m, n)] : undefined);
  const residual = difference(b, multiply(a, x));
  const norm = norm1(a) * norm1(x) + norm1(b);
  const size = Math.max(m, n);
  for (let j = 0; j < columns; j++) {
    const length = normFrobenius(matrixFrom(m, 1, (i) => at(residual, i, j)));
    expectRatio(
      `leastSquares ${method}: residual norms`,
      what,
      scalarRatio(residualNorms.data[j]!, length, norm, size),
    );
  }
  const gradient = norm1(multiply(transpose(a), residual));
  expectRatio(`leastSquares ${method}: A'(b - A x) = 0`, what, scalarRatio(gradient, 0, (norm1(a) + norm1(transpose(a))) * norm || 1, size)); // prettier-ignore
  return rank;
}

/** Products of A, x and b stay in range. */
const isModerate = (a: Matrix): boolean => {
  const largest = Math.max(...Array.from(a.data, Math.abs), 0);
  return largest === 0 || Math.abs(Math.log2(largest)) < 200;
};

describe('by hand', () => {
  it('a line through three points', () => {
    const a = fromNested('f64', [[1, 0], [1, 1], [1, 2]]); // prettier-ignore
    const b = fromNested('f64', [[1], [0], [2]]);
    for (const method of methods) {
      const { x, rank, residualNorms } = leastSquares(a, b, { method });
      expect(rank).toBe(2);
      expectRatio('leastSquares: by hand', method, valuesRatio(x.data, new Float64Array([0.5, 0.5])));
      expectRatio('leastSquares: by hand', method, scalarRatio(residualNorms.data[0]!, Math.sqrt(1.5), 2, 3));
    }
  });

  it('one equation for two unknowns: the nearest solution', () => {
    for (const method of methods) {
      const { x, residualNorms } = leastSquares(fromNested('f64', [[3, 4]]), fromNested('f64', [[25]]), { method });
      expectRatio('leastSquares: by hand', method, valuesRatio(x.data, new Float64Array([3, 4])));
      expectRatio('leastSquares: by hand', method, scalarRatio(residualNorms.data[0]!, 0, 25, 2));
    }
  });

  it('equal columns share', () => {
    const a = fromNested('f64', [[1, 1], [1, 1]]); // prettier-ignore
    for (const method of anyRank) {
      const { x, rank, residualNorms } = leastSquares(a, fromNested('f64', [[2], [4]]), { method });
      expect(rank).toBe(1);
      expectRatio('leastSquares: by hand', method, valuesRatio(x.data, new Float64Array([1.5, 1.5])));
      expectRatio('leastSquares: by hand', method, scalarRatio(residualNorms.data[0]!, Math.SQRT2, 4, 2));
    }
  });

  it('zero and empty matrices have the solution 0', () => {
    for (const method of anyRank) {
      const { x, rank, residualNorms } = leastSquares(zeros('f64', [2, 3]), fromNested('f64', [[3], [4]]), { method });
      expect([rank, toNested(x), toNested(residualNorms)]).toEqual([0, [[0], [0], [0]], [5]]);
    }
    for (const method of methods) {
      const none = leastSquares(zeros('f64', [0, 2]), zeros('f64', [0, 1]), { method });
      expect([none.rank, toNested(none.x), toNested(none.residualNorms)]).toEqual([0, [[0], [0]], [0]]);
      const noUnknowns = leastSquares(zeros('f64', [2, 0]), fromNested('f64', [[3], [4]]), { method });
      expect([noUnknowns.x.shape, toNested(noUnknowns.residualNorms)]).toEqual([[0, 1], [5]]);
      expect(leastSquares(fromNested('f64', [[2]]), zeros('f64', [1, 0]), { method }).x.shape).toEqual([1, 0]);
    }
  });

  it('a tolerance leaves out what is below it', () => {
    const a = fromNested('f64', [[8, 0], [0, 1]]); // prettier-ignore
    const b = fromNested('f64', [[8], [3]]);
    for (const method of anyRank) {
      const { x, rank, residualNorms } = leastSquares(a, b, { method, tolerance: 0.25 });
      expect([rank, toNested(x), toNested(residualNorms)]).toEqual([1, [[1], [0]], [3]]);
    }
    expect(() => leastSquares(a, b, { method: 'qr', tolerance: 0.25 })).toThrow(/pivot 1 of 0\.125 times the largest/);
  });

  it('takes f32, and names singular values', () => {
    const a = cast(fromNested('f64', [[0, 2], [4, 0]]), 'f32'); // prettier-ignore
    const b = cast(fromNested('f64', [[2], [8]]), 'f32');
    expect(toNested(leastSquares(a, b).x)).toEqual([[2], [1]]);
    expect(leastSquares(a, b, { method: 'svd' }).singularValues?.data).toEqual(new Float64Array([4, 2]));
  });
});

describe('laws', () => {
  for (const method of anyRank) {
    it(`${method}: normal equations for any gallery matrix`, () => {
      fc.assert(
        fc.property(generalCases(), (drawn) => {
          const [m = 0] = drawn.matrix.shape;
          fc.pre(isModerate(drawn.matrix));
          expectLeastSquares(drawn.matrix, randomMatrix(m, 3, drawn.random), method, drawn);
        }),
        { numRuns: runs() },
      );
    });
  }

  it('finds the solution that A was made for, by every method', () => {
    for (const [m, n, r, condition] of known) {
      const { a, b, x, reach } = knownProblem(m, n, geometric(r, condition), 3, createRandom(m + n));
      for (const method of r === Math.min(m, n) ? methods : anyRank) {
        const what = `${method}, ${m} x ${n} of rank ${r}, condition ${condition}`;
        const found = leastSquares(a, b, { method });
        expect(found.rank, what).toBe(r);
        expectRatio('leastSquares: pseudo-inverse', what, distanceRatio(found.x, x, reach, Math.max(m, n)));
        expectLeastSquares(a, b, method, what);
      }
    }
  });

  it('has no part in the null space', () => {
    for (const [m, n, r, condition] of known) {
      const { a, b, v, reach } = knownProblem(m, n, geometric(r, condition), 2, createRandom(m + n + 1));
      for (const method of r === Math.min(m, n) ? methods : anyRank) {
        const { x } = leastSquares(a, b, { method });
        const projected = multiply(v, multiply(transpose(v), x));
        expectRatio('leastSquares: minimum norm', `${method}, ${m} x ${n}`, distanceRatio(x, projected, reach, Math.max(m, n))); // prettier-ignore
      }
    }
  });

  it('no other x does better, and none as good is shorter', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed);
        const { a, b } = knownProblem(7, 6, geometric(4, 50), 1, random);
        const { x, residualNorms } = leastSquares(a, b);
        const step = scaled(randomMatrix(6, 1, random), 2 ** -random.integer(20));
        const other = matrixFrom(6, 1, (i) => at(x, i, 0) + at(step, i, 0));
        const length = normFrobenius(difference(b, multiply(a, other)));
        const least = residualNorms.data[0]!;
        expectRatio('leastSquares: least residual', `seed ${seed}`, scalarRatio(Math.max(least, length), length, normFrobenius(b), 7)); // prettier-ignore
        // ‖x + s‖² = ‖x‖² + ‖s‖² for s in the null space of A.
        const { x: rest } = leastSquares(a, multiply(a, step));
        const nullStep = difference(step, rest);
        const lengths = Math.hypot(normFrobenius(x), normFrobenius(nullStep));
        const sum = normFrobenius(matrixFrom(6, 1, (i) => at(x, i, 0) + at(nullStep, i, 0)));
        expectRatio('leastSquares: shortest', `seed ${seed}`, scalarRatio(sum, lengths, 50 ** 2 * lengths, 7));
      }),
      { numRuns: runs() },
    );
  });

  it('with simd kernels at the boundaries of blocks', async () => {
    const kernels = await createSimdKernels();
    for (const [m, n] of [
      [33, 32],
      [65, 64],
      [64, 100],
      [120, 90],
    ] as const) {
      const drawn = generalCase('random', m, n, 3);
      const b = randomMatrix(m, 5, drawn.random);
      for (const method of methods) expectLeastSquares(drawn.matrix, b, method, drawn, kernels);
      const half = generalCase('half rank', m, n, 3);
      for (const method of anyRank) expect(expectLeastSquares(half.matrix, b, method, half, kernels)).toBe(Math.floor(Math.min(m, n) / 2)); // prettier-ignore
    }
  });
});

describe('invariance', () => {
  const { a, b, x, reach } = knownProblem(30, 24, geometric(15, 1e3), 2, createRandom(9));
  const full = knownProblem(30, 24, geometric(24, 1e3), 2, createRandom(10));
  const q = randomOrthonormal(30, 30, createRandom(11));
  const order = Array.from({ length: 24 }, (_, j) => (5 * j + 2) % 24);

  it('orthogonal transforms from the left change nothing', () => {
    for (const method of anyRank) {
      const turned = leastSquares(multiply(q, a), multiply(q, b), { method }).x;
      expectRatio('leastSquares: turned', method, distanceRatio(turned, x, reach, 30));
    }
  });

  it('permuted columns permute x', () => {
    for (const method of anyRank) {
      const shuffled = leastSquares(matrixFrom(30, 24, (i, j) => at(a, i, order[j]!)), b, { method }).x; // prettier-ignore
      expectRatio('leastSquares: permuted', method, distanceRatio(shuffled, matrixFrom(24, 2, (j, c) => at(x, order[j]!, c)), reach, 30)); // prettier-ignore
    }
  });

  it('scaled columns divide x, at full rank', () => {
    const factor = (j: number): number => 2 ** ((j % 5) - 2);
    const columns = matrixFrom(30, 24, (i, j) => at(full.a, i, j) * factor(j));
    for (const method of methods) {
      const found = leastSquares(columns, full.b, { method }).x;
      const unscaled = matrixFrom(24, 2, (j, c) => at(found, j, c) * factor(j));
      // The condition grows by at most 16, and counts squared.
      expectRatio('leastSquares: scaled columns', method, distanceRatio(unscaled, full.x, 16 ** 2 * full.reach, 30));
    }
  });

  it('powers of two come out as they went in, subnormal and near overflow too', () => {
    for (const method of methods) {
      const plain = leastSquares(full.a, full.b, { method });
      for (const [left, right] of [
        [-900, 0],
        [900, 0],
        [0, 900],
        [-900, -900],
        [1000, 1000],
        [1000, 40],
        [-990, -40],
      ] as const) {
        const { x: found, residualNorms } = leastSquares(scaled(full.a, 2 ** left), scaled(full.b, 2 ** right), {
          method,
        });
        expect(found, `${method}, ${left}, ${right}`).toEqual(scaled(plain.x, 2 ** (right - left)));
        expect(residualNorms.data).toEqual(plain.residualNorms.data.map((norm) => norm * 2 ** right));
      }
    }
  });

  it('each column is solved as if it were alone, at a scale of its own', () => {
    const one = leastSquares(full.a, matrixFrom(30, 1, (i) => at(full.b, i, 0)), { method: 'qr' }); // prettier-ignore
    const mixed = matrixFrom(30, 2, (i, j) => at(full.b, i, 0) * (j === 0 ? 2 ** -1000 : 2 ** 1000));
    const { x: found } = leastSquares(full.a, mixed, { method: 'qr' });
    expect(matrixFrom(24, 1, (i) => at(found, i, 0) * 2 ** 500 * 2 ** 500)).toEqual(one.x);
    expect(matrixFrom(24, 1, (i) => at(found, i, 1) / 2 ** 1000)).toEqual(one.x);
  });

  it('leaves its arguments alone', () => {
    const [left, right] = [a.data.slice(), b.data.slice()];
    for (const method of anyRank) leastSquares(a, b, { method });
    expect([a.data, b.data]).toEqual([left, right]);
  });
});

describe('errors', () => {
  const refusal =
    (a: Matrix, b: Matrix, options = {}) =>
    () =>
      leastSquares(a, b, options);

  it('refuses what it is not for', () => {
    expect(refusal(zeros('f64', [2]), zeros('f64', [2, 1]))).toThrow('leastSquares: a: expected 2 axes, got shape [2]');
    expect(refusal(zeros('f64', [2, 2]), zeros('f64', [3, 1]))).toThrow('leastSquares: b: expected 2 rows, got shape [3, 1]'); // prettier-ignore
    expect(refusal(zeros('f64', [2, 2]), zeros('f64', [2]))).toThrow('leastSquares: b: expected 2 axes, got shape [2]');
    expect(refusal(fromNested('f64', [[NaN]]), zeros('f64', [1, 1]))).toThrow('leastSquares: a: expected finite elements, got NaN at [0, 0]'); // prettier-ignore
    expect(refusal(zeros('f64', [2, 1]), fromNested('f64', [[0], [Infinity]]))).toThrow('leastSquares: b: expected finite elements, got Infinity at [1, 0]'); // prettier-ignore
    expect(refusal(zeros('f64', [1, 1]), zeros('f64', [1, 1]), { tolerance: -1 })).toThrow('leastSquares: tolerance: expected a number in [0, 1), got -1'); // prettier-ignore
    expect(refusal(zeros('f64', [1, 1]), zeros('f64', [1, 1]), { method: 'lu' })).toThrow('leastSquares: method: expected complete, qr or svd, got lu'); // prettier-ignore
  });

  it('qr refuses a matrix of less than full rank and names the pivot', () => {
    const b = randomMatrix(4, 1, createRandom(1));
    const dead = matrixFrom(4, 3, (i, j) => (j === 1 ? 0 : i * i + j * i + 1));
    expect(refusal(dead, b, { method: 'qr' })).toThrow('leastSquares: a: expected full rank for method qr, got pivot 1 of 0 times the largest'); // prettier-ignore
    expect(refusal(transpose(dead), zeros('f64', [3, 1]), { method: 'qr' })).toThrow(/got pivot 1 of/);
    expect(refusal(zeros('f64', [4, 3]), b, { method: 'qr' })).toThrow(/got pivot 0 of 0 times/);
    for (const kind of ['half rank', 'rank 1', 'all ones', 'zero and doubled columns', 'one element']) {
      for (const [m, n] of [
        [12, 9],
        [9, 12],
        [40, 40],
      ] as const) {
        const { matrix } = generalCase(kind, m, n, 1);
        expect(refusal(matrix, zeros('f64', [m, 1]), { method: 'qr' }), kind).toThrow(/got pivot \d+ of/);
      }
    }
  });

  it('a solution beyond the doubles is refused', () => {
    for (const method of methods) {
      expect(refusal(fromNested('f64', [[2 ** -600]]), fromNested('f64', [[2 ** 600]]), { method })).toThrow('leastSquares: b: expected a solution in the range of doubles, got overflow in column 0'); // prettier-ignore
      expect(leastSquares(fromNested('f64', [[2 ** -1074]]), fromNested('f64', [[2 ** -60]]), { method }).x.data[0]).toBe(2 ** 1014); // prettier-ignore
    }
  });
});
