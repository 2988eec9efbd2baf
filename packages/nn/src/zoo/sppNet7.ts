/**
 * The 7-convolution network of He, Zhang, Ren, Sun 2014 ("Overfeat-7" with spatial pyramid pooling), the one whose
 * acceleration Zhang, Zou, Ming, He, Sun (CVPR 2015, arXiv 1411.4229; TPAMI 2016, arXiv 1505.06798) report as SPP-10.
 *
 * | layer     | filters  | stride | padding | output  |
 * |-----------|----------|--------|---------|---------|
 * | conv1     | 96 7×7   | 2      | 0       | 109×109 |
 * | pool1     | max 3×3  | 3      | ceil    | 37×37   |
 * | conv2     | 256 5×5  | 1      | 1       | 35×35   |
 * | pool2     | max 2×2  | 2      | ceil    | 18×18   |
 * | conv3 … 7 | 512 3×3  | 1      | 1       | 18×18   |
 * | spp       | levels 6, 3, 2, 1             | 25600   |
 * | fc6, fc7, fc8 | 4096, 4096, classes; softmax      |
 *
 * A relu stands after every layer but fc8. The convolutions cost 4,360,158,240 multiply-adds. The authors set the rank of
 * conv1 to 32 by hand (`fixedRanks`). Paddings are not printed in the papers; these reproduce every printed share of the cost.
 * Local response normalisation, where the original had it, is left out, as in the papers' cost tables.
 */

import type { InitializeOptions } from '../initialize.ts';
import type { Model } from '../model.ts';
import { sequential } from '../sequential.ts';
import { imageNetPreprocessing } from './imageNetPreprocessing.ts';

export interface ZooOptions extends InitializeOptions {
  /** Outputs of the last layer. Default 1000. */
  readonly classes?: number;
}

/**
 * The 7-convolution network, untrained, for 3×224×224 images. Initialised it holds 137 M parameters (548 MB);
 * `{ initialize: false }` makes the same graph without them.
 * @throws ShapeError when `classes` is not a positive integer.
 * @example
 * import { modelCost, sppNet7 } from '@rankwise/nn';
 * modelCost(sppNet7({ initialize: false })).convMacs // => 4360158240
 */
export function sppNet7(options: ZooOptions = {}): Model {
  let chain = sequential('spp-net-7', [3, 224, 224], options)
    .conv('conv1', { filters: 96, kernel: 7, stride: 2 })
    .relu('relu1')
    .maxPool('pool1', { kernel: 3, stride: 3, ceil: true })
    .conv('conv2', { filters: 256, kernel: 5, padding: 1 })
    .relu('relu2')
    .maxPool('pool2', { kernel: 2, stride: 2, ceil: true });
  for (const number of [3, 4, 5, 6, 7]) {
    chain = chain.conv(`conv${number}`, { filters: 512, kernel: 3, padding: 1 }).relu(`relu${number}`);
  }
  return chain
    .spatialPyramidPool([6, 3, 2, 1], 'spp')
    .linear('fc6', { outputs: 4096 })
    .relu('fc6/relu')
    .linear('fc7', { outputs: 4096 })
    .relu('fc7/relu')
    .linear('fc8', { outputs: options.classes ?? 1000 })
    .softmax('softmax')
    .build({ fixedRanks: { conv1: 32 }, preprocessing: imageNetPreprocessing });
}
