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

import { callIndirect, f32x4, i32, i8x16, v128 } from '../assembler/instructions.ts';
import type { Callee, Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { smaller } from './product.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { Task } from './task.ts';

/** Bytes from row to row of a square of vectors, and of a square. */
const rowBytes = 8 * 16;
const squareBytes = 8 * rowBytes;
/** Scratch memory that a thread needs. */
export const winogradScratchBytes = 3 * squareBytes;

/** Value of a line field for an axis without a transform. */
export const noLine = -1;

/** What all three transforms know: lines are indices of the function table. */
const axes = { lineY: 'i32', lineX: 'i32', sizeY: 'i32', sizeX: 'i32' } as const;
const scratchFields = { scratch: 'i32', scratchStride: 'i32' } as const;

const filterFields = {
  source: 'i32',
  target: 'i32',
  channels: 'i32',
  tapsY: 'i32',
  tapsX: 'i32',
  /** Bytes of U_ξ, and of a panel of it; filters of a panel. */
  pointBytes: 'i32',
  panelBytes: 'i32',
  width: 'i32',
  ...axes,
  ...scratchFields,
} as const;

const inputFields = {
  /** Planes with a border, [images][4 · quads][…], and the bytes of each step in them. */
  source: 'i32',
  target: 'i32',
  quads: 'i32',
  imageBytes: 'i32',
  planeBytes: 'i32',
  lineBytes: 'i32',
  tilesY: 'i32',
  tilesX: 'i32',
  stepY: 'i32',
  stepX: 'i32',
  /** Bytes of V_ξ, and of a panel of it; tiles of a panel. */
  pointBytes: 'i32',
  panelBytes: 'i32',
  width: 'i32',
  ...axes,
  ...scratchFields,
} as const;

const outputFields = {
  source: 'i32',
  target: 'i32',
  bias: 'i32',
  quads: 'i32',
  /** Bytes of M_ξ, and of a row of it. */
  pointBytes: 'i32',
  tileBytes: 'i32',
  tilesY: 'i32',
  tilesX: 'i32',
  outputsY: 'i32',
  outputsX: 'i32',
  height: 'i32',
  width: 'i32',
  relu: 'i32',
  ...axes,
  ...scratchFields,
} as const;

/** An item is a quad of filters. */
export const winogradFilterTask: Task<typeof filterFields> = { name: 'winogradFilter', fields: filterFields };
/** An item is a quad of channels of one image. */
export const winogradInputTask: Task<typeof inputFields> = { name: 'winogradInput', fields: inputFields };
/** An item is a quad of filters of one image. */
export const winogradOutputTask: Task<typeof outputFields> = { name: 'winogradOutput', fields: outputFields };

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
    const item = f.local('i32');
    const planes = f.local('i32');
    const tile = f.local('i32');
    const tileY = f.local('i32');
    const tileX = f.local('i32');
    const read = f.local('i32');
    const write = f.local('i32');
    const quadOffset = f.local('i32');
    const step = f.local('i32');
    f.set(step, i32.mul(p.width.get(), i32.const(4)));
    f.count(item, range.from.get(), range.to.get(), 1, () => {
      const image = i32.div_u(item.get(), p.quads.get());
      const quad = i32.rem_u(item.get(), p.quads.get());
      f.set(planes, at(at(p.source, image, p.imageBytes), i32.shl(quad, i32.const(2)), p.planeBytes));
      f.set(quadOffset, i32.mul(i32.shl(quad, i32.const(2)), step.get()));
      f.set(tile, i32.mul(image, i32.mul(p.tilesY.get(), p.tilesX.get())));
      f.count(tileY, i32.const(0), p.tilesY.get(), 1, () => {
        f.set(read, at(planes, tileY, p.stepY));
        f.count(tileX, i32.const(0), p.tilesX.get(), 1, () => {
          transformPatch(f, line, p, square, read);
          f.set(write, at(p.target, i32.div_u(tile.get(), p.width.get()), p.panelBytes));
          f.set(write, i32.add(at(write, i32.rem_u(tile.get(), p.width.get()), 4), quadOffset.get()));
          eachPoint(f, square.result, write, p.sizeY, p.sizeX, p.pointBytes, (value, target) => {
            storeLanes(f, value, target, step);
          });
          advanceBy(f, read, p.stepX);
          advanceBy(f, tile, 1);
        });
      });
    });
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

/** Four neighbours of four planes become four vectors of one position each. */
function transposeFour(
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

function emitOutputTransform(module: ModuleBuilder, line: Callee): void {
  emitTask(module, winogradOutputTask, (f, p, range) => {
    const square = squaresOf(f, p.scratch, p.scratchStride, range.thread);
    const names = [
      'item',
      'tile',
      'tileY',
      'tileX',
      'read',
      'plane',
      'planeBytes',
      'quadOffset',
      'startY',
      'startX',
    ] as const;
    const local = Object.fromEntries(names.map((name) => [name, f.local('i32')])) as Record<
      (typeof names)[number],
      Local<'i32'>
    >;
    const { item, tile, tileY, tileX, read, plane, planeBytes, quadOffset, startY, startX } = local;
    const bias = f.local('v128');
    f.set(planeBytes, i32.mul(i32.mul(p.height.get(), p.width.get()), i32.const(4)));
    f.count(item, range.from.get(), range.to.get(), 1, () => {
      const image = i32.div_u(item.get(), p.quads.get());
      const quad = i32.rem_u(item.get(), p.quads.get());
      f.set(quadOffset, i32.shl(quad, i32.const(4)));
      f.set(bias, v128.load(i32.add(p.bias.get(), quadOffset.get())));
      f.set(plane, at(p.target, i32.shl(item.get(), i32.const(2)), planeBytes));
      f.set(tile, i32.mul(image, i32.mul(p.tilesY.get(), p.tilesX.get())));
      f.set(startY, i32.const(0));
      f.count(tileY, i32.const(0), p.tilesY.get(), 1, () => {
        f.set(startX, i32.const(0));
        f.count(tileX, i32.const(0), p.tilesX.get(), 1, () => {
          f.set(read, i32.add(at(p.source, tile, p.tileBytes), quadOffset.get()));
          transformProducts(f, line, p, square, read);
          storeTile(f, p, square.result, bias, plane, planeBytes, startY, startX);
          advanceBy(f, startX, p.outputsX);
          advanceBy(f, tile, 1);
        });
        advanceBy(f, startY, p.outputsY);
      });
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
  planeBytes: Local<'i32'>,
  startY: Local<'i32'>,
  startX: Local<'i32'>,
): void {
  const y = f.local('i32');
  const x = f.local('i32');
  const target = f.local('i32');
  const value = f.local('v128');
  const rows = smaller(p.outputsY, i32.sub(p.height.get(), startY.get()));
  const columns = smaller(p.outputsX, i32.sub(p.width.get(), startX.get()));
  f.count(y, i32.const(0), rows, 1, () => {
    f.set(target, at(at(plane, i32.mul(i32.add(startY.get(), y.get()), p.width.get()), 4), startX, 4));
    f.count(x, i32.const(0), columns, 1, () => {
      f.set(value, f32x4.add(v128.load(at(at(result, y, rowBytes), x, 16)), bias.get()));
      f.if(p.relu.get(), () => f.set(value, f32x4.max(value.get(), v128.const(Array<number>(16).fill(0)))));
      storeLanes(f, value.get(), target, planeBytes);
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

/** Stores the four lanes `stride` bytes apart. */
function storeLanes(f: FunctionBuilder, value: Expression<'v128'>, target: Local<'i32'>, stride: Local<'i32'>): void {
  const vector = keptVector(f, value);
  const address = f.local('i32');
  f.set(address, target.get());
  for (let lane = 0; lane < 4; lane++) {
    if (lane > 0) advanceBy(f, address, stride);
    f.do(v128.store32_lane(address.get(), vector.get(), lane));
  }
}

function loadLanes(addresses: readonly Expression<'i32'>[]): Expression<'v128'> {
  return addresses.reduce<Expression<'v128'>>(
    (vector, address, lane) => v128.load32_lane(address, vector, lane),
    v128.const(Array<number>(16).fill(0)),
  );
}

/** The 32-bit words of two vectors, by index 0–3 and 4–7. */
function words(a: Expression<'v128'>, b: Expression<'v128'>, order: readonly number[]): Expression<'v128'> {
  return i8x16.shuffle(
    a,
    b,
    order.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte)),
  );
}

function keptVector(f: FunctionBuilder, value: Expression<'v128'>): Local<'v128'> {
  const local = f.local('v128');
  f.set(local, value);
  return local;
}
