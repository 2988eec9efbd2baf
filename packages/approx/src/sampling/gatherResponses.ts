/**
 * Responses of a convolution at sampled positions, as rows of a sample matrix.
 *
 * Two ways to the same numbers (up to the rounding of the kernels): `gatherResponses` picks them out of an output map that was
 * computed anyway; `computeResponses` computes y = W x + b at those positions only, from the patches x of the layer's input.
 */

import { ShapeError, formatShape, isContiguous, reshape, slice, transpose, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import type { ConvolutionLayer } from '../layers.ts';
import type { SampledPositions } from './samplePositions.ts';

/**
 * Copies responses out of an output map.
 * @param map - f32 [images, d, height, width], contiguous: the layer's output for images [firstImage, firstImage + images)
 * @param rows - f32 [all images · perImage, d], contiguous; the rows of these images are written
 * @throws ShapeError when a tensor is not contiguous, the rows have other columns, or the images or positions go beyond them.
 * @example
 * import { gatherResponses, samplePositions } from '@rankwise/approx';
 * import { fromNested, toNested, zeros } from '@rankwise/tensor';
 * const positions = samplePositions({ seed: 1, layer: 'conv1', images: 1, available: 2, wanted: 2 });
 * const rows = zeros('f32', [2, 2]);
 * gatherResponses(fromNested('f32', [[[[1, 2]], [[3, 4]]]]), positions, 0, rows);
 * toNested(rows) // => [[1, 3], [2, 4]]
 */
export function gatherResponses(
  map: Tensor<'f32'>,
  positions: SampledPositions,
  firstImage: number,
  rows: Tensor<'f32'>,
): void {
  const [images = 0, filters = 0, height = 0, width = 0] = map.shape;
  if (rows.shape[1] !== filters) {
    throw new ShapeError(`gatherResponses: rows: expected ${filters} columns, got ${formatShape(rows.shape)}`);
  }
  const area = height * width;
  checkTarget('gatherResponses', { input: map, area }, positions, firstImage, rows);
  for (let image = 0; image < images; image++) {
    const base = map.offset + image * filters * area;
    for (let i = 0; i < positions.perImage; i++) {
      const row = (firstImage + image) * positions.perImage + i;
      const target = rows.offset + row * filters;
      const source = base + positions.indices[row]!;
      for (let j = 0; j < filters; j++) rows.data[target + j] = map.data[source + j * area]!;
    }
  }
}

/**
 * Computes responses from the layer's input.
 * @param input - f32 [images, channels, height, width], contiguous: the layer's input for images [firstImage, firstImage + images)
 * @param rows - f32 [all images · perImage, d], contiguous; the rows of these images are written
 * @param model - holds the layer's weight and bias
 * @throws ShapeError when the model lacks the weight, a tensor is not contiguous, or the images or positions go beyond theirs.
 * @example
 * import { computeResponses, convolutionLayers, samplePositions } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { fromNested, full, referenceKernels, toNested, zeros } from '@rankwise/tensor';
 * const built = sequential('tiny', [1, 2, 2]).conv('conv1', { filters: 1, kernel: 1 }).build();
 * const model = { ...built, parameters: { 'conv1.weight': full('f32', [1, 1, 1, 1], 2), 'conv1.bias': full('f32', [1], 1) } };
 * const [layer] = convolutionLayers(model);
 * const positions = samplePositions({ seed: 1, layer: 'conv1', images: 1, available: 4, wanted: 4 });
 * const rows = zeros('f32', [4, 1]);
 * computeResponses(model, layer, fromNested('f32', [[[[1, 2], [3, 4]]]]), positions, 0, rows, referenceKernels);
 * toNested(rows) // => [[3], [5], [7], [9]]
 */
export function computeResponses(
  model: Model,
  layer: ConvolutionLayer,
  input: Tensor<'f32'>,
  positions: SampledPositions,
  firstImage: number,
  rows: Tensor<'f32'>,
  kernels: Kernels,
): void {
  const weight = model.parameters[layer.node.weight];
  const bias = layer.node.bias === undefined ? undefined : model.parameters[layer.node.bias];
  if (weight === undefined) {
    throw new ShapeError(`computeResponses: model: expected a parameter named ${layer.node.weight}, got none`);
  }
  checkTarget('computeResponses', { input, area: layer.positions }, positions, firstImage, rows);
  const patches = gatherPatches(layer, input, positions, firstImage);
  const count = patches.shape[0] ?? 0;
  const first = firstImage * positions.perImage;
  kernels.matmul({
    a: reshape(weight, [layer.filters, layer.patchSize]),
    b: transpose(patches),
    out: transpose(slice(rows, [[first, first + count]])),
    constant: 'a',
    ...(bias === undefined ? {} : { rowBias: bias }),
  });
}

/** Indices are not checked one by one: those of an image, or its windows, ascend, so the last of each is its largest. */
export function checkTarget(
  caller: string,
  { input, area }: { readonly input: Tensor<'f32'>; readonly area: number },
  { perImage, indices }: SampledPositions,
  firstImage: number,
  rows: Tensor<'f32'>,
): void {
  if (!isContiguous(input) || !isContiguous(rows)) {
    throw new ShapeError(`${caller}: map and rows: expected contiguous tensors, got a strided view`);
  }
  const last = (firstImage + (input.shape[0] ?? 0)) * perImage;
  const held = Math.min(rows.shape[0] ?? 0, indices.length);
  if (!(firstImage >= 0 && last <= held)) {
    throw new ShapeError(`${caller}: rows: expected at least ${last} rows and positions, got ${held}`);
  }
  for (let row = (firstImage + 1) * perImage - 1; row < last; row += Math.max(1, perImage)) {
    const largest = indices[row] ?? 0;
    if (largest >= area) throw new ShapeError(`${caller}: positions: expected less than ${area}, got ${largest}`);
  }
}

/** The patches x under the sampled positions, [images · perImage, k²c], in the weight's order (channel, y, x); zero outside. */
export function gatherPatches(
  layer: ConvolutionLayer,
  input: Tensor<'f32'>,
  positions: SampledPositions,
  firstImage: number,
): Tensor<'f32'> {
  const [images = 0, channels = 0, height = 0, width = 0] = input.shape;
  const { node, kernel, patchSize } = layer;
  const outputWidth = layer.outputShape[2] ?? 1;
  const patches = zeros('f32', [images * positions.perImage, patchSize]);
  for (let local = 0; local < images * positions.perImage; local++) {
    const image = Math.floor(local / positions.perImage);
    const position = positions.indices[firstImage * positions.perImage + local]!;
    const top = Math.floor(position / outputWidth) * node.stride[0] - node.padding[0];
    const left = (position % outputWidth) * node.stride[1] - node.padding[1];
    let next = local * patchSize;
    for (let c = 0; c < channels; c++) {
      const plane = input.offset + (image * channels + c) * height * width;
      for (let ky = 0; ky < kernel[0]; ky++) {
        const y = top + ky * node.dilation[0];
        for (let kx = 0; kx < kernel[1]; kx++, next++) {
          const x = left + kx * node.dilation[1];
          const inside = y >= 0 && y < height && x >= 0 && x < width;
          if (inside) patches.data[next] = input.data[plane + y * width + x]!;
        }
      }
    }
  }
  return patches;
}
