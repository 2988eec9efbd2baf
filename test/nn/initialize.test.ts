/** He initialisation: the same seed gives the same weights, and they have the variance they should. */

import { describe, expect, it } from 'vitest';
import { sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { DomainError, full } from '@rankwise/tensor';

function build(seed: number): Model {
  return sequential('wide', [64, 6, 6], { seed })
    .conv('conv1', { filters: 256, kernel: 3 })
    .relu()
    .conv('conv2', { filters: 64, kernel: 1 })
    .build();
}

describe('He initialisation', () => {
  it('follows the seed and the name, not the place in the chain', () => {
    expect(build(5).parameters).toEqual(build(5).parameters);
    expect(build(5).parameters['conv1.weight']?.data).not.toEqual(build(6).parameters['conv1.weight']?.data);
    const shifted = sequential('wide', [256, 4, 4], { seed: 5 }).conv('conv2', { filters: 64, kernel: 1 }).build();
    expect(shifted.parameters['conv2.weight']).toEqual(build(5).parameters['conv2.weight']);
  });

  it('has mean 0 and variance 2 / fan-in, and biases of 0', () => {
    const { parameters } = build(1);
    const weight = parameters['conv1.weight']?.data ?? new Float32Array();
    const n = weight.length;
    expect(n).toBe(256 * 64 * 9);
    // Of n standard normals, the mean has deviation 1 / √n and the mean square √(2 / n): five of them are never exceeded.
    const standard = Float64Array.from(weight, (value) => value / Math.sqrt(2 / (64 * 9)));
    const mean = standard.reduce((sum, value) => sum + value, 0) / n;
    const square = standard.reduce((sum, value) => sum + value * value, 0) / n;
    expect(Math.abs(mean) * Math.sqrt(n)).toBeLessThan(5);
    expect(Math.abs(square - 1) * Math.sqrt(n / 2)).toBeLessThan(5);
    expect(parameters['conv1.bias']).toEqual(full('f32', [256], 0));
  });

  it('refuses a seed that createRandom refuses', () => {
    expect(() => build(-1)).toThrow(DomainError);
  });
});
