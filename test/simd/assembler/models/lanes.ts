/**
 * Values of WebAssembly as the models see them: bits in a bigint, of 32, 64 or 128, with lane 0 in the lowest bits.
 *
 * A result is given lane by lane. Where the specification leaves the bits of a NaN open, a lane is the class of NaN it must be in
 * (Core Specification, §4.3.3): canonical when every NaN that went in was canonical, else arithmetic. Relaxed instructions list
 * several values for a lane.
 */

import { scaledInteger } from '../../../kit/exact.ts';

export type NanClass = 'canonical' | 'arithmetic';

export type Lane = bigint | NanClass;

export interface Expected {
  readonly width: number;
  /** Of each lane, the values it may have. */
  readonly lanes: readonly (readonly Lane[])[];
}

export interface Context {
  /** What memory holds: the model changes it as the instruction would. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly lane: number;
  /** Lanes of a shuffle, or a constant. */
  readonly immediate: readonly number[] | number | bigint | undefined;
}

/** 'none' when the instruction leaves no value. */
export type Model = (args: readonly bigint[], context: Context) => Expected | 'none' | 'trap';

export const shapes = {
  i8x16: 8,
  i16x8: 16,
  i32x4: 32,
  i64x2: 64,
  f32x4: 32,
  f64x2: 64,
} as const;

export const toSigned = (bits: bigint, width: number): bigint => BigInt.asIntN(width, bits);
export const toBits = (value: bigint, width: number): bigint => BigInt.asUintN(width, value);

export function split(bits: bigint, width: number, total = 128): bigint[] {
  return Array.from({ length: total / width }, (_, i) => toBits(bits >> BigInt(i * width), width));
}

export function join(lanes: readonly bigint[], width: number): bigint {
  return lanes.reduce((bits, lane, i) => bits | (toBits(lane, width) << BigInt(i * width)), 0n);
}

export function one(width: number, ...lanes: readonly Lane[]): Expected {
  return { width, lanes: [lanes] };
}

export function vector(width: number, lanes: readonly (Lane | readonly Lane[])[]): Expected {
  return { width, lanes: lanes.map((lane) => (typeof lane === 'object' ? lane : [lane])) };
}

/** True when each lane of `bits` is one of those expected. */
export function matches(bits: bigint, { width, lanes }: Expected): boolean {
  return lanes.every((allowed, i) => {
    const lane = toBits(bits >> BigInt(i * width), width);
    return allowed.some((value) =>
      typeof value === 'bigint' ? lane === toBits(value, width) : isNan(lane, width, value),
    );
  });
}

/** Bits of the fraction, whose highest is the quiet bit. */
const fractionBits = (width: number): bigint => (width === 32 ? 23n : 52n);

export function isNan(bits: bigint, width: number, kind: NanClass | 'any' = 'any'): boolean {
  const fraction = toBits(bits, Number(fractionBits(width)));
  if (!Number.isNaN(toNumber(bits, width))) return false;
  const quiet = 1n << (fractionBits(width) - 1n);
  return kind === 'any' || (kind === 'canonical' ? fraction === quiet : (fraction & quiet) !== 0n);
}

const view = new DataView(new ArrayBuffer(8));

export function toNumber(bits: bigint, width: number): number {
  if (width === 32) {
    view.setUint32(0, Number(bits));
    return view.getFloat32(0);
  }
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** Rounds to nearest, ties to even. The number must not be a NaN. */
export function fromNumber(value: number, width: number): bigint {
  if (width === 32) {
    view.setFloat32(0, value);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** The number's bits, or the class of NaN that an operation on these operands may give. */
export function floatResult(value: number, width: number, operands: readonly bigint[], from = width): Lane {
  if (!Number.isNaN(value)) return fromNumber(value, width);
  const strange = operands.some((bits) => isNan(bits, from) && !isNan(bits, from, 'canonical'));
  return strange ? 'arithmetic' : 'canonical';
}

/** n · 2^exponent rounded to nearest, ties to even, in a format of `width` bits. */
export function roundExact(n: bigint, exponent: number, width: number): number {
  const [digits, least] = width === 32 ? [24, -149] : [53, -1074];
  const size = n < 0n ? -n : n;
  const quantum = Math.max(size.toString(2).length + exponent - digits, least);
  const cut = quantum - exponent;
  if (cut <= 0) return Number(n) * 2 ** exponent;
  const kept = size >> BigInt(cut);
  const rest = size - (kept << BigInt(cut));
  const half = 1n << BigInt(cut - 1);
  const up = rest > half || (rest === half && (kept & 1n) === 1n) ? 1n : 0n;
  const magnitude = Number(kept + up) * 2 ** quantum;
  const rounded = width === 32 ? Math.fround(magnitude) : magnitude;
  return n < 0n ? -rounded : rounded;
}

/** a b + c with one rounding. */
export function fusedMultiplyAdd(a: number, b: number, c: number, width: number): number {
  // The product may overflow only if it is rounded.
  if (Number.isFinite(a) && Number.isFinite(b) && !Number.isFinite(c)) return c;
  // An infinity, a NaN or a zero product is exact in floating point.
  if (![a, b, c].every(Number.isFinite) || a === 0 || b === 0) return a * b + c;
  const sum = scaledInteger(a) * scaledInteger(b) + (scaledInteger(c) << 1074n);
  return sum === 0n ? 0 : roundExact(sum, -2148, width);
}
