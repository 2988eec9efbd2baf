/**
 * Packing a strided matrix into panels: what the register tile reads from end to end.
 *
 * ```
 *   source element (j, k) at source + j · jStride + k · kStride      (k is the summed index)
 *   panel p, of `width` numbers j for each k:
 *     [ j0 j1 … jw−1 | j0 j1 … jw−1 | … ]   k = 0, 1, … paddedDepth − 1
 * ```
 *
 * Columns past `count` and depths past `depth` are zeros. Each item is a panel. Formats may differ: f32 is promoted exactly.
 */

import { f32, f64, i32, memory, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { FieldLocals, Task } from './task.ts';

type Format = 'f32' | 'f64';

const packFields = {
  source: 'i32',
  target: 'i32',
  width: 'i32',
  count: 'i32',
  depth: 'i32',
  paddedDepth: 'i32',
  jStride: 'i32',
  kStride: 'i32',
} as const;

const bytesOf: Readonly<Record<Format, number>> = { f32: 4, f64: 8 };

export function packTask(from: Format, to: Format): Task<typeof packFields> {
  return { name: `pack_${from}_${to}`, fields: packFields };
}

export function emitPackPanels(module: ModuleBuilder): void {
  for (const [from, to] of [
    ['f32', 'f32'],
    ['f32', 'f64'],
    ['f64', 'f64'],
  ] as const) {
    emitPack(module, from, to);
  }
}

function emitPack(module: ModuleBuilder, from: Format, to: Format): void {
  emitTask(module, packTask(from, to), (f, fields, range) => {
    const { source, target, width, count, depth, paddedDepth, jStride } = fields;
    const panelBytes = f.local('i32');
    f.set(panelBytes, i32.mul(i32.mul(paddedDepth.get(), width.get()), i32.const(bytesOf[to])));
    const panel = f.local('i32');
    const out = f.local('i32');
    const first = f.local('i32');
    const last = f.local('i32');
    const start = f.local('i32');
    f.count(panel, range.from.get(), range.to.get(), 1, () => {
      f.set(out, at(target, panel, panelBytes));
      f.set(first, i32.mul(panel.get(), width.get()));
      f.set(start, at(source, first, jStride));
      f.set(last, i32.sub(count.get(), first.get()));
      f.if(i32.gt_u(last.get(), width.get()), () => f.set(last, width.get()));
      const padded = i32.or(i32.ne(last.get(), width.get()), i32.ne(depth.get(), paddedDepth.get()));
      f.if(padded, () => f.do(memory.fill(out.get(), i32.const(0), panelBytes.get())));
      const copyable = from === to ? wholeVectors(fields, last, bytesOf[to]) : i32.const(0);
      f.if(
        copyable,
        () => copyRows(f, fields, start, out, bytesOf[to]),
        () => copyElements(f, fields, start, out, last, from, to),
      );
    });
  });
}

/** Whether a panel's rows are runs of whole vectors in the source. */
function wholeVectors(
  { width, jStride }: FieldLocals<typeof packFields>,
  last: Local<'i32'>,
  bytes: number,
): Expression<'i32'> {
  const lanes = 16 / bytes;
  const whole = i32.and(i32.eq(last.get(), width.get()), i32.eqz(i32.and(width.get(), i32.const(lanes - 1))));
  return i32.and(whole, i32.eq(jStride.get(), i32.const(bytes)));
}

function copyRows(
  f: FunctionBuilder,
  { width, depth, kStride }: FieldLocals<typeof packFields>,
  start: Local<'i32'>,
  out: Local<'i32'>,
  bytes: number,
): void {
  const k = f.local('i32');
  const offset = f.local('i32');
  const rowBytes = f.local('i32');
  f.set(rowBytes, i32.mul(width.get(), i32.const(bytes)));
  f.count(k, i32.const(0), depth.get(), 1, () => {
    f.count(offset, i32.const(0), rowBytes.get(), 16, () => {
      f.do(v128.store(i32.add(out.get(), offset.get()), v128.load(i32.add(start.get(), offset.get()))));
    });
    advanceBy(f, out, rowBytes);
    advanceBy(f, start, kStride);
  });
}

function copyElements(
  f: FunctionBuilder,
  { width, depth, jStride, kStride }: FieldLocals<typeof packFields>,
  start: Local<'i32'>,
  out: Local<'i32'>,
  last: Local<'i32'>,
  from: Format,
  to: Format,
): void {
  const j = f.local('i32');
  const k = f.local('i32');
  const read = f.local('i32');
  const write = f.local('i32');
  const step = f.local('i32');
  f.set(step, i32.mul(width.get(), i32.const(bytesOf[to])));
  f.count(j, i32.const(0), last.get(), 1, () => {
    f.set(read, at(start, j, jStride));
    f.set(write, at(out, j, bytesOf[to]));
    f.count(k, i32.const(0), depth.get(), 1, () => {
      f.do(copyElement(read, write, from, to));
      advanceBy(f, read, kStride);
      advanceBy(f, write, step);
    });
  });
}

function copyElement(read: Local<'i32'>, write: Local<'i32'>, from: Format, to: Format): Expression<'none'> {
  if (to === 'f32') return f32.store(write.get(), f32.load(read.get()));
  return f64.store(write.get(), from === 'f32' ? f64.promote_f32(f32.load(read.get())) : f64.load(read.get()));
}
