import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approximate, convolutionLayers, matchModels, replaceConvolution } from '@rankwise/approx';
import type { LowRankMap } from '@rankwise/approx';
import { loadModel, saveModel } from '@rankwise/nn';
import type { Conv2dNode, Model, Node } from '@rankwise/nn';
import { createRandom, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { branchedNetwork, chainNetwork, imagesFor, quick, residualNetwork } from './networks.ts';
import { mapFrom } from './support.ts';

function randomMap(filters: number, rank: number, seed: number): LowRankMap {
  const random = createRandom(seed);
  return mapFrom(filters, rank, () => random.normal());
}

/** A copy in which one node is another. */
function withNode(model: Model, name: string, change: (node: Node) => Node): Model {
  return { ...model, nodes: model.nodes.map((node) => (node.name === name ? change(node) : node)) };
}

/** A convolution split into k×1 and 1×k (and 1×1), by hand. */
function splitByHand(model: Model, name: string, ranks: readonly [number] | readonly [number, number]): Model {
  const at = model.nodes.findIndex((node) => node.name === name);
  const node = model.nodes[at];
  if (node?.op !== 'conv2d') throw new Error(`splitByHand: name: expected a convolution, got ${name}`);
  const [filters = 0, channels = 0, height = 0, width = 0] = model.parameters[node.weight]?.shape ?? [];
  const random = createRandom(1);
  const drawn = (shape: readonly number[]): Tensor<'f32'> => random.fillNormalInPlace(zeros('f32', shape));
  const link = (own: string, input: string, parts: Partial<Conv2dNode>): Conv2dNode => {
    const { bias: _, ...rest } = node;
    return { ...rest, name: own, inputs: [input], weight: `${own}.weight`, ...parts };
  };
  const [first, second] = ranks;
  const still = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;
  const [top, left, bottom, right] = node.padding;
  const vertical = link(`${name}/vertical`, node.inputs[0] ?? '', {
    stride: [node.stride[0], 1],
    padding: [top, 0, bottom, 0],
    dilation: [node.dilation[0], 1],
  });
  const across = {
    stride: [1, node.stride[1]],
    padding: [0, left, 0, right],
    dilation: [1, node.dilation[1]],
  } as const;
  const bias = node.bias === undefined ? {} : { bias: node.bias };
  const shapes =
    second === undefined
      ? { [`${name}/vertical.weight`]: [first, channels, height, 1], [`${name}.weight`]: [filters, first, 1, width] }
      : {
          [`${name}/vertical.weight`]: [first, channels, height, 1],
          [`${name}/horizontal.weight`]: [second, first, 1, width],
          [`${name}.weight`]: [filters, second, 1, 1],
        };
  const chain =
    second === undefined
      ? [vertical, link(name, vertical.name, { ...across, ...bias })]
      : [
          vertical,
          link(`${name}/horizontal`, vertical.name, across),
          link(name, `${name}/horizontal`, { ...still, ...bias }),
        ];
  const parameters = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, drawn(shape)]));
  return {
    ...model,
    nodes: model.nodes.flatMap((other, i) => (i === at ? chain : [other])),
    parameters: { ...model.parameters, ...parameters },
  };
}

const brief = ({ replacements, differences }: ReturnType<typeof matchModels>) => ({
  found: replacements.map(({ layer, kind, ranks }) => [layer.name, kind, ...ranks]),
  differences,
});

describe('matchModels', () => {
  it('finds nothing in a model and its copy', () => {
    for (const model of [chainNetwork(), residualNetwork(), branchedNetwork()]) {
      expect(brief(matchModels(model, loadModel(saveModel(model))))).toEqual({ found: [], differences: [] });
    }
  });

  it('finds whichever layers were replaced, in any graph, at their ranks', () => {
    const models = [chainNetwork(), residualNetwork(), branchedNetwork()];
    const choice = fc.record({
      which: fc.constantFrom(0, 1, 2),
      ranks: fc.array(fc.nat(4), { minLength: 6, maxLength: 6 }),
    });
    fc.assert(
      fc.property(choice, ({ which, ranks }) => {
        const model = models[which] ?? chainNetwork();
        const chosen = convolutionLayers(model).flatMap(({ name, filters }, i) => {
          const rank = ranks[i] ?? 0;
          return rank === 0 ? [] : [{ name, filters, rank }];
        });
        const made = chosen.reduce(
          (sum, { name, filters, rank }) => replaceConvolution(sum, name, randomMap(filters, rank, rank)),
          model,
        );
        const expected = chosen.map(({ name, rank }) => [name, 'channel', rank]);
        expect(brief(matchModels(model, loadModel(saveModel(made))))).toEqual({ found: expected, differences: [] });
      }),
      { numRuns: runs(30) },
    );
  });

  it('tells spatial and three-layer decompositions by their shapes, strides and padding and all', () => {
    const model = chainNetwork();
    const both = splitByHand(splitByHand(model, 'conv2', [5]), 'conv3', [4, 3]);
    expect(brief(matchModels(model, both))).toEqual({
      found: [
        ['conv2', 'spatial', 5],
        ['conv3', '3d', 4, 3],
      ],
      differences: [],
    });
    // A 1×3 kernel in two layers is a channel decomposition.
    const flat = replaceConvolution(model, 'conv4', randomMap(7, 2, 1));
    expect(brief(matchModels(model, flat)).found).toEqual([['conv4', 'channel', 2]]);
  });

  it('says so where a chain looks at other places than the layer did', () => {
    const model = chainNetwork();
    const split = splitByHand(model, 'conv3', [4, 3]);
    const changes: [string, Partial<Conv2dNode>][] = [
      ['conv3/vertical', { padding: [0, 0, 0, 0] }],
      ['conv3/vertical', { stride: [1, 1] }],
      ['conv3/vertical', { dilation: [2, 1] }],
      ['conv3/horizontal', { padding: [0, 0, 0, 1] }],
      ['conv3', { stride: [2, 2] }],
      ['conv3', { padding: [1, 1, 1, 1] }],
    ];
    for (const [name, change] of changes) {
      const changed = withNode(split, name, (node) => (node.op === 'conv2d' ? { ...node, ...change } : node));
      const sound = {
        ...changed,
        nodes: changed.nodes.slice(0, changed.nodes.findIndex((node) => node.name === 'conv3') + 1),
        output: 'conv3',
      };
      const { found, differences } = brief(matchModels(model, sound));
      expect(found).toContainEqual(['conv3', 'other', 4, 3]);
      expect(differences).toContain('conv3 is replaced by 3 convolutions of another geometry');
    }
  });

  it('reports everything else that differs', () => {
    const model = chainNetwork();
    const told = (other: Model): string[] => [...matchModels(model, other).differences];
    const bias = model.parameters['conv2.bias'];
    if (bias === undefined) throw new Error('conv2 has no bias');
    const nudged = { ...bias, data: Float32Array.from(bias.data, (value, i) => (i === 3 ? value + 2 ** -20 : value)) };
    expect(told({ ...model, parameters: { ...model.parameters, 'conv2.bias': nudged } })).toEqual([
      'conv2 (conv2d) has another bias',
    ]);
    expect(
      told(
        withNode(model, 'pool', (node) => (node.op === 'maxPool2d' ? { ...node, ceil: false, stride: [1, 1] } : node)),
      ),
    ).toContain('pool (maxPool2d) is another node: stride, ceil');
    const without = (name: string): Model => ({
      ...model,
      nodes: model.nodes
        .filter((node) => node.name !== name)
        .map((node) => ({ ...node, inputs: node.inputs.map((input) => (input === name ? 'conv2' : input)) })),
    });
    expect(told(without('relu2'))).toEqual(['relu2 (relu) is missing', 'pool (maxPool2d) is another node: inputs']);
    expect(told({ ...model, name: 'other', classNames: ['a', 'b', 'c', 'd'] })).toEqual([
      "the model's name differs",
      "the model's classNames differs",
    ]);
    const extra: Model = {
      ...model,
      nodes: [...model.nodes, { op: 'relu', name: 'more', inputs: ['classes'] }],
      output: 'more',
    };
    expect(told(extra)).toEqual(["the model's output differs", 'more (relu) is new']);
  });

  it('reports a value inside a replacement that something else reads', () => {
    const model = chainNetwork();
    const made = replaceConvolution(model, 'conv2', randomMap(8, 3, 1));
    const tapped: Model = { ...made, nodes: [...made.nodes, { op: 'relu', name: 'tap', inputs: ['conv2/basis'] }] };
    expect(matchModels(model, tapped).differences).toEqual([
      'conv2/basis, inside a replacement, is read from outside',
      'tap (relu) is new',
    ]);
  });

  it('finds what the pipeline did', async () => {
    for (const model of [chainNetwork(), residualNetwork(), branchedNetwork()]) {
      const { model: made, report } = await approximate(model, imagesFor(model, 20), {
        ...quick,
        speedup: 2,
        ranks: 'uniform',
      });
      const expected = report.layers.filter(({ decomposed }) => decomposed);
      expect(brief(matchModels(model, made))).toEqual({
        found: expected.map(({ name, effectiveRank }) => [name, 'channel', effectiveRank]),
        differences: [],
      });
    }
  });
});
