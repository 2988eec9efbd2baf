/** The reference convolution without minimal filtering: by hand, integers, bound, and the direct loops bit for bit. */

import fc from 'fast-check';
import { conv2dDirect, createReferenceKernels, full, fromNested, toNested, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { conv2dBound, expectWithin } from '../kit/kernelBounds.ts';
import { conv2dCallOf, conv2dCases } from '../kit/kernelCalls.ts';
import { runs } from '../kit/runs.ts';

const { conv2d } = createReferenceKernels({ winograd: false });
const plain = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;

describe('conv2d by hand', () => {
  const input = fromNested('f32', [
    [
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
    ],
  ]);
  const weight = fromNested('f32', [
    [
      [
        [1, 10],
        [100, 1000],
      ],
    ],
  ]);

  it('correlates, without flipping the kernel', () => {
    const output = zeros('f32', [1, 1, 2, 2]);
    conv2d({ input, weight, output, ...plain });
    expect(toNested(output)).toEqual([
      [
        [
          [5421, 6532],
          [8754, 9865],
        ],
      ],
    ]);
  });

  it('pads each side by its own amount: top, left, bottom, right', () => {
    const output = zeros('f32', [1, 1, 3, 2]);
    conv2d({ input, weight, output, ...plain, padding: [1, 0, 0, 0] });
    expect(toNested(output)).toEqual([
      [
        [
          [2100, 3200],
          [5421, 6532],
          [8754, 9865],
        ],
      ],
    ]);
    const right = zeros('f32', [1, 1, 2, 3]);
    conv2d({ input, weight, output: right, ...plain, padding: [0, 0, 0, 1] });
    expect(toNested(right)).toEqual([
      [
        [
          [5421, 6532, 603],
          [8754, 9865, 906],
        ],
      ],
    ]);
  });

  it('strides and dilates', () => {
    const output = zeros('f32', [1, 1, 1, 1]);
    conv2d({ input, weight, output, ...plain, dilation: [2, 2] });
    expect(toNested(output)).toEqual([[[[9731]]]]);
    conv2d({ input, weight, output, ...plain, stride: [2, 2] });
    expect(toNested(output)).toEqual([[[[5421]]]]);
  });
});

/** Shapes about the panel width. */
const extents = conv2dCases();

describe('conv2d laws', () => {
  it('keeps the promised bound', () => {
    fc.assert(
      fc.property(extents, (drawn) => {
        const call = conv2dCallOf(drawn, 'noise');
        conv2d(call);
        expectWithin(call.output.data.subarray(call.output.offset), conv2dBound(call));
      }),
      { numRuns: runs() },
    );
  });

  it('equals the direct loops bit for bit, and the exact integers', () => {
    fc.assert(
      fc.property(extents, fc.constantFrom<'noise' | 'integers'>('noise', 'integers'), (drawn, values) => {
        const call = conv2dCallOf(drawn, values);
        const direct = zeros('f32', call.output.shape);
        conv2d(call);
        conv2dDirect({ ...call, output: direct });
        const result = call.output.data.slice(call.output.offset);
        expect(result).toEqual(direct.data);
        if (values === 'integers') expect([...result]).toEqual([...conv2dBound(call).exact]);
      }),
      { numRuns: runs() },
    );
  });

  it('works through images in blocks when their padded input is large', () => {
    const input = full('f32', [3, 1, 1100, 1100], 1);
    const output = full('f32', [3, 1, 69, 69], NaN);
    conv2d({ input, weight: full('f32', [1, 1, 1, 1], 2), output, ...plain, stride: [16, 16] });
    expect(output.data.every((value) => value === 2)).toBe(true);
  });
});
