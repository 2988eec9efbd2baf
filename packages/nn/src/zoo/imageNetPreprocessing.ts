/**
 * How photographs become input of the zoo's networks: the mean and the standard deviation of ImageNet's training photographs per
 * channel, on 0…255, as most trained networks take them. (The papers subtract a mean and leave the scale; the zoo's weights are random, so only
 * that the input is of unit size matters here.)
 */

import type { Preprocessing } from '../model.ts';

export const imageNetPreprocessing: Preprocessing = {
  scale: 1,
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
  channelOrder: 'RGB',
};
