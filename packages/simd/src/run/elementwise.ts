/**
 * relu and add through a window of the linear memory. See Kernels.relu and Kernels.add.
 *
 * A window stays in the caches, so the copies in and out cost little: the plain loops take thirteen times as long for relu, where
 * they guess signs wrong, and nine times for add, which they compute in f64 (measured; see README.md). The copies are the caller's own work, and a window is too little to share with threads.
 */

import { checkElementwise, referenceKernels } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { addTask, elementsOfItem, reluTask } from '../emit/elementwise.ts';
import type { ElementwiseTask } from '../emit/elementwise.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';

/** Elements of a window. */
const windowElements = 16 * elementsOfItem;
/** Below this many elements the plain loop is done before the parameters are written. */
const leastElements = 512;

export function relu(machine: Machine, input: Tensor<'f32'>, output: Tensor<'f32'>): void {
  const size = checkElementwise('relu', { input }, output);
  if (size < leastElements) referenceKernels.relu(input, output);
  else throughWindows(machine, reluTask, [input], output, size);
}

export function add(machine: Machine, a: Tensor<'f32'>, b: Tensor<'f32'>, output: Tensor<'f32'>): void {
  const size = checkElementwise('add', { a, b }, output);
  if (size < leastElements) referenceKernels.add(a, b, output);
  else throughWindows(machine, addTask, [a, b], output, size);
}

/** A window is read whole before it is written, so `output` may be an input. */
function throughWindows(
  machine: Machine,
  task: ElementwiseTask,
  inputs: readonly Tensor<'f32'>[],
  output: Tensor<'f32'>,
  size: number,
): void {
  const { heap, runner } = machine;
  withScratch(machine, (allocate) => {
    const places = inputs.map(() => allocate(4 * windowElements));
    const { f32 } = heap;
    const [first = 0, second = 0] = places;
    for (let from = 0; from < size; from += windowElements) {
      const count = Math.min(windowElements, size - from);
      inputs.forEach(({ data, offset }, index) => {
        f32.set(data.subarray(offset + from, offset + from + count), (places[index] ?? 0) / 4);
      });
      runner.run(task, { first, second }, Math.ceil(count / elementsOfItem), count / 2);
      output.data.set(f32.subarray(first / 4, first / 4 + count), output.offset + from);
    }
  });
}
