/**
 * The register tile of every product: a block of B rows and V vectors of columns, summed over k.
 *
 *   C[b][v] ← C[b][v] + Σ_k left[k][b] · right[k][v]
 *
 * ```
 *              right panel: one row of V vectors for each k      ┌──v0──┬──v1──┬──v2──┐
 *   left panel: B numbers for each k   b0 ─ splat ──────────────▶│ acc  │ acc  │ acc  │
 *                                      b1 ─ splat ──────────────▶│ acc  │ acc  │ acc  │
 *                                      b2 ─ splat ──────────────▶│ acc  │ acc  │ acc  │
 * ```
 *
 * Both panels are read from end to end. V · B accumulators, V vectors and one splat live in registers: x86-64 has 16, of which
 * V8 keeps one. The sum over k runs in order, one multiply-add for each k, whatever the number of threads.
 *
 * Source of the scheme: Goto & van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication".
 */

import { i32, v128 } from '../assembler/instructions.ts';
import type { Callee, Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import type { TileShape } from '../plan/tileShape.ts';
import { zeroVector } from './lanes.ts';
import { advanceBy } from './task.ts';
import type { NumberFormat } from './numberFormat.ts';

/** Bits of a tile's `flags`. */
export const tileFlags = {
  /** Start from what `out` holds; otherwise from the bias. */
  accumulate: 1,
  /** Store max(·, 0). */
  relu: 2,
  /** The bias runs along the vectors (one number a column); otherwise along the splats (one number a row). */
  columnBias: 4,
} as const;

/** What the functions of a tile shape are called; `ahead` as in emitTile. */
export function variantName(kind: string, dtype: 'f32' | 'f64', { rows, vectors }: TileShape, ahead: boolean): string {
  return `${kind}_${dtype}_${rows}x${vectors}${ahead ? '_ahead' : ''}`;
}

/**
 * Emits the tile function of one shape. `depth` must be a multiple of `shape.unroll`, or zero.
 * @param ahead - with it, the tile also reads 16 bytes for each k from its eighth argument on, to no other end than that they come
 *   nearer: WebAssembly has no prefetch instruction
 */
export function emitTile(module: ModuleBuilder, format: NumberFormat, shape: TileShape, ahead: boolean): Callee {
  const name = variantName('tile', format.dtype, shape, ahead);
  const types = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.func(name, types, [], (f, left, right, out, depth, bias, rowStride, flags, next) => {
    const { rows, vectors, unroll } = shape;
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local('v128')));
    f.if(
      hasFlag(flags, tileFlags.accumulate),
      () => eachRow(f, out, rowStride, sums, (row, sum, v) => f.set(sum, v128.load(row.get(), 16 * v))),
      () => startFromBias(f, format, sums, bias, flags),
    );
    const k = f.local('i32');
    const seen = f.local('v128');
    f.count(k, i32.const(0), depth.get(), unroll, () => {
      if (ahead) {
        f.set(seen, v128.or(seen.get(), v128.load(next.get())));
        advanceBy(f, next, 16 * unroll);
      }
      for (let step = 0; step < unroll; step++) multiplyStep(f, format, sums, left, right, step);
      advanceBy(f, left, rows * format.bytes * unroll);
      advanceBy(f, right, vectors * 16 * unroll);
    });
    // any_true is 0 or 1: never taken, but the compiler does not know, and keeps the reads.
    if (ahead) f.if(i32.gt_u(v128.any_true(seen.get()), i32.const(1)), () => f.unreachable());
    f.if(hasFlag(flags, tileFlags.relu), () => {
      for (const sum of sums.flat()) f.set(sum, format.max(sum.get(), zeroVector));
    });
    eachRow(f, out, rowStride, sums, (row, sum, v) => f.do(v128.store(row.get(), sum.get(), 16 * v)));
  });
}

type Sums = readonly (readonly Local<'v128'>[])[];

/** One k of the sum. */
function multiplyStep(
  f: FunctionBuilder,
  format: NumberFormat,
  sums: Sums,
  left: Local<'i32'>,
  right: Local<'i32'>,
  step: number,
): void {
  const vectors = (sums[0] ?? []).map((_, v, { length }) => {
    const vector = f.local('v128');
    f.set(vector, v128.load(right.get(), 16 * (step * length + v)));
    return vector;
  });
  sums.forEach((row, b) => {
    const splat = f.local('v128');
    f.set(splat, format.splatLoad(left.get(), format.bytes * (step * sums.length + b)));
    row.forEach((sum, v) => {
      // One vector for each accumulator of the row.
      f.set(sum, format.multiplyAdd(vectors[v]!.get(), splat.get(), sum.get()));
    });
  });
}

function startFromBias(
  f: FunctionBuilder,
  format: NumberFormat,
  sums: Sums,
  bias: Local<'i32'>,
  flags: Local<'i32'>,
): void {
  f.if(
    hasFlag(flags, tileFlags.columnBias),
    () => sums.forEach((row) => row.forEach((sum, v) => f.set(sum, v128.load(bias.get(), 16 * v)))),
    () => sums.forEach((row, b) => row.forEach((sum) => f.set(sum, format.splatLoad(bias.get(), format.bytes * b)))),
  );
}

/** Visits every accumulator with the address of its row. */
function eachRow(
  f: FunctionBuilder,
  out: Local<'i32'>,
  rowStride: Local<'i32'>,
  sums: Sums,
  visit: (row: Local<'i32'>, sum: Local<'v128'>, v: number) => void,
): void {
  const row = f.local('i32');
  f.set(row, out.get());
  sums.forEach((line, b) => {
    if (b > 0) advanceBy(f, row, rowStride);
    line.forEach((sum, v) => visit(row, sum, v));
  });
}

function hasFlag(flags: Local<'i32'>, bit: number): Expression<'i32'> {
  return i32.and(flags.get(), i32.const(bit));
}
