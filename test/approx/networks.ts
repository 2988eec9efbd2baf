/** Tiny networks and images for the tests of the pipeline. */

import type { ApproximateOptions, PenaltyStage } from '@rankwise/approx';
import { sequential } from '@rankwise/nn';
import type { Conv2dNode, Model, Node } from '@rankwise/nn';
import { createRandom, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

/** Enough iterations to move, few enough for a test. */
export const shortSchedule: readonly PenaltyStage[] = [
  { lambda: 0.01, iterations: 3 },
  { lambda: 1, iterations: 3 },
];

/** What most tests of the pipeline run with. */
export const quick = {
  schedule: shortSchedule,
  measure: false,
  positions: 8,
  batchSize: 5,
  evaluations: 5,
} as const satisfies Partial<ApproximateOptions>;

/** Four convolutions, strides, a pool and a classifier; conv4 has no ReLU behind it. */
export function chainNetwork(seed = 1): Model {
  const model = sequential('chain', [2, 9, 9], { seed })
    .conv('conv1', { filters: 6, kernel: 3, padding: 1 })
    .relu('relu1')
    .conv('conv2', { filters: 8, kernel: 3, padding: 1 })
    .relu('relu2')
    .maxPool('pool', { kernel: 2, ceil: true })
    .conv('conv3', { filters: 8, kernel: 3, stride: 2, padding: 1 })
    .relu('relu3')
    .conv('conv4', { filters: 7, kernel: [1, 3], padding: [0, 1] })
    .flatten('features')
    .linear('classes', { outputs: 4 })
    .build();
  return withBiases(model, seed);
}

/** conv0, then relu(conv1 + conv2 ∘ relu ∘ conv1): a skip around two layers; conv2 feeds the sum without a ReLU. */
export function residualNetwork(seed = 2): Model {
  const chain = sequential('residual', [2, 8, 8], { seed })
    .conv('conv0', { filters: 6, kernel: 3, padding: 1 })
    .relu('relu0')
    .conv('conv1', { filters: 6, kernel: 3, padding: 1 })
    .relu('relu1')
    .conv('conv2', { filters: 6, kernel: 3, padding: 1 })
    .build();
  const tail: Node[] = [
    { op: 'add', name: 'sum', inputs: ['conv2', 'relu0'] },
    { op: 'relu', name: 'relu2', inputs: ['sum'] },
    {
      ...convolutionNode(chain, 'conv1'),
      name: 'conv3',
      inputs: ['relu2'],
      weight: 'conv3.weight',
      bias: 'conv3.bias',
    },
    { op: 'relu', name: 'relu3', inputs: ['conv3'] },
    { op: 'globalAveragePool', name: 'pool', inputs: ['relu3'] },
    { op: 'flatten', name: 'features', inputs: ['pool'] },
  ];
  const random = createRandom(seed);
  const parameters = {
    ...chain.parameters,
    'conv3.weight': random.fillNormalInPlace(zeros('f32', [6, 6, 3, 3]), 0, 0.2),
    'conv3.bias': random.fillNormalInPlace(zeros('f32', [6]), 0, 0.2),
  };
  return withBiases({ ...chain, nodes: [...chain.nodes, ...tail], output: 'features', parameters }, seed);
}

/** A squeeze with two expanding branches joined by concat, and a grouped convolution, which must be left alone. */
export function branchedNetwork(seed = 3): Model {
  const squeeze = sequential('branched', [3, 8, 8], { seed })
    .conv('conv0', { filters: 4, kernel: 3, padding: 1 })
    .relu('relu0')
    .conv('squeeze', { filters: 6, kernel: 1 })
    .relu('reluSqueeze')
    .conv('left', { filters: 8, kernel: 1 })
    .relu('reluLeft')
    .build();
  const shape = (name: string, filters: number, channels: number, kernel: number, groups = 1): Conv2dNode => ({
    ...convolutionNode(squeeze, 'left'),
    name,
    weight: `${name}.weight`,
    bias: `${name}.bias`,
    padding: kernel === 3 ? [1, 1, 1, 1] : [0, 0, 0, 0],
    groups,
    inputs: [filters === 8 && channels === 6 ? 'reluSqueeze' : 'join'],
  });
  const random = createRandom(seed);
  const weights = (dims: readonly number[]): Tensor<'f32'> => random.fillNormalInPlace(zeros('f32', dims), 0, 0.3);
  const nodes: Node[] = [
    ...squeeze.nodes,
    shape('right', 8, 6, 3),
    { op: 'relu', name: 'reluRight', inputs: ['right'] },
    { op: 'concat', name: 'join', inputs: ['reluLeft', 'reluRight'] },
    shape('grouped', 8, 16, 3, 2),
    { op: 'relu', name: 'reluGrouped', inputs: ['grouped'] },
  ];
  const parameters = {
    ...squeeze.parameters,
    'right.weight': weights([8, 6, 3, 3]),
    'right.bias': weights([8]),
    'grouped.weight': weights([8, 8, 3, 3]),
    'grouped.bias': weights([8]),
  };
  return withBiases({ ...squeeze, nodes, output: 'reluGrouped', parameters }, seed);
}

/** Normal images that are smooth enough for responses to be correlated; the first pixel of image i is i. */
export function imagesFor(model: Model, count: number, seed = 9): Tensor<'f32'> {
  const [channels, height, width] = model.input.shape;
  const random = createRandom(seed);
  const images = zeros('f32', [count, channels, height, width]);
  for (let row = 0; row < count * channels * height; row++) {
    let value = random.normal();
    for (let x = 0; x < width; x++) {
      value = 0.7 * value + 0.7 * random.normal();
      images.data[row * width + x] = value;
    }
  }
  for (let i = 0; i < count; i++) images.data[i * channels * height * width] = i / count;
  return images;
}

/** Copies of all parameters, to see later that none was changed. */
export function snapshot(model: Model): Record<string, number[]> {
  return Object.fromEntries(Object.entries(model.parameters).map(([name, { data }]) => [name, [...data]]));
}

function convolutionNode(model: Model, name: string): Conv2dNode {
  const node = model.nodes.find((candidate) => candidate.name === name);
  if (node?.op !== 'conv2d') throw new Error(`convolutionNode: name: expected a convolution, got ${name}`);
  return node;
}

/** Biases other than 0, so that a forgotten one shows. */
function withBiases(model: Model, seed: number): Model {
  const random = createRandom(seed).fork('biases');
  for (const [name, parameter] of Object.entries(model.parameters)) {
    if (name.endsWith('.bias')) random.fillNormalInPlace(parameter, 0.1, 0.3);
  }
  return model;
}
