/** How two networks' answers are compared while ranks are chosen. */

import type { Model } from '@rankwise/nn';
import { sizeOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { compareOutputs } from './compareOutputs.ts';
import { outputDivergence } from './outputDivergence.ts';

/** Smallest normal f32: what a probability that was rounded to 0 is taken for. */
const leastProbability = 2 ** -126;

/**
 * The measure that fits a model's answers: the divergence of their probabilities where an answer is a list of classes, else the
 * relative squared difference. Answers that went through a softmax are taken back through the logarithm.
 */
export function outputLoss(model: Model): (original: Tensor<'f32'>, approximated: Tensor<'f32'>) => number {
  const last = model.nodes.find(({ name }) => name === model.output);
  const logits = (answers: Tensor<'f32'>): Tensor<'f32'> => {
    if (last?.op !== 'softmax') return answers;
    const start = answers.offset;
    const values = answers.data.subarray(start, start + sizeOf(answers.shape));
    return { ...answers, offset: 0, data: values.map((value) => Math.log(Math.max(value, leastProbability))) };
  };
  return (original, approximated) =>
    original.shape.length === 2 && (original.shape[1] ?? 0) > 1
      ? outputDivergence(logits(original), logits(approximated))
      : compareOutputs(original, approximated).relativeError;
}
