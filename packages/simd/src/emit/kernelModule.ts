/** The module with every kernel: one memory, tasks exported by name. */

import { moduleBuilder } from '../assembler/moduleBuilder.ts';
import type { MemoryLimits } from '../assembler/moduleBuilder.ts';
import { tileShapes } from '../plan/tileShape.ts';
import { emitCopyPlanes } from './copyPlanes.ts';
import { emitElementwise } from './elementwise.ts';
import { emitDotRows } from './dotRows.ts';
import { emitImplicitConvolution } from './implicitConvolution.ts';
import { emitPasses } from './passTable.ts';
import { emitAuxiliaryStep } from './auxiliaryStep.ts';
import { emitMatrixTimesVector } from './matrixTimesVector.ts';
import { numberFormat } from './numberFormat.ts';
import { emitPackPanels } from './packPanels.ts';
import { emitPools } from './pool.ts';
import { emitProduct } from './product.ts';
import { emitSymmetricTimesVector } from './symmetricTimesVector.ts';
import { emitWinograd } from './winograd.ts';

export interface ModuleOptions {
  readonly memory: MemoryLimits;
  /** Whether relaxed multiply-add may be used. */
  readonly relaxed: boolean;
}

/** Emits the module's bytes. */
export function emitKernelModule({ memory, relaxed }: ModuleOptions): Uint8Array<ArrayBuffer> {
  const module = moduleBuilder(memory);
  emitPackPanels(module);
  for (const dtype of ['f32', 'f64'] as const) {
    emitDotRows(module, numberFormat(dtype, relaxed));
    for (const shape of tileShapes(relaxed)) {
      const grid = emitProduct(module, numberFormat(dtype, relaxed), shape);
      if (dtype === 'f64') continue;
      emitImplicitConvolution(module, shape, grid);
      emitProduct(module, numberFormat(dtype, relaxed), shape, true);
    }
  }
  emitCopyPlanes(module);
  const passes = emitPasses(module);
  module.table(passes);
  // All passes have the signature of the first.
  emitWinograd(module, passes[0]!);
  emitPools(module);
  emitElementwise(module);
  for (const dtype of ['f32', 'f64'] as const) emitAuxiliaryStep(module, dtype);
  emitMatrixTimesVector(module, numberFormat('f64', relaxed));
  emitSymmetricTimesVector(module, numberFormat('f64', relaxed));
  return module.encode();
}
