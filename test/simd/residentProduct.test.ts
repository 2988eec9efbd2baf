/** Products on operands and outputs in the linear memory have the bits that they have elsewhere, and touch nothing beside. */

import { slice, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { bothKernels } from './support.ts';

const rogue = 12345;
const extent = fc.constantFrom(2, 3, 8, 16, 17, 32, 48, 61, 96);
const layout = fc.record({ resident: fc.boolean(), turned: fc.boolean(), gap: fc.nat(2) });
const dtype = fc.constantFrom<FloatDType>('f32', 'f64');

interface Layout {
  readonly resident: boolean;
  readonly turned: boolean;
  readonly gap: number;
}

/** A view with rogue values around it that holds `values`; `lent` collects what is to be given back. */
function placed<D extends FloatDType>(kernels: Kernels, values: Tensor<D>, where: Layout, lent: Tensor[]): Tensor<D> {
  const source = where.turned ? transpose(values) : values;
  const [rows = 0, columns = 0] = source.shape;
  const shape = [rows + 2, columns + where.gap];
  const borrowed = where.resident ? kernels.workspace!.borrow(values.dtype, shape) : undefined;
  if (borrowed !== undefined) lent.push(borrowed);
  const whole = borrowed ?? zeros(values.dtype, shape);
  whole.data.fill(rogue);
  const view = slice(whole, [
    [1, rows + 1],
    [0, columns],
  ]);
  const [rowStride = 0, columnStride = 0] = source.strides;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      whole.data[view.offset + i * (columns + where.gap) + j] =
        source.data[source.offset + i * rowStride + j * columnStride]!;
    }
  }
  return where.turned ? transpose(view) : view;
}

describe.each([...bothKernels])('products in the linear memory, %s', (_name, kernels) => {
  it('have the same bits wherever operands and output lie', () => {
    const drawn = fc.record({
      m: extent,
      k: extent,
      n: extent,
      types: fc.tuple(dtype, dtype, dtype),
      layouts: fc.tuple(layout, layout, layout),
      alpha: fc.constantFrom(1, -1, 0.5),
      beta: fc.constantFrom(0, 1, -0.5),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(drawn, ({ m, k, n, types, layouts, alpha, beta, seed }) => {
        const [a, b, c] = [
          seeded(types[0], [m, k], seed),
          seeded(types[1], [k, n], seed + 1),
          seeded(types[2], [m, n], seed + 2),
        ];
        const lent: Tensor[] = [];
        const results = [false, true].map((resident) => {
          const at = (index: 0 | 1 | 2) => ({ ...layouts[index], resident: resident && layouts[index].resident });
          const out = placed(kernels, c, at(2), lent);
          const call = { a: placed(kernels, a, at(0), lent), b: placed(kernels, b, at(1), lent), out, alpha, beta };
          const [before, beforeB] = [call.a.data.slice(), call.b.data.slice()];
          kernels.matmul(call);
          expect(call.a.data).toEqual(before);
          expect(call.b.data).toEqual(beforeB);
          return [...out.data];
        });
        for (const tensor of lent) kernels.workspace!.release(tensor);
        // Rogue values around the views included.
        expect(results[1]).toEqual(results[0]);
      }),
      { numRuns: runs(150) },
    );
  });
});
