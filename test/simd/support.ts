/** What the tests of the emitted kernels share: kernels with and without relaxed multiply-adds. */

import { setFlagsFromString } from 'node:v8';
import { probeFeatures } from '@rankwise/simd';
import { expect } from 'vitest';
import type { WinogradPlan } from '../../packages/simd/src/plan/convolutionPlan.ts';
import { createMachine } from '../../packages/simd/src/run/createMachine.ts';
import { mostPages } from '../../packages/simd/src/run/createMemory.ts';
import type { Machine } from '../../packages/simd/src/run/machine.ts';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import type { SimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { winogradAxis } from '../kit/winogradBounds.ts';
import type { WinogradAxes } from '../kit/winogradBounds.ts';

// V8 11 (Node 20) has relaxed SIMD behind a flag, which is read whenever a module is compiled.
if (!probeFeatures().relaxedSimd) setFlagsFromString('--experimental-wasm-relaxed-simd');

/** Whether multiply-adds round once: with both kinds of tiles everything must hold. */
export const roundings: readonly boolean[] = probeFeatures().relaxedSimd ? [false, true] : [false];

/** Kernels of each kind, for `describe.each`. */
export const bothKernels: readonly (readonly [string, SimdKernels])[] = await Promise.all(
  roundings.map(
    async (relaxedSimd) => [nameOf(relaxedSimd), await createSimdKernels({ relaxedSimd, leastWork: 0 })] as const,
  ),
);

/** As toEqual, at memory speed, and −0 is not 0. */
export function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
  if (!bytes(actual).equals(bytes(expected))) expect(actual).toEqual(expected);
}

/** The machines under the kernels, for `describe.each`. */
export async function bothMachines(): Promise<readonly (readonly [string, Machine])[]> {
  return Promise.all(
    roundings.map(
      async (relaxed) =>
        [nameOf(relaxed), await createMachine({ relaxed, maximumPages: mostPages, leastWork: 0 })] as const,
    ),
  );
}

function nameOf(relaxed: boolean): string {
  return relaxed ? 'relaxed multiply-adds' : 'separate roundings';
}

/** The matrices that a plan stands for. */
export function axesOf({ y, x }: WinogradPlan): WinogradAxes {
  return [winogradAxis(y.outputs, y.taps), winogradAxis(x.outputs, x.taps)];
}
