/** The transform passes in the module, and their places in its function table. */

import type { Callee } from '../assembler/instructions.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { transformSizes } from '../plan/convolutionPlan.ts';
import type { LineShape } from './transformLine.ts';
import { emitPass, passNames } from './transformPass.ts';
import type { PassName } from './transformPass.ts';

interface PassEntry extends LineShape {
  readonly name: PassName;
}

const noTransform: LineShape = { outputs: 1, taps: 1 };

const shapes: readonly LineShape[] = [
  noTransform,
  ...transformSizes.flatMap((size) =>
    Array.from({ length: size - 2 }, (_, index) => ({ taps: index + 2, outputs: size - index - 1 })),
  ),
];

/** In the order of the table. */
export const passEntries: readonly PassEntry[] = shapes.flatMap(({ outputs, taps }) =>
  passNames.map((name) => ({ name, outputs, taps })),
);

/** Emits every pass, in the order of the table. */
export function emitPasses(module: ModuleBuilder): readonly Callee[] {
  return passEntries.map(({ name, ...shape }) => emitPass(module, name, shape));
}

/** Index of a pass in the function table. */
export function passIndex(name: PassName, { outputs, taps }: LineShape): number {
  const index = passEntries.findIndex(
    (entry) => entry.name === name && entry.outputs === outputs && entry.taps === taps,
  );
  if (index < 0) throw new RangeError(`passIndex: expected a transform that is emitted, got F(${outputs}, ${taps})`);
  return index;
}
