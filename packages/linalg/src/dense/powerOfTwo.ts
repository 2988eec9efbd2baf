/** Multiplication by 2^exponent where the power itself need not be a double: scales undone together, not one after the other. */

/** The largest exponent of a double, and of the inverse of one. */
const MAX_EXPONENT = 1023;

/** value · 2^exponent for an integer exponent: exact where the result is normal, ±Infinity or 0 where it is beyond the doubles. */
export function timesPowerOfTwo(value: number, exponent: number): number {
  let result = value;
  let left = exponent;
  while (left !== 0) {
    const step = Math.max(-MAX_EXPONENT, Math.min(left, MAX_EXPONENT));
    result *= 2 ** step;
    left -= step;
  }
  return result;
}
