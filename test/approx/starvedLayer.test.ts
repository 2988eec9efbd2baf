/**
 * The case that the energy greedy gets wrong: a last layer whose variance is held by a few filters that the classifier hardly reads. The
 * greedy keeps those directions and little else, and the answers are lost; what counts is what the network makes of a layer.
 */

import {
  calibrate,
  convolutionLayers,
  outputDivergence,
  reconstruct,
  searchRanks,
  selectRanks,
} from '@rankwise/approx';
import type { RankPlan } from '@rankwise/approx';
import { forward, sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { referenceKernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { imagesFor } from './networks.ts';

const loud = 2;

/** conv3's first two filters answer thirty times as loudly as the others, and no class reads them. */
function starvingNetwork(seed: number): Model {
  const model = sequential('starving', [1, 8, 8], { seed })
    .conv('conv1', { filters: 12, kernel: 3, padding: 1 })
    .relu('relu1')
    .conv('conv2', { filters: 16, kernel: 3, padding: 1 })
    .relu('relu2')
    .conv('conv3', { filters: 16, kernel: 3 })
    .relu('relu3')
    .globalAveragePool('pool')
    .flatten('features')
    .linear('classes', { outputs: 10 })
    .build();
  const filters = model.parameters['conv3.weight']!;
  const classes = model.parameters['classes.weight']!;
  for (let i = 0; i < (loud * filters.data.length) / 16; i++) filters.data[i]! *= 30;
  for (let i = 0; i < classes.data.length; i++) classes.data[i]! *= i % 16 < loud ? 0 : 10;
  return model;
}

describe.each([1, 2, 3])('a last layer of loud filters that nothing reads, network %d', (seed) => {
  it('is starved by its energy, and kept by its effect on the answers', async () => {
    const model = starvingNetwork(seed);
    const layers = convolutionLayers(model);
    const calibration = await calibrate(model, imagesFor(model, 90), { positions: 10, heldOut: 0, seed });
    const energies = Object.fromEntries(calibration.layers.map((one) => [one.layer.name, one.energies]));
    const fresh = imagesFor(model, 60, 77);
    const answers = forward(model, fresh, { kernels: referenceKernels }).output;
    const lossOf = async (plan: RankPlan): Promise<number> => {
      const { model: cheaper } = await reconstruct(calibration, plan, { solver: 'linear' });
      return outputDivergence(answers, forward(cheaper, fresh, { kernels: referenceKernels }).output);
    };
    const speedup = 3;
    const energy = selectRanks(layers, { method: 'energy', speedup, energies });
    const uniform = selectRanks(layers, { method: 'uniform', speedup });
    const { plan, origin } = await searchRanks(calibration, { speedup }, { evaluations: 10 });
    expect(energy.ranks['conv3']).toBeLessThan(uniform.ranks['conv3']!);
    expect(plan.ranks['conv3']).toBeGreaterThan(energy.ranks['conv3']!);
    expect(origin).not.toBe('energy');
    const [byEnergy, byUniform, bySearch] = [await lossOf(energy), await lossOf(uniform), await lossOf(plan)];
    // On images that neither the fit nor the search has seen.
    expect(bySearch).toBeLessThan(byEnergy);
    expect(bySearch).toBeLessThan(byUniform * 1.1);
  });
});
