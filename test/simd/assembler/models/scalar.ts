/** Models of the scalar instructions without memory. */

import { fromNumber, one, roundExact, toBits, toNumber, toSigned } from './lanes.ts';
import type { Model } from './lanes.ts';
import {
  convert32,
  demote,
  floatBinary,
  floatCompare,
  floatUnary,
  integerBinary,
  integerCompare,
  integerDivision,
  integerUnary,
  promote,
  truncateExactly,
  truncateSaturating,
} from './numbers.ts';

const rows: Record<string, Model> = {};

const truth = (value: boolean): ReturnType<Model> => one(32, value ? 1n : 0n);

for (const [type, width] of [
  ['i32', 32],
  ['i64', 64],
] as const) {
  rows[`${type}.const`] = (_, { immediate }) => one(width, BigInt(immediate as number | bigint));
  rows[`${type}.eqz`] = ([a = 0n]) => truth(a === 0n);
  for (const [name, test] of Object.entries(integerCompare))
    rows[`${type}.${name}`] = ([a = 0n, b = 0n]) => truth(test(a, b, width));
  for (const name of ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr'])
    rows[`${type}.${name}`] = ([a = 0n, b = 0n]) => one(width, integerBinary[name]?.(a, b, width) ?? 'canonical');
  for (const [name, divide] of Object.entries(integerDivision)) {
    rows[`${type}.${name}`] = ([a = 0n, b = 0n]) => {
      const result = divide(a, b, width);
      return result === 'trap' ? result : one(width, result);
    };
  }
  for (const name of ['clz', 'ctz', 'popcnt', 'extend8_s', 'extend16_s', ...(width === 64 ? ['extend32_s'] : [])])
    rows[`${type}.${name}`] = ([a = 0n]) => one(width, integerUnary[name]?.(a, width) ?? 'canonical');
  for (const kind of ['s', 'u'] as const) {
    for (const [from, size] of [
      ['f32', 32],
      ['f64', 64],
    ] as const) {
      rows[`${type}.trunc_${from}_${kind}`] = ([a = 0n]) => {
        const result = truncateExactly(a, size, width, kind);
        return result === undefined ? 'trap' : one(width, result);
      };
      rows[`${type}.trunc_sat_${from}_${kind}`] = ([a = 0n]) => one(width, truncateSaturating(a, size, width, kind));
      rows[`${from}.convert_${type}_${kind}`] = ([a = 0n]) =>
        one(
          size,
          width === 32
            ? convert32(a, size, kind)
            : fromNumber(roundExact(kind === 's' ? toSigned(a, 64) : a, 0, size), size),
        );
    }
    rows[`i64.extend_i32_${kind}`] = ([a = 0n]) => one(64, kind === 's' ? toSigned(a, 32) : a);
  }
}

for (const [type, width] of [
  ['f32', 32],
  ['f64', 64],
] as const) {
  rows[`${type}.const`] = (_, { immediate }) => one(width, fromNumber(Number(immediate), width));
  for (const [name, test] of Object.entries(floatCompare))
    rows[`${type}.${name}`] = ([a = 0n, b = 0n]) => truth(test(toNumber(a, width), toNumber(b, width)));
  for (const name of ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'])
    rows[`${type}.${name}`] = ([a = 0n, b = 0n]) => one(width, floatBinary[name]?.(a, b, width) ?? 0n);
  for (const [name, operation] of Object.entries(floatUnary))
    rows[`${type}.${name}`] = ([a = 0n]) => one(width, operation(a, width));
}

export const scalarModels: Readonly<Record<string, Model>> = {
  ...rows,
  'i32.wrap_i64': ([a = 0n]) => one(32, toBits(a, 32)),
  'f32.demote_f64': ([a = 0n]) => one(32, demote(a)),
  'f64.promote_f32': ([a = 0n]) => one(64, promote(a)),
  'i32.reinterpret_f32': ([a = 0n]) => one(32, a),
  'f32.reinterpret_i32': ([a = 0n]) => one(32, a),
  'i64.reinterpret_f64': ([a = 0n]) => one(64, a),
  'f64.reinterpret_i64': ([a = 0n]) => one(64, a),
};
