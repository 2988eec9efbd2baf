/** The guard at public entries where values matter: NaN and infinities are refused before any work. */

import { DomainError } from './errors.ts';
import { formatShape } from './shape.ts';
import { findFirst } from './strided.ts';
import type { Tensor } from './tensor.ts';

/**
 * Does nothing when every element is finite.
 * @param caller - name of the function that was called with the tensor
 * @param argument - name of its argument
 * @throws DomainError naming the first value that is not finite, in row-major order, and its index.
 * @example
 * import { checkFinite, fromNested } from '@rankwise/tensor';
 * checkFinite('solve', 'matrix', fromNested('f64', [[1, 2], [3, 4]])) // => undefined
 */
export function checkFinite(caller: string, argument: string, tensor: Tensor): void {
  if (tensor.dtype === 'i32' || tensor.dtype === 'u8') return;
  const refused = findFirst(tensor, (value) => !Number.isFinite(value));
  if (refused !== undefined) {
    throw new DomainError(
      `${caller}: ${argument}: expected finite values, got ${refused.value} at ${formatShape(refused.index)}`,
    );
  }
}
