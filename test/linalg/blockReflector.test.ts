import { createRandom, referenceKernels, slice, tensorOf, transpose } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { createSimdKernels } from '@rankwise/simd';
import { describe, expect, it } from 'vitest';
import {
  BLOCK,
  applyToColumnsInPlace,
  applyToRowsInPlace,
  blockOf,
  formOrthonormalRows,
  triangularFactor,
} from '../../packages/linalg/src/orthogonal/blockReflector.ts';
import type { BlockReflector, ReflectorRows } from '../../packages/linalg/src/orthogonal/blockReflector.ts';
import { at, identityMatrix, matrixFrom, multiply, randomMatrix } from '../kit/matrices/matrix.ts';
import type { Matrix } from '../kit/matrices/matrix.ts';
import { difference, distanceRatio, expectRatio, orthogonalityRatio, productRatio } from '../kit/matrices/ratios.ts';

const kinds = { referenceKernels, simdKernels: await createSimdKernels() };

/**
 * `count` random reflectors of vectors of this length: row i holds a vector from i + shift on, its first element 1, NaN before it.
 * Each third τ is 0, which means no reflector, whatever its vector.
 */
function randomReflectors(count: number, length: number, shift: number, seed: number): ReflectorRows {
  const random = createRandom(seed);
  const data = new Float64Array(count * length).fill(NaN);
  const taus = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let square = 0;
    for (let j = i + shift; j < length; j++) {
      const element = j === i + shift ? 1 : random.normal();
      data[i * length + j] = element;
      square += element * element;
    }
    taus[i] = i % 3 === 2 ? 0 : 2 / square;
  }
  return { data, taus, length, shift };
}

/** H_first ⋯ H_{last−1}, one by one: H ← H − τ (H v) vᵀ. */
function oneByOne({ data, taus, length, shift }: ReflectorRows, first: number, last: number): Matrix {
  let h = identityMatrix(length);
  for (let i = first; i < last; i++) {
    const v = matrixFrom(length, 1, (j) => (j < i + shift ? 0 : data[i * length + j]!));
    const image = multiply(h, v);
    const before = h;
    h = matrixFrom(length, length, (row, column) => at(before, row, column) - taus[i]! * at(image, row, 0) * at(v, column, 0)); // prettier-ignore
  }
  return h;
}

/** I − Vᵀ T V on the elements from `from` on, full size. */
function asMatrix({ v, t }: BlockReflector, length: number, from: number): Matrix {
  const inner = multiply(transpose(v), multiply(t, v));
  return matrixFrom(
    length,
    length,
    (i, j) => (i === j ? 1 : 0) - (i < from || j < from ? 0 : at(inner, i - from, j - from)),
  );
}

const shapes = [
  [1, 1, 0],
  [1, 5, 0],
  [3, 3, 0],
  [4, 9, 1],
  [BLOCK - 1, BLOCK, 0],
  [BLOCK, BLOCK + 1, 1],
  [BLOCK, 50, 0],
] as const;

describe('blockOf', () => {
  it('is the product of the reflectors one by one, orthogonal, with triangular T', () => {
    for (const [name, kernels] of Object.entries(kinds)) {
      for (const [count, length, shift] of shapes) {
        const rows = randomReflectors(count, length, shift, count + length);
        const block = blockOf(kernels, rows, 0, count);
        const what = `${count} of length ${length}, ${name}`;
        expect(block.v.shape).toEqual([count, length - shift]);
        expect(block.t.shape).toEqual([count, count]);
        for (let i = 0; i < count; i++) {
          expect(at(block.t, i, i)).toBe(rows.taus[i]);
          expect(at(block.v, i, i)).toBe(1);
          for (let j = 0; j < i; j++) expect([at(block.t, i, j), at(block.v, i, j)]).toEqual([0, 0]);
        }
        const h = asMatrix(block, length, shift);
        expectRatio('blockReflector: I - V T V', what, distanceRatio(h, oneByOne(rows, 0, count), 1, length * count));
        expectRatio("blockReflector: H'H = I", what, orthogonalityRatio(h));
      }
    }
  });

  it('takes some of the rows', () => {
    const rows = randomReflectors(9, 14, 2, 3);
    for (const [first, last] of [
      [0, 4],
      [3, 4],
      [4, 9],
    ] as const) {
      const block = blockOf(referenceKernels, rows, first, last);
      expect(block.v.shape).toEqual([last - first, 12 - first]);
      const h = asMatrix(block, 14, first + 2);
      expectRatio('blockReflector: some rows', `${first} to ${last}`, distanceRatio(h, oneByOne(rows, first, last), 1, 14 * 9)); // prettier-ignore
    }
  });

  it('τ = 0 leaves its row and column of T zero, and a block of them is I', () => {
    const rows = randomReflectors(7, 8, 0, 1);
    const { t } = blockOf(referenceKernels, rows, 0, 7);
    for (const i of [2, 5]) for (let j = 0; j < 7; j++) expect([at(t, i, j) + 0, at(t, j, i) + 0]).toEqual([0, 0]);
    const none = blockOf(referenceKernels, { ...rows, taus: new Float64Array(7) }, 0, 7);
    expect(none.t.data.every((element) => element === 0)).toBe(true);
    const x = randomMatrix(3, 8, createRandom(2));
    const before = x.data.slice();
    applyToRowsInPlace(referenceKernels, none, x, false);
    expect(x.data).toEqual(before);
  });

  it('T by hand: for two reflectors it is −τ_0 τ_1 v_0·v_1', () => {
    const v = tensorOf(new Float64Array([1, 2, 0, 1]), [2, 2]);
    expect([...triangularFactor(referenceKernels, v, new Float64Array([0.4, 2])).data]).toEqual([
      0.4,
      -0.4 * 2 * 2,
      0,
      2,
    ]);
  });
});

describe('application', () => {
  for (const [name, kernels] of Object.entries(kinds)) {
    it(`to rows and columns, plain and transposed: ${name}`, () => {
      for (const [count, length, shift] of shapes) {
        const rows = randomReflectors(count, length, shift, length);
        const block = blockOf(kernels, rows, 0, count);
        const h = oneByOne(rows, 0, count);
        for (const columns of [1, 4, 37]) expectApplied(kernels, block, h, columns, shift);
      }
    });
  }
});

/** Compares with the product by the definition; the matrices are views whose surroundings must not change. */
function expectApplied(kernels: Kernels, block: BlockReflector, h: Matrix, count: number, shift: number): void {
  const [length = 0] = h.shape;
  const small = matrixFrom(length - shift, length - shift, (i, j) => at(h, i + shift, j + shift));
  for (const isTransposed of [false, true]) {
    const factor = isTransposed ? transpose(small) : small;
    const what = `${count} of length ${length}, ${isTransposed}`;
    const whole = randomMatrix(count + 2, length + 3, createRandom(count));
    const view = slice(whole, [
      [1, count + 1],
      [2, length - shift + 2],
    ]);
    const before = matrixFrom(count, length - shift, (i, j) => at(view, i, j));
    const outside = sumOutside(whole, view);
    applyToRowsInPlace(kernels, block, view, isTransposed);
    expectRatio('blockReflector: X H', what, productRatio(view, before, factor));
    expect(sumOutside(whole, view)).toBe(outside);

    const columns = transpose(view);
    const c = matrixFrom(length - shift, count, (i, j) => at(columns, i, j));
    applyToColumnsInPlace(kernels, block, columns, isTransposed);
    expectRatio('blockReflector: H C', what, productRatio(columns, factor, c));
  }
}

/** What lies in `whole` beside the view, as a string of its bits' values. */
function sumOutside(whole: Matrix, view: Matrix): string {
  const inside = new Set<number>();
  const [m = 0, n = 0] = view.shape;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) inside.add(view.offset + i * (view.strides[0] ?? 0) + j);
  return whole.data.filter((_, index) => !inside.has(index)).join(' ');
}

describe('formOrthonormalRows', () => {
  it('gives the first columns of the product, in one block and in several', () => {
    for (const [name, kernels] of Object.entries(kinds)) {
      for (const [reflectors, length, shift, count] of [
        [1, 1, 0, 1],
        [5, 9, 0, 5],
        [5, 9, 0, 3],
        [5, 9, 1, 9],
        [5, 9, 0, 0],
        [0, 4, 0, 3],
        [32, 40, 0, 32],
        [33, 40, 0, 33],
        [65, 65, 0, 65],
        [64, 65, 1, 65],
        [65, 70, 0, 40],
      ] as const) {
        const rows = randomReflectors(reflectors, length, shift, 7);
        const formed = formOrthonormalRows(kernels, rows, count);
        const h = oneByOne(rows, 0, reflectors);
        const found = tensorOf(formed, [count, length]);
        const expected = matrixFrom(count, length, (i, j) => at(h, j, i));
        const what = `${count} of ${reflectors}, length ${length}, ${name}`;
        expect(difference(found, expected).shape).toEqual([count, length]);
        expectRatio('formOrthonormalRows: columns of H', what, distanceRatio(found, expected, 1, length * length));
        expectRatio('formOrthonormalRows: orthonormal', what, orthogonalityRatio(transpose(found)));
      }
    }
  });
});
