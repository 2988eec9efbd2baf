/**
 * max(x, 0) and a + b over contiguous f32, where they lie in the linear memory. See Kernels.relu and Kernels.add.
 *
 * Items are blocks of `elementsOfItem`; the memory holds whole blocks, of which what lies past the count is not used. The result
 * replaces the first operand.
 */

import { f32x4, i32, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { emitTask } from './task.ts';
import type { Task } from './task.ts';

const elementwiseFields = { first: 'i32', second: 'i32' } as const;

export type ElementwiseTask = Task<typeof elementwiseFields>;

/** first ← max(first, 0); `second` is not used. */
export const reluTask: ElementwiseTask = { name: 'relu', fields: elementwiseFields };
/** first ← first + second. */
export const addTask: ElementwiseTask = { name: 'add', fields: elementwiseFields };

export const elementsOfItem = 1024;
/** Vectors of a turn of the loop. */
const unroll = 4;

type Operation = (first: Expression<'v128'>, second: () => Expression<'v128'>) => Expression<'v128'>;

export function emitElementwise(module: ModuleBuilder): void {
  emitOperation(module, reluTask, positivePart);
  emitOperation(module, addTask, (first, second) => f32x4.add(first, second()));
}

function emitOperation(module: ModuleBuilder, task: ElementwiseTask, operation: Operation): void {
  emitTask(module, task, (f, { first, second }, { from, to }) => {
    const offset = f.local('i32');
    const address = f.local('i32');
    const other = f.local('i32');
    const bytes = i32.const(4 * elementsOfItem);
    f.count(offset, i32.mul(from.get(), bytes), i32.mul(to.get(), bytes), 16 * unroll, () => {
      f.set(address, i32.add(first.get(), offset.get()));
      f.set(other, i32.add(second.get(), offset.get()));
      for (let v = 0; v < unroll; v++) {
        const result = operation(v128.load(address.get(), 16 * v), () => v128.load(other.get(), 16 * v));
        f.do(v128.store(address.get(), result, 16 * v));
      }
    });
  });
}

/** x with +0 where x ≤ 0: so −0 gives +0 and NaN stays. */
function positivePart(x: Expression<'v128'>): Expression<'v128'> {
  return f32x4.max(x, v128.const(Array<number>(16).fill(0)));
}
