/** Models of fixed-width SIMD without memory. */

import { join, one, shapes, split, toNumber, toSigned, vector } from './lanes.ts';
import type { Lane, Model } from './lanes.ts';
import {
  convert32,
  demote,
  floatBinary,
  floatCompare,
  floatUnary,
  integerBinary,
  integerCompare,
  integerUnary,
  promote,
  saturate,
  truncateSaturating,
} from './numbers.ts';

const rows: Record<string, Model> = {};

const map1 =
  (width: number, f: (a: bigint) => Lane): Model =>
  ([a = 0n]) =>
    vector(width, split(a, width).map(f));

const map2 =
  (width: number, f: (a: bigint, b: bigint) => Lane): Model =>
  ([a = 0n, b = 0n]) => {
    const right = split(b, width);
    return vector(
      width,
      split(a, width).map((x, i) => f(x, right[i] ?? 0n)),
    );
  };

/** The lanes of a vector read as numbers of twice their width. */
const widened = (bits: bigint, width: number, kind: 's' | 'u'): bigint[] =>
  split(bits, width).map((lane) => (kind === 's' ? toSigned(lane, width) : lane));

/** Sums of neighbours. */
const pairs = (lanes: readonly bigint[]): bigint[] =>
  lanes.filter((_, i) => i % 2 === 0).map((lane, i) => lane + (lanes[2 * i + 1] ?? 0n));

const allOnes = -1n;

for (const [shape, width] of Object.entries(shapes)) {
  const float = shape.startsWith('f');
  const scalar = width === 64 ? 64 : 32;
  rows[`${shape}.splat`] = ([a = 0n]) =>
    vector(
      width,
      split(0n, width).map(() => BigInt.asUintN(width, a)),
    );
  for (const kind of width < 32 ? (['_s', '_u'] as const) : ([''] as const)) {
    rows[`${shape}.extract_lane${kind}`] = ([a = 0n], { lane }) => {
      const bits = split(a, width)[lane] ?? 0n;
      return one(scalar, kind === '_s' ? toSigned(bits, width) : bits);
    };
  }
  rows[`${shape}.replace_lane`] = ([a = 0n, b = 0n], { lane }) =>
    vector(width, split(a, width).with(lane, BigInt.asUintN(width, b)));
  if (float) {
    for (const [name, test] of Object.entries(floatCompare))
      rows[`${shape}.${name}`] = map2(width, (a, b) => (test(toNumber(a, width), toNumber(b, width)) ? allOnes : 0n));
    for (const [name, f] of Object.entries(floatUnary)) rows[`${shape}.${name}`] = map1(width, (a) => f(a, width));
    for (const [name, f] of Object.entries(floatBinary))
      if (name !== 'copysign') rows[`${shape}.${name}`] = map2(width, (a, b) => f(a, b, width));
  } else {
    for (const [name, test] of Object.entries(integerCompare))
      if (width < 64 || !name.endsWith('_u'))
        rows[`${shape}.${name}`] = map2(width, (a, b) => (test(a, b, width) ? allOnes : 0n));
    for (const name of integerNames(width))
      rows[`${shape}.${name}`] = map2(width, (a, b) => integerBinary[name]?.(a, b, width) ?? 'canonical');
    for (const name of ['abs', 'neg', ...(width === 8 ? ['popcnt'] : [])])
      rows[`${shape}.${name}`] = map1(width, (a) => integerUnary[name]?.(a, width) ?? 'canonical');
    for (const name of ['shl', 'shr_s', 'shr_u'])
      rows[`${shape}.${name}`] = ([a = 0n, count = 0n]) =>
        vector(
          width,
          split(a, width).map((lane) => integerBinary[name]?.(lane, count, width) ?? 'canonical'),
        );
    rows[`${shape}.all_true`] = ([a = 0n]) => one(32, split(a, width).every((lane) => lane !== 0n) ? 1n : 0n);
    rows[`${shape}.bitmask`] = ([a = 0n]) =>
      one(
        32,
        join(
          split(a, width).map((lane) => lane >> BigInt(width - 1)),
          1,
        ),
      );
  }
}

function integerNames(width: number): string[] {
  const small = ['add_sat_s', 'add_sat_u', 'sub_sat_s', 'sub_sat_u', 'avgr_u'];
  return [
    'add',
    'sub',
    ...(width > 8 ? ['mul'] : []),
    ...(width < 64 ? ['min_s', 'min_u', 'max_s', 'max_u'] : []),
    ...(width < 32 ? small : []),
    ...(width === 16 ? ['q15mulr_sat_s'] : []),
  ];
}

for (const [narrow, wide, width] of [
  ['i8x16', 'i16x8', 8],
  ['i16x8', 'i32x4', 16],
  ['i32x4', 'i64x2', 32],
] as const) {
  const count = 64 / width;
  for (const kind of ['s', 'u'] as const) {
    for (const [half, start] of [
      ['low', 0],
      ['high', count],
    ] as const) {
      const part = (bits: bigint): bigint[] => widened(bits, width, kind).slice(start, start + count);
      rows[`${wide}.extend_${half}_${narrow}_${kind}`] = ([a = 0n]) => vector(2 * width, part(a));
      rows[`${wide}.extmul_${half}_${narrow}_${kind}`] = ([a = 0n, b = 0n]) => {
        const right = part(b);
        return vector(
          2 * width,
          part(a).map((x, i) => x * (right[i] ?? 0n)),
        );
      };
    }
    if (width === 32) continue;
    rows[`${narrow}.narrow_${wide}_${kind}`] = ([a = 0n, b = 0n]) =>
      vector(
        width,
        [...widened(a, 2 * width, 's'), ...widened(b, 2 * width, 's')].map((lane) => saturate(lane, width, kind)),
      );
    rows[`${wide}.extadd_pairwise_${narrow}_${kind}`] = ([a = 0n]) => vector(2 * width, pairs(widened(a, width, kind)));
  }
}

for (const kind of ['s', 'u'] as const) {
  rows[`i32x4.trunc_sat_f32x4_${kind}`] = map1(32, (a) => truncateSaturating(a, 32, 32, kind));
  rows[`i32x4.trunc_sat_f64x2_${kind}_zero`] = ([a = 0n]) =>
    vector(32, [...split(a, 64).map((lane) => truncateSaturating(lane, 64, 32, kind)), 0n, 0n]);
  rows[`f32x4.convert_i32x4_${kind}`] = map1(32, (a) => convert32(a, 32, kind));
  rows[`f64x2.convert_low_i32x4_${kind}`] = ([a = 0n]) =>
    vector(
      64,
      split(a, 32)
        .slice(0, 2)
        .map((lane) => convert32(lane, 64, kind)),
    );
}

export const vectorModels: Readonly<Record<string, Model>> = {
  ...rows,
  'v128.const': (_, { immediate }) => vector(8, (immediate as readonly number[]).map(BigInt)),
  'v128.not': map1(128, (a) => integerUnary['not']?.(a, 128) ?? 0n),
  'v128.and': map2(128, (a, b) => a & b),
  'v128.andnot': map2(128, (a, b) => integerBinary['andnot']?.(a, b, 128) ?? 0n),
  'v128.or': map2(128, (a, b) => a | b),
  'v128.xor': map2(128, (a, b) => a ^ b),
  'v128.bitselect': ([a = 0n, b = 0n, mask = 0n]) => one(128, (a & mask) | (b & (-1n - mask))),
  'v128.any_true': ([a = 0n]) => one(32, a === 0n ? 0n : 1n),
  'i8x16.shuffle': ([a = 0n, b = 0n], { immediate }) => {
    const both = [...split(a, 8), ...split(b, 8)];
    return vector(
      8,
      (immediate as readonly number[]).map((lane) => both[lane] ?? 0n),
    );
  },
  'i8x16.swizzle': ([a = 0n, b = 0n]) => {
    const lanes = split(a, 8);
    return vector(
      8,
      split(b, 8).map((lane) => lanes[Number(lane)] ?? 0n),
    );
  },
  'i32x4.dot_i16x8_s': ([a = 0n, b = 0n]) => {
    const right = widened(b, 16, 's');
    return vector(32, pairs(widened(a, 16, 's').map((x, i) => x * (right[i] ?? 0n))));
  },
  'f32x4.demote_f64x2_zero': ([a = 0n]) => vector(32, [...split(a, 64).map(demote), 0n, 0n]),
  'f64x2.promote_low_f32x4': ([a = 0n]) => vector(64, split(a, 32).slice(0, 2).map(promote)),
};
