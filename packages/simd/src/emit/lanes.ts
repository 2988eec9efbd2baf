/** Vectors of four f32 whose lanes lie apart in memory. */

import { i8x16, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import { advanceBy } from './task.ts';

export const zeroVector: Expression<'v128'> = v128.const(Array<number>(16).fill(0));

/** Stores the four lanes `stride` bytes apart. */
export function storeLanes(
  f: FunctionBuilder,
  value: Expression<'v128'>,
  target: Local<'i32'>,
  stride: Local<'i32'>,
): void {
  const vector = keptVector(f, value);
  const address = f.local('i32');
  f.set(address, target.get());
  for (let lane = 0; lane < 4; lane++) {
    if (lane > 0) advanceBy(f, address, stride);
    f.do(v128.store32_lane(address.get(), vector.get(), lane));
  }
}

/** A vector of four loads. */
export function loadLanes(addresses: readonly Expression<'i32'>[]): Expression<'v128'> {
  return addresses.reduce<Expression<'v128'>>(
    (vector, address, lane) => v128.load32_lane(address, vector, lane),
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

/** Four neighbours of four planes become four vectors of one position each. */
export function transposeFour(
  f: FunctionBuilder,
  source: Local<'i32'>,
  planeBytes: Local<'i32'>,
  target: Expression<'i32'>,
): void {
  const address = f.local('i32');
  f.set(address, source.get());
  const rows = [0, 1, 2, 3].map((plane) => {
    const row = f.local('v128');
    if (plane > 0) advanceBy(f, address, planeBytes);
    f.set(row, v128.load(address.get()));
    return row;
    // Four rows.
  }) as [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];
  const [a, b, c, d] = rows;
  const low = (x: Local<'v128'>, y: Local<'v128'>) => keptVector(f, words(x.get(), y.get(), [0, 4, 1, 5]));
  const high = (x: Local<'v128'>, y: Local<'v128'>) => keptVector(f, words(x.get(), y.get(), [2, 6, 3, 7]));
  const [ab, cd, abHigh, cdHigh] = [low(a, b), low(c, d), high(a, b), high(c, d)];
  f.set(address, target);
  f.do(v128.store(address.get(), words(ab.get(), cd.get(), [0, 1, 4, 5])));
  f.do(v128.store(address.get(), words(ab.get(), cd.get(), [2, 3, 6, 7]), 16));
  f.do(v128.store(address.get(), words(abHigh.get(), cdHigh.get(), [0, 1, 4, 5]), 32));
  f.do(v128.store(address.get(), words(abHigh.get(), cdHigh.get(), [2, 3, 6, 7]), 48));
}
