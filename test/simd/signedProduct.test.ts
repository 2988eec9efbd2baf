/** Products with the factor −1, which goes into an operand, and operands that are views of larger matrices. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceKernels, slice, transpose, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { matmul } from '../../packages/simd/src/run/matmul.ts';
import { elementsOf } from '../kit/kernelBounds.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { bothMachines } from './support.ts';

const dtypes = fc.constantFrom('f32' as const, 'f64' as const);
const extent = fc.constantFrom(9, 13, 24, 31, 48, 65);

/** A view of [rows, columns] in the middle of a larger matrix. */
function inside<D extends 'f32' | 'f64'>(
  dtype: D,
  rows: number,
  columns: number,
  gap: number,
  seed: number,
): Tensor<D> {
  return slice(seeded(dtype, [rows + 2, columns + gap], seed, { values: 'integers' }), [
    [1, rows + 1],
    [gap, columns + gap],
  ]);
}

describe.each(await bothMachines())('the factor −1 with %s', (_, machine) => {
  it('gives the negated bits of the factor 1, whichever operand is the smaller or constant', () => {
    const drawn = fc.record({
      m: extent,
      n: extent,
      k: fc.integer({ min: 1, max: 40 }),
      dtype: dtypes,
      constant: fc.constantFrom({}, { constant: 'a' as const }, { constant: 'b' as const }),
      turned: fc.boolean(),
    });
    fc.assert(
      fc.property(drawn, ({ m, n, k, dtype, constant, turned }) => {
        const operands = { a: seeded(dtype, [m, k], 1), b: seeded(dtype, [k, n], 2), ...constant };
        const output = () => (turned ? transpose(zeros(dtype, [n, m])) : zeros(dtype, [m, n]));
        const [negative, positive] = [output(), output()];
        matmul(machine, { ...operands, out: negative, alpha: -1 });
        matmul(machine, { ...operands, out: positive });
        expect(Array.from(negative.data, (value) => 0 - value)).toEqual([...positive.data]);
      }),
      { numRuns: runs() },
    );
    machine.weights.clear();
  });

  it('subtracts products of views with narrow and wide gaps, exactly for integers', () => {
    const gaps = fc.constantFrom(0, 1, 40, 200);
    const drawn = fc.record({
      m: extent,
      n: extent,
      k: extent,
      dtype: dtypes,
      gaps: fc.tuple(gaps, gaps, gaps),
      turned: fc.boolean(),
    });
    fc.assert(
      fc.property(drawn, ({ m, n, k, dtype, gaps: [ga, gb, gc], turned }) => {
        const a = turned ? transpose(inside(dtype, k, m, ga, 1)) : inside(dtype, m, k, ga, 1);
        const b = turned ? transpose(inside(dtype, n, k, gb, 2)) : inside(dtype, k, n, gb, 2);
        const [out, expected] = [inside(dtype, m, n, gc, 3), inside(dtype, m, n, gc, 3)];
        const around = out.data.slice();
        matmul(machine, { a, b, out, alpha: -1, beta: 1 });
        referenceKernels.matmul({ a, b, out: expected, alpha: -1, beta: 1 });
        // What lies around the view is compared as well.
        expect(out.data).toEqual(expected.data);
        matmul(machine, { a, b, out, beta: 1 });
        expect(out.data).toEqual(around);
      }),
      { numRuns: runs() },
    );
  });

  it('leaves the operands as they were', () => {
    const [a, b] = [seeded('f64', [30, 20], 1), seeded('f64', [20, 40], 2)];
    const before = [elementsOf(a), elementsOf(b)];
    matmul(machine, { a, b, out: zeros('f64', [30, 40]), alpha: -1 });
    expect([elementsOf(a), elementsOf(b)]).toEqual(before);
  });
});
