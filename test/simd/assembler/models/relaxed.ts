/** Models of relaxed SIMD: every result that the specification allows (Core Specification 3.0, §4.3; relaxed SIMD overview). */

import { floatResult, fusedMultiplyAdd, isNan, shapes, split, toBits, toNumber, toSigned, vector } from './lanes.ts';
import type { Lane, Model } from './lanes.ts';
import { floatBinary, saturate, truncateExactly, truncateSaturating } from './numbers.ts';

const rows: Record<string, Model> = {};

/** Lane by lane over three vectors; what is not given is zero. */
const map3 =
  (width: number, f: (a: bigint, b: bigint, c: bigint) => readonly Lane[]): Model =>
  ([a = 0n, b = 0n, c = 0n]) => {
    const [second, third] = [split(b, width), split(c, width)];
    return vector(
      width,
      split(a, width).map((x, i) => f(x, second[i] ?? 0n, third[i] ?? 0n)),
    );
  };

/** Out of range: saturated, or what the machine gives for anything it cannot convert. */
const truncateRelaxed = (bits: bigint, from: number, kind: 's' | 'u'): readonly Lane[] => {
  const exact = truncateExactly(bits, from, 32, kind);
  if (exact !== undefined) return [exact];
  return [truncateSaturating(bits, from, 32, kind), kind === 's' ? 0x8000_0000n : 0xffff_ffffn];
};

for (const kind of ['s', 'u'] as const) {
  rows[`i32x4.relaxed_trunc_f32x4_${kind}`] = map3(32, (a) => truncateRelaxed(a, 32, kind));
  rows[`i32x4.relaxed_trunc_f64x2_${kind}_zero`] = ([a = 0n]) =>
    vector(32, [...split(a, 64).map((lane) => truncateRelaxed(lane, 64, kind)), 0n, 0n]);
}

for (const shape of ['f32x4', 'f64x2'] as const) {
  const width = shapes[shape];
  const round = width === 32 ? Math.fround : (x: number): number => x;
  for (const [name, sign] of [
    ['relaxed_madd', 1],
    ['relaxed_nmadd', -1],
  ] as const) {
    rows[`${shape}.${name}`] = map3(width, (a, b, c) => {
      const [x, y, z] = [sign * toNumber(a, width), toNumber(b, width), toNumber(c, width)];
      const candidates = [fusedMultiplyAdd(x, y, z, width), round(x * y) + z];
      return candidates.map((value) => floatResult(value, width, [a, b, c]));
    });
  }
  for (const name of ['min', 'max'] as const) {
    rows[`${shape}.relaxed_${name}`] = map3(width, (a, b) => {
      const exact = floatBinary[name]?.(a, b, width) ?? 0n;
      const zeros = toNumber(a, width) === 0 && toNumber(b, width) === 0;
      return isNan(a, width) || isNan(b, width) || zeros ? [exact, a, b] : [exact];
    });
  }
}

for (const shape of ['i8x16', 'i16x8', 'i32x4', 'i64x2'] as const) {
  const width = shapes[shape];
  rows[`${shape}.relaxed_laneselect`] = map3(width, (a, b, mask) => [
    bitSelect(a, b, mask),
    mask >> BigInt(width - 1) === 1n ? a : b,
    // A machine may select lanes of 16 bits byte by byte.
    ...(width === 16 ? [bitSelect(a, b, (mask & 0x80n ? 0xffn : 0n) | (mask & 0x8000n ? 0xff00n : 0n))] : []),
  ]);
}

function bitSelect(a: bigint, b: bigint, mask: bigint): bigint {
  return (a & mask) | (b & (-1n - mask));
}

/** Products of signed bytes with bytes that are signed or not when their top bit is set. */
function products(a: bigint, b: bigint, kind: 's' | 'u'): bigint[] {
  const right = split(b, 8).map((lane) => (kind === 's' ? toSigned(lane, 8) : lane));
  return split(a, 8).map((lane, i) => toSigned(lane, 8) * (right[i] ?? 0n));
}

const sums = (lanes: readonly bigint[]): bigint[] =>
  lanes.filter((_, i) => i % 2 === 0).map((lane, i) => lane + (lanes[2 * i + 1] ?? 0n));

/** Sums of two products in 16 bits, in each of the ways allowed. */
function dots(a: bigint, b: bigint): bigint[][] {
  return (['s', 'u'] as const).flatMap((kind) => {
    const exact = sums(products(a, b, kind));
    return [exact.map((lane) => toSigned(lane, 16)), exact.map((lane) => saturate(lane, 16, 's'))];
  });
}

export const relaxedModels: Readonly<Record<string, Model>> = {
  ...rows,
  'i8x16.relaxed_swizzle': ([a = 0n, b = 0n]) => {
    const lanes = split(a, 8);
    return vector(
      8,
      split(b, 8).map((index) => {
        if (index < 16n) return [lanes[Number(index)] ?? 0n];
        return index >= 128n ? [0n] : [0n, lanes[Number(index % 16n)] ?? 0n];
      }),
    );
  },
  'i16x8.relaxed_q15mulr_s': map3(16, (a, b) => {
    const product = (toSigned(a, 16) * toSigned(b, 16) + 0x4000n) >> 15n;
    return [toBits(product, 16), saturate(product, 16, 's')];
  }),
  'i16x8.relaxed_dot_i8x16_i7x16_s': ([a = 0n, b = 0n]) => {
    const ways = dots(a, b);
    return vector(
      16,
      split(a, 16).map((_, i) => ways.map((way) => way[i] ?? 0n)),
    );
  },
  'i32x4.relaxed_dot_i8x16_i7x16_add_s': ([a = 0n, b = 0n, c = 0n]) => {
    // By way of 16 bits, or directly in 32.
    const ways = [...dots(a, b), sums(products(a, b, 's')), sums(products(a, b, 'u'))].map(sums);
    return vector(
      32,
      split(c, 32).map((lane, i) => ways.map((way) => (way[i] ?? 0n) + lane)),
    );
  },
};
