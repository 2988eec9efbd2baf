/**
 * Small random graphs with chains, skips and joins, whose weights and images are small integers: every value is a multiple of
 * a small power of two and far below 2^24, so f32 arithmetic in any order is exact.
 */

import * as fc from 'fast-check';
import type { Model, Node } from '@rankwise/nn';
import { inferShapes } from '@rankwise/nn';
import { createRandom, createReferenceKernels, sizeOf, tensorOf } from '@rankwise/tensor';
import type { Padding, Pair, Random, Shape, Tensor } from '@rankwise/tensor';

/** Kernels that add products and nothing else, so that integers stay exact (minimal filtering divides by 6 and 24). */
export const exactKernels = createReferenceKernels({ winograd: false });

export interface ModelCase {
  readonly model: Model;
  /** [images, c, h, w]. */
  readonly input: Tensor<'f32'>;
}

/** A graph of 3 to 9 nodes of every exact operation (softmax is left out), and one to four images. */
export function modelCases(): fc.Arbitrary<ModelCase> {
  return fc.integer({ min: 0, max: 2 ** 31 }).map((seed) => randomCase(createRandom(seed)));
}

interface Growth {
  readonly random: Random;
  readonly nodes: Node[];
  readonly parameters: Record<string, Tensor<'f32'>>;
  /** Shapes of all values so far. */
  shapes: Map<string, Shape>;
}

function randomCase(random: Random): ModelCase {
  const shape: [number, number, number] = [1 + random.integer(3), 4 + random.integer(4), 4 + random.integer(4)];
  const growth: Growth = { random, nodes: [], parameters: {}, shapes: new Map([['input', shape]]) };
  const model = (): Model => ({
    name: 'random',
    input: { name: 'input', shape },
    nodes: growth.nodes,
    output: growth.nodes.at(-1)?.name ?? 'input',
    parameters: growth.parameters,
  });
  const append = (node: Node): void => {
    growth.nodes.push(node);
    growth.shapes = inferShapes(model());
  };
  const middle = 2 + random.integer(5);
  for (let i = 0; i < middle; i++) append(middleNode(growth, `node${i}`));
  if (random.integer(4) > 0) {
    append(flatNode(growth));
    append(linearNode(growth));
  }
  if (random.integer(2) === 0) append({ name: 'last', op: 'relu', inputs: [lastOf(growth)] });
  const images = 1 + random.integer(4);
  return { model: model(), input: integers(random, [images, ...shape], 4) };
}

function middleNode(growth: Growth, name: string): Node {
  const { random } = growth;
  const inputs = [lastOf(growth)];
  const [, height = 0, width = 0] = growth.shapes.get(lastOf(growth)) ?? [];
  const convolutions = growth.nodes.filter((node) => node.op === 'conv2d').length;
  switch (random.integer(9)) {
    case 0:
    case 1:
    case 2:
      return convolutions < 2 ? convNode(growth, name) : { name, op: 'relu', inputs };
    case 3:
      return { name, op: 'relu', inputs };
    case 4:
      return activationNode(growth, name);
    case 5: {
      if (Math.min(height, width) < 2) return { name, op: 'relu', inputs };
      const stride: Pair = [1 + random.integer(2), 1 + random.integer(2)];
      const pad = (): number => random.integer(2);
      const padding: Padding = [pad(), pad(), pad(), pad()];
      const geometry = { kernel: [2, 2] as Pair, stride, padding, ceil: random.integer(2) === 0 };
      if (random.integer(2) === 0) return { name, op: 'maxPool2d', inputs, ...geometry };
      return { name, op: 'averagePool2d', inputs, ...geometry, countPadding: random.integer(2) === 0 };
    }
    case 6:
      return { name, op: 'add', inputs: [...inputs, partner(growth, true)] };
    case 7:
      return { name, op: 'concat', inputs: [...inputs, partner(growth, false)] };
    default:
      return { name, op: 'dropout', inputs };
  }
}

/** Slopes and bounds that keep every value a multiple of a small power of two. */
function activationNode(growth: Growth, name: string): Node {
  const { random } = growth;
  const inputs = [lastOf(growth)];
  switch (random.integer(3)) {
    case 0:
      return { name, op: 'leakyRelu', inputs, slope: 0.5 };
    case 1:
      return { name, op: 'clip', inputs, low: -1 - random.integer(3), high: random.integer(7) };
    default: {
      const [channels = 1] = growth.shapes.get(lastOf(growth)) ?? [];
      growth.parameters[`${name}.weight`] = integers(random, [channels], 2);
      return { name, op: 'prelu', inputs, weight: `${name}.weight` };
    }
  }
}

function convNode(growth: Growth, name: string): Node {
  const { random } = growth;
  const [channels = 1, height = 1, width = 1] = growth.shapes.get(lastOf(growth)) ?? [];
  const groups = channels % 2 === 0 && random.integer(3) === 0 ? 2 : 1;
  const kernel = Math.min(height, width) >= 3 ? 1 + 2 * random.integer(2) : 1;
  const filters = groups * (1 + random.integer(2));
  growth.parameters[`${name}.weight`] = integers(random, [filters, channels / groups, kernel, kernel], 1);
  const bias = random.integer(2) === 0 ? {} : { bias: `${name}.bias` };
  if (bias.bias !== undefined) growth.parameters[bias.bias] = integers(random, [filters], 2);
  const side = kernel === 3 && random.integer(2) === 0 ? 1 : 0;
  const stride: Pair = [1 + random.integer(2), 1];
  const padding: Padding = [side, side, side, random.integer(2)];
  return {
    name,
    op: 'conv2d',
    inputs: [lastOf(growth)],
    weight: `${name}.weight`,
    ...bias,
    stride,
    padding,
    dilation: [1, 1],
    groups,
  };
}

function flatNode(growth: Growth): Node {
  const { random } = growth;
  const inputs = [lastOf(growth)];
  const [, height = 0, width = 0] = growth.shapes.get(lastOf(growth)) ?? [];
  const levels = [1, 2, 3].filter((level) => level <= Math.min(height, width)).toReversed();
  return random.integer(2) === 0
    ? { name: 'flat', op: 'flatten', inputs }
    : { name: 'flat', op: 'spatialPyramidPool', inputs, levels };
}

function linearNode(growth: Growth): Node {
  const [features = 0] = growth.shapes.get('flat') ?? [];
  growth.parameters['fc.weight'] = integers(growth.random, [3, features], 1);
  growth.parameters['fc.bias'] = integers(growth.random, [3], 2);
  return { name: 'fc', op: 'linear', inputs: ['flat'], weight: 'fc.weight', bias: 'fc.bias' };
}

/** A value that can be added to (same shape) or joined with (same map size) the last one; at worst that one itself. */
function partner(growth: Growth, sameChannels: boolean): string {
  const own = growth.shapes.get(lastOf(growth)) ?? [];
  const fitting = [...growth.shapes]
    .filter(([, shape]) => shape[1] === own[1] && shape[2] === own[2] && (!sameChannels || shape[0] === own[0]))
    .map(([name]) => name);
  return fitting[growth.random.integer(fitting.length)] ?? lastOf(growth);
}

function lastOf(growth: Growth): string {
  return growth.nodes.at(-1)?.name ?? 'input';
}

/** Integers from -limit to limit. */
export function integers(random: Random, shape: Shape, limit: number): Tensor<'f32'> {
  return tensorOf(
    Float32Array.from({ length: sizeOf(shape) }, () => random.integer(2 * limit + 1) - limit),
    shape,
  );
}
