/**
 * Milliseconds a photograph before and after, on every kind of kernels there is, with Winograd's fast convolution and without it:
 * it makes the original's 3×3 layers cheaper than their multiply-adds say, and so what an approximation gains smaller.
 */

import { measureSpeedup } from '@rankwise/approx';
import type { MeasuredSpeedup } from '@rankwise/approx';
import { formatTable } from '@rankwise/cli';
import type { Model } from '@rankwise/nn';
import { createReferenceKernels } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';

/** By turns; the median counts. The reference kernels take their time. */
const turns = { simd: 9, reference: 3 } as const;

interface Row {
  readonly kernels: string;
  readonly convolution: string;
  readonly measured: MeasuredSpeedup;
}

export interface Timing {
  /** With the kernels that were used. */
  readonly measured: MeasuredSpeedup;
  /** One row for each kind of kernels and convolution. */
  readonly table: string;
}

/**
 * Times two networks against each other, on one thread.
 * @param kernels - those that were used; the reference kernels are measured in any case
 */
export async function timeNetworks(
  original: Model,
  approximated: Model,
  images: Tensor<'f32'>,
  kernels: Kernels,
): Promise<Timing> {
  const rows: Row[] = [];
  const time = (name: keyof typeof turns, convolution: string, used: Kernels): number =>
    rows.push({
      kernels: name,
      convolution,
      measured: measureSpeedup(original, approximated, images, used, turns[name]),
    });
  if (kernels.name === 'simd') {
    // Here it is there: the kernels come from it.
    const { createSimdKernels } = await import('@rankwise/simd');
    const direct = await createSimdKernels({ winograd: 0 });
    time('simd', 'Winograd', kernels);
    time('simd', 'direct', direct);
    direct.dispose();
  }
  time('reference', 'Winograd', createReferenceKernels());
  time('reference', 'direct', createReferenceKernels({ winograd: false }));
  const [first] = rows;
  if (first === undefined) throw new Error('expected timings, got none');
  return { measured: first.measured, table: timingTable(rows) };
}

function timingTable(rows: readonly Row[]): string {
  return formatTable(rows, [
    { heading: 'kernels', cell: ({ kernels }) => kernels },
    { heading: 'convolution', cell: ({ convolution }) => convolution },
    { heading: 'before', align: 'right', cell: ({ measured }) => `${measured.originalMilliseconds.toFixed(2)} ms` },
    { heading: 'after', align: 'right', cell: ({ measured }) => `${measured.approximatedMilliseconds.toFixed(2)} ms` },
    { heading: 'speed-up', align: 'right', cell: ({ measured }) => `${measured.speedup.toFixed(2)}×` },
  ]);
}
