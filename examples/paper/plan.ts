/** What every table and figure is drawn from: the layers of the network, the speed-ups, and what was measured for each job. */

import { approximatedMacs } from '@rankwise/approx';
import type { ConvolutionLayer } from '@rankwise/approx';
import type { OriginalResult } from './experiment.ts';
import type { ApproximationJob } from './jobs.ts';
import type { Point } from './results.ts';

export interface Plan {
  /** Every convolution, in the order of the network. */
  readonly layers: readonly ConvolutionLayer[];
  /** Names of those that are approximated: all that do not read the photographs. */
  readonly names: readonly string[];
  /** Speed-ups of one layer alone, by both solvers (Figure 4). */
  readonly alone: readonly number[];
  /** More of them, by the linear solver only: for a range of accuracies (Figure 3). */
  readonly further: readonly number[];
}

/** What one layer alone is asked for; fewer points where time is short. */
export const aloneSpeedups = {
  few: { alone: [2, 4, 7], further: [15] },
  all: { alone: [2, 3, 4, 5, 6, 7], further: [10, 15, 20] },
} as const;

/** Those of some speed-ups that a layer can reach: a narrow one is at rank 1 before. */
export function reachable({ layers }: Plan, name: string, speedups: readonly number[]): number[] {
  const layer = layers.find((one) => one.name === name);
  return speedups.filter((speedup) => layer !== undefined && approximatedMacs(layer, 1) * speedup <= layer.macs);
}

/** What was measured for each job. */
export interface Measured {
  readonly original: OriginalResult;
  readonly of: (job: ApproximationJob) => Point;
}
