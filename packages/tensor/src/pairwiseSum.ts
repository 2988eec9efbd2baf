/**
 * Sums of many numbers in f64, by blocks and then pairwise.
 *
 * Elements are added one by one in blocks of 128; the blocks' sums are carried like the digits of a binary counter, so that
 * only sums of equally many blocks meet. Every element takes part in at most k = 128 + 2 ⌈log₂(n / 128)⌉ + 1 additions, hence
 *   |computed − exact| ≤ γ_k Σ |x_i|,   γ_k = k u / (1 − k u),   u = 2^-53
 * (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2): for n = 10^9, k = 175, where adding
 * one by one would have k = 10^9. Infinities and NaN come out as addition has them.
 *
 * The blocks are counted along the elements fed, so the result depends on their order only, not on how they were fed.
 */

import type { DType, TypedArrayOf } from './dtype.ts';

/** Long enough to hide the carrying, short enough for the bound. */
const BLOCK = 128;

/** Blocks are counted up to 2^53. */
const LEVELS = 53;

export interface PairwiseSum {
  /** Adds data[start + i · step] for i = 0 … length − 1. */
  feed(data: TypedArrayOf[DType], start: number, step: number, length: number): void;
  /** The sum of everything fed since the last call; the next sum starts from nothing. */
  take(): number;
}

export function pairwiseSum(): PairwiseSum {
  /** partial[l] is the sum of 2^l blocks when bit l of `blocks` is set. */
  const partial = new Float64Array(LEVELS);
  let blocks = 0;
  let block = 0;
  let filled = 0;

  const carry = (): void => {
    let value = block;
    let level = 0;
    for (let rest = blocks; rest % 2 === 1; rest = (rest - 1) / 2) value = partial[level++]! + value;
    partial[level] = value;
    blocks += 1;
    block = 0;
    filled = 0;
  };

  return {
    feed(data, start, step, length) {
      let at = start;
      let left = length;
      while (left > 0) {
        const count = Math.min(left, BLOCK - filled);
        let sum = block;
        for (let i = 0; i < count; i++) sum += data[at + i * step]!;
        block = sum;
        at += count * step;
        left -= count;
        filled += count;
        if (filled === BLOCK) carry();
      }
    },
    take() {
      let value = block;
      for (let rest = blocks, level = 0; rest > 0; rest = Math.floor(rest / 2), level++) {
        if (rest % 2 === 1) value = partial[level]! + value;
      }
      blocks = 0;
      block = 0;
      filled = 0;
      return value;
    },
  };
}
