/** One convolution of random geometry, and what its replacements are compared with. */

import type { LowRankMap } from '@rankwise/approx';
import { sequential } from '@rankwise/nn';
import type { ConvSpec, Model } from '@rankwise/nn';
import { zeros } from '@rankwise/tensor';
import type { Random, Tensor } from '@rankwise/tensor';
import { at } from '../kit/matrices/gallery.ts';

/** Every stride, padding and dilation up to 2, every kernel up to 3×3; all parameters from `draw`. */
export function oneConvolution(random: Random, draw: () => number, spec: Partial<ConvSpec> = {}): Model {
  const model = sequential('one', [1 + random.integer(3), 7, 8], { seed: 1 })
    .conv('conv', {
      filters: 2 + random.integer(4),
      kernel: [1 + random.integer(3), 1 + random.integer(3)],
      stride: [1 + random.integer(2), 1 + random.integer(2)],
      padding: [random.integer(2), random.integer(2), random.integer(2), random.integer(2)],
      dilation: [1 + random.integer(2), 1 + random.integer(2)],
      ...spec,
    })
    .build();
  for (const parameter of Object.values(model.parameters)) parameter.data.forEach((_, i, all) => (all[i] = draw()));
  return model;
}

/** Images whose elements come from `draw`. */
export function drawnImages(model: Model, count: number, draw: () => number): Tensor<'f32'> {
  const images = zeros('f32', [count, ...model.input.shape]);
  images.data.forEach((_, i, all) => (all[i] = draw()));
  return images;
}

/** Σ_j M_ij y_j + b_i of a [images, d, h, w] map, and the sum of magnitudes. */
export function mapped(y: Tensor<'f32'>, map: LowRankMap): { value: Float64Array; magnitude: Float64Array } {
  const [images = 0, d = 0, height = 0, width = 0] = y.shape;
  const area = height * width;
  const value = new Float64Array(y.data.length);
  const magnitude = new Float64Array(y.data.length);
  const rank = map.left.shape[1]!;
  for (let image = 0; image < images; image++) {
    for (let p = 0; p < area; p++) {
      for (let i = 0; i < d; i++) {
        const place = (image * d + i) * area + p;
        value[place] = map.offset[i]!;
        magnitude[place] = Math.abs(map.offset[i]!);
        for (let k = 0; k < rank; k++) {
          for (let j = 0; j < d; j++) {
            const term = at(map.left, i, k) * at(map.right, k, j) * y.data[(image * d + j) * area + p]!;
            value[place]! += term;
            magnitude[place]! += Math.abs(term);
          }
        }
      }
    }
  }
  return { value, magnitude };
}

/** The model with the magnitude of every weight and bias, for bounds. */
export function inMagnitudes(model: Model): Model {
  const entries = Object.entries(model.parameters).map(([name, p]) => [name, { ...p, data: p.data.map(Math.abs) }]);
  return { ...model, parameters: Object.fromEntries(entries) };
}
