/** Everything that can be wrong with a model, found before it is run or written. */

import { DomainError, formatShape, sizeOf } from '@rankwise/tensor';

import { firstNonFinite, formatIndex } from './finite.ts';
import { parameterNames } from './graph.ts';
import type { Model, Preprocessing } from './model.ts';
import { inferShapes } from './shapes.ts';

/**
 * Checks a model completely: its graph and shapes (see inferShapes), the values of its parameters, and what it says about
 * preprocessing, class names and fixed ranks. Reads every parameter once.
 * @throws ShapeError when shapes do not agree.
 * @throws DomainError for anything else; the message names the node, parameter or field, and the index of a NaN or infinity.
 * @example
 * import { sequential, validateModel } from '@rankwise/nn';
 * const model = sequential('tiny', [1, 4, 4]).relu('relu1').build();
 * validateModel({ ...model, output: 'relu2' }) // => throws DomainError: inferShapes: output: expected a value of model 'tiny'
 */
export function validateModel(model: Model): void {
  const shapes = inferShapes(model);
  const used = new Set(model.nodes.flatMap((node) => parameterNames(node)));
  for (const [name, parameter] of Object.entries(model.parameters)) {
    if (!used.has(name))
      throw refused(`parameters: expected each to be read by a node, got '${name}', which none reads`);
    const bad = firstNonFinite(parameter);
    if (bad >= 0) {
      throw refused(
        `parameter '${name}': expected finite values, got NaN or an infinity at ${formatIndex(parameter, bad)}`,
      );
    }
  }
  if (model.preprocessing !== undefined) checkPreprocessing(model.preprocessing, model.input.shape[0]);
  if (model.classNames !== undefined) {
    const outputShape = shapes.get(model.output) ?? [];
    const [classes] = outputShape;
    if (classes !== model.classNames.length || sizeOf(outputShape) !== classes) {
      throw refused(
        `classNames: expected one for each output ${formatShape(outputShape)}, got ${model.classNames.length}`,
      );
    }
  }
  for (const [name, rank] of Object.entries(model.fixedRanks ?? {}))
    checkFixedRank(model, name, rank, shapes.get(name)?.[0]);
}

function checkFixedRank(model: Model, name: string, rank: number, outputs: number | undefined): void {
  const node = model.nodes.find((candidate) => candidate.name === name);
  if (node === undefined || (node.op !== 'conv2d' && node.op !== 'linear')) {
    throw refused(`fixedRanks: expected names of convolutions or linear layers, got '${name}'`);
  }
  if (!Number.isSafeInteger(rank) || rank < 1 || rank > (outputs ?? 0)) {
    throw refused(`fixedRanks: expected for '${name}' an integer from 1 to ${outputs}, got ${rank}`);
  }
}

/** @throws DomainError unless scale, means and deviations are finite, deviations positive, and there is one of each a channel. */
export function checkPreprocessing(preprocessing: Preprocessing, channels: number): void {
  const { scale, mean, std, channelOrder } = preprocessing;
  if (!Number.isFinite(scale) || scale <= 0)
    throw refused(`preprocessing.scale: expected a positive number, got ${scale}`);
  if (mean.length !== channels || !mean.every(Number.isFinite)) {
    throw refused(`preprocessing.mean: expected ${channels} finite numbers, got ${formatShape(mean)}`);
  }
  if (std.length !== channels || !std.every((deviation) => Number.isFinite(deviation) && deviation > 0)) {
    throw refused(`preprocessing.std: expected ${channels} positive numbers, got ${formatShape(std)}`);
  }
  const expected = channelOrder === 'grey' ? 1 : 3;
  if (channels !== expected) {
    throw refused(`preprocessing.channelOrder: expected one for ${channels} channels, got '${channelOrder}'`);
  }
}

function refused(what: string): DomainError {
  return new DomainError(`validateModel: ${what}`);
}
