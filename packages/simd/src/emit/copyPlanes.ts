/**
 * Copies of planes between layouts: into planes with a border of zeros, and out of padded rows. An item is a plane.
 *
 *   plane p = (p div inner, p mod inner):
 *   source + (p div inner) · sourceOuter + (p mod inner) · sourceInner  →  target + p · targetPlane + targetOffset
 *
 * Rows of `width` f32, `height` of them, lie sourceRow and targetRow bytes apart. With `fill` not zero, that many bytes of each
 * target plane are set to zero before. Planes with p mod inner ≥ filled are only set to zero.
 */

import { f32, i32, memory, v128 } from '../assembler/instructions.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { advanceBy, at, emitTask } from './task.ts';
import type { Task } from './task.ts';

const copyPlanesFields = {
  source: 'i32',
  target: 'i32',
  inner: 'i32',
  filled: 'i32',
  sourceOuter: 'i32',
  sourceInner: 'i32',
  targetPlane: 'i32',
  targetOffset: 'i32',
  height: 'i32',
  width: 'i32',
  sourceRow: 'i32',
  targetRow: 'i32',
  fill: 'i32',
} as const;

export const copyPlanesTask: Task<typeof copyPlanesFields> = { name: 'copyPlanes', fields: copyPlanesFields };

export function emitCopyPlanes(module: ModuleBuilder): void {
  emitTask(module, copyPlanesTask, (f, fields, range) => {
    const plane = f.local('i32');
    const inner = f.local('i32');
    const read = f.local('i32');
    const write = f.local('i32');
    const y = f.local('i32');
    const x = f.local('i32');
    const vectors = f.local('i32');
    const bytes = f.local('i32');
    f.set(bytes, i32.mul(fields.width.get(), i32.const(4)));
    f.set(vectors, i32.and(bytes.get(), i32.const(-16)));
    f.count(plane, range.from.get(), range.to.get(), 1, () => {
      f.set(inner, i32.rem_u(plane.get(), fields.inner.get()));
      f.set(write, at(fields.target, plane, fields.targetPlane));
      f.if(fields.fill.get(), () => f.do(memory.fill(write.get(), i32.const(0), fields.fill.get())));
      f.if(i32.lt_u(inner.get(), fields.filled.get()), () => {
        f.set(read, at(fields.source, i32.div_u(plane.get(), fields.inner.get()), fields.sourceOuter));
        f.set(read, at(read, inner, fields.sourceInner));
        f.set(write, i32.add(write.get(), fields.targetOffset.get()));
        f.count(y, i32.const(0), fields.height.get(), 1, () => {
          f.count(x, i32.const(0), vectors.get(), 16, () => {
            f.do(v128.store(i32.add(write.get(), x.get()), v128.load(i32.add(read.get(), x.get()))));
          });
          f.count(x, vectors.get(), bytes.get(), 4, () => {
            f.do(f32.store(i32.add(write.get(), x.get()), f32.load(i32.add(read.get(), x.get()))));
          });
          advanceBy(f, read, fields.sourceRow);
          advanceBy(f, write, fields.targetRow);
        });
      });
    });
  });
}
