/**
 * A trained network on real photographs: 16 of Fashion-MNIST's test set, whose logits another implementation (f32, other
 * summation order) has computed.
 *
 * How far two correct f32 passes may lie apart: a sum of k terms carries k + 1 roundings, and rounding errors are
 * close to independent with mean 0, so they add like a random walk (Higham, Mary 2019, SIAM J. Sci. Comput. 41(5), theorem 2.4:
 * the relative error of a k-term product is of order √k u). Along the deepest path, over layers of k_l terms, that makes
 * √(Σ k_l) u for each of the two passes, relative to the largest logit. Observed: 0.01 of the bound.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { forward, loadModel, modelCost, preprocessImages, topK } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { hasDType, readSafetensors, sizeOf } from '@rankwise/tensor';
import type { DType, Tensor } from '@rankwise/tensor';
import { expectWithin, unitRoundoff } from '../kit/rounding.ts';
import { valueOf } from './values.ts';

const model = loadModel(readFileSync(new URL('../../examples/data/fashion-chain.safetensors', import.meta.url)));
const fixture = readSafetensors(readFileSync(new URL('../fixtures/nn/fashion-chain-16.safetensors', import.meta.url)));

function fixtureTensor<D extends DType>(name: string, dtype: D): Tensor<D> {
  const tensor = fixture.tensors[name];
  if (tensor === undefined || !hasDType(tensor, dtype)) throw new Error(`no ${dtype} ${name} in the fixture`);
  return tensor;
}

/** Σ k_l over the convolutions and linear layers: the terms of one output of each. */
function termsAlongPath({ nodes, parameters }: Model): number {
  const weights = nodes.flatMap((node) => ('weight' in node ? [parameters[node.weight]?.shape.slice(1) ?? []] : []));
  return weights.reduce((sum, shape) => sum + sizeOf(shape), 0);
}

describe('fashion-chain', () => {
  it('is the network it says it is', () => {
    expect(modelCost(model).convMacs).toBe(81_623_808);
    expect(model.classNames?.[9]).toBe('ankle boot');
    expect(model.preprocessing?.channelOrder).toBe('grey');
  });

  it('gives the reference logits, and the right answers', () => {
    const images = preprocessImages(model, fixtureTensor('images', 'u8'));
    const { output, taps } = forward(model, images, { taps: ['conv7'] });
    const expected = fixtureTensor('logits', 'f32');
    expect(output.shape).toEqual([16, 10]);
    const largest = Math.max(...expected.data.map(Math.abs));
    const bound = 2 * Math.sqrt(termsAlongPath(model)) * unitRoundoff.f32 * largest;
    for (const [index, logit] of expected.data.entries()) {
      expectWithin(output.data[index] ?? NaN, logit, bound, `logit ${index}`);
    }
    expect(topK(output, fixtureTensor('labels', 'i32'), [1])).toEqual([1]);
    // The last convolution's responses are those before the relu: mostly negative.
    expect(valueOf(taps, 'conv7').data.some((response) => response < 0)).toBe(true);
  });
});
