import { createRandom, referenceKernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { centredMoment, meanRow, rowsPerChunk } from '../../packages/approx/src/solve/moments.ts';
import { lendingKernels } from '../kit/lendingKernels.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { centredProducts, samplesFrom } from './support.ts';
import type { Samples } from './support.ts';

const moment = (a: Samples, b: Samples): Float64Array =>
  centredMoment(a, meanRow(a), b, meanRow(b), referenceKernels).data;

describe('centredMoment', () => {
  it.each([1, 2, rowsPerChunk - 1, rowsPerChunk, rowsPerChunk + 1, 3 * rowsPerChunk + 7])(
    '%i rows are the plain sums, of one matrix and of two',
    (n) => {
      const random = createRandom(n);
      const a = samplesFrom(n, 3, () => random.integer(41) - 20);
      const b = samplesFrom(n, 2, () => random.integer(41) - 20);
      for (const [left, right] of [
        [a, a],
        [a, b],
      ] as const) {
        const expected = centredProducts(left, right).data;
        // Each of n terms is at most 40² and has a few roundings, the sum n more.
        const bound = 2 * gamma(n + 8, 'f64') * n * 1600;
        moment(left, right).forEach((value, i) => expectWithin(value, expected[i]!, bound, `element ${i}`));
      }
    },
  );

  it.each([127, 128, 129, 300])(
    'a symmetric moment of %i columns is that of two matrices, bit by bit where sums are exact',
    (d) => {
      const random = createRandom(d);
      const y = samplesFrom(9, d, () => random.integer(41) - 20);
      const same = samplesFrom(9, d, (row, j) => y.data[row * d + j]!);
      const mean = new Float64Array(d);
      const { kernels, onLoan } = lendingKernels();
      expect(centredMoment(y, mean, y, mean, kernels).data).toEqual(centredMoment(y, mean, same, mean, kernels).data);
      expect(onLoan()).toBe(0);
    },
  );

  it('even counts with mean 0 are exact', () => {
    const n = 2 * rowsPerChunk + 2;
    const y = samplesFrom(n, 2, (row, j) => (row % 2 === 0 ? 1 : -1) * (j + 1));
    expect([...moment(y, y)]).toEqual([n, 2 * n, 2 * n, 4 * n]);
  });

  it('a small variance around a large mean does not drown', () => {
    const y = samplesFrom(1000, 1, (row) => 2 ** 20 + (row % 2));
    expect([...meanRow(y)]).toEqual([2 ** 20 + 0.5]);
    expect([...moment(y, y)]).toEqual([250]);
  });
});
