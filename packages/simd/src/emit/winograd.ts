/**
 * Convolution by minimal filtering F(m_h × m_w, r_h × r_w), stride 1 (Lavin & Gray 2016, algorithm 1), around a batch of products:
 *
 *   U_ξ = (G g Gᵀ)_ξ,   V_ξ = (Bᵀ d B)_ξ,   M_ξ[tile][filter] = Σ_c V_ξ[tile][c] · U_ξ[c][filter],   y = Aᵀ M A
 *
 * with ξ = (row, column) of a transformed tile of n_h × n_w, n = m + r − 1. The three transforms work on four channels (or filters) at
 * a time, one line after the other (see transformLine.ts); an axis with one tap has no transform. V and U are written as panels:
 *
 * ```
 *   V: [ξ][tile panel][channel][tiles of a panel]          left operand, splats
 *   U: [ξ][filter panel][channel][filters of a panel]      right operand, vectors
 *   M: [ξ][tile][filter]
 * ```
 *
 * A tile passes through the thread's scratch memory: three squares of 8 × 8 vectors, rows 128 bytes apart.
 */

import { callIndirect, f32x4, i32, v128 } from '../assembler/instructions.ts';
import type { Callee, Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { loadLanes, storeLanes, transposeFour, zeroVector } from './lanes.ts';
import { smaller } from './product.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { TaskRange } from './task.ts';
import {
  noLine,
  quadsOfItem,
  rowBytes,
  squareBytes,
  winogradFilterTask,
  winogradInputTask,
  winogradOutputTask,
} from './winogradTasks.ts';
import type { outputFields } from './winogradTasks.ts';

/** @param line - the signature of the transforms in the function table */
export function emitWinograd(module: ModuleBuilder, line: Callee): void {
  emitFilterTransform(module, line);
  emitInputTransform(module, line);
  emitOutputTransform(module, line);
}

interface Square {
  readonly patch: Local<'i32'>;
  readonly middle: Local<'i32'>;
  readonly result: Local<'i32'>;
}

function squaresOf(f: FunctionBuilder, scratch: Local<'i32'>, stride: Local<'i32'>, thread: Local<'i32'>): Square {
  const [patch, middle, result] = [0, 1, 2].map((index) => {
    const local = f.local('i32');
    f.set(local, i32.add(at(scratch, thread, stride), i32.const(index * squareBytes)));
    return local;
    // Three squares.
  }) as [Local<'i32'>, Local<'i32'>, Local<'i32'>];
  return { patch, middle, result };
}

function emitFilterTransform(module: ModuleBuilder, line: Callee): void {
  emitTask(module, winogradFilterTask, (f, p, range) => {
    const square = squaresOf(f, p.scratch, p.scratchStride, range.thread);
    const quad = f.local('i32');
    const channel = f.local('i32');
    const read = f.local('i32');
    const write = f.local('i32');
    const filterBytes = f.local('i32');
    const tapBytes = f.local('i32');
    f.set(tapBytes, i32.mul(i32.mul(p.tapsY.get(), p.tapsX.get()), i32.const(4)));
    f.set(filterBytes, i32.mul(p.channels.get(), tapBytes.get()));
    f.count(quad, range.from.get(), range.to.get(), 1, () => {
      const first = i32.shl(quad.get(), i32.const(2));
      f.set(read, at(p.source, first, filterBytes));
      f.set(write, at(p.target, i32.div_u(first, p.width.get()), p.panelBytes));
      f.set(write, at(write, i32.rem_u(first, p.width.get()), 4));
      f.count(channel, i32.const(0), p.channels.get(), 1, () => {
        gatherFilter(f, read, filterBytes, p.tapsY, p.tapsX, square.patch);
        alongX(f, line, p.lineX, square.patch, square.middle, p.tapsY, p.sizeX);
        alongY(f, line, p.lineY, square.middle, square.result, p.sizeX);
        eachPoint(f, square.result, write, p.sizeY, p.sizeX, p.pointBytes, (value, target) => {
          f.do(v128.store(target.get(), value));
        });
        advanceBy(f, read, tapBytes);
        f.set(write, at(write, p.width, 4));
      });
    });
  });
}

/** The taps of four filters, a vector each. */
function gatherFilter(
  f: FunctionBuilder,
  source: Local<'i32'>,
  filterBytes: Local<'i32'>,
  tapsY: Local<'i32'>,
  tapsX: Local<'i32'>,
  patch: Local<'i32'>,
): void {
  const y = f.local('i32');
  const x = f.local('i32');
  const read = f.local('i32');
  f.set(read, source.get());
  f.count(y, i32.const(0), tapsY.get(), 1, () => {
    f.count(x, i32.const(0), tapsX.get(), 1, () => {
      const lanes = [0, 1, 2, 3].map((lane) => at(read, i32.const(lane), filterBytes));
      f.do(v128.store(at(at(patch, y, rowBytes), x, 16), loadLanes(lanes)));
      advanceBy(f, read, 4);
    });
  });
}

function emitInputTransform(module: ModuleBuilder, line: Callee): void {
  emitTask(module, winogradInputTask, (f, p, range) => {
    const square = squaresOf(f, p.scratch, p.scratchStride, range.thread);
    const tile = f.local('i32');
    const end = f.local('i32');
    const lane = f.local('i32');
    const read = f.local('i32');
    const write = f.local('i32');
    const step = f.local('i32');
    f.set(step, i32.mul(p.width.get(), i32.const(4)));
    eachQuad(f, range, p.quads, (panel, quad) => {
      f.set(tile, i32.mul(panel.get(), p.width.get()));
      f.set(end, smaller(p.width, i32.sub(p.tiles.get(), tile.get())));
      f.count(lane, i32.const(0), end.get(), 1, () => {
        f.set(read, at(p.source, i32.shl(quad.get(), i32.const(2)), p.planeBytes));
        f.set(read, i32.add(read.get(), i32.load(at(p.offsets, i32.add(tile.get(), lane.get()), 4))));
        transformPatch(f, line, p, square, read);
        f.set(write, at(at(p.target, panel, p.panelBytes), lane, 4));
        f.set(write, at(write, i32.shl(quad.get(), i32.const(2)), step));
        eachPoint(f, square.result, write, p.sizeY, p.sizeX, p.pointBytes, (value, target) => {
          storeLanes(f, value, target, step);
        });
      });
    });
  });
}

/** Visits the quads of each item: item = outer · (groups of quads) + group. */
function eachQuad(
  f: FunctionBuilder,
  range: TaskRange,
  quads: Local<'i32'>,
  visit: (outer: Local<'i32'>, quad: Local<'i32'>) => void,
): void {
  const item = f.local('i32');
  const outer = f.local('i32');
  const groups = f.local('i32');
  const first = f.local('i32');
  const last = f.local('i32');
  const quad = f.local('i32');
  f.set(groups, i32.div_u(i32.add(quads.get(), i32.const(quadsOfItem - 1)), i32.const(quadsOfItem)));
  f.count(item, range.from.get(), range.to.get(), 1, () => {
    f.set(outer, i32.div_u(item.get(), groups.get()));
    f.set(first, i32.mul(i32.rem_u(item.get(), groups.get()), i32.const(quadsOfItem)));
    f.set(last, i32.add(first.get(), i32.const(quadsOfItem)));
    f.set(last, smaller(last, quads.get()));
    f.count(quad, first.get(), last.get(), 1, () => visit(outer, quad));
  });
}

/** Bᵀ d B of the patch at `read` in four planes. */
function transformPatch(
  f: FunctionBuilder,
  line: Callee,
  p: { readonly [K in 'planeBytes' | 'lineBytes' | 'sizeY' | 'sizeX' | 'lineY' | 'lineX']: Local<'i32'> },
  square: Square,
  read: Local<'i32'>,
): void {
  const y = f.local('i32');
  const x = f.local('i32');
  const row = f.local('i32');
  const group = f.local('i32');
  f.set(row, read.get());
  f.count(y, i32.const(0), p.sizeY.get(), 1, () => {
    f.count(x, i32.const(0), p.sizeX.get(), 4, () => {
      f.set(group, at(row, x, 4));
      transposeFour(f, group, p.planeBytes, at(at(square.patch, y, rowBytes), x, 16));
    });
    advanceBy(f, row, p.lineBytes);
  });
  alongX(f, line, p.lineX, square.patch, square.middle, p.sizeY, p.sizeX);
  alongY(f, line, p.lineY, square.middle, square.result, p.sizeX);
}

function emitOutputTransform(module: ModuleBuilder, line: Callee): void {
  emitTask(module, winogradOutputTask, (f, p, range) => {
    const square = squaresOf(f, p.scratch, p.scratchStride, range.thread);
    const read = f.local('i32');
    const place = f.local('i32');
    const plane = f.local('i32');
    const bias = f.local('v128');
    eachQuad(f, range, p.quads, (tile, quad) => {
      const quadBytes = i32.shl(quad.get(), i32.const(4));
      f.set(bias, v128.load(i32.add(p.bias.get(), quadBytes)));
      f.set(read, i32.add(at(p.source, tile, p.tileBytes), quadBytes));
      transformProducts(f, line, p, square, read);
      f.set(place, at(p.places, tile, 12));
      f.set(plane, at(p.target, i32.shl(quad.get(), i32.const(2)), p.planeBytes));
      f.set(plane, i32.add(plane.get(), i32.load(place.get())));
      storeTile(f, p, square.result, bias, plane, place);
    });
  });
}

type OutputLocals = { readonly [K in keyof typeof outputFields]: Local<'i32'> };

/** Aᵀ M A of one tile, whose elements lie `pointBytes` apart. */
function transformProducts(
  f: FunctionBuilder,
  line: Callee,
  p: OutputLocals,
  square: Square,
  read: Local<'i32'>,
): void {
  const x = f.local('i32');
  const step = f.local('i32');
  f.set(step, i32.mul(p.sizeX.get(), p.pointBytes.get()));
  f.count(x, i32.const(0), p.sizeX.get(), 1, () => {
    const source = at(read, x, p.pointBytes);
    const target = at(square.middle, x, 16);
    f.if(
      i32.eq(p.lineY.get(), i32.const(noLine)),
      () => f.do(v128.store(target, v128.load(source))),
      () => f.do(callIndirect(line, 'none', p.lineY.get(), source, step.get(), target, i32.const(rowBytes))),
    );
  });
  alongX(f, line, p.lineX, square.middle, square.result, p.outputsY, p.sizeX);
}

/** Adds the bias, applies the ReLU, and stores what lies inside the output. */
function storeTile(
  f: FunctionBuilder,
  p: OutputLocals,
  result: Local<'i32'>,
  bias: Local<'v128'>,
  plane: Local<'i32'>,
  place: Local<'i32'>,
): void {
  const y = f.local('i32');
  const x = f.local('i32');
  const target = f.local('i32');
  const value = f.local('v128');
  f.count(y, i32.const(0), i32.load(place.get(), 4), 1, () => {
    f.set(target, at(plane, y, p.lineBytes));
    f.count(x, i32.const(0), i32.load(place.get(), 8), 1, () => {
      f.set(value, f32x4.add(v128.load(at(at(result, y, rowBytes), x, 16)), bias.get()));
      f.if(p.relu.get(), () => f.set(value, f32x4.max(value.get(), zeroVector)));
      storeLanes(f, value.get(), target, p.planeBytes);
      advanceBy(f, target, 4);
    });
  });
}

/** The transform along each of `rows` rows; without one, the rows are copied, `size` vectors each. */
function alongX(
  f: FunctionBuilder,
  line: Callee,
  index: Local<'i32'>,
  source: Local<'i32'>,
  target: Local<'i32'>,
  rows: Local<'i32'>,
  size: Local<'i32'>,
): void {
  const y = f.local('i32');
  const x = f.local('i32');
  f.count(y, i32.const(0), rows.get(), 1, () => {
    const from = at(source, y, rowBytes);
    const to = at(target, y, rowBytes);
    f.if(
      i32.eq(index.get(), i32.const(noLine)),
      () =>
        f.count(x, i32.const(0), i32.shl(size.get(), i32.const(4)), 16, () =>
          f.do(v128.store(i32.add(to, x.get()), v128.load(i32.add(from, x.get())))),
        ),
      () => f.do(callIndirect(line, 'none', index.get(), from, i32.const(16), to, i32.const(16))),
    );
  });
}

/** The transform along each of `columns` columns; without one there is a single row, which is copied. */
function alongY(
  f: FunctionBuilder,
  line: Callee,
  index: Local<'i32'>,
  source: Local<'i32'>,
  target: Local<'i32'>,
  columns: Local<'i32'>,
): void {
  const x = f.local('i32');
  f.count(x, i32.const(0), i32.shl(columns.get(), i32.const(4)), 16, () => {
    const from = i32.add(source.get(), x.get());
    const to = i32.add(target.get(), x.get());
    f.if(
      i32.eq(index.get(), i32.const(noLine)),
      () => f.do(v128.store(to, v128.load(from))),
      () => f.do(callIndirect(line, 'none', index.get(), from, i32.const(rowBytes), to, i32.const(rowBytes))),
    );
  });
}

/** Visits the points of a result with the address of each in the transformed operand. */
function eachPoint(
  f: FunctionBuilder,
  result: Local<'i32'>,
  first: Local<'i32'>,
  sizeY: Local<'i32'>,
  sizeX: Local<'i32'>,
  pointBytes: Local<'i32'>,
  visit: (value: Expression<'v128'>, target: Local<'i32'>) => void,
): void {
  const y = f.local('i32');
  const x = f.local('i32');
  const target = f.local('i32');
  f.set(target, first.get());
  f.count(y, i32.const(0), sizeY.get(), 1, () => {
    f.count(x, i32.const(0), sizeX.get(), 1, () => {
      visit(v128.load(at(at(result, y, rowBytes), x, 16)), target);
      advanceBy(f, target, pointBytes);
    });
  });
}
