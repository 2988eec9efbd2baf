/**
 * A network, or one matrix product, as the bytes of an ONNX file, for the peers that read nothing else.
 *
 * | message (onnx.proto) | fields written here                                                                 |
 * |----------------------|-------------------------------------------------------------------------------------|
 * | ModelProto           | 1 ir_version, 2 producer_name, 7 graph, 8 opset_import                              |
 * | GraphProto           | 1 node, 2 name, 5 initializer, 11 input, 12 output                                  |
 * | NodeProto            | 1 input, 2 output, 3 name, 4 op_type, 5 attribute                                   |
 * | AttributeProto       | 1 name, 3 i, 8 ints, 20 type                                                        |
 * | TensorProto          | 1 dims, 2 data_type, 8 name, 9 raw_data                                             |
 * | ValueInfoProto       | 1 name, 2 type { 1 tensor_type { 1 elem_type, 2 shape { 1 dim { 1 dim_value } } } } |
 *
 * Only what the benchmarked networks hold is written: conv2d, relu and maxPool2d. Reference: ONNX operator set 13.
 */

import { contiguous } from '@rankwise/tensor';
import type { FloatDType, Shape, Tensor } from '@rankwise/tensor';
import { inferShapes } from '@rankwise/nn';
import type { Conv2dNode, MaxPool2dNode, Model, Node } from '@rankwise/nn';

import { bytes, integer, integers, join, message, text } from './protobuf.ts';
import type { Chunks } from './protobuf.ts';

/** The oldest that holds operator set 13 (release 1.8 of the format). */
const irVersion = 7;
const operatorSet = 13;
/** TensorProto.DataType. */
const elementTypes = { f32: 1, f64: 11 } as const;
/** AttributeProto.AttributeType. */
const attributeTypes = { int: 2, ints: 7 } as const;

interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly Chunks[];
  readonly initializers: readonly Chunks[];
  readonly inputs: readonly Chunks[];
  readonly outputs: readonly Chunks[];
}

/**
 * The model for so many images; its input and output keep their names.
 * @throws Error when the model holds an operation that no benchmark has.
 */
export function onnxNetwork(model: Model, images: number): Uint8Array {
  const outputShape = [images, ...(inferShapes(model).get(model.output) ?? [])];
  return onnxFile({
    name: model.name,
    nodes: model.nodes.map(networkNode),
    initializers: Object.entries(model.parameters).map(([name, tensor]) => initializer(name, tensor)),
    inputs: [valueInfo(11, model.input.name, [images, ...model.input.shape], 'f32')],
    outputs: [valueInfo(12, model.output, outputShape, 'f32')],
  });
}

/** c = a · b, both inputs of the graph, so that neither may be packed beforehand. */
export function onnxMatmul(m: number, k: number, n: number, dtype: FloatDType): Uint8Array {
  return onnxFile({
    name: 'matmul',
    nodes: [node('c', 'MatMul', ['a', 'b'], [])],
    initializers: [],
    inputs: [valueInfo(11, 'a', [m, k], dtype), valueInfo(11, 'b', [k, n], dtype)],
    outputs: [valueInfo(12, 'c', [m, n], dtype)],
  });
}

function onnxFile({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Uint8Array {
  return join([
    integer(1, irVersion),
    text(2, 'rankwise-benchmarks'),
    message(7, ...nodes, text(2, name), ...initializers, ...inputs, ...outputs),
    message(8, text(1, ''), integer(2, operatorSet)),
  ]);
}

function networkNode(layer: Node): Chunks {
  switch (layer.op) {
    case 'conv2d':
      return convolution(layer);
    case 'relu':
      return node(layer.name, 'Relu', layer.inputs, []);
    case 'maxPool2d':
      return maxPool(layer);
    default:
      throw new Error(`onnxNetwork: model: expected conv2d, relu and maxPool2d, got ${layer.op}`);
  }
}

function convolution(layer: Conv2dNode): Chunks {
  const parameters = layer.bias === undefined ? [layer.weight] : [layer.weight, layer.bias];
  return node(
    layer.name,
    'Conv',
    [...layer.inputs, ...parameters],
    [
      intsAttribute('strides', layer.stride),
      intsAttribute('pads', layer.padding),
      intsAttribute('dilations', layer.dilation),
      intAttribute('group', layer.groups),
    ],
  );
}

function maxPool(layer: MaxPool2dNode): Chunks {
  return node(layer.name, 'MaxPool', layer.inputs, [
    intsAttribute('kernel_shape', layer.kernel),
    intsAttribute('strides', layer.stride),
    intsAttribute('pads', layer.padding),
    intAttribute('ceil_mode', layer.ceil ? 1 : 0),
  ]);
}

/** A node with one output, which has the node's name. */
function node(name: string, operation: string, inputs: readonly string[], attributes: readonly Chunks[]): Chunks {
  const read = inputs.flatMap((input) => text(1, input));
  return message(1, read, text(2, name), text(3, name), text(4, operation), ...attributes);
}

function intAttribute(name: string, value: number): Chunks {
  return message(5, text(1, name), integer(3, value), integer(20, attributeTypes.int));
}

function intsAttribute(name: string, values: readonly number[]): Chunks {
  return message(5, text(1, name), integers(8, values), integer(20, attributeTypes.ints));
}

function initializer(name: string, tensor: Tensor<'f32'>): Chunks {
  const { data, offset } = contiguous(tensor);
  // Little-endian, as raw_data asks for, on every machine that the peers run on.
  const raw = new Uint8Array(
    data.buffer,
    data.byteOffset + offset * 4,
    tensor.shape.reduce((a, b) => a * b, 4),
  );
  return message(5, integers(1, tensor.shape), integer(2, elementTypes.f32), text(8, name), bytes(9, raw));
}

function valueInfo(field: number, name: string, shape: Shape, dtype: FloatDType): Chunks {
  const extents = shape.map((extent) => message(1, integer(1, extent)));
  const tensorType = message(1, integer(1, elementTypes[dtype]), message(2, ...extents));
  return message(field, text(1, name), message(2, tensorType));
}
