/**
 * The networks of Table 3, with random weights: their times do not depend on them. One block of random numbers is repeated through every
 * weight, because two hundred million numbers would take longer to draw than all networks take to run.
 *
 * 4× versions: conv2–7 each four times cheaper by its own decomposition, the 1×1 layers counted; conv1 at the authors' rank 32 in all
 * of them.
 *
 * | version | layers that stand for a k×k one with d filters                 | ranks                                          |
 * |---------|----------------------------------------------------------------|------------------------------------------------|
 * | channel | k×k with d', 1×1 with d                                        | d' = ⌊d k²c / ((k²c + d) 4)⌋                    |
 * | spatial | k×1 with K, 1×k with d                                         | the largest K at a quarter of the multiply-adds |
 * | 3d      | k×1 with d'', 1×k with d', 1×1 with d                          | d' for 2×, then the largest d''                 |
 */

import { alexNet, modelCost, nodeIndex, sequential, sppNet7, withoutUnusedParameters } from '@rankwise/nn';
import type { InitializeOptions, Model } from '@rankwise/nn';
import { convolutionLayers, splitRank, uniformRank, uniformSpatialRank } from '@rankwise/approx';
import type { ConvolutionLayer } from '@rankwise/approx';
import { createRandom, sizeOf, zeros } from '@rankwise/tensor';
import type { Decomposition } from './jobs.ts';
import type { TimedNetwork } from './results.ts';

/** A network up to its last convolution's nonlinearity or pool, and what comes after it. */
export interface TimedModel {
  readonly network: TimedNetwork;
  readonly label: string;
  /** As it is printed in the paper's table. */
  readonly printed: string;
  readonly convolutions: Model;
  /** Multiply-adds of the convolutions. */
  readonly macs: number;
  /** The whole network whose remaining layers follow, and the first of them. */
  readonly rest: { readonly model: Model; readonly from: number };
}

const speedup = 4;
/** Random numbers in the block: not a multiple of any layer's patch, so that its filters differ. */
const blockLength = 65_537;

/** Each network of the table; `seed` makes the weights. */
export function timedModels(seed: number): TimedModel[] {
  const block = createRandom(seed).fillNormalInPlace(zeros('f32', [blockLength])).data;
  const spp = withWeights(sppNet7({ initialize: false }), block);
  const sppRest = { model: spp, from: nodeIndex(spp, 'spp') };
  const alex = withWeights(alexNet({ initialize: false }), block);
  const alexRest = { model: alex, from: nodeIndex(alex, 'flatten') };
  const version = (network: Decomposition, label: string, printed: string): TimedModel => {
    const convolutions = withWeights(convolutionStack(spp, network, { initialize: false }), block);
    return { network, label, printed, convolutions, macs: modelCost(convolutions).convMacs, rest: sppRest };
  };
  return [
    {
      network: 'original',
      label: 'the 7-conv model',
      printed: 'SPP-10',
      convolutions: upTo(spp, sppRest.from),
      macs: modelCost(spp).convMacs,
      rest: sppRest,
    },
    version('spatial', '4× spatial', '4× Jaderberg'),
    version('channel', '4× asymmetric', '4× asymmetric'),
    version('3d', '4× asymmetric (3d)', '4× asymmetric (3d)'),
    {
      network: 'alexNet',
      label: 'AlexNet',
      printed: 'AlexNet',
      convolutions: upTo(alex, alexRest.from),
      macs: modelCost(alex).convMacs,
      rest: alexRest,
    },
  ];
}

/** Every weight filled with the block, at the size of He initialisation, so that activations keep theirs. */
function withWeights(model: Model, block: Float32Array): Model {
  const parameters = Object.entries(model.parameters).map(([name, { shape }]) => {
    const filled = zeros('f32', shape);
    if (shape.length > 1) {
      const deviation = Math.sqrt(2 / sizeOf(shape.slice(1)));
      const scaled = block.map((value) => value * deviation);
      const { data } = filled;
      for (let at = 0; at < data.length; at += scaled.length) data.set(scaled.subarray(0, data.length - at), at);
    }
    return [name, filled] as const;
  });
  return { ...model, parameters: Object.fromEntries(parameters) };
}

/** The nodes in front of one, as a model of their own. */
function upTo(model: Model, end: number): Model {
  const nodes = model.nodes.slice(0, end);
  return withoutUnusedParameters({ ...model, nodes, output: nodes.at(-1)?.name ?? model.input.name });
}

/** The convolutions, ReLUs and pools in front of the pyramid, each convolution but the first decomposed. */
export function convolutionStack(
  model: Model,
  decomposition: Decomposition | 'original',
  options: InitializeOptions,
): Model {
  const layers = new Map(convolutionLayers(model).map((layer) => [layer.name, layer]));
  let chain = sequential(`${model.name}-${decomposition}`, [3, 224, 224], options);
  for (const node of model.nodes.slice(0, nodeIndex(model, 'spp'))) {
    const layer = layers.get(node.name);
    if (layer !== undefined) chain = addLayer(chain, layer, decomposition);
    else if (node.op === 'relu') chain = chain.relu(node.name);
    else if (node.op === 'maxPool2d') chain = chain.maxPool(node.name, node);
  }
  return chain.build();
}

type Chain = ReturnType<typeof sequential>;

function addLayer(chain: Chain, layer: ConvolutionLayer, decomposition: Decomposition | 'original'): Chain {
  const { name, filters, kernel, node } = layer;
  const [top, left, bottom, right] = node.padding;
  const vertical = { kernel: [kernel[0], 1], stride: [node.stride[0], 1], padding: [top, 0, bottom, 0] } as const;
  const horizontal = { kernel: [1, kernel[1]], stride: [1, node.stride[1]], padding: [0, left, 0, right] } as const;
  switch (layer.first && decomposition !== 'original' ? 'channel' : decomposition) {
    case 'original':
      return chain.conv(name, { filters, kernel, stride: node.stride, padding: node.padding });
    case 'channel': {
      const rank = layer.first ? 32 : uniformRank(layer, speedup);
      const basis = { filters: rank, kernel, stride: node.stride, padding: node.padding, bias: false };
      return chain.conv(`${name}/basis`, basis).conv(name, { filters, kernel: 1 });
    }
    case 'spatial': {
      return chain
        .conv(`${name}/vertical`, { ...vertical, filters: uniformSpatialRank(layer, speedup), bias: false })
        .conv(name, { ...horizontal, filters });
    }
    case '3d': {
      const rank = uniformRank(layer, Math.sqrt(speedup));
      return chain
        .conv(`${name}/vertical`, { ...vertical, filters: splitRank(layer, rank), bias: false })
        .conv(`${name}/horizontal`, { ...horizontal, filters: rank, bias: false })
        .conv(name, { filters, kernel: 1 });
    }
  }
}
