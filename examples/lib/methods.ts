/**
 * Approximating one network in several ways and scoring each on photographs that no fit has seen.
 *
 * Labels are used for scoring only. All methods of one run share one calibration.
 */

import { approximateCalibrated, calibrate, convolutionLayers, paperSchedule } from '@rankwise/approx';
import type {
  ApproximationReport,
  Calibration,
  Decomposition,
  ProgressEvent,
  RankMethod,
  Reconstruction,
  Solver,
} from '@rankwise/approx';
import { UsageError, imageSourceFor, openImages, openModel } from '@rankwise/cli';
import { saveModel } from '@rankwise/nn';
import type { Kernels } from '@rankwise/tensor';
import { openTestSet, scoreModel } from './scoring.ts';
import type { Score, TestSet } from './scoring.ts';
import { runJobs } from './workerPool.ts';
import type { PoolOptions, Workshop } from './workerPool.ts';

export interface Method {
  readonly solver: Solver;
  readonly reconstruction: Reconstruction;
  readonly ranks: RankMethod | 'best';
  /** Default `channel`. */
  readonly decomposition?: Decomposition;
  /** Iterations of a descent on the true objective behind the solver; default 0. */
  readonly descent?: number;
  readonly speedup: number;
}

/** Where the network and the photographs are, and how many of them are used. Plain data: it is sent to worker threads. */
export interface Task {
  readonly model: string;
  readonly calibrationImages: string;
  readonly testImages: string;
  readonly images: number;
  readonly positions: number;
  /** Share of the images that no fit sees. */
  readonly heldOut: number;
  readonly testCount: number;
  /** Of the nonlinear solver, at each of the paper's two λ; the paper makes 25. */
  readonly iterations: number;
  readonly seed: number;
  /** Sample the layer that reads the photographs too, although no method here approximates it; default false. */
  readonly firstLayer?: boolean;
  /** What computes; every thread has its own, which run on that thread alone. */
  readonly kernels: 'reference' | 'simd';
}

export interface MethodResult {
  readonly method: Method;
  readonly report: ApproximationReport;
  readonly score: Score;
  /** The new model as a file's bytes. */
  readonly file: Uint8Array;
  readonly seconds: number;
}

/** A task that is ready for methods. */
export interface PreparedTask {
  readonly task: Task;
  readonly calibration: Calibration;
  readonly test: TestSet;
  readonly kernels: Kernels;
}

type OnProgress = (event: ProgressEvent) => void;

/** Ways to choose ranks that need nothing but the calibration. */
const rankNames = ['uniform', 'energy', 'exact', 'sensitivity', 'best'] as const satisfies readonly Method['ranks'][];

const decompositions = ['channel', 'spatial', '3d'] as const satisfies readonly Decomposition[];

/** Opens the files and runs the original network over the calibration photographs once. */
export async function prepareTask(task: Task, kernels: Kernels, onProgress: OnProgress): Promise<PreparedTask> {
  const model = await openModel(task.model);
  const photographs = imageSourceFor(model, await openImages(task.calibrationImages));
  const calibration = await calibrate(model, photographs, {
    images: task.images,
    positions: task.positions,
    heldOut: task.heldOut,
    seed: task.seed,
    kernels,
    onProgress,
    ...(task.firstLayer === true ? { layers: convolutionLayers(model).map(({ name }) => name) } : {}),
  });
  return { task, calibration, test: await openTestSet(model, task.testImages, task.testCount), kernels };
}

/** Approximates by one method and scores the result. */
export async function runMethod(
  { task, calibration, test, kernels }: PreparedTask,
  method: Method,
  onProgress: OnProgress,
): Promise<MethodResult> {
  const started = performance.now();
  const { model, report } = await approximateCalibrated(calibration, {
    ...method,
    schedule: paperSchedule.map(({ lambda }) => ({ lambda, iterations: task.iterations })),
    kernels,
    measure: false,
    onProgress,
  });
  const seconds = (performance.now() - started) / 1000;
  return { method, report, score: await scoreModel(model, test, kernels), file: saveModel(model), seconds };
}

export const methodWorkshop: Workshop<Task, PreparedTask, Method, MethodResult> = {
  prepare: prepareTask,
  run: runMethod,
};

/** Runs every method of a task; results in the order of `methods`. `kernels` are for this thread, should it do the work. */
export function runMethods<M extends Method>(
  task: Task,
  methods: readonly M[],
  kernels: Kernels,
  options: PoolOptions<M, MethodResult>,
): Promise<MethodResult[]> {
  return runJobs(methodWorkshop, new URL('methodWorker.ts', import.meta.url), task, methods, kernels, options);
}

/** As a task names them. */
export function kindOf({ name }: Kernels): Task['kernels'] {
  return name === 'simd' ? 'simd' : 'reference';
}

/**
 * A method by its short name: ranks, Linear or Nonlinear, Symmetric or Asymmetric, then the decomposition where it is not by channels
 * and the iterations of a descent where there is one, as in `uniform N A`, `energy L A 3d` or `uniform N A spatial D30`.
 * @throws UsageError when it is none.
 */
export function parseMethod(label: string): Omit<Method, 'speedup'> {
  const [ranks, solver, reconstruction, ...more] = label.split(' ');
  const known = rankNames.find((name) => name === ranks);
  const descent = /^D([1-9]\d*)$/.exec(more.at(-1) ?? '')?.[1];
  const [decomposition = 'channel', ...rest] = descent === undefined ? more : more.slice(0, -1);
  const split = decompositions.find((name) => name === decomposition);
  if (
    known === undefined ||
    split === undefined ||
    rest.length > 0 ||
    (solver !== 'L' && solver !== 'N') ||
    (reconstruction !== 'S' && reconstruction !== 'A')
  ) {
    throw new UsageError(`--methods: expected items such as 'uniform N A' or 'best N A spatial D30', got '${label}'`);
  }
  return {
    ranks: known,
    decomposition: split,
    solver: solver === 'L' ? 'linear' : 'nonlinear',
    reconstruction: reconstruction === 'S' ? 'symmetric' : 'asymmetric',
    ...(descent === undefined ? {} : { descent: Number(descent) }),
  };
}

/** `nonlinear, asymmetric, uniform ranks, 4×`. */
export function describeMethod({
  solver,
  reconstruction,
  ranks,
  decomposition = 'channel',
  descent,
  speedup,
}: Method): string {
  const split = decomposition === 'channel' ? '' : `${decomposition}, `;
  const descended = descent === undefined ? '' : `, descent ${descent}`;
  return `${split}${solver}, ${reconstruction}${descended}, ${ranks} ranks, ${speedup}×`;
}
