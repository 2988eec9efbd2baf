import { computeResponses, convolutionLayers, gatherResponses, samplePositions } from '@rankwise/approx';
import { forward, sequential } from '@rankwise/nn';
import type { ConvSpec, Model } from '@rankwise/nn';
import { createRandom, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import type { Random, Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';

interface Case {
  readonly model: Model;
  readonly input: Tensor<'f32'>;
}

/** One convolution of random geometry over random images; `draw` gives weights, biases and pixels. */
function convolutionCase(random: Random, draw: () => number): Case {
  const pair = (low: number, high: number): [number, number] => [
    low + random.integer(high - low + 1),
    low + random.integer(high - low + 1),
  ];
  const spec: ConvSpec = {
    filters: 1 + random.integer(4),
    kernel: pair(1, 3),
    stride: pair(1, 3),
    padding: [random.integer(3), random.integer(3), random.integer(3), random.integer(3)],
    dilation: pair(1, 2),
    bias: random.integer(3) > 0,
  };
  const shape = [1 + random.integer(3), 5 + random.integer(4), 5 + random.integer(4)] as const;
  const model = sequential('one', [...shape], { seed: 1 })
    .conv('conv', spec)
    .build();
  for (const parameter of Object.values(model.parameters)) parameter.data.forEach((_, i, all) => (all[i] = draw()));
  const input = zeros('f32', [1 + random.integer(4), ...shape]);
  input.data.forEach((_, i, all) => (all[i] = draw()));
  return { model, input };
}

/** y at one position of one image by the definition, in f64, and Σ |w| |x| + |b|. */
function direct({ model, input }: Case, image: number, position: number, filter: number): [number, number] {
  const layer = convolutionLayers(model)[0]!;
  const { node, kernel, outputShape, channels } = layer;
  const [, , height = 0, width = 0] = input.shape;
  const weight = model.parameters[node.weight]!;
  const oy = Math.floor(position / outputShape[2]!);
  const ox = position % outputShape[2]!;
  const bias = node.bias === undefined ? 0 : model.parameters[node.bias]!.data[filter]!;
  let sum = bias;
  let magnitude = Math.abs(bias);
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        const y = oy * node.stride[0] + ky * node.dilation[0] - node.padding[0];
        const x = ox * node.stride[1] + kx * node.dilation[1] - node.padding[1];
        if (y < 0 || x < 0 || y >= height || x >= width) continue;
        const w = weight.data[((filter * channels + c) * kernel[0] + ky) * kernel[1] + kx]!;
        const term = w * input.data[((image * channels + c) * height + y) * width + x]!;
        sum += term;
        magnitude += Math.abs(term);
      }
    }
  }
  return [sum, magnitude];
}

/** Both routes for the images of a case, written at `firstImage` of a larger sample matrix full of NaN. */
function bothRoutes({ model, input }: Case, firstImage: number) {
  const layer = convolutionLayers(model)[0]!;
  const images = firstImage + input.shape[0]! + 1;
  const positions = samplePositions({ seed: 3, layer: 'conv', images, available: layer.positions, wanted: 4 });
  const gathered = zeros('f32', [images * positions.perImage, layer.filters]);
  gathered.data.fill(Number.NaN);
  const computed = { ...gathered, data: Float32Array.from(gathered.data) };
  gatherResponses(forward(model, input).output, positions, firstImage, gathered);
  computeResponses(model, layer, input, positions, firstImage, computed, referenceKernels);
  return { layer, positions, gathered, computed };
}

describe('responses at sampled positions', () => {
  it('of integers equal the direct formula exactly by both routes, and no other row is touched', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 2 }), (seed, firstImage) => {
        const random = createRandom(seed);
        const one = convolutionCase(random, () => random.integer(11) - 5);
        const { layer, positions, gathered, computed } = bothRoutes(one, firstImage);
        const { perImage, indices } = positions;
        for (let row = 0; row < gathered.shape[0]!; row++) {
          const image = Math.floor(row / perImage) - firstImage;
          for (let j = 0; j < layer.filters; j++) {
            const inside = image >= 0 && image < one.input.shape[0]!;
            const expected = inside ? direct(one, image, indices[row]!, j)[0] : Number.NaN;
            expect(gathered.data[row * layer.filters + j]! + 0).toBe(expected + 0);
            expect(computed.data[row * layer.filters + j]! + 0).toBe(expected + 0);
          }
        }
      }),
      { numRuns: runs(25) },
    );
  });

  it('of real numbers agree with it within the bound of the kernels', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed);
        const one = convolutionCase(random, random.normal);
        const { layer, positions, gathered, computed } = bothRoutes(one, 0);
        const rows = one.input.shape[0]! * positions.perImage;
        for (let row = 0; row < rows; row++) {
          for (let j = 0; j < layer.filters; j++) {
            const image = Math.floor(row / positions.perImage);
            const [expected, magnitude] = direct(one, image, positions.indices[row]!, j);
            const bound = 2 * gamma(layer.patchSize + 2, 'f32') * magnitude;
            expectWithin(gathered.data[row * layer.filters + j]!, expected, bound, 'gathered');
            expectWithin(computed.data[row * layer.filters + j]!, expected, bound, 'computed');
          }
        }
      }),
      { numRuns: runs(25) },
    );
  });

  it('refuses rows of another width', () => {
    const random = createRandom(1);
    const one = convolutionCase(random, random.normal);
    const { positions } = bothRoutes(one, 0);
    const rows = zeros('f32', [50, 9]);
    const call = (): void => gatherResponses(forward(one.model, one.input).output, positions, 0, rows);
    expect(call).toThrow(/^gatherResponses: rows: expected \d columns/);
  });

  it('refuses views, and images or positions beyond the tensors', () => {
    const positions = samplePositions({ seed: 1, layer: 'conv', images: 2, available: 9, wanted: 9 });
    const gather = (map: Tensor<'f32'>, firstImage = 0, rows = zeros('f32', [18, 4])): (() => void) => {
      return () => gatherResponses(map, positions, firstImage, rows);
    };
    const map = zeros('f32', [2, 4, 3, 3]);
    expect(gather(map)).not.toThrow();
    expect(gather(transpose(map, [0, 1, 3, 2]))).toThrow('expected contiguous tensors, got a strided view');
    expect(gather(map, 0, transpose(zeros('f32', [4, 18])))).toThrow('expected contiguous tensors');
    expect(gather(map, 1)).toThrow('gatherResponses: rows: expected at least 27 rows and positions, got 18');
    expect(gather(map, 0, zeros('f32', [17, 4]))).toThrow('at least 18 rows and positions, got 17');
    expect(gather(zeros('f32', [2, 4, 4, 2]))).toThrow('gatherResponses: positions: expected less than 8, got 8');
  });
});
