/** Vectors of four f32 whose lanes lie apart in memory. */

import { i32, i8x16, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import { at } from './task.ts';

type Vector = Local<'v128'>;

/** Tasks that load whole vectors, four at a time at most, may read less than this many bytes past the last element of an operand. */
export const slackBytes = 64;

export const zeroVector: Expression<'v128'> = v128.const(Array<number>(16).fill(0));

/** Four addresses, `stride` bytes apart: those of the lanes. */
export function lanePointers(f: FunctionBuilder, first: Local<'i32'>, stride: Local<'i32'>): readonly Local<'i32'>[] {
  return [0, 1, 2, 3].map((lane) => {
    const pointer = f.local('i32');
    f.set(pointer, at(first, i32.const(lane), stride));
    return pointer;
  });
}

/** Stores each lane at its pointer. */
export function storeLanes(
  f: FunctionBuilder,
  value: Local<'v128'>,
  pointers: readonly Local<'i32'>[],
  offset: number,
): void {
  pointers.forEach((pointer, lane) => f.do(v128.store32_lane(pointer.get(), value.get(), lane, offset)));
}

/** A vector of four loads. */
export function loadLanes(addresses: readonly Expression<'i32'>[], offset = 0): Expression<'v128'> {
  return addresses.reduce<Expression<'v128'>>(
    (vector, address, lane) => v128.load32_lane(address, vector, lane, offset),
    zeroVector,
  );
}

/** The 32-bit words of two vectors, by index 0–3 and 4–7. */
export function words(a: Expression<'v128'>, b: Expression<'v128'>, order: readonly number[]): Expression<'v128'> {
  return i8x16.shuffle(
    a,
    b,
    order.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte)),
  );
}

/** Evaluates now, reads later. */
export function keptVector(f: FunctionBuilder, value: Expression<'v128'>): Local<'v128'> {
  const local = f.local('v128');
  f.set(local, value);
  return local;
}

/** The columns of four rows. */
export function transposeFour(f: FunctionBuilder, rows: readonly Expression<'v128'>[]): readonly Local<'v128'>[] {
  // Four rows.
  const [a, b, c, d] = rows.map((row) => keptVector(f, row)) as [Vector, Vector, Vector, Vector];
  const mixed = (x: Vector, y: Vector, order: readonly number[]) => keptVector(f, words(x.get(), y.get(), order));
  const [ab, cd] = [mixed(a, b, [0, 4, 1, 5]), mixed(c, d, [0, 4, 1, 5])];
  const [abHigh, cdHigh] = [mixed(a, b, [2, 6, 3, 7]), mixed(c, d, [2, 6, 3, 7])];
  const [low, high] = [
    [0, 1, 4, 5],
    [2, 3, 6, 7],
  ] as const;
  return [mixed(ab, cd, low), mixed(ab, cd, high), mixed(abHigh, cdHigh, low), mixed(abHigh, cdHigh, high)];
}
