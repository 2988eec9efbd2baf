/** Every workload of the suite, in sets whose members are timed in turn. */

import { linearAlgebra } from './decompositions.ts';
import { layerWorkloads } from './layers.ts';
import { squareMatmuls } from './matmuls.ts';
import { shapeWorkloads } from './shapes.ts';
import { smallWorkloads } from './smallWork.ts';
import { stackWorkloads } from './stacks.ts';
import type { Workload } from './workload.ts';

export interface WorkloadFilter {
  /** Name of a group; all when absent. */
  readonly only?: string;
  /** Part of a workload's name; its whole set is taken. */
  readonly match?: string;
}

/** Linear algebra is measured with one thread: LAPACK is held to one, and ml-matrix has no more. */
export function hasThreads(group: string, threads: number): boolean {
  return threads === 1 || group !== 'linalg';
}

/** The most telling group first: a run that is broken off has it. */
export function workloadSets(threads: number, { only, match = '' }: WorkloadFilter = {}): Workload[][] {
  const single = [...squareMatmuls(), ...smallWorkloads(), ...linearAlgebra()].map((workload) => [workload]);
  const sets: Workload[][] = [stackWorkloads(), shapeWorkloads(), ...layerWorkloads(), ...single];
  return sets.filter(
    ([first, ...rest]) =>
      first !== undefined &&
      hasThreads(first.group, threads) &&
      (only === undefined || first.group === only) &&
      [first, ...rest].some(({ name }) => name.includes(match)),
  );
}
