import { createSimdKernels } from '@rankwise/simd';
import { copyOf, createRandom, referenceKernels, tensorOf, transpose } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { expectRatio, generalCase, generalGallery, identityMatrix, matrixFrom, multiply, orthogonalFactorRatio, orthogonalityRatio, randomMatrix } from '../kit/matrices/index.ts'; // prettier-ignore
import type { Matrix } from '../kit/matrices/index.ts';
import { applyReflectorsInPlace, bidiagonalize } from '../../packages/linalg/src/svd/bidiagonalize.ts';

const simd = await createSimdKernels({ leastWork: 0 });

/** Around one block, two and three; square, tall and with a column only. */
const shapes = [[0, 0], [1, 1], [3, 1], [2, 2], [5, 3], [31, 31], [32, 32], [33, 33], [40, 33], [64, 64], [66, 65], [101, 97]] as const; // prettier-ignore

function check(kernels: Kernels, a: Matrix, what: string | Parameters<typeof expectRatio>[1]): void {
  const [m = 0, n = 0] = a.shape;
  const data = Float64Array.from({ length: m * n }, (_, k) => a.data[k]!);
  const { main, above, left, right } = bidiagonalize(kernels, { rows: m, columns: n, data });
  expect([main.length, above.length]).toEqual([n, n]);
  expect(n === 0 ? 0 : above[n - 1]).toBe(0);
  const q = identityMatrix(m);
  const p = identityMatrix(n);
  applyReflectorsInPlace(kernels, left, q);
  applyReflectorsInPlace(kernels, right, p);
  // Rows became Q e_i and P e_i: A = Q B Pᵀ with Q and P as columns of what is now transposed.
  const b = matrixFrom(m, n, (i, j) => (i === j ? main[i]! : j === i + 1 ? above[i]! : 0));
  expectRatio("bidiagonalize: A = Q B P'", what, orthogonalFactorRatio(a, transpose(q), multiply(b, p)));
  expectRatio("bidiagonalize: Q'Q = I", what, orthogonalityRatio(transpose(q)));
  expectRatio("bidiagonalize: P'P = I", what, orthogonalityRatio(transpose(p)));
}

describe('bidiagonalize', () => {
  it('by hand: a first column to its length, a first row behind it to its own', () => {
    const data = new Float64Array([3, 0, 0, 0, 4, 0, 0, 0, 5]);
    const { main, above } = bidiagonalize(referenceKernels, { rows: 3, columns: 3, data });
    expect([...main]).toEqual([3, 4, 5]);
    expect([...above]).toEqual([0, 0, 0]);
    const column = bidiagonalize(referenceKernels, { rows: 2, columns: 1, data: new Float64Array([3, 4]) });
    expect([...column.main]).toEqual([-5]);
  });

  for (const [name, kernels] of [
    ['reference', referenceKernels],
    ['simd', simd],
  ] as const) {
    // prettier-ignore
    it(`reduces every kind, with ${name} kernels`, () => {
      for (const kind of generalGallery.filter(({ scale }) => scale === undefined)) {
        for (const [m, n] of [[5, 5], [12, 7]] as const) { // prettier-ignore
          const one = generalCase(kind.name, m, n, 5);
          check(kernels, one.matrix, one);
        }
      }
    });

    it(`reduces at block boundaries, with ${name} kernels`, () => {
      for (const [m, n] of shapes) check(kernels, randomMatrix(m, n, createRandom(m + n)), `random, ${m} x ${n}`);
    });
  }

  it('is the same with work matrices and without', () => {
    const a = randomMatrix(70, 66, createRandom(2));
    const { workspace: _, ...plain } = simd;
    const [lent, own] = [simd, plain].map((kernels) => bidiagonalize(kernels, { rows: 70, columns: 66, data: copyOf(a).data })); // prettier-ignore
    const norm = tensorOf(lent!.main, [66]).data.reduce((sum, value) => sum + Math.abs(value), 0);
    const apart = lent!.main.reduce((sum, value, i) => sum + Math.abs(value - own!.main[i]!), 0);
    expectRatio('bidiagonalize: with and without a workspace', '70 x 66', apart / (norm * 70 * Number.EPSILON));
  });
});
