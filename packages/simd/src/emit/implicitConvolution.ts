/**
 * Convolution as a matrix product whose right operand is never stored whole.
 *
 *   out[f][p] = activation(bias[f] + Σ_k weight[f][k] · x[pixel(p) + tap(k)])       k = (channel, ky, kx)
 *
 * The element of patch k at output position p lies at source + pixels[p] + taps[k]: two tables of byte offsets say all about stride,
 * dilation, kernel and images. An item is a group of panels of positions: for each chunk of k it packs its panels into the
 * thread's scratch memory and multiplies them with all panels of the weights.
 *
 * ```
 *   scratch: [panel of the group][k of the chunk][vectors · 4 positions]
 * ```
 *
 * Four neighbouring positions are one load where they lie next to each other, two loads and a shuffle where every other element is
 * wanted (stride 2), else four loads of a lane.
 */

import { call, i32, memory, v128 } from '../assembler/instructions.ts';
import type { Callee, Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import type { TileShape } from '../plan/tileShape.ts';
import { loadLanes, words } from './lanes.ts';
import { eachChunk, smaller } from './product.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { Task } from './task.ts';

const convolutionFields = {
  source: 'i32',
  /** i32 byte offsets: [paddedDepth] and [rightPanels · width]. */
  taps: 'i32',
  pixels: 'i32',
  weight: 'i32',
  bias: 'i32',
  out: 'i32',
  scratch: 'i32',
  /** Bytes of scratch for each thread. */
  scratchStride: 'i32',
  /** K, and K rounded up to the tile's unrolling. */
  taken: 'i32',
  depth: 'i32',
  chunk: 'i32',
  leftPanels: 'i32',
  rightPanels: 'i32',
  rightGroup: 'i32',
  rowStride: 'i32',
  flags: 'i32',
} as const;

export function implicitTask(shape: TileShape): Task<typeof convolutionFields> {
  return { name: `convolve_${shape.rows}x${shape.vectors}`, fields: convolutionFields };
}

/** @param grid - the f32 grid of the same shape, see product.ts */
export function emitImplicitConvolution(module: ModuleBuilder, shape: TileShape, grid: Callee): void {
  const packer = emitPatchPacker(module, shape);
  const rowBytes = shape.vectors * 16;
  emitTask(module, implicitTask(shape), (f, p, range) => {
    const scratch = f.local('i32');
    const item = f.local('i32');
    const first = f.local('i32');
    const panels = f.local('i32');
    const panel = f.local('i32');
    const chunkBytes = f.local('i32');
    f.set(scratch, at(p.scratch, range.thread, p.scratchStride));
    f.count(item, range.from.get(), range.to.get(), 1, () => {
      f.set(first, i32.mul(item.get(), p.rightGroup.get()));
      f.set(panels, smaller(p.rightGroup, i32.sub(p.rightPanels.get(), first.get())));
      eachChunk(f, p.depth, p.chunk, p.flags, (from, length, flags) => {
        f.set(chunkBytes, i32.mul(length.get(), i32.const(rowBytes)));
        f.count(panel, i32.const(0), panels.get(), 1, () => {
          f.do(
            call(
              packer,
              'none',
              p.source.get(),
              at(p.taps, from, 4),
              at(p.pixels, i32.add(first.get(), panel.get()), rowBytes),
              at(scratch, panel, chunkBytes),
              smaller(length, i32.sub(p.taken.get(), from.get())),
              length.get(),
            ),
          );
        });
        f.do(
          call(
            grid,
            'none',
            at(p.weight, from, shape.rows * 4),
            scratch.get(),
            at(p.out, first, rowBytes),
            p.bias.get(),
            p.leftPanels.get(),
            panels.get(),
            i32.mul(p.depth.get(), i32.const(shape.rows * 4)),
            chunkBytes.get(),
            length.get(),
            p.rowStride.get(),
            flags.get(),
          ),
        );
      });
    });
  });
}

/** pack(source, taps, pixels, target, taken, depth): one panel of a chunk; rows past `taken` are zeros. */
function emitPatchPacker(module: ModuleBuilder, shape: TileShape): Callee {
  const rowBytes = shape.vectors * 16;
  const types = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.func(
    `patches_${shape.rows}x${shape.vectors}`,
    types,
    [],
    (f, source, taps, pixels, target, taken, depth) => {
      const tapsEnd = f.local('i32');
      f.set(tapsEnd, at(taps, taken, 4));
      for (let v = 0; v < shape.vectors; v++) {
        const lanes = [0, 1, 2, 3].map((lane) => {
          const local = f.local('i32');
          f.set(local, i32.add(source.get(), i32.load(pixels.get(), 16 * v + 4 * lane)));
          return local;
        });
        // Four locals, one for each lane.
        const [a, b, , d] = lanes as [Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>];
        const apart = (lane: Local<'i32'>, bytes: number) => i32.eq(i32.sub(lane.get(), a.get()), i32.const(bytes));
        const fill = (value: (tap: Local<'i32'>) => Expression<'v128'>): void =>
          fillColumn(f, taps, tapsEnd, target, rowBytes, 16 * v, value);
        f.if(
          i32.and(apart(b, 4), apart(d, 12)),
          () => fill((tap) => v128.load(i32.add(a.get(), tap.get()))),
          () =>
            f.if(
              i32.and(apart(b, 8), apart(d, 24)),
              () => fill((tap) => evenLanes(i32.add(a.get(), tap.get()))),
              () => fill((tap) => loadLanes(lanes.map((lane) => i32.add(lane.get(), tap.get())))),
            ),
        );
      }
      f.do(
        memory.fill(
          at(target, taken, rowBytes),
          i32.const(0),
          i32.mul(i32.sub(depth.get(), taken.get()), i32.const(rowBytes)),
        ),
      );
    },
  );
}

/** Stores a vector for each tap, `rowBytes` apart. */
function fillColumn(
  f: FunctionBuilder,
  taps: Local<'i32'>,
  tapsEnd: Local<'i32'>,
  target: Local<'i32'>,
  rowBytes: number,
  offset: number,
  value: (tap: Local<'i32'>) => Expression<'v128'>,
): void {
  const entry = f.local('i32');
  const tap = f.local('i32');
  const write = f.local('i32');
  f.set(write, target.get());
  f.count(entry, taps.get(), tapsEnd.get(), 4, () => {
    f.set(tap, i32.load(entry.get()));
    f.do(v128.store(write.get(), value(tap), offset));
    advanceBy(f, write, rowBytes);
  });
}

/** Elements 0, 2, 4 and 6 from an address. */
function evenLanes(address: Expression<'i32'>): Expression<'v128'> {
  return words(v128.load(address), v128.load(address, 16), [0, 2, 4, 6]);
}
