/** Doing one job of the experiment: approximate, compare with the original, score on the test photographs. */

import { approximateCalibrated, convolutionLayers, energyKept, paperSchedule } from '@rankwise/approx';
import type { ApproximationReport, CalibratedLayer } from '@rankwise/approx';
import type { Kernels } from '@rankwise/tensor';
import { prepareTask } from '../lib/methods.ts';
import type { PreparedTask, Task } from '../lib/methods.ts';
import { hitsOf, pauseBefore, unpaused } from '../lib/scoring.ts';
import type { Hits, PausedTestSet } from '../lib/scoring.ts';
import type { Workshop } from '../lib/workerPool.ts';
import type { ApproximationJob, Job } from './jobs.ts';
import type { Point } from './results.ts';
import { meanOf } from './statistics.ts';
import type { Estimate } from './statistics.ts';

export interface OriginalResult {
  readonly kind: 'original';
  readonly hits: Hits;
  readonly layers: readonly {
    readonly name: string;
    /** Eigenvalues of the covariance of the responses, descending. */
    readonly energies: readonly number[];
    /** Share of responses that the ReLU makes zero, over photographs. */
    readonly zeros: Estimate;
  }[];
}

export interface ApproximationResult extends Point {
  readonly kind: 'approximation';
}

export type JobResult = ApproximationResult | OriginalResult;

/** A prepared task, and the test photographs in front of the layer that the last job began with. */
export interface Laboratory extends PreparedTask {
  paused: { readonly layer: string; readonly set: PausedTestSet } | undefined;
}

type OnProgress = (event: { readonly fraction: number }) => void;

export const paperWorkshop: Workshop<Task, Laboratory, Job, JobResult> = {
  prepare: async (task: Task, kernels: Kernels, onProgress: OnProgress) => ({
    ...(await prepareTask({ ...task, firstLayer: true }, kernels, onProgress)),
    paused: undefined,
  }),
  run: (laboratory, job, onProgress) =>
    job.kind === 'original' ? measureOriginal(laboratory) : measureApproximation(laboratory, job, onProgress),
};

async function measureOriginal({ calibration, test, kernels }: Laboratory): Promise<OriginalResult> {
  const { hits } = await hitsOf(calibration.model, unpaused(test), kernels);
  const layers = calibration.layers.map((calibrated) => ({
    name: calibrated.layer.name,
    energies: [...calibrated.energies],
    zeros: zerosOf(calibrated),
  }));
  return { kind: 'original', hits, layers };
}

/** The positions of one photograph are no independent samples: the mean is over photographs. */
function zerosOf({ target, positions, layer }: CalibratedLayer): Estimate {
  const perImage = positions.perImage * layer.filters;
  const images = Math.floor((target.shape[0] ?? 0) / Math.max(1, positions.perImage));
  const shares = Array.from({ length: images }, (_, image) => {
    const start = target.offset + image * perImage;
    let zeros = 0;
    for (let i = start; i < start + perImage; i++) if ((target.data[i] ?? 0) <= 0) zeros++;
    return zeros / perImage;
  });
  return meanOf(shares);
}

async function measureApproximation(
  laboratory: Laboratory,
  job: ApproximationJob,
  onProgress: OnProgress,
): Promise<ApproximationResult> {
  const { task, calibration, kernels } = laboratory;
  const others = convolutionLayers(calibration.model).map(({ name }) => name);
  const started = performance.now();
  const { model, report } = await approximateCalibrated(calibration, {
    solver: job.solver,
    reconstruction: job.reconstruction,
    decomposition: job.decomposition,
    ranks: job.ranks,
    speedup: job.speedup,
    fixed: {},
    exclude: others.filter((name) => !job.layers.includes(name)),
    schedule: paperSchedule.map(({ lambda }) => ({ lambda, iterations: task.iterations })),
    kernels,
    measure: false,
    onProgress,
  });
  const seconds = (performance.now() - started) / 1000;
  const { hits } = await hitsOf(model, await pausedFor(laboratory, job), kernels);
  return { kind: 'approximation', ...pointOf(report), hits, seconds };
}

async function pausedFor(laboratory: Laboratory, { layers }: ApproximationJob): Promise<PausedTestSet> {
  const layer = layers[0] ?? '';
  if (laboratory.paused?.layer !== layer) {
    const { calibration, test, kernels } = laboratory;
    // The one before goes first: two do not have to fit into memory.
    laboratory.paused = undefined;
    laboratory.paused = { layer, set: await pauseBefore(calibration.model, layer, test, kernels) };
  }
  return laboratory.paused.set;
}

function pointOf(report: ApproximationReport): Omit<Point, 'hits' | 'seconds'> {
  return {
    speedup: report.theoretical.speedup,
    outputError: report.outputError,
    layers: report.layers.map(({ name, rank, filters, spectrum, error, linearError }) => ({
      name,
      rank,
      filters,
      energyKept: energyKept(spectrum, rank),
      error: error?.heldOut ?? null,
      linearError: linearError?.heldOut ?? null,
    })),
  };
}
