/** Models of the instructions that touch memory (Core Specification, §4.4.7; threads proposal). */

import { join, one, split, toBits, toSigned, vector } from './lanes.ts';
import type { Context, Expected, Model } from './lanes.ts';
import { integerBinary } from './numbers.ts';

const page = 65_536;

const rows: Record<string, Model> = {};

/** The first byte, or undefined when some byte lies outside the memory. */
function place(address: bigint, size: number, { bytes, offset }: Context): number | undefined {
  const start = Number(address) + offset;
  return start + size <= bytes.length ? start : undefined;
}

function get(bytes: Uint8Array, start: number, size: number): bigint {
  return join(Array.from(bytes.subarray(start, start + size), BigInt), 8);
}

function put(bytes: Uint8Array, start: number, size: number, value: bigint): void {
  bytes.set(split(toBits(value, 8 * size), 8, 8 * size).map(Number), start);
}

/** A load of `size` bytes from which the result is made. */
const load =
  (size: number, result: (bits: bigint, args: readonly bigint[], context: Context) => Expected): Model =>
  (args, context) => {
    const start = place(args[0] ?? 0n, size, context);
    return start === undefined ? 'trap' : result(get(context.bytes, start, size), args, context);
  };

const store =
  (size: number, value: (args: readonly bigint[], context: Context) => bigint = (args) => args[1] ?? 0n): Model =>
  (args, context) => {
    const start = place(args[0] ?? 0n, size, context);
    if (start === undefined) return 'trap';
    put(context.bytes, start, size, value(args, context));
    return 'none';
  };

/** Atomic access must be aligned. */
const aligned =
  (size: number, model: Model): Model =>
  (args, context) =>
    (Number(args[0]) + context.offset) % size === 0 ? model(args, context) : 'trap';

for (const [type, width] of [
  ['i32', 32],
  ['f32', 32],
  ['i64', 64],
  ['f64', 64],
] as const) {
  rows[`${type}.load`] = load(width / 8, (bits) => one(width, bits));
  rows[`${type}.store`] = store(width / 8);
  if (type.startsWith('f')) continue;
  atomics(type, width, width, '');
  for (const part of [8, 16, 32]) {
    if (part >= width) continue;
    rows[`${type}.load${part}_s`] = load(part / 8, (bits) => one(width, toSigned(bits, part)));
    rows[`${type}.load${part}_u`] = load(part / 8, (bits) => one(width, bits));
    rows[`${type}.store${part}`] = store(part / 8);
    atomics(type, width, part, `${part}`);
  }
}

/** Access to `part` bits as a value of `width` bits. */
function atomics(type: string, width: number, part: number, suffix: string): void {
  const size = part / 8;
  const unsigned = suffix === '' ? '' : '_u';
  rows[`${type}.atomic.load${suffix}${unsigned}`] = aligned(
    size,
    load(size, (bits) => one(width, bits)),
  );
  rows[`${type}.atomic.store${suffix}`] = aligned(size, store(size));
  const modify = (name: string, next: (old: bigint, args: readonly bigint[]) => bigint): void => {
    rows[`${type}.atomic.rmw${suffix}.${name}${unsigned}`] = aligned(
      size,
      load(size, (old, args, context) => {
        put(context.bytes, Number(args[0]) + context.offset, size, next(old, args));
        return one(width, old);
      }),
    );
  };
  for (const name of ['add', 'sub', 'and', 'or', 'xor'])
    modify(name, (old, [, value = 0n]) => integerBinary[name]?.(old, value, width) ?? 0n);
  modify('xchg', (_, [, value = 0n]) => value);
  // The expected value is wrapped to the bits accessed.
  modify('cmpxchg', (old, [, expected = 0n, value = 0n]) => (old === toBits(expected, part) ? value : old));
}

for (const [bits, size] of [
  [8, 1],
  [16, 2],
  [32, 4],
  [64, 8],
] as const) {
  rows[`v128.load${bits}_splat`] = load(size, (value) =>
    vector(
      bits,
      split(0n, bits).map(() => value),
    ),
  );
  rows[`v128.load${bits}_lane`] = load(size, (value, [, other = 0n], { lane }) =>
    vector(bits, split(other, bits).with(lane, value)),
  );
  rows[`v128.store${bits}_lane`] = store(size, ([, value = 0n], { lane }) => split(value, bits)[lane] ?? 0n);
  if (bits >= 32) rows[`v128.load${bits}_zero`] = load(size, (value) => one(128, value));
}

for (const [shape, width] of [
  ['8x8', 8],
  ['16x4', 16],
  ['32x2', 32],
] as const) {
  rows[`v128.load${shape}_s`] = load(8, (bits) =>
    vector(
      2 * width,
      split(bits, width, 64).map((lane) => toSigned(lane, width)),
    ),
  );
  rows[`v128.load${shape}_u`] = load(8, (bits) => vector(2 * width, split(bits, width, 64)));
}

/** Nobody else changes the memory: a wait for 0 ns finds another value (1) or times out (2). */
const wait = (width: number): Model =>
  aligned(
    width / 8,
    load(width / 8, (bits, [, expected = 0n]) => one(32, bits === expected ? 2n : 1n)),
  );

export const memoryModels: Readonly<Record<string, Model>> = {
  ...rows,
  'v128.load': load(16, (bits) => one(128, bits)),
  'v128.store': store(16),
  'memory.size': (_, { bytes }) => one(32, BigInt(bytes.length / page)),
  // The memory of the tests is as large as it may be.
  'memory.grow': ([more = 0n], { bytes }) => one(32, more === 0n ? BigInt(bytes.length / page) : -1n),
  'memory.copy': ([to = 0n, from = 0n, count = 0n], { bytes }) => {
    if (Number(to + count) > bytes.length || Number(from + count) > bytes.length) return 'trap';
    bytes.set(bytes.slice(Number(from), Number(from + count)), Number(to));
    return 'none';
  },
  'memory.fill': ([to = 0n, value = 0n, count = 0n], { bytes }) => {
    if (Number(to + count) > bytes.length) return 'trap';
    bytes.fill(Number(toBits(value, 8)), Number(to), Number(to + count));
    return 'none';
  },
  'memory.atomic.wait32': wait(32),
  'memory.atomic.wait64': wait(64),
  // Nobody waits.
  'memory.atomic.notify': aligned(
    4,
    load(4, () => one(32, 0n)),
  ),
  'atomic.fence': () => 'none',
};
