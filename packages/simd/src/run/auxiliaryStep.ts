/**
 * The solver's auxiliary step on a window of rows at a time. See Kernels.auxiliaryStepInPlace.
 *
 * A window goes into the linear memory, through the step and back while it is in the second-level cache: copying it costs less than
 * a pass over main memory. Predictions that lie in the linear memory already stay where they are. The items and the order of the sums do not depend on the window or the threads.
 */

import { checkAuxiliaryStepCall } from '@rankwise/tensor';
import type { AuxiliaryStepCall, AuxiliaryStepSums } from '@rankwise/tensor';
import { auxiliaryStepTask, partialBytes, rowsOfItem, scalarPartials } from '../emit/auxiliaryStep.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { bytesOf, viewOf } from './transfer.ts';
import { windowBytes } from './window.ts';

/** Vector instructions for two elements, roughly. */
const instructions = 32;

export function auxiliaryStepInPlace(machine: Machine, call: AuxiliaryStepCall): AuxiliaryStepSums {
  const { rows, width } = checkAuxiliaryStepCall(call);
  const { target, predicted, offset, lambda } = call;
  const { dtype } = predicted;
  const sums = new Float64Array(scalarPartials);
  const rowBytes = { target: 4 * width, predicted: bytesOf(dtype) * width };
  const itemBytes = (rowBytes.target + rowBytes.predicted) * rowsOfItem;
  const items = Math.max(1, Math.floor((machine.runner.threads * windowBytes) / itemBytes));
  const windowRows = Math.min(rows, items * rowsOfItem);
  const resident = machine.workspace?.addressOf(predicted);
  withScratch(machine, (allocate) => {
    const addresses = {
      target: allocate(rowBytes.target * windowRows),
      predicted: resident ?? allocate(rowBytes.predicted * windowRows),
      offset: allocate(8 * width),
      partials: allocate(Math.ceil(windowRows / rowsOfItem) * partialBytes(width)),
    };
    const { f32, f64 } = machine.heap;
    const view = viewOf(machine.heap, dtype);
    f64.set(offset, addresses.offset / 8);
    for (let from = 0; from < rows; from += windowRows) {
      const count = Math.min(windowRows, rows - from);
      const size = count * width;
      const observed = target.offset + from * width;
      const start = predicted.offset + from * width;
      f32.set(target.data.subarray(observed, observed + size), addresses.target / 4);
      const place = addresses.predicted + (resident === undefined ? 0 : from * rowBytes.predicted);
      const first = place / bytesOf(dtype);
      if (resident === undefined) view.set(predicted.data.subarray(start, start + size), first);
      const blocks = Math.ceil(count / rowsOfItem);
      machine.runner.run(
        auxiliaryStepTask(dtype),
        { ...addresses, predicted: place, rows: count, width, lambda },
        blocks,
        (size / 2) * instructions,
      );
      if (resident === undefined) predicted.data.set(view.subarray(first, first + size), start);
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
