/** Puts a chain of factors on strips (gatherStrips.ts) into the model: V, H or V, H', P. */

import { DomainError, cast, reshape, sizeOf, tensorOf } from '@rankwise/tensor';
import type { Model } from '@rankwise/nn';
import { pairFactors } from '../descent/chainForms.ts';
import { checkChain } from '../descent/factorChain.ts';
import type { FactorChain } from '../descent/factorChain.ts';
import { findConvolution, installFactors, pointwise } from './installFactors.ts';
import { pairGeometry, replaceSpatially } from './replaceSpatially.ts';

/**
 * A model in which a convolution is replaced by the two or three layers of a chain.
 * @param chain - factors [K, c · k_h] on k_w strips, [d or d', k_w · K] and, of three, [d, d']; its offset is the new bias
 * @throws DomainError when there is no such convolution, or the chain has another number of factors.
 * @throws ShapeError when the factors do not fit the convolution.
 * @example
 * import { installChain } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { fromNested } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 4, 4], { seed: 1 }).conv('conv1', { filters: 2, kernel: 2 }).build();
 * // One vertical filter on both columns of a patch; its two answers go to two filters.
 * const vertical = { weight: fromNested('f64', [[1, 1]]), strips: 2 };
 * const horizontal = { weight: fromNested('f64', [[1, 0], [0, 1]]), strips: 1 };
 * const split = installChain(model, 'conv1', { factors: [vertical, horizontal], offset: new Float64Array(2) });
 * split.nodes.map(({ name }) => name) // => ['conv1/vertical', 'conv1']
 */
export function installChain(model: Model, name: string, chain: FactorChain): Model {
  const { node, weight } = findConvolution('installChain', model, name);
  const { factors, offset } = chain;
  const [, , last] = factors;
  if (factors.length < 2 || factors.length > 3) {
    throw new DomainError(`installChain: chain: expected two or three factors, got ${factors.length}`);
  }
  checkChain('installChain', chain, sizeOf(weight.shape.slice(1)), weight.shape[0] ?? 0);
  const pair = pairFactors(chain, weight.shape);
  if (last === undefined) return replaceSpatially(model, name, { ...pair, bias: offset });
  const geometry = pairGeometry(node);
  const [filters = 0, rank = 0] = last.weight.shape;
  return installFactors(
    model,
    node,
    [
      { suffix: 'vertical', weight: cast(pair.vertical, 'f32'), ...geometry.vertical },
      { suffix: 'horizontal', weight: cast(pair.horizontal, 'f32'), ...geometry.horizontal },
    ],
    {
      weight: reshape(cast(last.weight, 'f32'), [filters, rank, 1, 1]),
      bias: cast(tensorOf(offset, [filters]), 'f32'),
      ...pointwise,
    },
  );
}
