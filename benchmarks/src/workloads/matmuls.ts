/** Square matrix products in f32 and f64, both operands new to the engine at each call. */

import type { FloatDType } from '@rankwise/tensor';

import type { MatmulWorkload } from './workload.ts';

const extents: readonly number[] = [256, 512, 1024];
const dtypes: readonly FloatDType[] = ['f32', 'f64'];

/** One set each. */
export function squareMatmuls(): MatmulWorkload[] {
  return dtypes.flatMap((dtype) => extents.map((n) => matmulWorkload('matmul', dtype, n, n, n)));
}

export function matmulWorkload(
  group: MatmulWorkload['group'],
  dtype: FloatDType,
  m: number,
  k: number,
  n: number,
): MatmulWorkload {
  const shown = m === n && n === k ? `${n}` : `${m}-${k}-${n}`;
  const description = `[${m}, ${k}] · [${k}, ${n}] ${dtype}`;
  return { kind: 'matmul', group, name: `matmul/${dtype}-${shown}`, description, macs: m * k * n, dtype, m, k, n };
}
