/** One way to refuse a number that is no rank. */

import { DomainError } from '@rankwise/tensor';

/** @throws DomainError when `value` is not an integer ≥ 0, naming `caller` and `argument`. */
export function checkRank(caller: string, argument: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new DomainError(`${caller}: ${argument}: expected a non-negative integer, got ${value}`);
  }
}
