/**
 * Random weights for networks of the zoo, made late: filling 137 million of them takes longer than all that can be refused
 * before, so commands open every model without them, check everything, and ask for them last.
 */

import type { Model } from '@rankwise/nn';

import { isZooModel, openModel } from '../modelArgument.ts';
import type { Terminal } from '../terminal.ts';

/**
 * A network of the zoo with random weights, said so on stderr; any other model as it is.
 * @param model - what `argument` names, opened with `initialize: false`
 */
export async function withZooWeights(argument: string, model: Model, seed: number, terminal: Terminal): Promise<Model> {
  if (!isZooModel(argument)) return model;
  terminal.stderr.write(`note: ${argument} has random weights (seed ${seed})\n`);
  return openModel(argument, { seed });
}
