/**
 * Products of packed panels.
 *
 *   out[i][j] = activation(Σ_k left[i][k] · right[k][j] + bias)
 *
 * `grid` multiplies all given left panels with all given right panels over one chunk of k: the right panel's chunk stays in the
 * first-level cache while the left panels stream past it. `product` walks a large product in items, each a group of left panels
 * times a group of right panels, chunk by chunk of k, so that the group of left panels stays in the second-level cache. A batch is
 * several products of one shape; their items follow each other.
 *
 * ```
 *   out:   item (g, h) = rows of left group g × columns of right group h
 *   left:  [panel][k][rows]      right: [panel][k][vectors · lanes]
 * ```
 */

import { call, i32, select } from '../assembler/instructions.ts';
import type { Callee } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import type { TileShape } from '../plan/tileShape.ts';
import type { NumberFormat } from './numberFormat.ts';
import { advanceBy, at, emitTask, scaled } from './task.ts';
import type { Task } from './task.ts';
import { emitTile, tileFlags, variantName } from './tile.ts';

const productFields = {
  left: 'i32',
  right: 'i32',
  out: 'i32',
  bias: 'i32',
  /** Padded depth, a multiple of the tile's unrolling. */
  depth: 'i32',
  /** k in a chunk, likewise. */
  chunk: 'i32',
  leftPanels: 'i32',
  rightPanels: 'i32',
  /** Panels in a group. */
  leftGroup: 'i32',
  rightGroup: 'i32',
  /** Bytes from one product of a batch to the next. */
  leftBatch: 'i32',
  rightBatch: 'i32',
  outBatch: 'i32',
  /** Bytes from one row of `out` to the next. */
  rowStride: 'i32',
  /** See tileFlags; `accumulate` adds to what `out` holds. */
  flags: 'i32',
} as const;

/** @param ahead - for right operands that lie beyond the caches and meet few left panels: see emitTile */
export function productTask(dtype: 'f32' | 'f64', shape: TileShape, ahead = false): Task<typeof productFields> {
  return { name: variantName('product', dtype, shape, ahead), fields: productFields };
}

/** Emits the tile, the grid and the product of one shape; returns the grid for tasks that pack as they go. */
export function emitProduct(module: ModuleBuilder, format: NumberFormat, shape: TileShape, ahead = false): Callee {
  const grid = emitGrid(module, format, shape, ahead);
  emitTask(module, productTask(format.dtype, shape, ahead), (f, p, range) => {
    const leftBytes = f.local('i32');
    const rightBytes = f.local('i32');
    f.set(leftBytes, i32.mul(p.depth.get(), i32.const(shape.rows * format.bytes)));
    f.set(rightBytes, i32.mul(p.depth.get(), i32.const(shape.vectors * 16)));
    const leftGroups = f.local('i32');
    const groups = f.local('i32');
    f.set(leftGroups, dividedUp(p.leftPanels, p.leftGroup));
    f.set(groups, i32.mul(leftGroups.get(), dividedUp(p.rightPanels, p.rightGroup)));
    const item = f.local('i32');
    const batch = f.local('i32');
    const group = f.local('i32');
    const firstLeft = f.local('i32');
    const firstRight = f.local('i32');
    const out = f.local('i32');
    f.count(item, range.from.get(), range.to.get(), 1, () => {
      f.set(batch, i32.div_u(item.get(), groups.get()));
      f.set(group, i32.rem_u(item.get(), groups.get()));
      f.set(firstLeft, i32.mul(i32.rem_u(group.get(), leftGroups.get()), p.leftGroup.get()));
      f.set(firstRight, i32.mul(i32.div_u(group.get(), leftGroups.get()), p.rightGroup.get()));
      f.set(out, at(at(p.out, batch, p.outBatch), scaled(firstLeft, shape.rows), p.rowStride));
      f.set(out, at(out, firstRight, shape.vectors * 16));
      const biasStep = select(
        scaled(firstRight, shape.vectors * 16),
        scaled(firstLeft, shape.rows * format.bytes),
        i32.and(p.flags.get(), i32.const(tileFlags.columnBias)),
      );
      eachChunk(f, p.depth, p.chunk, p.flags, (from, length, flags) => {
        f.do(
          call(
            grid,
            'none',
            at(at(at(p.left, batch, p.leftBatch), firstLeft, leftBytes), from, shape.rows * format.bytes),
            at(at(at(p.right, batch, p.rightBatch), firstRight, rightBytes), from, shape.vectors * 16),
            out.get(),
            i32.add(p.bias.get(), biasStep),
            smaller(p.leftGroup, i32.sub(p.leftPanels.get(), firstLeft.get())),
            smaller(p.rightGroup, i32.sub(p.rightPanels.get(), firstRight.get())),
            leftBytes.get(),
            rightBytes.get(),
            length.get(),
            p.rowStride.get(),
            flags.get(),
          ),
        );
      });
    });
  });
  return grid;
}

/**
 * Runs `body` for each chunk [from, from + length) of the depth, at least once. The first chunk keeps the `accumulate` bit of `flags` as
 * it is and later ones set it; only the last keeps `relu`.
 */
export function eachChunk(
  f: FunctionBuilder,
  depth: Local<'i32'>,
  chunk: Local<'i32'>,
  flags: Local<'i32'>,
  body: (from: Local<'i32'>, length: Local<'i32'>, flags: Local<'i32'>) => void,
): void {
  const from = f.local('i32');
  const length = f.local('i32');
  const now = f.local('i32');
  f.set(from, i32.const(0));
  f.loop((again) => {
    f.set(length, smaller(chunk, i32.sub(depth.get(), from.get())));
    const first = i32.eqz(from.get());
    const last = i32.eq(i32.add(from.get(), length.get()), depth.get());
    f.set(now, select(flags.get(), i32.or(flags.get(), i32.const(tileFlags.accumulate)), first));
    f.set(now, select(now.get(), i32.and(now.get(), i32.const(~tileFlags.relu)), last));
    body(from, length, now);
    f.branch(again, i32.lt_u(from.tee(i32.add(from.get(), length.get())), depth.get()));
  });
}

/** grid(left, right, out, bias, leftPanels, rightPanels, leftStride, rightStride, depth, rowStride, flags). */
function emitGrid(module: ModuleBuilder, format: NumberFormat, shape: TileShape, ahead: boolean): Callee {
  const tile = emitTile(module, format, shape, ahead);
  const types = Array<'i32'>(11).fill('i32') as [
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
  ];
  const name = variantName('grid', format.dtype, shape, ahead);
  return module.func(
    name,
    types,
    [],
    (f, left, right, out, bias, leftPanels, rightPanels, leftStride, rightStride, depth, rowStride, flags) => {
      const i = f.local('i32');
      const j = f.local('i32');
      const rightPanel = f.local('i32');
      const column = f.local('i32');
      const columnBias = f.local('i32');
      const next = f.local('i32');
      const share = f.local('i32');
      // Each left panel reads its share of the right panel that comes next, in whole cache lines.
      f.set(share, i32.and(i32.div_u(scaled(depth, shape.vectors * 16), leftPanels.get()), i32.const(-64)));
      f.set(columnBias, i32.and(flags.get(), i32.const(tileFlags.columnBias)));
      f.count(j, i32.const(0), rightPanels.get(), 1, () => {
        f.set(rightPanel, at(right, j, rightStride));
        f.set(column, scaled(j, shape.vectors * 16));
        f.set(next, i32.add(rightPanel.get(), rightStride.get()));
        f.count(i, i32.const(0), leftPanels.get(), 1, () => {
          const row = i32.mul(i.get(), i32.const(shape.rows));
          f.do(
            call(
              tile,
              'none',
              at(left, i, leftStride),
              rightPanel.get(),
              i32.add(i32.add(out.get(), column.get()), i32.mul(row, rowStride.get())),
              depth.get(),
              i32.add(bias.get(), select(column.get(), i32.mul(row, i32.const(format.bytes)), columnBias.get())),
              rowStride.get(),
              flags.get(),
              next.get(),
            ),
          );
          advanceBy(f, next, share);
        });
      });
    },
  );
}

export function smaller(a: Local<'i32'>, b: ReturnType<Local<'i32'>['get']>): ReturnType<Local<'i32'>['get']> {
  return select(a.get(), b, i32.lt_u(a.get(), b));
}

/** ⌈a / b⌉. */
export function dividedUp(a: Local<'i32'>, b: Local<'i32'>): ReturnType<Local<'i32'>['get']> {
  return i32.div_u(i32.sub(i32.add(a.get(), b.get()), i32.const(1)), b.get());
}
