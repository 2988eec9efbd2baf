/**
 * A model without its tensors, as JSON: the text under `rankwise` in the metadata of a model file.
 *
 *   { "version": 1, "name", "input": { "name", "shape" }, "nodes": [{ "name", "op", "inputs", … }], "output",
 *     "preprocessing"?: { "scale", "mean", "std", "channelOrder" }, "classNames"?: […], "fixedRanks"?: { name: rank } }
 *
 * Fields are those of model.ts and stand in this order, so equal models give equal text. A reader refuses fields it does not
 * know: what they would mean for the result is unknown too.
 */

import type { Decoder, ObjectFields } from './decode.ts';
import type { Model, Node, Operation, Preprocessing } from './model.ts';

/** Written to and required of every file; a change that an old reader would misread raises it. */
export const formatVersion = 1;

/** A model's graph and what is said about it, without parameters. */
export type ModelGraph = Omit<Model, 'parameters'>;

/** Fields of each operation after name, op and inputs. */
const attributes: Readonly<Record<Operation, readonly string[]>> = {
  add: [],
  averagePool2d: ['kernel', 'stride', 'padding', 'ceil', 'countPadding'],
  clip: ['low', 'high'],
  concat: [],
  conv2d: ['weight', 'bias', 'stride', 'padding', 'dilation', 'groups'],
  dropout: [],
  flatten: [],
  gelu: [],
  globalAveragePool: [],
  leakyRelu: ['slope'],
  linear: ['weight', 'bias'],
  maxPool2d: ['kernel', 'stride', 'padding', 'ceil'],
  prelu: ['weight'],
  relu: [],
  sigmoid: [],
  silu: [],
  softmax: [],
  softplus: [],
  spatialPyramidPool: ['levels'],
  tanh: [],
};

const modelFields = ['version', 'name', 'input', 'nodes', 'output', 'preprocessing', 'classNames', 'fixedRanks'];

/** The canonical JSON text. */
export function encodeModel(model: ModelGraph): string {
  const { name, input, nodes, output, preprocessing, classNames, fixedRanks } = model;
  return JSON.stringify({
    version: formatVersion,
    name,
    input: pick(input, ['name', 'shape']),
    nodes: nodes.map((node) => pick(node, ['name', 'op', 'inputs', ...attributes[node.op]])),
    output,
    ...(preprocessing && { preprocessing: pick(preprocessing, ['scale', 'mean', 'std', 'channelOrder']) }),
    ...(classNames && { classNames }),
    ...(fixedRanks && { fixedRanks: pick(fixedRanks, Object.keys(fixedRanks).toSorted()) }),
  });
}

/**
 * Reads parsed JSON. The types are right afterwards; whether the graph makes sense is for validateModel.
 * @throws what the decoder's `fail` makes of the first wrong field.
 */
export function decodeModel(json: unknown, decode: Decoder): ModelGraph {
  const fields = decode.object(json, 'model');
  onlyKnown(fields, modelFields, 'model', decode);
  const input = decode.object(fields.get('input'), 'input');
  onlyKnown(input, ['name', 'shape'], 'input', decode);
  const [channels, height, width, ...rest] = decode.numbers(input.get('shape'), 'input.shape');
  if (channels === undefined || height === undefined || width === undefined || rest.length > 0) {
    throw decode.fail('input.shape', 'three numbers [channels, height, width]', `another number of them`);
  }
  const { preprocessing, classNames, fixedRanks } = Object.fromEntries(fields);
  return {
    name: decode.string(fields.get('name'), 'name'),
    input: { name: decode.string(input.get('name'), 'input.name'), shape: [channels, height, width] },
    nodes: decode.list(fields.get('nodes'), 'nodes', (node, path) => decodeNode(node, path, decode)),
    output: decode.string(fields.get('output'), 'output'),
    ...(preprocessing !== undefined && { preprocessing: decodePreprocessing(preprocessing, decode) }),
    ...(classNames !== undefined && { classNames: decode.strings(classNames, 'classNames') }),
    ...(fixedRanks !== undefined && { fixedRanks: decodeRanks(fixedRanks, decode) }),
  };
}

function decodeNode(value: unknown, path: string, decode: Decoder): Node {
  const fields = decode.object(value, path);
  const at = (key: string): [unknown, string] => [fields.get(key), `${path}.${key}`];
  const op = decode.string(...at('op'));
  if (!isOperation(op)) throw decode.fail(`${path}.op`, `one of ${Object.keys(attributes).join(', ')}`, `'${op}'`);
  onlyKnown(fields, ['name', 'op', 'inputs', ...attributes[op]], path, decode);
  const base = { name: decode.string(...at('name')), inputs: decode.strings(...at('inputs')) };
  const weights = (): { weight: string; bias?: string } => {
    const bias = fields.has('bias') ? { bias: decode.string(...at('bias')) } : {};
    return { weight: decode.string(...at('weight')), ...bias };
  };
  const pooling = () => ({
    kernel: decode.pair(...at('kernel')),
    stride: decode.pair(...at('stride')),
    padding: decode.padding(...at('padding')),
    ceil: decode.boolean(...at('ceil')),
  });
  switch (op) {
    case 'conv2d': {
      const stride = decode.pair(...at('stride'));
      const padding = decode.padding(...at('padding'));
      const dilation = decode.pair(...at('dilation'));
      return { ...base, op, ...weights(), stride, padding, dilation, groups: decode.number(...at('groups')) };
    }
    case 'linear':
      return { ...base, op, ...weights() };
    case 'leakyRelu':
      return { ...base, op, slope: decode.number(...at('slope')) };
    case 'prelu':
      return { ...base, op, weight: decode.string(...at('weight')) };
    case 'clip':
      return { ...base, op, low: decode.number(...at('low')), high: decode.number(...at('high')) };
    case 'maxPool2d':
      return { ...base, op, ...pooling() };
    case 'averagePool2d':
      return { ...base, op, ...pooling(), countPadding: decode.boolean(...at('countPadding')) };
    case 'spatialPyramidPool':
      return { ...base, op, levels: decode.numbers(...at('levels')) };
    default:
      return { ...base, op };
  }
}

function decodePreprocessing(value: unknown, decode: Decoder): Preprocessing {
  const fields = decode.object(value, 'preprocessing');
  onlyKnown(fields, ['scale', 'mean', 'std', 'channelOrder'], 'preprocessing', decode);
  const channelOrder = decode.string(fields.get('channelOrder'), 'preprocessing.channelOrder');
  if (channelOrder !== 'RGB' && channelOrder !== 'BGR' && channelOrder !== 'grey') {
    throw decode.fail('preprocessing.channelOrder', 'RGB, BGR or grey', `'${channelOrder}'`);
  }
  return {
    scale: decode.number(fields.get('scale'), 'preprocessing.scale'),
    mean: decode.numbers(fields.get('mean'), 'preprocessing.mean'),
    std: decode.numbers(fields.get('std'), 'preprocessing.std'),
    channelOrder,
  };
}

function decodeRanks(value: unknown, decode: Decoder): Record<string, number> {
  const fields = decode.object(value, 'fixedRanks');
  return Object.fromEntries([...fields].map(([name, rank]) => [name, decode.number(rank, `fixedRanks.${name}`)]));
}

function onlyKnown(fields: ObjectFields, known: readonly string[], path: string, decode: Decoder): void {
  const other = [...fields.keys()].find((key) => !known.includes(key));
  if (other !== undefined) throw decode.fail(path, `no fields but ${known.join(', ')}`, `'${other}'`);
}

function isOperation(op: string): op is Operation {
  return Object.hasOwn(attributes, op);
}

/** The named fields that the object has, in the order of the names. */
function pick(source: object, names: readonly string[]): Record<string, unknown> {
  const fields = new Map<string, unknown>(Object.entries(source));
  return Object.fromEntries(names.filter((name) => fields.has(name)).map((name) => [name, fields.get(name)]));
}
