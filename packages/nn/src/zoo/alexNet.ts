/**
 * The network of Krizhevsky, Sutskever, Hinton 2012 on one device: no split over two GPUs, so every convolution sees all the
 * channels before it (one group). Its local response normalisation is omitted: it has no weights, costs little, and
 * later networks showed that it does not help; so this is the shape and the cost of AlexNet, not a loader for its
 * published weights. Input 3×227×227, with which conv1's 55×55 outputs come out without padding.
 *
 * | layer | filters | stride | padding | output |
 * |---|---|---|---|---|
 * | conv1 | 96 11×11 | 4 | 0 | 55×55, then max pool 3×3 stride 2: 27×27 |
 * | conv2 | 256 5×5 | 1 | 2 | 27×27, then max pool 3×3 stride 2: 13×13 |
 * | conv3, conv4 | 384 3×3 | 1 | 1 | 13×13 |
 * | conv5 | 256 3×3 | 1 | 1 | 13×13, then max pool 3×3 stride 2: 6×6 |
 * | fc6, fc7, fc8 | 4096, 4096, classes | | | softmax |
 */

import type { Model } from '../model.ts';
import { sequential } from '../sequential.ts';
import { imageNetPreprocessing } from './imageNetPreprocessing.ts';
import type { ZooOptions } from './sppNet7.ts';

/**
 * AlexNet without GPU split and without local response normalisation, untrained (62 M weights, 250 MB).
 * @throws ShapeError when `classes` is not a positive integer.
 * @example
 * import { alexNet, modelCost } from '@rankwise/nn';
 * modelCost(alexNet({ initialize: false })).convMacs // => 1076634144
 */
export function alexNet(options: ZooOptions = {}): Model {
  const pool = { kernel: 3, stride: 2 };
  return sequential('alexnet', [3, 227, 227], options)
    .conv('conv1', { filters: 96, kernel: 11, stride: 4 })
    .relu('relu1')
    .maxPool('pool1', pool)
    .conv('conv2', { filters: 256, kernel: 5, padding: 2 })
    .relu('relu2')
    .maxPool('pool2', pool)
    .conv('conv3', { filters: 384, kernel: 3, padding: 1 })
    .relu('relu3')
    .conv('conv4', { filters: 384, kernel: 3, padding: 1 })
    .relu('relu4')
    .conv('conv5', { filters: 256, kernel: 3, padding: 1 })
    .relu('relu5')
    .maxPool('pool5', pool)
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
