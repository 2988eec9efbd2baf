/**
 * Milliseconds beside the theory: both networks run on the same images by turns, and medians are compared, so that a machine that
 * slows down for a while slows both.
 */

import { DomainError, ShapeError, referenceKernels } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import type { MeasuredSpeedup } from './report.ts';

/** Turns counted; one more of each goes first to let the engine compile. */
const defaultTurns = 5;

/**
 * Times two models against each other.
 * @param images - f32 [images, channels, height, width], as the models want them
 * @param turns - timed runs of each
 * @throws ShapeError when there are no images; DomainError when turns is not a positive integer; and what forward throws.
 * @example
 * import { measureSpeedup } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 4, 4], { seed: 1 }).conv('conv1', { filters: 2, kernel: 3 }).build();
 * const { images, speedup } = measureSpeedup(model, model, zeros('f32', [3, 1, 4, 4]));
 * images // => 3
 * speedup > 0 // => true
 */
export function measureSpeedup(
  original: Model,
  approximated: Model,
  images: Tensor<'f32'>,
  kernels: Kernels = referenceKernels,
  turns = defaultTurns,
): MeasuredSpeedup {
  if (!Number.isInteger(turns) || turns < 1) {
    throw new DomainError(`measureSpeedup: turns: expected a positive integer, got ${turns}`);
  }
  const count = images.shape[0] ?? 0;
  if (count === 0) throw new ShapeError('measureSpeedup: images: expected at least one image, got none');
  const times = { original: new Float64Array(turns), approximated: new Float64Array(turns) };
  for (let turn = -1; turn < turns; turn++) {
    const first = milliseconds(original, images, kernels) / count;
    const second = milliseconds(approximated, images, kernels) / count;
    if (turn >= 0) {
      times.original[turn] = first;
      times.approximated[turn] = second;
    }
  }
  const originalMilliseconds = median(times.original);
  const approximatedMilliseconds = median(times.approximated);
  return {
    kernels: kernels.name,
    threads: kernels.threads,
    features: kernels.features,
    images: count,
    originalMilliseconds,
    approximatedMilliseconds,
    speedup: originalMilliseconds / approximatedMilliseconds,
  };
}

function milliseconds(model: Model, images: Tensor<'f32'>, kernels: Kernels): number {
  const start = performance.now();
  forward(model, images, { kernels });
  return performance.now() - start;
}

function median(values: Float64Array): number {
  const sorted = values.toSorted();
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
