/** `rankwise inspect`: a model's layers and what they cost (Table 1 of Zhang et al. 2015 for its own network). */

import { modelCost } from '@rankwise/nn';
import type { LayerCost, Model, ModelCost, Node, Operation } from '@rankwise/nn';

import { openModel } from '../modelArgument.ts';
import type { Command } from '../options.ts';
import { formatCount, formatExtents, formatPercent, formatTable } from '../table.ts';
import type { Column } from '../table.ts';

/** Names for people; the JSON has the graph's own. */
const operationNames: Readonly<Record<Operation, string>> = {
  add: 'add',
  averagePool2d: 'average pool',
  clip: 'clip',
  concat: 'concat',
  conv2d: 'conv',
  dropout: 'dropout',
  flatten: 'flatten',
  gelu: 'gelu',
  globalAveragePool: 'global pool',
  leakyRelu: 'leaky relu',
  linear: 'linear',
  maxPool2d: 'max pool',
  prelu: 'prelu',
  relu: 'relu',
  sigmoid: 'sigmoid',
  silu: 'silu',
  softmax: 'softmax',
  softplus: 'softplus',
  spatialPyramidPool: 'pyramid pool',
  tanh: 'tanh',
};

/** Keeps the table within 110 columns whatever the network: the other columns are at most 85 wide for 10^10 multiply-adds. */
const longestName = 24;

export const inspectCommand: Command = {
  name: 'inspect',
  summary: "List a model's layers with their shapes, multiply-adds and parameters",
  usage: ['inspect MODEL [--json]'],
  operands: ['MODEL'],
  options: {},
  examples: [
    ["the paper's Table 1", 'rankwise inspect zoo:sppnet7'],
    [
      'the layers that cost more than a tenth',
      "rankwise inspect model.safetensors --json | jq '.layers[] | select(.share > 0.1)'",
    ],
  ],
  run: async ({ operands, options, terminal }) => {
    const model = await openModel(operands[0] ?? '', { initialize: false });
    const cost = modelCost(model);
    terminal.stdout.write(options.flag('json') ? `${JSON.stringify(costJson(cost))}\n` : costTable(model, cost));
  },
};

/** Exactly the fields that are promised, in this order. */
function costJson({ layers, convMacs, macs, parameters }: ModelCost): unknown {
  return {
    layers: layers.map((layer) => ({
      name: layer.name,
      op: layer.op,
      outputShape: layer.outputShape,
      macs: layer.macs,
      share: layer.share,
      parameters: layer.parameters,
    })),
    convMacs,
    macs,
    parameters,
  };
}

function costTable(model: Model, cost: ModelCost): string {
  const nodes = new Map(model.nodes.map((node) => [node.name, node]));
  const weightShape = (row: LayerCost): readonly number[] => {
    const node = nodes.get(row.name);
    return node?.op === 'conv2d' || node?.op === 'linear' ? (model.parameters[node.weight]?.shape ?? []) : [];
  };
  const columns: Column<LayerCost>[] = [
    { heading: 'layer', cell: (row) => row.name, most: longestName },
    { heading: 'op', cell: (row) => operationNames[row.op] },
    { heading: 'filter', align: 'right', cell: (row) => filterSize(nodes.get(row.name), weightShape(row)) },
    // For a grouped convolution: the channels that one filter reads.
    { heading: 'channels', align: 'right', cell: (row) => orEmpty(weightShape(row)[1]) },
    { heading: 'filters', align: 'right', cell: (row) => orEmpty(weightShape(row)[0]) },
    { heading: 'stride', align: 'right', cell: (row) => strideOf(nodes.get(row.name)) },
    { heading: 'output', align: 'right', cell: (row) => formatExtents(row.outputShape) },
    { heading: 'multiply-adds', align: 'right', cell: (row) => (row.macs > 0 ? formatCount(row.macs) : '') },
    { heading: 'share', align: 'right', cell: (row) => (row.op === 'conv2d' ? formatPercent(row.share) : '') },
    { heading: 'parameters', align: 'right', cell: (row) => (row.parameters > 0 ? formatCount(row.parameters) : '') },
  ];
  const input = `${model.name}, input ${formatExtents(model.input.shape)} (channels × height × width)`;
  const totals = formatTable(
    [
      ['multiply-adds of the convolutions', cost.convMacs],
      ['multiply-adds with the linear layers', cost.macs],
      ['parameters', cost.parameters],
    ] as const,
    [
      { heading: 'in all', cell: ([what]) => what },
      { heading: '', align: 'right', cell: ([, value]) => formatCount(value) },
    ],
  );
  return `${input}\n\n${formatTable(cost.layers, columns)}\n${totals}`;
}

function filterSize(node: Node | undefined, weight: readonly number[]): string {
  if (node?.op === 'conv2d') return formatExtents(weight.slice(2));
  if (node?.op === 'spatialPyramidPool') return node.levels.join(',');
  return node !== undefined && 'kernel' in node ? formatExtents(node.kernel) : '';
}

function strideOf(node: Node | undefined): string {
  if (node === undefined || !('stride' in node)) return '';
  const [vertical, horizontal] = node.stride;
  return vertical === horizontal ? `${vertical}` : formatExtents(node.stride);
}

function orEmpty(value: number | undefined): string {
  return value === undefined ? '' : `${value}`;
}
