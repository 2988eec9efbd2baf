/**
 * The solver's auxiliary step on a window of rows at a time. See Kernels.auxiliaryStepInPlace.
 *
 * A window goes into the linear memory, through the step and back while it is in the second-level cache: copying it costs less than
 * a pass over main memory. The items and the order of the sums do not depend on the window or the threads.
 */

import { checkAuxiliaryStepCall } from '@rankwise/tensor';
import type { AuxiliaryStepCall, AuxiliaryStepSums } from '@rankwise/tensor';
import { auxiliaryStepTask, partialBytes, rowsOfItem, scalarPartials } from '../emit/auxiliaryStep.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { windowBytes } from './window.ts';

/** An f32 and an f64 for each element of a window. */
const elementBytes = 12;
/** Vector instructions for two elements, roughly. */
const instructions = 32;

export function auxiliaryStepInPlace(machine: Machine, call: AuxiliaryStepCall): AuxiliaryStepSums {
  const { rows, width } = checkAuxiliaryStepCall(call);
  const { target, predicted, offset, lambda } = call;
  const sums = new Float64Array(scalarPartials);
  const items = Math.max(1, Math.floor((machine.runner.threads * windowBytes) / (elementBytes * width * rowsOfItem)));
  const windowRows = Math.min(rows, items * rowsOfItem);
  withScratch(machine, (allocate) => {
    const addresses = {
      target: allocate(4 * windowRows * width),
      predicted: allocate(8 * windowRows * width),
      offset: allocate(8 * width),
      partials: allocate(Math.ceil(windowRows / rowsOfItem) * partialBytes(width)),
    };
    const { f32, f64 } = machine.heap;
    f64.set(offset, addresses.offset / 8);
    for (let from = 0; from < rows; from += windowRows) {
      const count = Math.min(windowRows, rows - from);
      const size = count * width;
      const start = predicted.offset + from * width;
      const window = target.data.subarray(target.offset + from * width, target.offset + from * width + size);
      f32.set(window, addresses.target / 4);
      f64.set(predicted.data.subarray(start, start + size), addresses.predicted / 8);
      const blocks = Math.ceil(count / rowsOfItem);
      machine.runner.run(
        auxiliaryStepTask,
        { ...addresses, rows: count, width, lambda },
        blocks,
        (size / 2) * instructions,
      );
      predicted.data.set(f64.subarray(addresses.predicted / 8, addresses.predicted / 8 + size), start);
      addPartials(f64, addresses.partials / 8, blocks, call, sums);
    }
  });
  const total = (index: number): number => sums[2 * index]! + sums[2 * index + 1]!;
  return { nonlinear: total(0), relaxed: total(1), shiftSquares: total(2), auxiliarySquares: total(3) };
}

/** Adds the items' partial sums in order. */
function addPartials(
  f64: Float64Array,
  first: number,
  items: number,
  { auxiliarySum, shiftSum }: AuxiliaryStepCall,
  sums: Float64Array,
): void {
  const width = auxiliarySum.length;
  for (let item = 0; item < items; item++) {
    const base = first + (item * partialBytes(width)) / 8;
    const columns = base + scalarPartials;
    for (let i = 0; i < scalarPartials; i++) sums[i]! += f64[base + i]!;
    for (let j = 0; j < width; j++) {
      auxiliarySum[j]! += f64[columns + j]!;
      shiftSum[j]! += f64[columns + width + j]!;
    }
  }
}
