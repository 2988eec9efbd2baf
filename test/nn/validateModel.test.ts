/** validateModel: values of parameters, and what a model says about itself. (Graphs and shapes: shapes.test.ts.) */

import { describe, expect, it } from 'vitest';
import { sequential, validateModel } from '@rankwise/nn';
import type { Model, Preprocessing } from '@rankwise/nn';
import { DomainError, broadcastTo, full, transpose, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

const model = sequential('tiny', [3, 4, 4])
  .conv('conv1', { filters: 2, kernel: 3 })
  .globalAveragePool()
  .build({ classNames: ['a', 'b'], fixedRanks: { conv1: 2 } });

function withWeight(weight: Tensor<'f32'>): Model {
  return { ...model, parameters: { ...model.parameters, 'conv1.weight': weight } };
}

function withPreprocessing(change: Partial<Preprocessing>): Model {
  const preprocessing: Preprocessing = { scale: 1, mean: [1, 2, 3], std: [1, 1, 1], channelOrder: 'RGB', ...change };
  return { ...model, preprocessing };
}

describe('validateModel', () => {
  it('accepts a valid model', () => {
    validateModel(model);
    validateModel(withPreprocessing({}));
    validateModel(withWeight(broadcastTo(full('f32', [], 1), [2, 3, 3, 3])));
  });

  it.each([NaN, Infinity, -Infinity])('names the parameter and the index of %d', (value) => {
    const weight = full('f32', [2, 3, 3, 3], 1);
    weight.data[1 * 27 + 2 * 9 + 1 * 3 + 0] = value;
    const message =
      "validateModel: parameter 'conv1.weight': expected finite values, got NaN or an infinity at [1, 2, 1, 0]";
    expect(() => validateModel(withWeight(weight))).toThrow(message);
    const view = transpose(full('f32', [3, 3, 3, 2], 1));
    // [1, 2, 1, 0] of the view is [0, 1, 2, 1] of what lies in memory.
    view.data[(1 * 3 + 2) * 2 + 1] = value;
    expect(() => validateModel(withWeight(view))).toThrow(message);
  });

  it('finds it in a broadcast parameter', () => {
    expect(() => validateModel(withWeight(broadcastTo(full('f32', [], NaN), [2, 3, 3, 3])))).toThrow('at [0, 0, 0, 0]');
  });

  it('refuses parameters that no node reads', () => {
    const parameters = { ...model.parameters, old: zeros('f32', [1]) };
    expect(() => validateModel({ ...model, parameters })).toThrow("got 'old', which none reads");
  });

  it.each<readonly [Partial<Preprocessing>, string]>([
    [{ scale: 0 }, 'preprocessing.scale: expected a positive number, got 0'],
    [{ mean: [1] }, 'preprocessing.mean: expected 3 finite numbers, got [1]'],
    [{ mean: [1, NaN, 1] }, 'preprocessing.mean: expected 3 finite numbers'],
    [{ std: [1, 0, 1] }, 'preprocessing.std: expected 3 positive numbers, got [1, 0, 1]'],
    [{ channelOrder: 'grey' }, "preprocessing.channelOrder: expected one for 3 channels, got 'grey'"],
  ])('refuses preprocessing %j', (change, message) => {
    expect(() => validateModel(withPreprocessing(change))).toThrow(DomainError);
    expect(() => validateModel(withPreprocessing(change))).toThrow(message);
  });

  it('refuses class names that are not one for each output', () => {
    expect(() => validateModel({ ...model, classNames: ['a'] })).toThrow('one for each output [2, 1, 1], got 1');
    expect(() => validateModel({ ...model, output: 'conv1' })).toThrow('one for each output [2, 2, 2], got 2');
  });

  it.each([0, 3, 1.5, NaN])('refuses a fixed rank of %d', (rank) => {
    expect(() => validateModel({ ...model, fixedRanks: { conv1: rank } })).toThrow('an integer from 1 to 2');
  });

  it('refuses a fixed rank for a node that is none', () => {
    expect(() => validateModel({ ...model, fixedRanks: { constructor: 1 } })).toThrow("got 'constructor'");
  });
});
