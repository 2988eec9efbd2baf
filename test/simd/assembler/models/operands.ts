/** Operands to execute an opcode on: every pair of edge values, and random bits. */

import { createRandom } from '@rankwise/tensor';
import type { Opcode, ValueType } from '../../../../packages/simd/src/assembler/opcodes.ts';
import { fromNumber, join, shapes, toBits } from './lanes.ts';

const page = 65_536n;

/** Addresses of bytes that hold something, the last bytes of the memory, and beyond. */
const addresses = [1024n, 1025n, 1028n, 1032n, page - 16n, page - 8n, page - 5n, page - 1n, page, 2n ** 32n - 1n];

function integers(width: number): bigint[] {
  const top = 1n << BigInt(width - 1);
  const values = [0n, 1n, -1n, 2n, 7n, top, top - 1n, top + 1n, top >> 1n, 0x5an, -0x5an];
  const wider = [31n, 33n, 63n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x1234_5678n];
  return unique([...values, ...(width > 16 ? wider : [])].map((value) => toBits(value, width)));
}

/** @param few - leaves out what only conversions and roundings tell apart */
function floats(width: number, few: boolean): bigint[] {
  const limits =
    width === 32 ? [2 ** -149, 2 ** -126, 2 ** 128 - 2 ** 104] : [2 ** -1074, 2 ** -1022, Number.MAX_VALUE];
  const around = [2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64].flatMap((x) => [x, x - (x >= 2 ** 63 ? x / 2 ** 24 : 1)]);
  const rounded = [0.25, 0.5, 0.999, 2.5, 8_388_607.5, 2 ** 52 + 0.5, ...around];
  const values = [0, 1, 1.5, 3, ...limits, Infinity, ...(few ? [] : rounded)];
  const quiet = width === 32 ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n;
  const infinity = fromNumber(Infinity, width);
  // Canonical; quiet with a payload; signalling.
  const nans = [quiet, quiet | 0x12345n, infinity | 1n];
  const positive = [...values.map((value) => fromNumber(value, width)), ...nans];
  return unique([...positive, ...positive.map((bits) => bits | (1n << BigInt(width - 1)))]);
}

function unique(values: readonly bigint[]): bigint[] {
  return [...new Set(values)];
}

/** Values of one lane or scalar. */
function edges(width: number, float: boolean, few: boolean): bigint[] {
  return float ? floats(width, few) : integers(width);
}

/** What a vector instruction reads its lanes as: the shape behind its name, or the one its name begins with. */
function laneShape(name: string): { readonly width: number; readonly float: boolean } {
  const [shape = ''] = name.split('.');
  // The key is one of the table, or missing from it.
  const source = Object.keys(shapes).find((other) => name.slice(shape.length).includes(other)) ?? shape;
  return { width: (shapes as Record<string, number>)[source] ?? 8, float: source.startsWith('f') };
}

/** Lists of operands, one list for each execution. */
export function operandsOf(name: string, { takes, immediate }: Opcode): bigint[][] {
  const random = createRandom(1 + name.length);
  const bits = (width: number): bigint =>
    Array.from({ length: width / 8 }, () => BigInt(random.integer(256))).reduce((sum, byte) => (sum << 8n) | byte, 0n);
  if (takes.length === 0) return [[]];
  if (name === 'memory.copy' || name === 'memory.fill') return blocks(name === 'memory.fill');
  if (immediate.startsWith('memory') && immediate !== 'memoryIndex') return accesses(name, takes, bits);
  const { width, float } = laneShape(name);
  const lists = takes.map((type) =>
    type === 'v128'
      ? edges(width, float, takes.length > 1)
      : edges(widthOf(type), type.startsWith('f'), takes.length > 1),
  );
  if (!takes.includes('v128')) return [...crossed(lists), ...drawn(takes, bits, 20)];
  const vectors = takes.filter((type) => type === 'v128').length;
  const packed = vectors < takes.length ? [] : pack(vectors < 3 ? crossed(lists) : sampled(lists, bits, 600), width);
  return [...packed, ...drawn(takes, bits, 40), ...mixed(lists, takes, width, bits, 60)];
}

function widthOf(type: ValueType): number {
  return type === 'v128' ? 128 : Number(type.slice(1));
}

function crossed(lists: readonly (readonly bigint[])[]): bigint[][] {
  return lists.reduce<bigint[][]>((rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])), [[]]);
}

function sampled(lists: readonly (readonly bigint[])[], bits: (width: number) => bigint, count: number): bigint[][] {
  return Array.from({ length: count }, () => lists.map((list) => list[Number(bits(32) % BigInt(list.length))] ?? 0n));
}

function drawn(takes: readonly ValueType[], bits: (width: number) => bigint, count: number): bigint[][] {
  return Array.from({ length: count }, () => takes.map((type) => bits(widthOf(type))));
}

/** Vectors of edge values chosen at random, beside scalars that are edge values. */
function mixed(
  lists: readonly (readonly bigint[])[],
  takes: readonly ValueType[],
  width: number,
  bits: (width: number) => bigint,
  count: number,
): bigint[][] {
  return Array.from({ length: count }, () =>
    takes.map((type, i) => {
      const lanes = sampled(
        Array.from({ length: type === 'v128' ? 128 / width : 1 }, () => lists[i] ?? []),
        bits,
        1,
      ).flat();
      return type === 'v128' ? join(lanes, width) : (lanes[0] ?? 0n);
    }),
  );
}

/** Rows of lane values as few rows of vectors. */
function pack(rows: readonly (readonly bigint[])[], width: number): bigint[][] {
  const lanes = 128 / width;
  const packed: bigint[][] = [];
  for (let start = 0; start < rows.length; start += lanes) {
    const group = rows.slice(start, start + lanes);
    packed.push(
      (group[0] ?? []).map((_, i) =>
        join(
          group.map((row) => row[i] ?? 0n),
          width,
        ),
      ),
    );
  }
  return packed;
}

function accesses(name: string, takes: readonly ValueType[], bits: (width: number) => bigint): bigint[][] {
  return addresses.flatMap((address) =>
    Array.from({ length: takes.length === 1 ? 1 : 4 }, (_, turn) =>
      takes.map((type, i) => {
        if (i === 0) return address;
        // The last operand of a wait is its time in ns.
        if (name.includes('wait') && i === 2) return 0n;
        // What memory holds at 1024 (see fillMemory), so that comparisons succeed too.
        const held = toBits(0x0706_0504_0302_0100n, accessWidth(name, type));
        if (turn === 0) return held;
        // The same low bits under others.
        return turn === 1 ? held | ((bits(widthOf(type)) >> 33n) << 33n) | (1n << 31n) : bits(widthOf(type));
      }),
    ),
  );
}

function accessWidth(name: string, type: ValueType): number {
  return Number(/rmw(8|16|32)/.exec(name)?.[1] ?? Math.min(64, widthOf(type)));
}

function blocks(fill: boolean): bigint[][] {
  const places = [1024n, 1030n, 1040n, page - 8n, page, page + 1n];
  return crossed([places, fill ? [0n, 0xabn, 0x1ffn] : places, [0n, 1n, 8n, 9n, 20n, 2n ** 32n - 1n]]);
}

/** Bytes that tell where they are: 0, 1, 2 … from 1024 on, with the sign bit set in every second group of 16. */
export function fillMemory(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i & 0x7f) | (i & 0x10 ? 0x80 : 0);
}
