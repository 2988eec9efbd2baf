/**
 * The whole convolution stack of the 7-convolution model on one 224 × 224 image, original and at 4×: convolutions, relus and
 * max pools up to the relu of conv7, without spatial pyramid pooling and the linear layers.
 */

import { modelCost, sequential, sppNet7 } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';

import { addConvolution, ranks4x, sevenConvShapes } from './layers.ts';
import type { NetworkWorkload } from './workload.ts';

/** One set: original and 4× are timed in turn, so that their quotient is the measured speed-up. */
export function stackWorkloads(): NetworkWorkload[] {
  const original = stackWorkload('stack/original', '7 convolutions, 224×224', []);
  const { convMacs } = modelCost(sppNet7({ initialize: false }));
  if (original.macs !== convMacs) throw new Error(`stackWorkloads: expected ${convMacs} macs, got ${original.macs}`);
  return [original, stackWorkload('stack/4x', `the same at 4×, ranks ${ranks4x.join(' ')}`, ranks4x)];
}

function stackWorkload(name: string, description: string, ranks: readonly number[]): NetworkWorkload {
  const build = (initialize: boolean): Model => {
    let chain = sequential(name, [3, 224, 224], { initialize });
    for (const [index, shape] of sevenConvShapes.entries()) {
      chain = addConvolution(chain, shape, ranks[index]).relu(`${shape.name}/relu`);
      if (shape.name === 'conv1') chain = chain.maxPool('pool1', { kernel: 3, stride: 3, ceil: true });
      if (shape.name === 'conv2') chain = chain.maxPool('pool2', { kernel: 2, stride: 2, ceil: true });
    }
    return chain.build();
  };
  const { convMacs: macs } = modelCost(build(false));
  return { kind: 'network', group: 'stack', name, description, images: 1, macs, model: () => build(true) };
}
