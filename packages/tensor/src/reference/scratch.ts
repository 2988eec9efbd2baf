/**
 * Scratch memory that grows to the largest request and is reused, so that a call in a loop allocates nothing.
 *
 * Contents do not survive from one call to the next and are not zeroed. Calls are synchronous and do not nest within one
 * slot, so a slot has one user at a time.
 */

/** A slot of f64 scratch: asks for at least `length` elements. */
export type Scratch = (length: number) => Float64Array;

/** A new empty slot. */
export function createScratch(): Scratch {
  let block = new Float64Array(0);
  return (length) => {
    if (block.length < length) block = new Float64Array(length);
    return block;
  };
}
