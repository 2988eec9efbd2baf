/** The solver's element-wise step on the emitted kernels, against the plain loop of the solver. */

import fc from 'fast-check';
import { DomainError, full, ShapeError } from '@rankwise/tensor';
import type { AuxiliaryStepCall, AuxiliaryStepSums, FloatDType, Tensor } from '@rankwise/tensor';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { reluStepInPlace as reference } from '../../packages/approx/src/solve/auxiliaryStep.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { expectSameElements } from '../kit/sameElements.ts';
import { seeded } from '../kit/seededTensors.ts';
import type { Values } from '../kit/seededTensors.ts';

const kernels = await createSimdKernels();
const threaded = await createSimdKernels({ threads: 2 });
afterAll(() => {
  kernels.dispose();
  threaded.dispose();
});

function step(call: AuxiliaryStepCall, { auxiliaryStepInPlace } = kernels): AuxiliaryStepSums {
  if (auxiliaryStepInPlace === undefined) throw new Error('expected kernels with the step');
  return auxiliaryStepInPlace(call);
}

interface Case {
  readonly rows: number;
  readonly width: number;
  readonly lambda: number;
  readonly seed: number;
  /** Of the predictions; f64 unless it says f32. */
  readonly dtype?: FloatDType;
}

/** A call of its own: views with offsets, sums that start at 3 and −2. */
function makeCall({ rows, width, lambda, seed, dtype = 'f64' }: Case, values: Values): AuxiliaryStepCall {
  return {
    nonlinearity: 'relu',
    target: seeded('f32', [rows, width], seed, { values, offset: seed % 5 }),
    predicted: seeded(dtype, [rows, width], seed + 1, { values, offset: seed % 3 }),
    offset: seeded('f64', [width], seed + 2, { values }).data,
    lambda,
    auxiliarySum: full('f64', [width], 3).data,
    shiftSum: full('f64', [width], -2).data,
  };
}

const keys = ['nonlinear', 'relaxed', 'shiftSquares', 'auxiliarySquares'] as const;

/** |y'|, |y| and |z| are at most 2 for noise in (−1, 1) with an offset of that size: so is every term of a column's sum. */
const largest = 2;

function expectLikeReference(which: Case, values: Values): void {
  const ours = makeCall(which, values);
  const theirs = makeCall(which, values);
  const sums = step(ours);
  const expected = reference(theirs);
  expectSameElements(ours.predicted.data, theirs.predicted.data);
  // Two sums of n terms of one sign, each off by γ_{n+6} at most.
  const exact = values === 'integers' && which.lambda === 1;
  const bound = exact ? 0 : 2 * gamma(which.rows * which.width + 6, 'f64');
  for (const key of keys) expectWithin(sums[key], expected[key], bound * expected[key], key);
  for (const key of ['auxiliarySum', 'shiftSum'] as const) {
    const scale = exact ? 0 : 2 * gamma(which.rows + 6, 'f64') * (3 + largest * which.rows);
    ours[key].forEach((sum, j) => expectWithin(sum, theirs[key][j]!, scale, `${key} ${j}`));
  }
}

describe('auxiliaryStepInPlace', () => {
  it('by hand: λ = 1', () => {
    const call: AuxiliaryStepCall = {
      nonlinearity: 'relu',
      target: { dtype: 'f32', shape: [2, 3], strides: [3, 1], offset: 0, data: Float32Array.of(3, -5, -2, 3, 1, -0) },
      predicted: { dtype: 'f64', shape: [2, 3], strides: [3, 1], offset: 0, data: Float64Array.of(0, 1, -3, 2, -4, 0) },
      offset: Float64Array.of(1, 1, 2),
      lambda: 1,
      auxiliarySum: Float64Array.of(10, 0, 0),
      shiftSum: Float64Array.of(0, 20, 0),
    };
    // (r, y'): (3, 1) → 2, (0, 2) → 1, (0, −1) → −1, (3, 3) → 3, (1, −3) → −3, (0, 2) → 1.
    expect(step(call)).toEqual({
      nonlinear: 4 + 4 + 1 + 4,
      relaxed: 2 + 2 + 1 + 2,
      shiftSquares: 3,
      auxiliarySquares: 25,
    });
    expect([...call.predicted.data]).toEqual([1, -1, 0, 0, 0, -1]);
    expect([...call.auxiliarySum]).toEqual([15, -2, 0]);
    expect([...call.shiftSum]).toEqual([1, 19, -1]);
  });

  it.each([0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 67, 128, 129])(
    '%i rows, around the groups of 4 and 64: exact',
    (rows) => {
      for (const width of [0, 1, 2, 3, 6]) {
        for (const dtype of ['f32', 'f64'] as const) {
          expectLikeReference({ rows, width, lambda: 1, seed: rows + width, dtype }, 'integers');
        }
      }
    },
  );

  it('rows of several windows, with a rest', () => {
    // A window is 256 KiB of 8 or 12 bytes an element, at least 64 rows.
    expectLikeReference({ rows: 70, width: 1001, lambda: 1, seed: 1 }, 'integers');
    expectLikeReference({ rows: 500, width: 65, lambda: 0.01, seed: 2 }, 'noise');
    expectLikeReference({ rows: 700, width: 65, lambda: 0.01, seed: 3, dtype: 'f32' }, 'noise');
  });

  it.each(['f32', 'f64'] as const)('steps %s predictions in the linear memory where they are', (dtype) => {
    const which = { rows: 700, width: 65, lambda: 0.3, seed: 5, dtype };
    for (const made of [kernels, threaded]) {
      const { workspace } = made;
      const call = makeCall(which, 'noise');
      const resident = workspace?.borrow(dtype, [702, 65]);
      if (resident === undefined) throw new Error('expected room');
      resident.data.fill(7);
      resident.data.set(call.predicted.data.subarray(call.predicted.offset), 65);
      const inside = { ...resident, shape: [700, 65], offset: 65 };
      const expected = makeCall(which, 'noise');
      expect(step({ ...call, predicted: inside }, made)).toEqual(step(expected));
      for (const key of ['auxiliarySum', 'shiftSum'] as const) expectSameElements(call[key], expected[key]);
      const { data, offset } = expected.predicted;
      expectSameElements(resident.data.slice(65, 65 * 701), data.slice(offset, offset + 65 * 700));
      for (const row of [0, 701])
        expect(resident.data.subarray(65 * row, 65 * row + 65)).toEqual(resident.data.slice(0, 65).fill(7));
      workspace?.release(resident);
    }
  });

  it('has the reference’s bits in every element and its sums within rounding', () => {
    const cases = fc.record({
      rows: fc.integer({ min: 1, max: 140 }),
      width: fc.integer({ min: 1, max: 9 }),
      lambda: fc.oneof(
        fc.constantFrom(0.01, 1, 1 / 3),
        fc.integer({ min: -30, max: 30 }).map((e) => 2 ** e),
      ),
      seed: fc.nat(1e6),
      dtype: fc.constantFrom<FloatDType>('f32', 'f64'),
    });
    fc.assert(
      fc.property(cases, fc.constantFrom<Values>('noise', 'integers'), (which, values) => {
        expectLikeReference(which, values);
      }),
      { numRuns: runs() },
    );
  });

  it('has the same bits on two threads', () => {
    const which = { rows: 1024, width: 65, lambda: 0.3, seed: 9 };
    const one = makeCall(which, 'noise');
    const two = makeCall(which, 'noise');
    expect(step(two, threaded)).toEqual(step(one));
    for (const key of ['auxiliarySum', 'shiftSum'] as const) expectSameElements(two[key], one[key]);
    expectSameElements(two.predicted.data, one.predicted.data);
  });

  it('writes nothing beside the chunk', () => {
    const call = makeCall({ rows: 5, width: 3, lambda: 1, seed: 4 }, 'noise');
    const data = new Float64Array(21).fill(7);
    data.set(call.predicted.data.subarray(call.predicted.offset), 3);
    step({ ...call, predicted: { ...call.predicted, data, offset: 3 } });
    expect([...data.subarray(0, 3), ...data.subarray(18)]).toEqual([7, 7, 7, 7, 7, 7]);
  });

  it.each<readonly [string, Partial<AuxiliaryStepCall>, new (message: string) => Error]>([
    ['another shape', { target: seeded('f32', [3, 2], 1) }, ShapeError],
    ['a strided view', { predicted: seeded('f64', [2, 3], 1, { transposed: true }) }, ShapeError],
    ['a short column', { shiftSum: new Float64Array(2) }, ShapeError],
    ['λ = NaN', { lambda: NaN }, DomainError],
  ])('refuses %s and writes nothing', (_, change, kind) => {
    const wrong = { ...makeCall({ rows: 2, width: 3, lambda: 1, seed: 0 }, 'noise'), ...change };
    const before = wrong.predicted.data.slice();
    expect(() => step(wrong)).toThrow(kind);
    expectSameElements(wrong.predicted.data, before);
  });

  it('refuses predictions that overlap a sum', () => {
    const call = makeCall({ rows: 2, width: 3, lambda: 1, seed: 0 }, 'noise');
    const data = new Float64Array(9);
    const predicted: Tensor<'f64'> = { ...call.predicted, dtype: 'f64', data, offset: 0 };
    const wrong = { ...call, predicted, shiftSum: data.subarray(5, 8) };
    expect(() => step(wrong)).toThrow(/predicted: expected memory of its own, got a tensor that overlaps shiftSum/);
  });
});
