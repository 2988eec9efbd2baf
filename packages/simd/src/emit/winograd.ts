/**
 * Convolution by minimal filtering F(m_h × m_w, r_h × r_w), stride 1 (Lavin & Gray 2016, algorithm 1), around a batch of products:
 *
 *   U_ξ = (G g Gᵀ)_ξ,   V_ξ = (Bᵀ d B)_ξ,   M_ξ[tile][filter] = Σ_c V_ξ[tile][c] · U_ξ[c][filter],   y = Aᵀ M A
 *
 * with ξ = (row, column) of a transformed tile of n_h × n_w, n = m + r − 1. The three transforms take four channels (or filters) of a
 * tile through two passes (see transformPass.ts); an axis with one tap has no transform. V and U are written as panels:
 *
 * ```
 *   V: [ξ][tile panel][channel][tiles of a panel]          left operand, splats
 *   U: [ξ][filter panel][channel][filters of a panel]      right operand, vectors
 *   M: [ξ][tile][filter]
 * ```
 */

import { callIndirect, i32 } from '../assembler/instructions.ts';
import type { Callee } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { smaller } from './product.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { TaskRange } from './task.ts';
import { passArguments } from './transformPass.ts';
import type { PassArguments, PassName } from './transformPass.ts';
import { quadsOfItem, winogradFilterTask, winogradInputTask, winogradOutputTask } from './winogradTasks.ts';

/** @param signature - of the passes in the function table */
export function emitWinograd(module: ModuleBuilder, signature: Callee): void {
  emitFilterTransform(module, signature);
  emitInputTransform(module, signature);
  emitOutputTransform(module, signature);
}

function runPass<N extends PassName>(
  f: FunctionBuilder,
  signature: Callee,
  name: N,
  index: Local<'i32'>,
  values: PassArguments<N>,
): void {
  f.do(callIndirect(signature, 'none', index.get(), ...passArguments(name, values)));
}

function squareOf(f: FunctionBuilder, scratch: Local<'i32'>, stride: Local<'i32'>, thread: Local<'i32'>): Local<'i32'> {
  const square = f.local('i32');
  f.set(square, at(scratch, thread, stride));
  return square;
}

function emitFilterTransform(module: ModuleBuilder, signature: Callee): void {
  emitTask(module, winogradFilterTask, (f, p, range) => {
    const square = squareOf(f, p.scratch, p.scratchStride, range.thread);
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
        runPass(f, signature, 'filterX', p.passX, {
          source: read.get(),
          filterBytes: filterBytes.get(),
          square: square.get(),
          rows: p.tapsY.get(),
        });
        runPass(f, signature, 'filterY', p.passY, {
          square: square.get(),
          target: write.get(),
          pointRow: i32.mul(p.sizeX.get(), p.pointBytes.get()),
          pointBytes: p.pointBytes.get(),
          columns: p.sizeX.get(),
        });
        advanceBy(f, read, tapBytes);
        f.set(write, at(write, p.width, 4));
      });
    });
  });
}

function emitInputTransform(module: ModuleBuilder, signature: Callee): void {
  emitTask(module, winogradInputTask, (f, p, range) => {
    const square = squareOf(f, p.scratch, p.scratchStride, range.thread);
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
        runPass(f, signature, 'inputX', p.passX, {
          source: read.get(),
          planeBytes: p.planeBytes.get(),
          lineBytes: p.lineBytes.get(),
          square: square.get(),
          rows: p.sizeY.get(),
        });
        f.set(write, at(at(p.target, panel, p.panelBytes), lane, 4));
        f.set(write, at(write, i32.shl(quad.get(), i32.const(2)), step));
        runPass(f, signature, 'inputY', p.passY, {
          square: square.get(),
          target: write.get(),
          pointRow: i32.mul(p.sizeX.get(), p.pointBytes.get()),
          pointBytes: p.pointBytes.get(),
          columns: p.sizeX.get(),
          laneBytes: step.get(),
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

function emitOutputTransform(module: ModuleBuilder, signature: Callee): void {
  emitTask(module, winogradOutputTask, (f, p, range) => {
    const square = squareOf(f, p.scratch, p.scratchStride, range.thread);
    const place = f.local('i32');
    const plane = f.local('i32');
    eachQuad(f, range, p.quads, (tile, quad) => {
      const quadBytes = i32.shl(quad.get(), i32.const(4));
      runPass(f, signature, 'outputY', p.passY, {
        source: i32.add(at(p.source, tile, p.tileBytes), quadBytes),
        pointRow: i32.mul(p.sizeX.get(), p.pointBytes.get()),
        pointBytes: p.pointBytes.get(),
        square: square.get(),
        columns: p.sizeX.get(),
      });
      f.set(place, at(p.places, tile, 12));
      f.set(plane, at(p.target, i32.shl(quad.get(), i32.const(2)), p.planeBytes));
      runPass(f, signature, 'outputX', p.passX, {
        square: square.get(),
        target: i32.add(plane.get(), i32.load(place.get())),
        planeBytes: p.planeBytes.get(),
        lineBytes: p.lineBytes.get(),
        rows: i32.load(place.get(), 4),
        columns: i32.load(place.get(), 8),
        bias: i32.add(p.bias.get(), quadBytes),
        relu: p.relu.get(),
      });
    });
  });
}
