import { measureSpeedup } from '@rankwise/approx';
import { sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { createRandom, referenceKernels, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';

const images = createRandom(1).fillNormalInPlace(zeros('f32', [2, 1, 6, 6]));
const modelWith = (layers: number): Model => {
  let chain = sequential('chain', [1, 6, 6], { seed: 1 });
  for (let i = 0; i < layers; i++) chain = chain.conv(`conv${i}`, { filters: 1, kernel: 3, padding: 1 });
  return chain.build();
};

describe('measureSpeedup', () => {
  it('runs both networks by turns, one turn more than it counts', () => {
    const calls: number[] = [];
    const counting: Kernels = {
      ...referenceKernels,
      conv2d: (call) => {
        calls.push(call.input.shape[0] ?? 0);
        referenceKernels.conv2d(call);
      },
    };
    const result = measureSpeedup(modelWith(3), modelWith(1), images, counting, 2);
    expect(calls).toEqual(Array.from({ length: 3 * (3 + 1) }, () => 2));
    expect(result.images).toBe(2);
    expect(result.kernels).toBe('reference');
    expect(result.speedup).toBe(result.originalMilliseconds / result.approximatedMilliseconds);
  });

  it('refuses no turns and no images', () => {
    const model = modelWith(1);
    for (const turns of [0, -1, 1.5, Number.NaN]) {
      expect(() => measureSpeedup(model, model, images, referenceKernels, turns)).toThrow(/turns: expected a positive/);
    }
    expect(() => measureSpeedup(model, model, zeros('f32', [0, 1, 6, 6]))).toThrow(/images: expected at least one/);
  });
});
