/** Exact arithmetic on floating-point numbers: every finite double is an integer multiple of 2^-1074. */

const LEAST_EXPONENT = 1074;

/** The integer n with x = n · 2^-1074. */
export function scaledInteger(x: number): bigint {
  if (!Number.isFinite(x)) throw new Error(`expected a finite number, got ${x}`);
  let mantissa = x;
  let exponent = 0;
  for (; !Number.isInteger(mantissa); exponent++) mantissa *= 2;
  return BigInt(mantissa) << BigInt(LEAST_EXPONENT - exponent);
}

/** The sum of the terms without any rounding but that of the result to a double, of relative size 2^-52 at most. */
export function exactSum(terms: Iterable<number>): number {
  let sum = 0n;
  for (const term of terms) sum += scaledInteger(term);
  // 64 leading bits or more are kept; what is cut off is below the double's last place.
  const bits = 4 * sum.toString(16).length;
  const cut = Math.max(0, bits - 68);
  return Number(sum >> BigInt(cut)) * 2 ** (cut - LEAST_EXPONENT);
}

/** The neighbours of a finite f32 among f32 numbers. */
export function neighboursF32(x: number): [number, number] {
  const bits = new Int32Array(new Float32Array([x]).buffer);
  const value = new Float32Array(bits.buffer);
  const start = bits[0] ?? 0;
  const step = (by: number): number => {
    // Adjacent bit patterns are adjacent magnitudes; zero is followed by the least subnormals on both sides.
    if (x === 0) return by * 2 ** -149;
    bits[0] = start + by * (x > 0 ? 1 : -1);
    return value[0] ?? Number.NaN;
  };
  return [step(-1), step(1)];
}

/** True when no f32 lies closer than `result` to numerator / denominator, both in the same unit, denominator not 0. */
export function isNearestF32(result: number, numerator: bigint, denominator: bigint): boolean {
  const distance = (candidate: number): bigint => {
    const difference = numerator - scaledInteger(candidate) * denominator;
    return difference < 0n ? -difference : difference;
  };
  const own = distance(result);
  return neighboursF32(result).every((other) => !Number.isFinite(other) || own <= distance(other));
}
