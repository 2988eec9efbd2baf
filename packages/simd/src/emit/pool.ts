/**
 * Max and average pooling, a plane an item. See Kernels.maxPool2d.
 *
 * For each row of the output, first down, then across:
 *
 * ```
 *   input rows of the window   ┌ a a a a a a a ┐
 *   (clipped at the edges)     │ b b b b b b b │ ── max or sum of each column ──▶ line
 *                              └ c c c c c c c ┘
 *   line, with what changes nothing (−∞ or 0) where the padding is:  · · m m m m m m m · ·
 *   output element x:                                                    └─┬─┘  at x · stride, kernel width long
 * ```
 *
 * Four outputs at once: the taps of neighbouring windows lie `stride` apart in the line. The last vector of a row begins early and does
 * some outputs again; a row of fewer than four is stored lane by lane. Lines are scratch, one for each thread. Reads may go past the end
 * of the input by less than `slackBytes`; what is read there is not used.
 *
 * A mean of h · w elements is added in f32 as w sums of h, so each is off by at most γ_{h+w} Σ |x| / count.
 */

import { f32x4, i32, select, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { words } from './lanes.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { FieldLocals, Task } from './task.ts';

const poolFields = {
  input: 'i32',
  output: 'i32',
  height: 'i32',
  width: 'i32',
  outputHeight: 'i32',
  outputWidth: 'i32',
  kernelHeight: 'i32',
  /** At most left + width. */
  kernelWidth: 'i32',
  strideY: 'i32',
  strideX: 'i32',
  top: 'i32',
  left: 'i32',
  /** Lines of `lineBytes`, one for each thread. */
  lines: 'i32',
  lineBytes: 'i32',
  /** Averages only: f32 [outputHeight] and [outputWidth]; the divisor of a window is their product. */
  rowCounts: 'i32',
  columnCounts: 'i32',
} as const;

export type PoolTask = Task<typeof poolFields>;

export const maxPoolTask: PoolTask = { name: 'max_pool', fields: poolFields };
export const averagePoolTask: PoolTask = { name: 'average_pool', fields: poolFields };

const lanes = 4;
/** Input columns done at once: less than a step, 32 bytes, is read past the end, which slackBytes allows. */
const columnsOfStep = 8;

/** Bytes of a line: the padded row with a step's room, and every element that a vector of outputs loads. */
export function lineBytes(left: number, width: number, outputWidth: number, stride: number, kernel: number): number {
  const written = left + width + 2 * columnsOfStep;
  const read = (Math.max(outputWidth, lanes) - 1) * stride + kernel + 2 * lanes;
  return 4 * lanes * Math.ceil(Math.max(written, read) / lanes);
}

type Fields = FieldLocals<typeof poolFields>;

/** What a pool does with its elements. */
interface Reduction {
  combine(a: Expression<'v128'>, b: Expression<'v128'>): Expression<'v128'>;
  /** An f32 that changes nothing, as bytes. */
  readonly neutral: readonly [number, number, number, number];
}

const greatest: Reduction = { combine: f32x4.max, neutral: [0, 0, 0x80, 0xff] };
const total: Reduction = { combine: f32x4.add, neutral: [0, 0, 0, 0] };

export function emitPools(module: ModuleBuilder): void {
  emitPool(module, maxPoolTask, greatest);
  emitPool(module, averagePoolTask, total);
}

function emitPool(module: ModuleBuilder, task: PoolTask, reduction: Reduction): void {
  emitTask(module, task, (f, fields, range) => {
    const neutral = f.local('v128');
    const line = f.local('i32');
    const place = f.local('i32');
    const plane = f.local('i32');
    const y = f.local('i32');
    const source = f.local('i32');
    const target = f.local('i32');
    const targetRowBytes = f.local('i32');
    f.set(neutral, v128.const(Array.from({ length: 16 }, (_, i) => reduction.neutral[i % 4] ?? 0)));
    f.set(line, at(fields.lines, range.thread, fields.lineBytes));
    f.count(place, line.get(), i32.add(line.get(), fields.lineBytes.get()), 16, () => {
      f.do(v128.store(place.get(), neutral.get()));
    });
    f.set(targetRowBytes, i32.mul(fields.outputWidth.get(), i32.const(4)));
    f.set(target, at(fields.output, i32.mul(range.from.get(), fields.outputHeight.get()), targetRowBytes));
    f.count(plane, range.from.get(), range.to.get(), 1, () => {
      const rows = i32.mul(plane.get(), fields.height.get());
      f.set(source, at(fields.input, i32.mul(rows, fields.width.get()), 4));
      f.count(y, i32.const(0), fields.outputHeight.get(), 1, () => {
        emitDown(f, fields, reduction, { y, source, line, neutral });
        emitAcross(f, fields, reduction, line, target, task === averagePoolTask ? y : undefined);
        advanceBy(f, target, targetRowBytes);
      });
    });
  });
}

interface WindowRows {
  /** Row of the output. */
  readonly y: Local<'i32'>;
  /** The plane. */
  readonly source: Local<'i32'>;
  readonly line: Local<'i32'>;
  readonly neutral: Local<'v128'>;
}

/** line ← the rows of window y combined, column by column. */
function emitDown(
  f: FunctionBuilder,
  { height, width, kernelHeight, strideY, top, left }: Fields,
  { combine }: Reduction,
  { y, source, line, neutral }: WindowRows,
): void {
  const start = f.local('i32');
  const first = f.local('i32');
  const rows = f.local('i32');
  const row = f.local('i32');
  const rowBytes = f.local('i32');
  const column = f.local('i32');
  const read = f.local('i32');
  const write = f.local('i32');
  const pair = [f.local('v128'), f.local('v128')];
  f.set(rowBytes, i32.mul(width.get(), i32.const(4)));
  f.set(start, i32.sub(i32.mul(y.get(), strideY.get()), top.get()));
  f.set(first, select(start.get(), i32.const(0), i32.gt_s(start.get(), i32.const(0))));
  f.set(rows, i32.add(start.get(), kernelHeight.get()));
  f.set(rows, select(rows.get(), height.get(), i32.lt_s(rows.get(), height.get())));
  f.set(rows, i32.sub(rows.get(), first.get()));
  f.set(first, at(source, first, rowBytes));
  f.set(write, at(line, left, 4));
  f.count(column, i32.const(0), width.get(), columnsOfStep, () => {
    f.set(read, at(first, column, 4));
    pair.forEach((sum, v) => f.set(sum, v128.load(read.get(), 16 * v)));
    f.count(row, i32.const(1), rows.get(), 1, () => {
      advanceBy(f, read, rowBytes);
      pair.forEach((sum, v) => f.set(sum, combine(sum.get(), v128.load(read.get(), 16 * v))));
    });
    pair.forEach((sum, v) => f.do(v128.store(write.get(), sum.get(), 16 * v)));
    advanceBy(f, write, 4 * columnsOfStep);
  });
  // The last step went past the row by less than a step.
  f.set(write, i32.add(at(line, left, 4), rowBytes.get()));
  pair.forEach((_, v) => f.do(v128.store(write.get(), neutral.get(), 16 * v)));
}

/** One row of the output from the line; divided by the windows' counts when it is row `y` of an average. */
function emitAcross(
  f: FunctionBuilder,
  fields: Fields,
  reduction: Reduction,
  line: Local<'i32'>,
  target: Local<'i32'>,
  y: Local<'i32'> | undefined,
): void {
  const { strideX } = fields;
  const strideBytes = f.local('i32');
  f.set(strideBytes, i32.mul(strideX.get(), i32.const(4)));
  const row = (load: (place: Local<'i32'>) => Expression<'v128'>): void =>
    emitOutputs(f, fields, reduction, load, { line, target, strideBytes, y });
  const apart = (place: Local<'i32'>, lane: number): Expression<'i32'> =>
    i32.add(place.get(), i32.mul(strideBytes.get(), i32.const(lane)));
  f.if(
    i32.eq(strideX.get(), i32.const(1)),
    () => row((place) => v128.load(place.get())),
    () =>
      f.if(
        i32.eq(strideX.get(), i32.const(2)),
        () => row((place) => words(v128.load(place.get()), v128.load(place.get(), 16), [0, 2, 4, 6])),
        () =>
          row((place) =>
            [1, 2, 3].reduce(
              (vector, lane) => v128.load32_lane(apart(place, lane), vector, lane),
              v128.load32_zero(place.get()),
            ),
          ),
      ),
  );
}

interface OutputRow {
  readonly line: Local<'i32'>;
  readonly target: Local<'i32'>;
  readonly strideBytes: Local<'i32'>;
  readonly y: Local<'i32'> | undefined;
}

function emitOutputs(
  f: FunctionBuilder,
  { outputWidth, kernelWidth, rowCounts, columnCounts }: Fields,
  { combine }: Reduction,
  load: (place: Local<'i32'>) => Expression<'v128'>,
  { line, target, strideBytes, y }: OutputRow,
): void {
  const x = f.local('i32');
  const begin = f.local('i32');
  const last = f.local('i32');
  const tap = f.local('i32');
  const place = f.local('i32');
  const write = f.local('i32');
  const sum = f.local('v128');
  f.set(last, i32.sub(outputWidth.get(), i32.const(lanes)));
  f.set(last, select(last.get(), i32.const(0), i32.gt_s(last.get(), i32.const(0))));
  f.count(x, i32.const(0), outputWidth.get(), lanes, () => {
    f.set(begin, select(x.get(), last.get(), i32.lt_u(x.get(), last.get())));
    f.set(place, at(line, begin, strideBytes));
    f.set(sum, load(place));
    f.count(tap, i32.const(1), kernelWidth.get(), 1, () => {
      advanceBy(f, place, 4);
      f.set(sum, combine(sum.get(), load(place)));
    });
    if (y !== undefined) {
      const counts = f32x4.mul(v128.load(at(columnCounts, begin, 4)), v128.load32_splat(at(rowCounts, y, 4)));
      f.set(sum, f32x4.div(sum.get(), counts));
    }
    f.set(write, at(target, begin, 4));
    f.if(
      i32.ge_u(outputWidth.get(), i32.const(lanes)),
      () => f.do(v128.store(write.get(), sum.get())),
      () => {
        for (const lane of [0, 1, 2] as const) {
          f.if(i32.lt_u(i32.const(lane), outputWidth.get()), () =>
            f.do(v128.store32_lane(write.get(), sum.get(), lane, 4 * lane)),
          );
        }
      },
    );
  });
}
