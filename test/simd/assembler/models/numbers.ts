/** What instructions do to one lane or one scalar of any width (Core Specification, §4.3.2 and §4.3.3). */

import { floatResult, fromNumber, isNan, toBits, toNumber, toSigned } from './lanes.ts';
import type { Lane } from './lanes.ts';

type Integer2 = (a: bigint, b: bigint, width: number) => bigint;

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

export function saturate(value: bigint, width: number, kind: 's' | 'u'): bigint {
  const most = kind === 's' ? (1n << BigInt(width - 1)) - 1n : (1n << BigInt(width)) - 1n;
  const least = kind === 's' ? -most - 1n : 0n;
  return larger(least, smaller(value, most));
}

/** Results are taken modulo 2^width. */
export const integerBinary: Readonly<Record<string, Integer2>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  andnot: (a, b, w) => a & ~toSigned(b, w),
  shl: (a, b, w) => a << (b % BigInt(w)),
  shr_s: (a, b, w) => toSigned(a, w) >> (b % BigInt(w)),
  shr_u: (a, b, w) => a >> (b % BigInt(w)),
  rotl: (a, b, w) => (a << (b % BigInt(w))) | (a >> (BigInt(w) - (b % BigInt(w)))),
  rotr: (a, b, w) => (a >> (b % BigInt(w))) | (a << (BigInt(w) - (b % BigInt(w)))),
  add_sat_s: (a, b, w) => saturate(toSigned(a, w) + toSigned(b, w), w, 's'),
  add_sat_u: (a, b, w) => saturate(a + b, w, 'u'),
  sub_sat_s: (a, b, w) => saturate(toSigned(a, w) - toSigned(b, w), w, 's'),
  sub_sat_u: (a, b, w) => saturate(a - b, w, 'u'),
  min_s: (a, b, w) => smaller(toSigned(a, w), toSigned(b, w)),
  min_u: smaller,
  max_s: (a, b, w) => larger(toSigned(a, w), toSigned(b, w)),
  max_u: larger,
  avgr_u: (a, b) => (a + b + 1n) >> 1n,
  q15mulr_sat_s: (a, b, w) => saturate((toSigned(a, w) * toSigned(b, w) + 0x4000n) >> 15n, w, 's'),
};

export const integerUnary: Readonly<Record<string, (a: bigint, width: number) => bigint>> = {
  abs: (a, w) => larger(toSigned(a, w), -toSigned(a, w)),
  neg: (a) => -a,
  not: (a) => -1n - a,
  popcnt: (a) => BigInt(a.toString(2).replaceAll('0', '').length),
  clz: (a, w) => BigInt(w - (a === 0n ? 0 : a.toString(2).length)),
  ctz: (a, w) => BigInt(a === 0n ? w : a.toString(2).length - 1 - a.toString(2).lastIndexOf('1')),
  extend8_s: (a) => toSigned(a, 8),
  extend16_s: (a) => toSigned(a, 16),
  extend32_s: (a) => toSigned(a, 32),
};

/** BigInt's division rounds towards zero, as WebAssembly's does. */
export const integerDivision: Readonly<Record<string, (a: bigint, b: bigint, width: number) => bigint | 'trap'>> = {
  div_s: (a, b, w) => {
    if (b === 0n) return 'trap';
    const quotient = toSigned(a, w) / toSigned(b, w);
    return quotient === 1n << BigInt(w - 1) ? 'trap' : quotient;
  },
  div_u: (a, b) => (b === 0n ? 'trap' : a / b),
  rem_s: (a, b, w) => (b === 0n ? 'trap' : toSigned(a, w) % toSigned(b, w)),
  rem_u: (a, b) => (b === 0n ? 'trap' : a % b),
};

export const integerCompare: Readonly<Record<string, (a: bigint, b: bigint, width: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt_s: (a, b, w) => toSigned(a, w) < toSigned(b, w),
  lt_u: (a, b) => a < b,
  gt_s: (a, b, w) => toSigned(a, w) > toSigned(b, w),
  gt_u: (a, b) => a > b,
  le_s: (a, b, w) => toSigned(a, w) <= toSigned(b, w),
  le_u: (a, b) => a <= b,
  ge_s: (a, b, w) => toSigned(a, w) >= toSigned(b, w),
  ge_u: (a, b) => a >= b,
};

export const floatCompare: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
};

const arithmetic2: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
};

const arithmetic1: Readonly<Record<string, (a: number) => number>> = {
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest: roundTiesToEven,
  sqrt: Math.sqrt,
};

function roundTiesToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest === 0 || !Number.isFinite(x)) return x;
  const rounded = rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

const signBit = (width: number): bigint => 1n << BigInt(width - 1);

/**
 * One double-precision operation and a rounding to f32 give the f32 result: 53 digits are more than 2 · 24 + 1 (Figueroa 1995).
 */
function rounded2(name: string): (a: bigint, b: bigint, width: number) => Lane {
  return (a, b, w) => {
    const operation = arithmetic2[name] ?? (() => Number.NaN);
    return floatResult(operation(toNumber(a, w), toNumber(b, w)), w, [a, b]);
  };
}

function rounded1(name: string): (a: bigint, width: number) => Lane {
  return (a, w) => floatResult((arithmetic1[name] ?? (() => Number.NaN))(toNumber(a, w)), w, [a]);
}

export const floatBinary: Readonly<Record<string, (a: bigint, b: bigint, width: number) => Lane>> = {
  ...Object.fromEntries(Object.keys(arithmetic2).map((name) => [name, rounded2(name)])),
  copysign: (a, b, w) => (a & (signBit(w) - 1n)) | (b & signBit(w)),
  // b < a ? b : a, whatever NaN or zero there is.
  pmin: (a, b, w) => (toNumber(b, w) < toNumber(a, w) ? b : a),
  pmax: (a, b, w) => (toNumber(a, w) < toNumber(b, w) ? b : a),
};

/** The sign is a bit, a NaN's too. */
export const floatUnary: Readonly<Record<string, (a: bigint, width: number) => Lane>> = {
  ...Object.fromEntries(Object.keys(arithmetic1).map((name) => [name, rounded1(name)])),
  abs: (a, w) => a & (signBit(w) - 1n),
  neg: (a, w) => a ^ signBit(w),
};

/** Towards zero; undefined for a NaN. */
function truncated(bits: bigint, width: number): bigint | number | undefined {
  if (isNan(bits, width)) return undefined;
  const value = Math.trunc(toNumber(bits, width));
  return Number.isFinite(value) ? BigInt(value) : value;
}

export function truncateSaturating(bits: bigint, from: number, to: number, kind: 's' | 'u'): bigint {
  const value = truncated(bits, from);
  if (value === undefined) return 0n;
  if (typeof value === 'number') return saturate(value > 0 ? 1n << 80n : -(1n << 80n), to, kind);
  return saturate(value, to, kind);
}

/** Undefined where the value has no integer of this type. */
export function truncateExactly(bits: bigint, from: number, to: number, kind: 's' | 'u'): bigint | undefined {
  const value = truncated(bits, from);
  return typeof value === 'bigint' && saturate(value, to, kind) === value ? toBits(value, to) : undefined;
}

export function demote(bits: bigint): Lane {
  return floatResult(toNumber(bits, 64), 32, [bits], 64);
}

export function promote(bits: bigint): Lane {
  return floatResult(toNumber(bits, 32), 64, [bits], 32);
}

/** Of 32 bits: every such integer is a double, so that there is one rounding. */
export function convert32(bits: bigint, to: number, kind: 's' | 'u'): bigint {
  return fromNumber(Number(kind === 's' ? toSigned(bits, 32) : bits), to);
}
