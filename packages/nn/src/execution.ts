/**
 * Running a model in pieces: a batch can be paused in front of any node and continued later, also with a model whose nodes
 * before that point were replaced, as long as what the rest reads is there.
 *
 * The state is the live values only. After nodes [from, to) it holds liveAfter(model, to - 1) and the kept values, and nothing
 * else, so peak memory is that of the widest cut through the graph.
 *
 * A relu that is the only reader of a convolution or linear layer is fused into it (applied as the result is stored, which is
 * exact) when both lie in the segment and the value before the relu is neither kept nor the output. Results therefore do
 * not depend on where a run is cut: they are bit-identical for the same kernels and the same images.
 */

import { DomainError, ShapeError, copyOf, formatShape, isContiguous, sameShape, zeros } from '@rankwise/tensor';
import type { Kernels, Shape, Tensor, Workspace } from '@rankwise/tensor';

import { describeNode, liveAfter, readersOf } from './graph.ts';
import type { Model, Node, ReluNode } from './model.ts';
import { nodeShape } from './operations/nodeShape.ts';
import type { NodeCall } from './operations/nodeCall.ts';
import { runNode } from './operations/runNode.ts';

/** A batch on its way through a model. Plain data: it may be kept, copied or sent elsewhere. */
export interface ExecutionState {
  /** Number of images in the batch. */
  readonly images: number;
  /** Live values by name, f32, contiguous, with the images axis. */
  readonly values: ReadonlyMap<string, Tensor<'f32'>>;
}

export interface AdvanceOptions {
  readonly kernels: Kernels;
  /** Names of values to keep although no later node reads them. */
  readonly keep?: Iterable<string>;
}

/**
 * A batch in front of the first node.
 * @param input - [images, channels, height, width], contiguous; it is not copied. Its values are not checked (forward does).
 * @throws ShapeError when the input's shape is not the model's, or it is not contiguous.
 * @example
 * import { sequential, startExecution } from '@rankwise/nn';
 * import { zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 4, 4]).relu().build();
 * [...startExecution(model, zeros('f32', [3, 1, 4, 4])).values.keys()] // => ['input']
 */
export function startExecution(model: Model, input: Tensor<'f32'>): ExecutionState {
  const [images, ...shape] = input.shape;
  if (images === undefined || !sameShape(shape, model.input.shape)) {
    const expected = `[images, ${model.input.shape.join(', ')}]`;
    throw new ShapeError(`startExecution: input: expected ${expected}, got ${formatShape(input.shape)}`);
  }
  if (!isContiguous(input))
    throw new ShapeError('startExecution: input: expected a contiguous tensor, got a strided view');
  return { images, values: new Map([[model.input.name, input]]) };
}

/**
 * Runs nodes [from, to) of the topological order and drops the values that neither a later node reads nor `keep` names.
 * @param state - paused in front of node `from`; not changed
 * @returns the state in front of node `to`.
 * @throws DomainError when the range lies outside the model or a value that node `from` or a later one reads is missing.
 * @throws ShapeError when a value does not fit the node that reads it.
 * @example
 * import { advance, sequential, startExecution } from '@rankwise/nn';
 * import { fromNested, referenceKernels } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 1, 2]).relu('relu1').flatten('features').build();
 * const start = startExecution(model, fromNested('f32', [[[[-1, 2]]]]));
 * const paused = advance(model, start, 0, 1, { kernels: referenceKernels });
 * [...paused.values.keys()] // => ['relu1']
 * const end = advance(model, paused, 1, 2, { kernels: referenceKernels });
 * end.values.get('features')?.data // => [0, 2]
 */
export function advance(
  model: Model,
  state: ExecutionState,
  from: number,
  to: number,
  options: AdvanceOptions,
): ExecutionState {
  checkRange(model, state, from, to);
  const kept = new Set<string>(options.keep);
  const fused = fusedRelus(model, from, to, kept);
  const lastReader = lastReaders(model);
  const values = new Map(state.values);
  const intermediate = intermediateValues(values, options.kernels.workspace);
  try {
    for (let index = from; index < to; index++) {
      const node = model.nodes[index];
      if (node === undefined) continue;
      const relu = fused.get(node.name);
      if (!(node.op === 'relu' && fused.has(node.inputs[0] ?? ''))) {
        const call = { relu, images: state.images, kernels: options.kernels, newOutput: intermediate.newOutput };
        values.set(relu?.name ?? node.name, execute(model, node, values, call));
      }
      for (const input of node.inputs) {
        const read = (lastReader.get(input) ?? -1) > index;
        if (!read && !kept.has(input) && input !== model.output) intermediate.drop(input);
      }
    }
    const live = new Set([...liveAfter(model, to - 1), ...kept]);
    for (const name of values.keys()) if (!live.has(name)) intermediate.drop(name);
    intermediate.keep();
  } finally {
    intermediate.release();
  }
  return { images: state.images, values };
}

/**
 * The values of a segment that is being run. What its nodes borrow from the workspace goes back as soon as no live value shows it,
 * and what outlives the segment is copied into memory of its own.
 */
function intermediateValues(values: Map<string, Tensor<'f32'>>, workspace: Workspace | undefined): Intermediates {
  const onLoan = new Map<Tensor['data'], Tensor<'f32'>>();
  const giveBack = (tensor: Tensor): void => {
    if (onLoan.delete(tensor.data)) workspace?.release(tensor);
  };
  return {
    newOutput: (shape) => {
      const borrowed = workspace?.borrow('f32', shape);
      if (borrowed !== undefined) onLoan.set(borrowed.data, borrowed);
      return borrowed ?? zeros('f32', shape);
    },
    drop: (name) => {
      const value = values.get(name);
      values.delete(name);
      // A view (flatten, dropout) shares the data of what it shows.
      const shown = [...values.values()].some(({ data }) => data === value?.data);
      if (value !== undefined && !shown) giveBack(value);
    },
    keep: () => {
      for (const [name, value] of values) if (onLoan.has(value.data)) values.set(name, copyOf(value));
    },
    release: () => {
      for (const tensor of onLoan.values()) giveBack(tensor);
    },
  };
}

interface Intermediates {
  /** A tensor for a node's value. */
  newOutput(shape: Shape): Tensor<'f32'>;
  /** A value that nothing reads any more. */
  drop(name: string): void;
  /** Copies what is left of the values out of the workspace. */
  keep(): void;
  /** Gives back all that is on loan. */
  release(): void;
}

/** Convolution or linear layer name to the relu it absorbs, for the segment [from, to). */
function fusedRelus(model: Model, from: number, to: number, kept: ReadonlySet<string>): Map<string, ReluNode> {
  const fused = new Map<string, ReluNode>();
  const segment = model.nodes.slice(from, to);
  const inSegment = new Set<Node>(segment);
  const readers = readersOf(model);
  for (const node of segment) {
    if (node.op !== 'conv2d' && node.op !== 'linear') continue;
    if (kept.has(node.name) || node.name === model.output) continue;
    const [reader, second] = readers.get(node.name) ?? [];
    if (reader?.op === 'relu' && second === undefined && inSegment.has(reader)) fused.set(node.name, reader);
  }
  return fused;
}

/** For every value that is read, the index of the last node that does. */
function lastReaders(model: Model): Map<string, number> {
  const last = new Map<string, number>();
  for (const [index, node] of model.nodes.entries()) for (const input of node.inputs) last.set(input, index);
  return last;
}

interface ExecuteOptions extends Pick<NodeCall, 'kernels' | 'newOutput'> {
  /** The relu that the node absorbs. */
  readonly relu: ReluNode | undefined;
  readonly images: number;
}

function execute(
  model: Model,
  node: Node,
  values: ReadonlyMap<string, Tensor<'f32'>>,
  { relu, images, kernels, newOutput }: ExecuteOptions,
): Tensor<'f32'> {
  const inputs = node.inputs.map((name) => {
    const value = values.get(name);
    if (value === undefined) throw missingValue(node, name);
    return value;
  });
  const inputShapes = inputs.map((input): Shape => input.shape.slice(1));
  const outputShape = [images, ...nodeShape(node, inputShapes, model.parameters)];
  const activation = relu === undefined ? 'none' : 'relu';
  return runNode(node, { inputs, outputShape, parameters: model.parameters, kernels, newOutput, activation });
}

function checkRange(model: Model, state: ExecutionState, from: number, to: number): void {
  const whole = Number.isSafeInteger(from) && Number.isSafeInteger(to);
  if (!whole || from < 0 || to < from || to > model.nodes.length) {
    const expected = `0 ≤ from ≤ to ≤ ${model.nodes.length}`;
    throw new DomainError(`advance: from, to: expected ${expected}, got ${from} and ${to}`);
  }
  for (const name of liveAfter(model, from - 1)) {
    if (!state.values.has(name)) {
      throw new DomainError(
        `advance: state: expected the value '${name}', which a node from ${from} on reads, got none`,
      );
    }
  }
}

function missingValue(node: Node, name: string): DomainError {
  return new DomainError(`advance: ${describeNode(node)}: inputs: expected the value '${name}', got none`);
}
