/** The transforms of minimal filtering in the module, and their places in its function table. */

import type { Callee } from '../assembler/instructions.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { transformSizes } from '../plan/convolutionPlan.ts';
import { emitTransformLine } from './transformLine.ts';
import type { LineShape, TransformKind } from './transformLine.ts';
import { noLine } from './winogradTasks.ts';

interface LineEntry extends LineShape {
  readonly kind: TransformKind;
}

/** In the order of the table. */
export const lineEntries: readonly LineEntry[] = transformSizes.flatMap((size) =>
  Array.from({ length: size - 2 }, (_, index) => index + 2).flatMap((taps) =>
    (['input', 'filter', 'output'] as const).map((kind) => ({ kind, taps, outputs: size - taps + 1 })),
  ),
);

/** Emits every transform, in the order of `lineEntries`. */
export function emitLines(module: ModuleBuilder): readonly Callee[] {
  return lineEntries.map(({ kind, ...shape }) => emitTransformLine(module, kind, shape));
}

/** Index of a transform in the function table; `noLine` for one tap. */
export function lineIndex(kind: TransformKind, { outputs, taps }: LineShape): number {
  if (taps === 1) return noLine;
  const index = lineEntries.findIndex((line) => line.kind === kind && line.outputs === outputs && line.taps === taps);
  if (index < 0) throw new RangeError(`lineIndex: expected a transform that is emitted, got F(${outputs}, ${taps})`);
  return index;
}
