/**
 * Cuts a call into parts for workers that share no memory: over outputs, never over the summed dimension, so that each element of the
 * result is computed as in the whole call, bit by bit. Pure: nothing of the call is changed.
 */

import { copyOf, slice, zeros } from '@rankwise/tensor';
import type { Conv2dCall, Conv2dExtents, FloatDType, MatmulCall, Tensor } from '@rankwise/tensor';
import type { ConvolutionWay } from '../plan/convolutionPlan.ts';
import type { ProductWay } from '../run/matmul.ts';
import type { KernelWork } from './kernelMessages.ts';

export interface KernelPart {
  /** On tensors of its own. */
  readonly work: KernelWork;
  /** Where the part's output belongs: a view of the caller's. */
  readonly target: Tensor<FloatDType>;
}

type Range = readonly [from: number, to: number];

/** Cut along the longer axis of `out`. */
export function matmulParts(call: MatmulCall, way: ProductWay, count: number): readonly KernelPart[] {
  const [m = 0, n = 0] = call.out.shape;
  return evenRanges(Math.max(m, n), count).map((range) => {
    const rows = m >= n ? range : undefined;
    const columns = m >= n ? undefined : range;
    const target = slice(call.out, [rows, columns]);
    const { rowBias } = call;
    return {
      target,
      work: {
        kind: 'matmul',
        way,
        call: {
          ...call,
          a: copyOf(slice(call.a, [rows])),
          b: copyOf(slice(call.b, [undefined, columns])),
          out: outputLike(call, target),
          ...(rowBias === undefined ? {} : { rowBias: copyOf(slice(rowBias, [rows])) }),
        },
      },
    };
  });
}

/** Cut over images where they divide evenly or are many, else over groups, or over the filters of the only group. */
export function conv2dParts(
  call: Conv2dCall,
  extents: Conv2dExtents,
  plan: ConvolutionWay,
  count: number,
): readonly KernelPart[] {
  const { images, groups, channels, filters } = extents;
  const part = (imageRange: Range | undefined, channelRange: Range | undefined, filterRange: Range | undefined) => {
    const target = slice(call.output, [imageRange, filterRange]);
    return {
      target,
      work: {
        kind: 'conv2d',
        plan,
        call: {
          ...call,
          groups: channelRange === undefined ? groups : (channelRange[1] - channelRange[0]) / channels,
          input: copyOf(slice(call.input, [imageRange, channelRange])),
          weight: copyOf(slice(call.weight, [filterRange])),
          output: zeros('f32', target.shape),
          ...(call.bias === undefined ? {} : { bias: copyOf(slice(call.bias, [filterRange])) }),
        },
      },
    } as const;
  };
  if (images % count === 0 || images >= 4 * count)
    return evenRanges(images, count).map((range) => part(range, undefined, undefined));
  if (groups > 1) {
    return evenRanges(groups, count).map(([from, to]) =>
      part(undefined, [from * channels, to * channels], [from * filters, to * filters]),
    );
  }
  return evenRanges(filters, count).map((range) => part(undefined, undefined, range));
}

/** [0, extent) in at most `count` ranges whose lengths differ by one at most; none is empty. */
export function evenRanges(extent: number, count: number): readonly Range[] {
  const parts = Math.min(extent, count);
  return Array.from({ length: parts }, (_, index) => [
    Math.floor((index * extent) / parts),
    Math.floor(((index + 1) * extent) / parts),
  ]);
}

/** An output of its own for a part, with the old contents where they count. */
function outputLike({ out, beta = 0 }: MatmulCall, target: Tensor<FloatDType>): Tensor<FloatDType> {
  return beta === 0 ? zeros(out.dtype, target.shape) : copyOf(target);
}
