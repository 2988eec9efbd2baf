/**
 * Configuration D of Simonyan, Zisserman 2015 (arXiv 1409.1556, table 1): 13 convolutions 3×3, stride 1, padding 1, in five
 * stages of 64, 128, 256, 512, 512 filters, each stage closed by a max pool 2×2; then fc6, fc7 of 4096 and fc8.
 * 15,470,264,320 multiply-adds and 138,357,544 parameters with 1000 classes.
 */

import type { Model } from '../model.ts';
import { sequential } from '../sequential.ts';
import { imageNetPreprocessing } from './imageNetPreprocessing.ts';
import type { ZooOptions } from './sppNet7.ts';

/** Filters of each stage and how many convolutions it has. */
const stages: readonly (readonly [number, number])[] = [
  [64, 2],
  [128, 2],
  [256, 3],
  [512, 3],
  [512, 3],
];

/**
 * VGG-16, untrained (138 M weights, 553 MB), for 3×224×224 images. Convolutions are named conv1_1 … conv5_3.
 * @throws ShapeError when `classes` is not a positive integer.
 * @example
 * import { modelCost, vgg16 } from '@rankwise/nn';
 * const { macs, parameters } = modelCost(vgg16({ initialize: false }));
 * [macs, parameters] // => [15470264320, 138357544]
 */
export function vgg16(options: ZooOptions = {}): Model {
  let chain = sequential('vgg-16', [3, 224, 224], options);
  for (const [index, [filters, depth]] of stages.entries()) {
    const stage = index + 1;
    for (let number = 1; number <= depth; number++) {
      chain = chain.conv(`conv${stage}_${number}`, { filters, kernel: 3, padding: 1 }).relu(`relu${stage}_${number}`);
    }
    chain = chain.maxPool(`pool${stage}`, { kernel: 2 });
  }
  return chain
    .flatten('flatten')
    .linear('fc6', { outputs: 4096 })
    .relu('relu6')
    .dropout('dropout6')
    .linear('fc7', { outputs: 4096 })
    .relu('relu7')
    .dropout('dropout7')
    .linear('fc8', { outputs: options.classes ?? 1000 })
    .softmax('softmax')
    .build({ preprocessing: imageNetPreprocessing });
}
