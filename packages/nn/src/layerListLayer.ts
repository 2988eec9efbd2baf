/** One layer of a layer list (the format is described in layerList.ts) as a node. */

import { formatShape } from '@rankwise/tensor';
import type { Padding, Pair, Tensor } from '@rankwise/tensor';

import { autoName } from './autoName.ts';
import type { Decoder, ObjectFields } from './decode.ts';
import type { Node, Operation } from './model.ts';

export interface LayerContext {
  readonly decode: Decoder;
  readonly parameters: Readonly<Record<string, Tensor<'f32'>>>;
  /** Names in use. */
  readonly taken: ReadonlySet<string>;
  /** Name of the layer before, or of the input. */
  readonly previous: string;
}

/** One layer while it is read. */
interface Layer extends LayerContext {
  readonly fields: ObjectFields;
  readonly path: string;
}

const operations: ReadonlyMap<string, Operation> = new Map([
  ['add', 'add'],
  ['avgpool', 'averagePool2d'],
  ['clip', 'clip'],
  ['concat', 'concat'],
  ['conv', 'conv2d'],
  ['dropout', 'dropout'],
  ['flatten', 'flatten'],
  ['gelu', 'gelu'],
  ['global_avgpool', 'globalAveragePool'],
  ['leaky_relu', 'leakyRelu'],
  ['linear', 'linear'],
  ['maxpool', 'maxPool2d'],
  ['prelu', 'prelu'],
  ['relu', 'relu'],
  ['relu6', 'clip'],
  ['sigmoid', 'sigmoid'],
  ['silu', 'silu'],
  ['softmax', 'softmax'],
  ['softplus', 'softplus'],
  ['spp', 'spatialPyramidPool'],
  ['tanh', 'tanh'],
]);

/** @throws what the decoder's `fail` makes of a wrong field, an unknown op or a missing weight. */
export function decodeLayer(value: unknown, path: string, context: LayerContext): Node {
  const { decode } = context;
  const layer: Layer = { ...context, fields: decode.object(value, path), path };
  const word = decode.string(layer.fields.get('op'), `${path}.op`);
  const op = operations.get(word);
  if (op === undefined) throw decode.fail(`${path}.op`, `one of ${[...operations.keys()].join(', ')}`, `'${word}'`);
  const base = { name: layerName(layer, op), inputs: layerInputs(layer) };
  switch (op) {
    case 'conv2d':
      return { ...base, op, ...decodeConvolution(layer, base.name) };
    case 'linear':
      return { ...base, op, ...decodeLinear(layer, base.name) };
    case 'leakyRelu':
      return { ...base, op, slope: decode.number(layer.fields.get('slope'), `${path}.slope`) };
    case 'prelu':
      return { ...base, op, weight: layerWeights(layer, base.name, 1).weight };
    case 'clip':
      return { ...base, op, ...(word === 'relu6' ? { low: 0, high: 6 } : decodeBounds(layer)) };
    case 'maxPool2d':
      return { ...base, op, ...decodePooling(layer) };
    case 'averagePool2d':
      return { ...base, op, ...decodePooling(layer), countPadding: flag(layer, 'count_padding') };
    case 'spatialPyramidPool':
      return { ...base, op, levels: decode.numbers(layer.fields.get('levels'), `${path}.levels`) };
    default:
      return { ...base, op };
  }
}

function layerName({ fields, path, decode, taken }: Layer, op: Operation): string {
  const hasWeights = op === 'conv2d' || op === 'linear' || op === 'prelu';
  if (fields.has('name') || hasWeights) return decode.string(fields.get('name'), `${path}.name`);
  return autoName(op, taken);
}

function layerInputs({ fields, path, decode, previous }: Layer): string[] {
  if (fields.has('inputs')) return decode.strings(fields.get('inputs'), `${path}.inputs`);
  return [fields.has('input') ? decode.string(fields.get('input'), `${path}.input`) : previous];
}

function decodeConvolution(layer: Layer, name: string) {
  const { weight, shape, bias } = layerWeights(layer, name, 4);
  const [filters = 0, groupChannels = 0, kernelHeight = 0, kernelWidth = 0] = shape;
  const groups = layer.fields.has('groups')
    ? layer.decode.number(layer.fields.get('groups'), `${layer.path}.groups`)
    : 1;
  agree(layer, 'in_channels', groupChannels * groups);
  agree(layer, 'out_channels', filters);
  const [givenHeight, givenWidth] = extents(layer, 'kernel', [kernelHeight, kernelWidth]);
  if (givenHeight !== kernelHeight || givenWidth !== kernelWidth) {
    const expected = `the kernel of '${weight}', ${formatShape([kernelHeight, kernelWidth])}`;
    throw layer.decode.fail(`${layer.path}.kernel`, expected, formatShape([givenHeight, givenWidth]));
  }
  const stride = extents(layer, 'stride', [1, 1]);
  return { weight, ...bias, stride, padding: padding(layer), dilation: extents(layer, 'dilation', [1, 1]), groups };
}

function decodeLinear(layer: Layer, name: string) {
  const { weight, shape, bias } = layerWeights(layer, name, 2);
  const [outputs = 0, features = 0] = shape;
  for (const key of ['in', 'in_features']) agree(layer, key, features);
  for (const key of ['out', 'out_features']) agree(layer, key, outputs);
  return { weight, ...bias };
}

function decodeBounds({ fields, path, decode }: Layer) {
  const bound = (key: string): number => decode.number(fields.get(key), `${path}.${key}`);
  return { low: bound('low'), high: bound('high') };
}

function decodePooling(layer: Layer) {
  const kernel = extents(layer, 'kernel');
  return { kernel, stride: extents(layer, 'stride', kernel), padding: padding(layer), ceil: flag(layer, 'ceil') };
}

/** The weight's name and shape, and the bias if the file has one. */
function layerWeights({ parameters, decode, path }: Layer, name: string, rank: number) {
  const weight = `${name}.weight`;
  const shape = Object.hasOwn(parameters, weight) ? parameters[weight]?.shape : undefined;
  if (shape === undefined) throw decode.fail(path, `a tensor '${weight}'`, 'none');
  if (shape.length !== rank) throw decode.fail(path, `a tensor '${weight}' of ${rank} axes`, formatShape(shape));
  return { weight, shape, bias: Object.hasOwn(parameters, `${name}.bias`) ? { bias: `${name}.bias` } : {} };
}

/** Refuses a stated size that the weights contradict. */
function agree({ fields, path, decode }: Layer, key: string, fromWeights: number): void {
  if (!fields.has(key)) return;
  const stated = decode.number(fields.get(key), `${path}.${key}`);
  if (stated !== fromWeights) throw decode.fail(`${path}.${key}`, `${fromWeights} as in the weights`, String(stated));
}

/** One number for both axes, or two. */
function extents({ fields, path, decode }: Layer, key: string, otherwise?: Pair): Pair {
  const value = fields.get(key);
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (Array.isArray(value)) return decode.pair(value, `${path}.${key}`);
  const extent = decode.number(value, `${path}.${key}`);
  return [extent, extent];
}

function padding(layer: Layer): Padding {
  const [vertical, horizontal] = extents(layer, 'pad', [0, 0]);
  return [vertical, horizontal, vertical, horizontal];
}

function flag({ fields, path, decode }: Layer, key: string): boolean {
  return fields.has(key) && decode.boolean(fields.get(key), `${path}.${key}`);
}
