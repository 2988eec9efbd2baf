/** Products with an operand that stays: its packed form is kept, and nothing else changes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slice, transpose, zeros } from '@rankwise/tensor';
import { matmul } from '../../packages/simd/src/run/matmul.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { bothMachines } from './support.ts';

const extent = fc.constantFrom(9, 12, 13, 24, 31, 37, 48, 65);

describe.each(await bothMachines())('a constant operand with %s', (_, machine) => {
  it('gives the bits of one that is not, in either place and orientation, at the first call and the next', () => {
    const drawn = fc.record({
      m: extent,
      n: extent,
      k: fc.integer({ min: 1, max: 40 }),
      constant: fc.constantFrom('a' as const, 'b' as const),
      turned: fc.boolean(),
      dtype: fc.constantFrom('f32' as const, 'f64' as const),
    });
    fc.assert(
      fc.property(drawn, ({ m, n, k, constant, turned, dtype }) => {
        const [a, b] = [seeded(dtype, [m, k], 1), seeded('f32', [k, n], 2)];
        const output = () => (turned ? transpose(zeros(dtype, [n, m])) : zeros(dtype, [m, n]));
        const expected = output();
        matmul(machine, { a, b, out: expected });
        for (let turn = 0; turn < 2; turn++) {
          const out = output();
          matmul(machine, { a, b, out, constant });
          expect(out.data).toEqual(expected.data);
        }
        const other = constant === 'a' ? { a, b: seeded('f32', [k, n], 3) } : { a: seeded(dtype, [m, k], 3), b };
        const [kept, fresh] = [output(), output()];
        matmul(machine, { ...other, out: kept, constant });
        matmul(machine, { ...other, out: fresh });
        expect(kept.data).toEqual(fresh.data);
      }),
      { numRuns: runs() },
    );
    machine.weights.clear();
  });

  it('is packed once, and views of one array are told apart', () => {
    const a = seeded('f32', [40, 30], 1);
    const b = seeded('f32', [30, 20], 2);
    const multiply = (left: typeof a) => {
      const out = zeros('f32', [left.shape[0]!, 20]);
      matmul(machine, { a: left, b, out, constant: 'a' });
      return out.data;
    };
    const whole = multiply(a);
    const { bytes } = machine.weights;
    expect(bytes).toBeGreaterThanOrEqual(40 * 30 * 4);
    expect(multiply(a)).toEqual(whole);
    expect(machine.weights.bytes).toBe(bytes);
    expect(multiply(slice(a, [[20]]))).toEqual(whole.slice(20 * 20));
    expect(multiply(slice(a, [[0, 20]]))).toEqual(whole.slice(0, 20 * 20));
    machine.weights.clear();
  });
});
