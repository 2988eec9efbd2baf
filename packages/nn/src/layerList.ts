/**
 * Importing the layer list: our plain JSON description of a network, beside a file of weights.
 *
 *   { "name", "input": { "shape": [c, h, w], "order", "mean", "std", "scale"? }, "classes"?: [names], "layers": [layer, …] }
 *
 * `preprocessing` may stand for the second half of `input`: { "input": "224x224 RGB", "order", "mean"?, "std"?, "scale" }.
 * `order` is RGB, BGR or grey; `scale` is a number, or text that starts with `x/255` (divide by 255). Default: scale 1,
 * mean 0, std 1. Without any of them the model has no preprocessing.
 *
 * | op             | fields (⟨n⟩ is one number for both axes or [vertical, horizontal])  | weights                    |
 * |----------------|---------------------------------------------------------------------|----------------------------|
 * | conv           | kernel, stride ⟨1⟩, pad ⟨0⟩, dilation ⟨1⟩, groups 1, in_channels, out_channels | `<name>.weight` OIHW, `<name>.bias` |
 * | linear         | in, out (or in_features, out_features)                              | `<name>.weight` [out, in], `<name>.bias` |
 * | leaky_relu     | slope                                                               |                            |
 * | prelu          | none                                                                | `<name>.weight` [channels] |
 * | clip           | low, high                                                           |                            |
 * | maxpool, avgpool | kernel, stride ⟨kernel⟩, pad ⟨0⟩, ceil false; avgpool: count_padding false |                     |
 * | spp            | levels                                                              |                            |
 * | relu, relu6, sigmoid, tanh, gelu, silu, softplus, add, concat, global_avgpool, flatten, dropout, softmax | none |   |
 *
 * `name` is required where there are weights; other layers get relu1, pool1, …. `input` (a name) or `inputs` (a list)
 * say what a layer reads, default the layer before it; "input" is the network's input. Sizes that the weights
 * already tell (kernel, in_channels, …) may be left out and must agree when given. A bias is optional. Other fields are notes
 * and are ignored. The last layer is the output.
 */

import { DomainError, hasDType, formatShape } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

import { createDecoder } from './decode.ts';
import type { Decoder, ObjectFields } from './decode.ts';
import { decodeLayer } from './layerListLayer.ts';
import type { Model, Node, Preprocessing } from './model.ts';
import { validateModel } from './validateModel.ts';

const inputName = 'input';

/**
 * A model from a layer list and its weights.
 * @param description - parsed JSON of the format above
 * @param tensors - by name, f32; every one must belong to a layer
 * @throws DomainError when a field is missing or of another type, an op is unknown, or a tensor is missing or left over.
 * @throws ShapeError when sizes do not agree (see inferShapes).
 * @example
 * import { modelFromLayerList } from '@rankwise/nn';
 * import { full } from '@rankwise/tensor';
 * const layers = [{ op: 'conv', name: 'conv1', kernel: 3, pad: 1 }, { op: 'relu' }, { op: 'global_avgpool' }];
 * const description = { name: 'tiny', input: { shape: [1, 8, 8] }, layers };
 * const model = modelFromLayerList(description, { 'conv1.weight': full('f32', [4, 1, 3, 3], 0.5) });
 * model.nodes.map((node) => node.name) // => ['conv1', 'relu1', 'pool1']
 */
export function modelFromLayerList(description: unknown, tensors: Readonly<Record<string, Tensor>>): Model {
  const decode = createDecoder((path, expected, got) => refused(path, expected, got));
  const fields = decode.object(description, 'description');
  const parameters = floatTensors(tensors);
  const nodes: Node[] = [];
  const taken = new Set([inputName]);
  decode.list(fields.get('layers'), 'layers', (layer, path) => {
    const previous = nodes.at(-1)?.name ?? inputName;
    const node = decodeLayer(layer, path, { decode, parameters, taken, previous });
    taken.add(node.name);
    nodes.push(node);
  });
  const shape = inputShape(fields, decode);
  const preprocessing = decodePreprocessing(fields, shape[0], decode);
  const classes = fields.get('classes');
  const model: Model = {
    name: decode.string(fields.get('name'), 'name'),
    input: { name: inputName, shape },
    nodes,
    output: nodes.at(-1)?.name ?? inputName,
    parameters,
    ...(preprocessing !== undefined && { preprocessing }),
    ...(Array.isArray(classes) && { classNames: decode.strings(classes, 'classes') }),
  };
  validateModel(model);
  return model;
}

function floatTensors(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor<'f32'>> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      if (!hasDType(tensor, 'f32')) throw refused(`tensors['${name}']`, 'dtype f32', tensor.dtype);
      return [name, tensor];
    }),
  );
}

/** From `input.shape`, or from `preprocessing.input`, as in "224x224 RGB": height, width, channel order. */
function inputShape(fields: ObjectFields, decode: Decoder): [number, number, number] {
  if (fields.has('input')) {
    const shape = decode.numbers(decode.object(fields.get('input'), 'input').get('shape'), 'input.shape');
    const [channels, height, width, ...rest] = shape;
    if (channels === undefined || height === undefined || width === undefined || rest.length > 0) {
      throw refused('input.shape', '[channels, height, width]', formatShape(shape));
    }
    return [channels, height, width];
  }
  const preprocessing = decode.object(fields.get('preprocessing'), 'preprocessing');
  const text = decode.string(preprocessing.get('input'), 'preprocessing.input');
  const [, height, width, order] = /^(\d{1,6})x(\d{1,6}) (RGB|BGR|grey)$/.exec(text) ?? [];
  if (order === undefined) throw refused('preprocessing.input', "text such as '224x224 RGB'", `'${text.slice(0, 40)}'`);
  return [order === 'grey' ? 1 : 3, Number(height), Number(width)];
}

function decodePreprocessing(fields: ObjectFields, channels: number, decode: Decoder): Preprocessing | undefined {
  const path = fields.has('preprocessing') ? 'preprocessing' : 'input';
  const source = decode.object(fields.get(path), path);
  if (!['order', 'mean', 'std', 'scale'].some((key) => source.has(key))) return undefined;
  const channelOrder = decode.string(source.get('order'), `${path}.order`);
  if (channelOrder !== 'RGB' && channelOrder !== 'BGR' && channelOrder !== 'grey') {
    throw refused(`${path}.order`, 'RGB, BGR or grey', `'${channelOrder}'`);
  }
  const each = (key: string, otherwise: number): number[] =>
    source.has(key)
      ? decode.numbers(source.get(key), `${path}.${key}`)
      : Array.from<number>({ length: channels }).fill(otherwise);
  return {
    scale: decodeScale(source.get('scale'), `${path}.scale`, decode),
    mean: each('mean', 0),
    std: each('std', 1),
    channelOrder,
  };
}

function decodeScale(value: unknown, path: string, decode: Decoder): number {
  if (value === undefined) return 1;
  if (typeof value !== 'string') return decode.number(value, path);
  if (!/^x\/255(?!\d)/.test(value))
    throw refused(path, "a number or text that starts with 'x/255'", `'${value.slice(0, 40)}'`);
  return 1 / 255;
}

function refused(path: string, expected: string, got: string): DomainError {
  return new DomainError(`modelFromLayerList: ${path}: expected ${expected}, got ${got}`);
}
