import { createRandom, fromNested, referenceKernels, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { logDeterminant, luFactors, luSolve, qr, solve, svd } from '@rankwise/linalg';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { expectWithin, gamma, unitRoundoff } from '../kit/kernelBounds.ts';
import { generalCase, generalCases, seeds, sizes } from '../kit/matrices/arbitraries.ts';
import type { MatrixCase } from '../kit/matrices/arbitraries.ts';
import { at, generalGallery, matrixFrom, multiply, randomMatrix, scaled, spectra, withSingularValues } from '../kit/matrices/gallery.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/gallery.ts';
import { largestOf } from '../kit/matrices/matrix.ts';
import { distanceRatio, expectRatio, normFrobenius, productRatio, scalarRatio, solutionRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

// Every product on SIMD, however small.
const simd = await createSimdKernels({ leastWork: 0 });
afterAll(() => simd.dispose());
const implementations: Record<string, Kernels> = { reference: referenceKernels, simd };

const magnitudes = (a: Matrix): Matrix => matrixFrom(a.shape[0] ?? 0, a.shape[1] ?? 0, (i, j) => Math.abs(at(a, i, j)));

const rowsOf = (a: Matrix, permutation: Int32Array): Matrix =>
  matrixFrom(permutation.length, a.shape[1] ?? 0, (i, j) => at(a, permutation[i]!, j));

/** The power of two below the largest magnitude, whose reciprocal is a double. */
function unitOf(a: Matrix): number {
  const largest = largestOf(a);
  return largest === 0 ? 1 : 2 ** Math.max(-1022, Math.floor(Math.log2(largest)));
}

/** (−1)^(n − number of cycles). */
function parity(permutation: Int32Array): number {
  const seen = new Set<number>();
  let sign = 1;
  for (let start = 0; start < permutation.length; start++) {
    for (let i = permutation[start]!; i !== start && !seen.has(start); i = permutation[i]!) {
      seen.add(i);
      sign = -sign;
    }
  }
  return sign;
}

function expectLu(a: Matrix, name: MatrixCase | string, kernels: Kernels): void {
  const [m = 0, n = 0] = a.shape;
  const k = Math.min(m, n);
  const { lower, upper, permutation, sign, scale, growth } = luFactors(a, { kernels });
  expect([lower.shape, upper.shape]).toEqual([
    [m, k],
    [k, n],
  ]);
  expect([...permutation].toSorted((x, y) => x - y)).toEqual([...permutation.keys()]);
  expect(sign).toBe(parity(permutation));
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < k; j++) {
      if (i === j) expect(at(lower, i, j)).toBe(1);
      else if (j > i) expect(at(lower, i, j)).toBe(0);
      else expect(Math.abs(at(lower, i, j))).toBeLessThanOrEqual(1);
    }
  }
  for (let i = 0; i < k; i++) for (let j = 0; j < i; j++) expect(at(upper, i, j)).toBe(0);
  const permuted = scaled(rowsOf(a, permutation), scale);
  expectRatio('luFactors: P A = L U', name, productRatio(permuted, lower, upper));
  // 2 γ from the kernels' promise, one for the product computed here.
  const bound = multiply(magnitudes(lower), magnitudes(upper)).data.map(
    (size) => 3 * gamma(k + 2, unitRoundoff.f64) * size + (k + 1) * Number.MIN_VALUE,
  );
  expectWithin(multiply(lower, upper).data, { exact: permuted.data, bound });
  const largest = largestOf(permuted);
  if (largest !== 0) expect(growth).toBe(largestOf(upper) / largest);
}

/** Solves with A and Aᵀ; a refusal must name a pivot and A be singular to rounding. */
function expectSolutions(a: Matrix, name: MatrixCase | string, kernels: Kernels, seed: number): void {
  const [n = 0] = a.shape;
  const unit = unitOf(a);
  const x = randomMatrix(n, 3, createRandom(seed));
  const factors = luFactors(a, { kernels });
  for (const transposed of [false, true]) {
    const matrix = scaled(transposed ? transpose(a) : a, 1 / unit);
    const b = scaled(multiply(matrix, x), unit);
    let solution: Matrix;
    try {
      solution = luSolve(factors, b, { transposed, kernels });
    } catch (error) {
      expect(String(error)).toMatch(
        /^DomainError: luSolve: factors: expected a nonsingular matrix, got pivot 0 at row/,
      );
      const { s } = svd(a);
      expectRatio('luSolve: refuses', name, scalarRatio(s.data[n - 1]! / unit, 0, s.data[0]! / unit, n));
      continue;
    }
    const check = transposed ? "luSolve: A'X = B" : 'luSolve: A X = B';
    // The bound has |L| |U| in it, which growth makes larger than |A|.
    expectRatio(check, name, solutionRatio(matrix, solution, scaled(b, 1 / unit)) / Math.max(factors.growth, 1));
    if (!transposed) expect(solve(a, b, { kernels })).toEqual(solution);
  }
}

describe('by hand', () => {
  it('pivots on the largest element of a column', () => {
    const a = fromNested('f64', [[1, 2, 4], [2, 8, 2], [4, 4, 4]]); // prettier-ignore
    const { lower, upper, permutation, sign, scale, growth } = luFactors(a);
    expect(toNested(lower)).toEqual([[1, 0, 0], [0.5, 1, 0], [0.25, 1 / 6, 1]]); // prettier-ignore
    expect(toNested(upper)).toEqual([[4, 4, 4], [0, 6, 0], [0, 0, 3]]); // prettier-ignore
    expect([[...permutation], sign, scale, growth]).toEqual([[2, 1, 0], -1, 1, 0.75]);
  });

  it('solves with a zero on the diagonal, and with the transpose', () => {
    const a = fromNested('f64', [[0, 2], [4, 1]]); // prettier-ignore
    expect(toNested(solve(a, fromNested('f64', [[2], [9]])))).toEqual([[2], [1]]);
    expect(toNested(luSolve(luFactors(a), fromNested('f64', [[4], [5]]), { transposed: true }))).toEqual([[2], [1]]);
  });

  it('tall, wide and empty', () => {
    const tall = luFactors(fromNested('f64', [[1, 2], [4, 4], [2, 6]])); // prettier-ignore
    expect(toNested(tall.lower)).toEqual([[1, 0], [0.5, 1], [0.25, 0.25]]); // prettier-ignore
    expect(toNested(tall.upper)).toEqual([[4, 4], [0, 4]]); // prettier-ignore
    const wide = luFactors(
      fromNested('f64', [
        [1, 2, 4],
        [2, 2, 2],
      ]),
    );
    expect(toNested(wide.lower)).toEqual([[1, 0], [0.5, 1]]); // prettier-ignore
    expect(toNested(wide.upper)).toEqual([[2, 2, 2], [0, 1, 3]]); // prettier-ignore
    for (const [m, n] of [[0, 0], [0, 3], [3, 0]] as const) expectLu(zeros('f64', [m, n]), `${m} x ${n}`, referenceKernels); // prettier-ignore
    expect(solve(zeros('f64', [0, 0]), zeros('f64', [0, 2])).shape).toEqual([0, 2]);
    expect(solve(fromNested('f64', [[4]]), zeros('f64', [1, 0])).shape).toEqual([1, 0]);
    expect(toNested(solve(fromNested('f64', [[-4]]), fromNested('f64', [[2, 6]])))).toEqual([[-0.5, -1.5]]);
  });

  it('promotes f32', () => {
    expect(toNested(solve(fromNested('f32', [[0, 2], [4, 1]]), fromNested('f32', [[2], [9]])))).toEqual([[2], [1]]); // prettier-ignore
  });

  it('determinants', () => {
    expect(logDeterminant(zeros('f64', [0, 0]))).toEqual({ sign: 1, logAbs: 0 });
    expect(logDeterminant(fromNested('f64', [[0, 1], [1, 0]]))).toEqual({ sign: -1, logAbs: 0 }); // prettier-ignore
    expect(logDeterminant(fromNested('f64', [[0, 0, 1], [1, 0, 0], [0, 1, 0]]))).toEqual({ sign: 1, logAbs: 0 }); // prettier-ignore
    expect(logDeterminant(fromNested('f64', [[1, 2], [2, 4]]))).toEqual({ sign: 0, logAbs: -Infinity }); // prettier-ignore
    const { sign, logAbs } = logDeterminant(scaled(fromNested('f64', [[1, 0], [0, -1]]), 2 ** 1000)); // prettier-ignore
    expect(sign).toBe(-1);
    expectRatio('logDeterminant: by hand', '2^2000', scalarRatio(logAbs, 2000 * Math.LN2, 2000, 2));
  });

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`permutation matrices exactly, ${name}`, () => {
      for (const n of [8, 9, 16, 17, 33, 65]) {
        const order = Array.from({ length: n }, (_, i) => (i * 5 + 3) % n);
        if (new Set(order).size < n) continue;
        const a = matrixFrom(n, n, (i, j) => (order[i] === j ? 1 : 0));
        const x = matrixFrom(n, 2, (i, j) => i - 3 * j);
        expect(solve(a, multiply(a, x), { kernels }).data).toEqual(x.data);
        expect(luSolve(luFactors(a), multiply(transpose(a), x), { transposed: true, kernels }).data).toEqual(x.data);
        expect(logDeterminant(a, { kernels })).toEqual({ sign: parity(Int32Array.from(order)), logAbs: 0 });
      }
    });
  }
});

describe('laws', () => {
  for (const { name } of generalGallery) {
    it(`factors and solves: ${name}`, () => {
      for (const [m, n] of [
        [1, 1],
        [2, 2],
        [5, 3],
        [3, 5],
        [12, 12],
        [33, 17],
        [17, 33],
      ] as const) {
        // prettier-ignore
        const one = generalCase(name, m, n, m + n);
        expectLu(one.matrix, one, referenceKernels);
        if (m === n) expectSolutions(one.matrix, one, referenceKernels, m);
      }
    });
  }

  it('factors any gallery matrix of any shape', () => {
    fc.assert(
      fc.property(generalCases(), (one) => expectLu(one.matrix, one, referenceKernels)),
      { numRuns: runs() },
    );
  });

  it('solves with any square gallery matrix', () => {
    const kinds = fc.constantFrom(...generalGallery.map(({ name }) => name));
    fc.assert(
      fc.property(kinds, fc.constantFrom(...sizes), seeds, (kind, n, seed) => {
        const one = generalCase(kind, n, n, seed);
        expectSolutions(one.matrix, one, referenceKernels, seed);
      }),
      { numRuns: runs() },
    );
  });

  for (const [name, kernels] of Object.entries(implementations)) {
    it(`factors and solves at the sizes of blocks, ${name}`, () => {
      for (const kind of ['random', 'known singular values, geometric', 'half rank', 'zero and doubled columns']) {
        for (const [m, n] of [
          [31, 31],
          [32, 32],
          [33, 33],
          [65, 65],
          [100, 40],
          [40, 100],
        ] as const) {
          // prettier-ignore
          const one = generalCase(kind, m, n, m);
          expectLu(one.matrix, one, kernels);
          if (m === n) expectSolutions(one.matrix, one, kernels, m);
        }
      }
    });
  }

  it('agrees with QR, to the condition number', () => {
    fc.assert(
      fc.property(fc.constantFrom(...sizes), fc.integer({ min: 0, max: 12 }), seeds, (n, digits, seed) => {
        const random = createRandom(seed);
        const condition = 10 ** digits;
        const values = spectra['geometric']!(n).map((value) => value ** (Math.log(condition) / -Math.log(2 ** -52)));
        const a = withSingularValues(n, n, values, random);
        const b = randomMatrix(n, 1, random);
        const x = solve(a, b);
        const { q, r } = qr(a);
        const other = multiply(transpose(q), b);
        for (let i = n - 1; i >= 0; i--) {
          for (let j = i + 1; j < n; j++) other.data[i]! -= at(r, i, j) * other.data[j]!;
          other.data[i]! /= at(r, i, i);
        }
        const what = `n = ${n}, condition 1e${digits}, seed = ${seed}`;
        expectRatio('solve: against QR', what, distanceRatio(x, other, condition * normFrobenius(x), n));
      }),
      { numRuns: runs() },
    );
  });

  it('the determinant of a product is the product of determinants', () => {
    fc.assert(
      fc.property(fc.constantFrom(...sizes), seeds, (n, seed) => {
        const random = createRandom(seed);
        const flip = (): number => (random.uniform() < 0.5 ? -1 : 1);
        const [a, b] = [1, 2].map(() => withSingularValues(n, n, Array.from({ length: n }, () => flip() * (1 + random.uniform())), random)); // prettier-ignore
        const [da, db] = [logDeterminant(a!), logDeterminant(b!)];
        const product = logDeterminant(multiply(a!, b!));
        expect(product.sign).toBe(da.sign * db.sign);
        // Condition numbers up to 4, so each of n pivots' logarithms is good to about n ε.
        expectRatio('logDeterminant: det A B = det A det B', `n = ${n}, seed = ${seed}`, scalarRatio(product.logAbs, da.logAbs + db.logAbs, 4, n * n)); // prettier-ignore
        expect(logDeterminant(transpose(a!)).sign).toBe(da.sign);
        const { s } = svd(a!);
        const sum = s.data.reduce((total, value) => total + Math.log(value), 0);
        expectRatio('logDeterminant: against svd', `n = ${n}, seed = ${seed}`, scalarRatio(da.logAbs, sum, 2, n * n));
      }),
      { numRuns: runs() },
    );
  });

  it('powers of two that scale columns pass through', () => {
    const a = randomMatrix(20, 20, createRandom(5));
    const factor = (j: number): number => 2 ** ((j * 37) % 100);
    const plain = luFactors(a);
    const graded = luFactors(matrixFrom(20, 20, (i, j) => at(a, i, j) * factor(j)));
    expect(graded.lower).toEqual(plain.lower);
    expect(graded.upper).toEqual(matrixFrom(20, 20, (i, j) => at(plain.upper, i, j) * factor(j)));
    expect(graded.permutation).toEqual(plain.permutation);
  });

  it('gives the same bits for any strides, and leaves its arguments alone', () => {
    const a = randomMatrix(35, 35, createRandom(6));
    const b = randomMatrix(35, 2, createRandom(7));
    const before = [a.data.slice(), b.data.slice()];
    const turned = matrixFrom(35, 35, (i, j) => at(a, j, i));
    expect(luFactors(transpose(turned))).toEqual(luFactors(a));
    expect(solve(transpose(turned), b)).toEqual(solve(a, b));
    expect([a.data, b.data]).toEqual(before);
  });
});

describe('growth', () => {
  it('doubles at each step of Wilkinson’s matrix, and is reported', () => {
    // Ones on the diagonal and in the last column, −1 below: Higham, Accuracy and Stability, §9.4.
    const wilkinson = (n: number): Matrix => matrixFrom(n, n, (i, j) => (j === n - 1 || i === j ? 1 : i > j ? -1 : 0));
    for (const n of [2, 33, 54]) expect(luFactors(wilkinson(n)).growth).toBe(2 ** (n - 1));
    expect(() => luFactors(wilkinson(1100))).toThrow('luFactors: a: expected elimination in the range of doubles, got overflow'); // prettier-ignore
  });

  it('is small for random matrices', () => {
    for (const n of [10, 33, 100]) {
      // About n^(2/3) on average: Trefethen & Schreiber 1990.
      expect(luFactors(randomMatrix(n, n, createRandom(n))).growth).toBeLessThan(n);
    }
  });
});

describe('scale', () => {
  const a = fromNested('f64', [[3, 1, 2], [6, 4, 1], [-2, 5, 7]]); // prettier-ignore
  const b = fromNested('f64', [[9, 1], [9, 0], [12, 4]]); // prettier-ignore

  it('does not matter, down to subnormal and up to overflow', () => {
    const x = solve(a, b);
    for (const power of [2 ** -1074, 2 ** -1000, 2 ** -500, 2 ** 500, 2 ** 1000, 2 ** 1020]) {
      expect(solve(scaled(a, power), scaled(b, power))).toEqual(x);
    }
  });

  it('elimination that overflows in a matrix of the largest doubles', () => {
    const huge = Number.MAX_VALUE;
    const full = fromNested('f64', [[huge, huge], [-huge, huge]]); // prettier-ignore
    expect(toNested(solve(full, fromNested('f64', [[huge], [huge]])))).toEqual([[0], [1]]);
    expect(luFactors(full).growth).toBe(2);
    expect(luFactors(full).scale).toBe(2 ** -64);
  });

  it('names the column of a solution that is no double', () => {
    expect(() => solve(scaled(a, 2 ** -1000), scaled(b, 2 ** 100))).toThrow('solve: b: expected a solution in the range of doubles, got overflow in column 0'); // prettier-ignore
  });
});

describe('errors', () => {
  it('names the first pivot of an exactly singular matrix', () => {
    const b = (n: number): Matrix => zeros('f64', [n, 1]);
    const singular: [Matrix, number][] = [
      [fromNested('f64', [[0]]), 0],
      [zeros('f64', [40, 40]), 0],
      [fromNested('f64', [[0, 1], [0, 2]]), 0], // prettier-ignore
      [fromNested('f64', [[1, 2], [2, 4]]), 1], // prettier-ignore
      [fromNested('f64', [[4, 2, 2, 0], [2, 5, 1, 4], [2, 1, 1, 0], [0, 4, 0, 4]]), 2], // prettier-ignore
      // Two equal rows far down, in the last block.
      [matrixFrom(70, 70, (i, j) => (i === j || (i === 69 && j === 68) || (i === 68 && j === 69) ? 1 : 0)), 69],
    ];
    for (const [a, pivot] of singular) {
      const [n = 0] = a.shape;
      expect(() => solve(a, b(n))).toThrow(`solve: a: expected a nonsingular matrix, got pivot 0 at row ${pivot}`);
      expect(() => luSolve(luFactors(a), b(n))).toThrow(`luSolve: factors: expected a nonsingular matrix, got pivot 0 at row ${pivot}`); // prettier-ignore
    }
  });

  it('refuses shapes and NaN', () => {
    const a = fromNested('f64', [[1, 0], [5, 1]]); // prettier-ignore
    expect(() => luFactors(zeros('f64', [2]))).toThrow('luFactors: a: expected 2 axes, got shape [2]');
    expect(() => luFactors(fromNested('f64', [[1, Infinity]]))).toThrow('luFactors: a: expected finite elements, got Infinity at [0, 1]'); // prettier-ignore
    expect(() => luSolve(luFactors(zeros('f64', [2, 3])), zeros('f64', [2, 1]))).toThrow('luSolve: factors: expected those of a square matrix, got shape [2, 3]'); // prettier-ignore
    expect(() => luSolve(luFactors(zeros('f64', [3, 2])), zeros('f64', [3, 1]))).toThrow('got shape [3, 2]');
    expect(() => luSolve(luFactors(a), zeros('f64', [3, 1]))).toThrow('luSolve: b: expected 2 rows, got shape [3, 1]');
    expect(() => solve(zeros('f64', [2, 3]), a)).toThrow('solve: a: expected a square matrix, got shape [2, 3]');
    expect(() => solve(a, fromNested('f64', [[1], [NaN]]))).toThrow('solve: b: expected finite elements, got NaN at [1, 0]'); // prettier-ignore
    expect(() => logDeterminant(zeros('f64', [2, 3]))).toThrow('logDeterminant: a: expected a square matrix');
  });
});
