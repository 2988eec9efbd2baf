/** The points of the experiment: each approximates some layers of the network in one way, and is measured alone. */

import type { Reconstruction, Solver } from '@rankwise/approx';

/** The network as it is: its accuracy, the energies of its responses, the zeros after its ReLUs. */
export interface OriginalJob {
  readonly kind: 'original';
}

export type Decomposition = '3d' | 'channel' | 'spatial';

export interface ApproximationJob {
  readonly kind: 'approximation';
  /** Names of the layers that are approximated, in the order of the network. */
  readonly layers: readonly string[];
  /** Of those layers. */
  readonly speedup: number;
  readonly ranks: 'energy' | 'uniform';
  readonly solver: Solver;
  readonly reconstruction: Reconstruction;
  readonly decomposition: Decomposition;
}

export type Job = ApproximationJob | OriginalJob;

/** One string for each job, the same however its object was put together. */
export function jobKey(job: Job): string {
  return JSON.stringify(job, Object.keys(job).toSorted());
}

/** Each job once, those of the same first layer together: they share the network below it. */
export function inOrder(jobs: readonly Job[], layers: readonly string[]): Job[] {
  const unique = [...new Map(jobs.map((job) => [jobKey(job), job])).values()];
  const place = (job: Job): number => (job.kind === 'original' ? -1 : layers.indexOf(job.layers[0] ?? ''));
  return unique.toSorted((a, b) => place(a) - place(b));
}

/** One layer alone. */
export function oneLayer(layer: string, speedup: number, solver: Solver): ApproximationJob {
  return { ...severalLayers([layer], speedup), solver, reconstruction: 'symmetric' };
}

/** Several layers, as the paper does it in the end unless said otherwise. */
export function severalLayers(
  layers: readonly string[],
  speedup: number,
  how: Partial<Pick<ApproximationJob, 'decomposition' | 'ranks' | 'reconstruction'>> = {},
): ApproximationJob {
  return {
    kind: 'approximation',
    layers,
    speedup,
    ranks: 'uniform',
    solver: 'nonlinear',
    reconstruction: 'asymmetric',
    decomposition: 'channel',
    ...how,
  };
}

/** `conv5–conv7 at 4×, nonlinear, asymmetric`. */
export function describeJob(job: Job): string {
  if (job.kind === 'original') return 'the original network';
  const { layers, speedup, solver, reconstruction, decomposition, ranks } = job;
  const [first = '', last = ''] = [layers[0], layers.at(-1)];
  const range = first === last ? first : `${first}–${last}`;
  const how = layers.length === 1 ? solver : [solver, reconstruction, decomposition, `${ranks} ranks`].join(', ');
  return `${range} at ${speedup}×, ${how}`;
}
