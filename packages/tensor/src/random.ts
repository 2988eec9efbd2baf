/**
 * Seeded random numbers: the same seed gives the same numbers on every engine, to the last bit.
 *
 * | method      | how                                                                                        |
 * |-------------|--------------------------------------------------------------------------------------------|
 * | uint32      | xoshiro128**, 128 bits of state, period 2^128 − 1                                          |
 * | uniform     | (27 high bits of one draw · 2^26 + 26 high bits of the next) / 2^53                        |
 * | normal      | polar method: (u, v) uniform in the unit disc, s = u² + v², x = u √(−2 ln s / s)           |
 * | integer     | rejection: draws from the incomplete last run of n values are thrown away                  |
 * | permutation | Fisher–Yates from the top, each index by `integer`                                         |
 * | fork        | a new state hashed from the seed's state and the label; draws already made play no part    |
 *
 * Only additions, products, quotients and square roots are used, which IEEE 754 rounds alike everywhere; Math.log is not.
 * Not for secrets. References: D. Blackman, S. Vigna, Scrambled Linear Pseudorandom Number Generators, ACM TOMS 47 (2021),
 * fig. 2 and 3; G. Marsaglia, T. A. Bray, SIAM Review 6 (1964); D. E. Knuth, TAOCP 2, 3.4.1 and 3.4.2.
 */

import type { FloatDType } from './dtype.ts';
import { DomainError } from './errors.ts';
import { forkState, isSeed, seedState } from './randomSeed.ts';
import type { RandomWords } from './randomSeed.ts';
import { forEachRow } from './strided.ts';
import type { Tensor } from './tensor.ts';

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/** All there is to know about a stream: where its forks come from and where it stands. Plain numbers, fit for JSON. */
export interface RandomState {
  readonly origin: RandomWords;
  readonly words: RandomWords;
}

/** A stream of random numbers. Each call moves it on; nothing else does. */
export interface Random {
  /** An integer, 0 ≤ x < 2^32, every value equally likely. */
  uint32(): number;
  /** A multiple of 2^-53, 0 ≤ x < 1. */
  uniform(): number;
  /** Standard normal: mean 0, variance 1. */
  normal(): number;
  /**
   * An integer, 0 ≤ x < n, every value exactly equally likely.
   * @throws DomainError when n is not an integer from 1 to 2^53 − 1.
   */
  integer(n: number): number;
  /**
   * The integers 0 … n − 1 in random order.
   * @throws DomainError when n is not an integer from 0 to 2^31 − 1.
   */
  permutation(n: number): Int32Array;
  /**
   * Fills the tensor, in row-major order, with low ≤ x < high (in the tensor's precision); returns it.
   * @throws DomainError when the bounds are not finite or low ≥ high in the tensor's precision.
   */
  fillUniformInPlace<D extends FloatDType>(tensor: Tensor<D>, low?: number, high?: number): Tensor<D>;
  /**
   * Fills the tensor, in row-major order, with mean + deviation · normal(); returns it.
   * @throws DomainError when an argument is not finite or the deviation is negative.
   */
  fillNormalInPlace<D extends FloatDType>(tensor: Tensor<D>, mean?: number, deviation?: number): Tensor<D>;
  /**
   * An independent stream, determined by this stream's seed (and the labels it was itself forked by) and the label alone:
   * it is the same before and after any draws, and does not move this stream on.
   * @throws DomainError when a number label is not an integer from 0 to 2^53 − 1.
   */
  fork(label: string | number): Random;
  /** Where the stream stands now, for `restoreRandom`. */
  state(): RandomState;
}

/**
 * A stream of random numbers from a seed.
 * @param seed - an integer, 0 ≤ seed < 2^53; different seeds give different states
 * @throws DomainError when the seed is anything else.
 * @example
 * import { createRandom } from '@rankwise/tensor';
 * const random = createRandom(1);
 * random.integer(10) === createRandom(1).integer(10) // => true
 * random.permutation(4).toSorted() // => new Int32Array([0, 1, 2, 3])
 * random.fork('weights').uniform() === createRandom(1).fork('weights').uniform() // => true
 */
export function createRandom(seed: number): Random {
  if (!isSeed(seed)) {
    throw new DomainError(`createRandom: seed: expected an integer from 0 to 2^53 - 1, got ${seed}`);
  }
  const words = seedState(seed);
  return streamFrom(words, words);
}

/**
 * The stream that `state` was taken from, standing where it stood.
 * @throws DomainError when the state is not two lists of four 32-bit integers, or one of them is all zero.
 * @example
 * import { createRandom, restoreRandom } from '@rankwise/tensor';
 * const random = createRandom(7);
 * random.normal();
 * const saved = random.state();
 * random.normal() === restoreRandom(saved).normal() // => true
 */
export function restoreRandom(state: RandomState): Random {
  for (const words of [state.origin, state.words]) {
    const valid = words.length === 4 && words.every((word) => Number.isInteger(word) && word >= 0 && word < TWO_32);
    if (!valid || words.every((word) => word === 0)) {
      throw new DomainError(
        `restoreRandom: state: expected four integers from 0 to 2^32 - 1, not all 0, got [${words.join(', ')}]`,
      );
    }
  }
  return streamFrom(state.origin, state.words);
}

function streamFrom(origin: RandomWords, start: RandomWords): Random {
  const uint32 = xoshiro128(start);
  const uniform = (): number => uniformFrom(uint32.next);
  const normal = (): number => polarNormal(uniform);
  const integer = (n: number): number => {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new DomainError(`integer: n: expected an integer from 1 to 2^53 - 1, got ${n}`);
    }
    return integerBelow(n, uint32.next);
  };
  return {
    uint32: uint32.next,
    uniform,
    normal,
    integer,
    permutation: (n) => permutationOf(n, integer),
    fillUniformInPlace(tensor, low = 0, high = 1) {
      fillUniform(tensor, low, high, uniform);
      return tensor;
    },
    fillNormalInPlace(tensor, mean = 0, deviation = 1) {
      if (!Number.isFinite(mean) || !Number.isFinite(deviation) || deviation < 0) {
        throw new DomainError(
          `fillNormalInPlace: mean, deviation: expected finite numbers, deviation >= 0, got ${mean}, ${deviation}`,
        );
      }
      fill(tensor, () => mean + deviation * normal());
      return tensor;
    },
    fork(label) {
      if (typeof label === 'number' && !isSeed(label)) {
        throw new DomainError(`fork: label: expected a string or an integer from 0 to 2^53 - 1, got ${label}`);
      }
      const words = forkState(origin, label);
      return streamFrom(words, words);
    },
    state: () => ({ origin, words: uint32.words() }),
  };
}

/** xoshiro128**, Blackman & Vigna 2021: the state is linear over GF(2), the output multiplies and rotates word 1. */
function xoshiro128(start: RandomWords): { next: () => number; words: () => RandomWords } {
  let [s0, s1, s2, s3] = start;
  return {
    next: () => {
      const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
      const shifted = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= shifted;
      s3 = rotateLeft(s3, 11);
      return result;
    },
    words: () => [s0 >>> 0, s1 >>> 0, s2 >>> 0, s3 >>> 0],
  };
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function uniformFrom(uint32: () => number): number {
  const high = uint32() >>> 5;
  return (high * 2 ** 26 + (uint32() >>> 6)) / TWO_53;
}

/** The second normal of the pair is not kept, so that the 128-bit state is all there is. */
function polarNormal(uniform: () => number): number {
  for (;;) {
    const u = 2 * uniform() - 1;
    const v = 2 * uniform() - 1;
    const s = u * u + v * v;
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * naturalLog(s)) / s);
  }
}

/**
 * ln x for normal positive x, within a few units in the last place and the same on every engine.
 * x = 2^e m with √½ ≤ m ≤ √2, ln m = 2 artanh f = 2 Σ f^(2k+1) / (2k + 1), f = (m − 1)/(m + 1), |f| ≤ 0.1716.
 * The first term left out, relative to f, is f^22 / 23 < 2^-60.
 */
function naturalLog(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  for (; mantissa > Math.SQRT2; exponent++) mantissa /= 2;
  const f = (mantissa - 1) / (mantissa + 1);
  const square = f * f;
  let series = 0;
  for (let odd = 21; odd >= 3; odd -= 2) series = (series + 1 / odd) * square;
  return exponent * Math.LN2 + 2 * (f + f * series);
}

function integerBelow(n: number, uint32: () => number): number {
  const range = n <= TWO_32 ? TWO_32 : TWO_53;
  const limit = range - (range % n);
  for (;;) {
    const draw = range === TWO_32 ? uint32() : uniformFrom(uint32) * TWO_53;
    if (draw < limit) return draw % n;
  }
}

function permutationOf(n: number, integer: (n: number) => number): Int32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) {
    throw new DomainError(`permutation: n: expected an integer from 0 to 2^31 - 1, got ${n}`);
  }
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let last = n - 1; last > 0; last--) {
    const chosen = integer(last + 1);
    const moved = order[last]!;
    order[last] = order[chosen]!;
    order[chosen] = moved;
  }
  return order;
}

function fillUniform(tensor: Tensor<FloatDType>, low: number, high: number, uniform: () => number): void {
  const round = tensor.dtype === 'f32' ? Math.fround : (value: number): number => value;
  const bottom = round(low);
  const top = round(high);
  if (!Number.isFinite(bottom) || !Number.isFinite(top - bottom) || bottom >= top) {
    throw new DomainError(`fillUniformInPlace: low, high: expected finite numbers, low < high, got ${low}, ${high}`);
  }
  fill(tensor, () => {
    // Rounding can reach the upper end, which the interval leaves out.
    for (;;) {
      const value = round(bottom + (top - bottom) * uniform());
      if (value < top) return value;
    }
  });
}

function fill(tensor: Tensor<FloatDType>, draw: () => number): void {
  forEachRow(tensor.shape, [tensor], (positions, steps, length) => {
    const [start = 0] = positions;
    const [step = 0] = steps;
    for (let i = 0; i < length; i++) tensor.data[start + i * step] = draw();
  });
}
