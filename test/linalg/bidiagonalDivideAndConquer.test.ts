import { createSimdKernels } from '@rankwise/simd';
import { ConvergenceError, createRandom, full, referenceKernels, tensorOf, transpose } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { expectRatio, factorizationRatio, matrixFrom, multiply, orthogonalityRatio, sturmEigenvalues, valuesRatio } from '../kit/matrices/index.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/index.ts';
import { makeRotationSweeps } from '../../packages/linalg/src/orthogonal/rotationSweeps.ts';
import { arrowheadSvdInto } from '../../packages/linalg/src/svd/arrowheadSvd.ts';
import { bidiagonalDivideAndConquer } from '../../packages/linalg/src/svd/bidiagonalDivideAndConquer.ts';
import { deflateInPlace } from '../../packages/linalg/src/svd/bidiagonalDeflation.ts';
import { bidiagonalQrInPlace } from '../../packages/linalg/src/svd/bidiagonalQr.ts';

const simd = await createSimdKernels({ leastWork: 0 });

/** Sizes that are one leaf, and those that split into leaves of every parity, once and twice. */
const orders = [0, 1, 2, 5, 32, 33, 34, 66, 67];

/** The element above the last one is outside the matrix and not asked for. */
interface BidiagonalKind {
  readonly main: (i: number, n: number) => number;
  readonly above: (i: number, n: number) => number;
}

const random = createRandom(17);

/** What is easy, what deflates nearly all, and what cost other codes their digits. */
const kinds: Readonly<Record<string, BidiagonalKind>> = {
  zero: { main: () => 0, above: () => 0 },
  identity: { main: () => 1, above: () => 0 },
  ones: { main: () => 1, above: () => 1 },
  'zero diagonal': { main: () => 0, above: () => 1 },
  'zeros on the diagonal': { main: (i) => i % 3, above: () => 1 },
  'zero row where it splits': {
    main: (i, n) => (i === n >> 1 ? 0 : 1 + (i % 5)),
    above: (i, n) => (i === n >> 1 ? 0 : 1),
  },
  'diagonal with repeated values': { main: (i) => 1 + (i % 3), above: () => 0 },
  'repeated blocks': { main: (i) => 1 + (i % 8), above: (i) => (i % 8 === 7 ? 0 : 0.5) },
  'nearly repeated blocks': { main: (i) => 1 + (i % 8), above: (i) => (i % 8 === 7 ? Number.EPSILON : 0.5) },
  'two clusters': { main: (i, n) => (2 * i < n ? 1 : 0.5), above: () => 4 * Number.EPSILON },
  'one small': { main: (i, n) => (i === n - 1 ? Number.EPSILON : 1), above: () => 0.25 },
  'one large': { main: (i) => (i === 0 ? 1 : Number.EPSILON), above: () => Number.EPSILON },
  'graded downwards': { main: (i) => 10 ** -i, above: (i) => 10 ** -i },
  'graded upwards': { main: (i, n) => 10 ** (i - n), above: (i, n) => 10 ** (i - n) },
  'large above': { main: () => 1, above: () => 2 ** 10 },
  'a tiny middle': { main: (i, n) => (i === n >> 1 ? 2 ** -80 : 1), above: () => 1 },
  'alternating scales': { main: (i) => (i % 2 === 0 ? 1 : 2 ** -60), above: (i) => (i % 3 === 0 ? 1 : 2 ** -50) },
  'negative elements': { main: (i) => (i % 2 === 0 ? -1 : 1 + i / 7), above: (i) => (i % 3 === 0 ? -2 : 1) },
  random: { main: () => 2 * random.uniform() - 1, above: () => 2 * random.uniform() - 1 },
  'random times 2^-480': { main: () => 2 ** -480 * random.normal(), above: () => 2 ** -480 * random.normal() },
  'random times 2^480': { main: () => 2 ** 480 * random.normal(), above: () => 2 ** 480 * random.normal() },
  'random from 2^-104 to 2^104': {
    main: () => 2 ** (208 * random.uniform() - 104),
    above: () => 2 ** (208 * random.uniform() - 104),
  },
};

function elementsOf({ main, above }: BidiagonalKind, n: number): { main: Float64Array; above: Float64Array } {
  return {
    main: Float64Array.from({ length: n }, (_, i) => main(i, n)),
    above: Float64Array.from({ length: n }, (_, i) => (i === n - 1 ? 0 : above(i, n))),
  };
}

function descending(values: Float64Array): Float64Array {
  return values.map(Math.abs).toSorted().toReversed();
}

/** The eigenvalues of [0 B; Bᵀ 0], permuted to a tridiagonal matrix with zero diagonal, are ±σ (Golub & Kahan 1965). */
function valuesBySturm(main: Float64Array, above: Float64Array): Float64Array {
  const n = main.length;
  const coupling = Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? main[i >> 1]! : above[i >> 1]!));
  return sturmEigenvalues(new Float64Array(2 * n), coupling).slice(0, n);
}

function valuesByQr(main: Float64Array, above: Float64Array): Float64Array {
  const none = (): ReturnType<typeof makeRotationSweeps> => makeRotationSweeps(new Float64Array(0), 0, main.length);
  const values = main.slice();
  bidiagonalQrInPlace('qr', values, above.slice(), none(), none());
  return descending(values);
}

function checkKind(name: string, kind: BidiagonalKind, n: number, kernels: Kernels): void {
  const what = `${name}, n = ${n}`;
  const { main, above } = elementsOf(kind, n);
  const { values, left, right } = bidiagonalDivideAndConquer('test', kernels, main, above);
  const b = matrixFrom(n, n, (i, j) => (i === j ? main[i]! : j === i + 1 ? above[i]! : 0));
  const x = tensorOf(left, [n, n]);
  const y = matrixFrom(n, n, (i, j) => right[i * (n + 1) + j]!);
  expectRatio("bidiagonalDivideAndConquer: B = X S Y'", what, factorizationRatio(b, transpose(x), values, y));
  expectRatio("bidiagonalDivideAndConquer: X'X = I", what, orthogonalityRatio(transpose(x)));
  expectRatio("bidiagonalDivideAndConquer: Y'Y = I", what, orthogonalityRatio(transpose(y)));
  const sigma = descending(values);
  expectRatio('bidiagonalDivideAndConquer: against QR', what, valuesRatio(sigma, valuesByQr(main, above)));
  expect(values.every((value) => value >= 0)).toBe(true);
  // The column added to the whole stays zero, apart from the null vector, which is its unit vector.
  for (let i = 0; i < n; i++) expect(right[i * (n + 1) + n]! + 0).toBe(0);
  expect(Math.abs(right[n * (n + 2)]!)).toBe(1);
}

describe('bidiagonalDivideAndConquer', () => {
  for (const [name, kind] of Object.entries(kinds)) {
    it(`decomposes: ${name}`, () => {
      for (const n of orders) checkKind(name, kind, n, referenceKernels);
    });
  }

  it('decomposes with simd kernels', () => {
    for (const [name, kind] of Object.entries(kinds)) for (const n of [33, 67]) checkKind(name, kind, n, simd);
  });

  it('decomposes in more levels', () => {
    for (const name of ['random', 'ones', 'two clusters', 'repeated blocks']) {
      for (const n of [100, 131]) checkKind(name, kinds[name]!, n, referenceKernels);
      checkKind(name, kinds[name]!, 150, simd);
    }
  });

  it('agrees with bisection on [0 B; Bᵀ 0]', () => {
    for (const name of ['random', 'ones', 'one small', 'two clusters', 'graded downwards']) {
      const { main, above } = elementsOf(kinds[name]!, 70);
      const { values } = bidiagonalDivideAndConquer('test', referenceKernels, main, above);
      const ratio = valuesRatio(descending(values), valuesBySturm(main, above));
      expectRatio('bidiagonalDivideAndConquer: against bisection', `${name}, n = 70`, ratio);
    }
  });

  it('keeps the digits of tiny values of a matrix of one leaf', () => {
    // The product of the values is the determinant: log₂ of it is −Σ 10 i, to some 50 ε for each of the 30 values.
    const n = 30;
    const main = Float64Array.from({ length: n }, (_, i) => 2 ** (-10 * i));
    const { values } = bidiagonalDivideAndConquer('test', referenceKernels, main, main.with(n - 1, 0));
    const logarithm = values.reduce((sum, value) => sum + Math.log2(value), 0);
    const exact = -5 * n * (n - 1);
    expectRatio('bidiagonalDivideAndConquer: log determinant', `n = ${n}`, Math.abs(logarithm - exact) / (50 * n * -exact * Number.EPSILON)); // prettier-ignore
  });
});

describe('caps', () => {
  const withNaN = (n: number): { main: Float64Array; above: Float64Array } => ({
    main: new Float64Array(n).fill(1).with(n >> 1, NaN),
    above: new Float64Array(n).fill(1).with(n - 1, 0),
  });

  it('QR gives up after 6 n² rotations, and says how far it got', () => {
    const { main, above } = withNaN(5);
    expect(() => valuesByQr(main, above)).toThrow(ConvergenceError);
    expect(() => valuesByQr(main, above)).toThrow('qr: a: expected QR to converge within 150 rotations, got 5 singular values left'); // prettier-ignore
  });

  it('divide and conquer ends on whatever it is given', () => {
    for (const n of [20, 40, 70]) {
      const { main, above } = withNaN(n);
      expect(() => bidiagonalDivideAndConquer('test', referenceKernels, main, above)).toThrow(ConvergenceError);
    }
    // The secular equation alone.
    expect(() => arrowheadSvd([0, 1, 2], [1, NaN, 1])).toThrow(ConvergenceError);
  });
});

/** In fresh matrices, filled with what must not be read. */
function arrowheadSvd(poles: number[], z: number[]): { values: Float64Array; left: Matrix; right: Matrix } {
  const k = poles.length;
  const [left, right] = [full('f64', [k, k], NaN), full('f64', [k, k], NaN)];
  const columns = Int32Array.from(poles.keys());
  const values = arrowheadSvdInto(left, right, 'test', new Float64Array(poles), new Float64Array(z), columns);
  return { values, left, right };
}

describe('arrowheadSvdInto', () => {
  /** The matrix with first row z and diagonal (·, poles). */
  const arrowhead = (poles: Float64Array, z: Float64Array): Matrix =>
    matrixFrom(z.length, z.length, (i, j) => (i === 0 ? z[j]! : i === j ? poles[j]! : 0));

  it('one pole', () => {
    const { values, left, right } = arrowheadSvd([0], [5]);
    expect([...values]).toEqual([5]);
    expect([...left.data]).toEqual([-1]);
    expect([...right.data]).toEqual([-1]);
  });

  it('poles and roots as near as deflation leaves them', () => {
    const gap = 8 * Number.EPSILON;
    for (const poles of [
      [0, gap, 2 * gap, 1, 1 + gap, 1 + 2 * gap],
      [0, 0.5, 0.5 + gap, 0.5 + 2 * gap, 1, 1 + gap],
    ]) {
      for (const z of [
        [gap, gap, gap, gap, gap, gap],
        [1, gap, 1, gap, 1, gap],
        [gap, 1, 1, -1, gap, -gap],
      ]) {
        const d = new Float64Array(poles);
        const weights = new Float64Array(z);
        const { values, left, right } = arrowheadSvd(poles, z);
        const what = `poles ${poles.join(' ')}, z ${z.join(' ')}`;
        expectRatio(
          "arrowheadSvdInto: M = U S V'",
          what,
          factorizationRatio(arrowhead(d, weights), transpose(left), values, right),
        );
        expectRatio("arrowheadSvdInto: U'U = I", what, orthogonalityRatio(transpose(left)));
        expectRatio("arrowheadSvdInto: V'V = I", what, orthogonalityRatio(transpose(right)));
        // Interlacing, strict.
        for (let i = 0; i < poles.length; i++) expect(values[i]).toBeGreaterThanOrEqual(poles[i]!);
        for (let i = 1; i < poles.length; i++) expect(values[i - 1]).toBeLessThanOrEqual(poles[i]!);
      }
    }
  });
});

describe('deflateInPlace', () => {
  it('keeps values that z does not touch, and rotates equal poles into one', () => {
    // Rows 0 1 | 2 | 3 4: the joining row is 2; poles 0 and 3 are equal, row 1 has no weight.
    const identity = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0)); // prettier-ignore
    const parts = { values: new Float64Array([2, 3, 0, 2, 5]), left: identity(5), right: identity(6) };
    const z = new Float64Array([3, 0, 7, 4, 1]);
    const kept = deflateInPlace(parts, { first: 0, middle: 2, end: 5 }, z, 5);
    expect([...kept.poles]).toEqual([0, 2, 5]);
    expect([...kept.weights]).toEqual([7, 5, 1]);
    // Row 2 joins, row 3 now has elements in both parts, row 4 in the second only.
    expect([...kept.places]).toEqual([2, 3, 4]);
    expect([...kept.columns]).toEqual([0, 1, 2]);
    expect([kept.upperCount, kept.lowerStart]).toEqual([2, 0]);
    expect([...parts.left.slice(0, 5), ...parts.left.slice(15, 20)]).toEqual([0.8, 0, 0, -0.6, 0, 0.6, 0, 0, 0.8, 0]);
    const rows = tensorOf(parts.right, [6, 6]);
    expectRatio('deflateInPlace: rows orthonormal', 'by hand', orthogonalityRatio(multiply(rows, transpose(rows))));
  });

  it('lifts a pole and a weight that are too near zero by no more than the tolerance', () => {
    const parts = {
      values: new Float64Array([2 ** -60, 0, 1]),
      left: new Float64Array(9),
      right: new Float64Array(16),
    };
    const tolerance = 4 * Number.EPSILON; // bound: eight units of roundoff, as deflateInPlace states
    const kept = deflateInPlace(parts, { first: 0, middle: 1, end: 3 }, new Float64Array([1, 2 ** -70, 1]), 1);
    expect([...kept.poles]).toEqual([0, tolerance / 2, 1]);
    expect([...kept.weights]).toEqual([tolerance, 1, 1]);
  });
});
