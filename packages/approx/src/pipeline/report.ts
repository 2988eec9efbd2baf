/**
 * The machine-readable account of one approximation: everything the tables and plots are drawn from, as plain JSON.
 *
 * Costs are multiply-adds per image and always count what really runs. Errors are relative (responseError.ts): 0 is perfect, 1 is no
 * better than a constant. `heldOut` values come from images that no fit has seen.
 */

import type { Decomposition } from '../decomposition/decomposition.ts';
import type { PlanObjective, RankPlan } from '../ranks/rankPlan.ts';
import type { IterationTrace } from '../solve/nonlinearSolver.ts';

import type { RankCandidate } from './searchRanks.ts';

export type Solver = 'linear' | 'nonlinear';
export type Reconstruction = 'asymmetric' | 'symmetric';
export type SpatialReconstruction = 'data' | 'filter';

/**
 * Relative errors. Infinite where the original's responses do not vary and the map misses them; JSON has no infinity and says null.
 */
export interface FitAndHeldOut {
  readonly fit: number;
  /** Null when no images were held out. */
  readonly heldOut: number | null;
}

export interface LayerReport {
  readonly name: string;
  readonly filters: number;
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly outputShape: readonly number[];
  /** How it was decomposed, or was to be. */
  readonly decomposition: Decomposition;
  /** The rank that was asked for: d', or K of a spatial decomposition. */
  readonly rank: number;
  /** The rank the layer has: `filters` where it is left alone, less than `rank` where the responses have fewer directions. */
  readonly effectiveRank: number;
  /** d'' of a decomposition into three layers, else null. */
  readonly spatialRank: number | null;
  readonly decomposed: boolean;
  /** Whether the layer belongs to those that the speed-up is counted on. */
  readonly counted: boolean;
  readonly macsBefore: number;
  readonly macsAfter: number;
  /**
   * Fraction of the original responses' variance that the first `rank` principal components hold; of a spatial decomposition, of the
   * filters' squared norm that the nearest one of that rank holds.
   */
  readonly energyKept: number;
  /** Eigenvalues of the original responses' covariance, descending (Figure 2 of the paper). */
  readonly spectrum: readonly number[];
  /** `relu`, `leakyRelu 0.1`, `clip 0…6`, …; `identity` where none follows. */
  readonly nonlinearity: string;
  /** Rows of the pooling windows that the fit looked at: `pooled` with a max pool behind; 1 where each response counted. */
  readonly window: number;
  /** Relative error of what was installed; null where the layer is left alone. */
  readonly error: FitAndHeldOut | null;
  /** Relative error of the linear map of the same rank, for comparison; null where the layer is left alone or has no map. */
  readonly linearError: FitAndHeldOut | null;
  /** Relative error of the spatial split alone, all filters kept; null where there is none. */
  readonly spatialError: FitAndHeldOut | null;
  readonly iterations: number;
  readonly trace: readonly IterationTrace[];
  /** What the descent on the true objective added; null where there was none. */
  readonly descent: DescentReport | null;
  readonly seconds: number;
}

export interface DescentReport {
  /** Relative error of what it started from; where it ended is the layer's `error`. */
  readonly before: FitAndHeldOut;
  /** The relative error on the fitting samples after each iteration. */
  readonly trace: readonly number[];
}

export interface MeasuredSpeedup {
  /** Name of the kernels, their threads and features. */
  readonly kernels: string;
  readonly threads: number;
  readonly features: readonly string[];
  readonly images: number;
  /** Median milliseconds per image, the two networks run by turns. */
  readonly originalMilliseconds: number;
  readonly approximatedMilliseconds: number;
  readonly speedup: number;
}

/** SHA-256 digests, in hexadecimal, of what the report is about (digest/digests.ts). */
export interface ReportDigests {
  readonly original: string;
  readonly approximated: string;
  /** Of the set that the calibration images were chosen from. */
  readonly images: string;
  /** Of the held-out images; null when there are none. */
  readonly heldOut: string | null;
}

/** How the ranks were found, beyond the name of the method. */
export interface RankSelectionReport {
  /** Of the counted layers, in the unit of the budget that the ranks keep to. */
  readonly cost: RankPlan['cost'];
  /** What the method minimised, and the least that it could be; null where it minimises nothing, or searched. */
  readonly objective: PlanObjective | null;
  /** Images that judged the candidates; 0 where none were carried out. */
  readonly judges: number;
  /** The plans that were carried out to choose one, in that order. */
  readonly candidates: readonly RankCandidate[];
}

export interface ApproximationReport {
  readonly format: 'rankwise-report';
  readonly version: 1;
  readonly model: string;
  readonly settings: {
    readonly decomposition: Decomposition;
    readonly solver: Solver;
    readonly reconstruction: Reconstruction;
    /** Of spatial splits, `metric` before a descent (metricReconstruction.ts); null where the decomposition makes none. */
    readonly spatialReconstruction: SpatialReconstruction | 'metric' | null;
    readonly ranks: string;
    readonly requestedSpeedup: number | null;
    /** Images in the set that the calibration images were chosen from. */
    readonly availableImages: number;
    readonly images: number;
    readonly heldOutImages: number;
    readonly positions: number;
    /** Whether layers in front of a max pool were sampled by windows and fitted by what is behind it. Errors are of single responses all the same. */
    readonly pooled: boolean;
    readonly seed: number;
  };
  readonly digests: ReportDigests;
  readonly rankSelection: RankSelectionReport;
  /** Rows of the fitting problem of the layer with the fewest. */
  readonly samples: number;
  readonly counted: readonly string[];
  readonly theoretical: {
    /** Over the counted layers. */
    readonly macsBefore: number;
    readonly macsAfter: number;
    readonly speedup: number;
    /** The same without the 1×1 layers, as the paper's rank selection counts. */
    readonly speedupWithoutProjection: number;
    /** Over every convolution and fully connected layer of the model. */
    readonly wholeModelSpeedup: number;
  };
  readonly measured: MeasuredSpeedup | null;
  /** Relative difference of the network's output on held-out images; null when none were held out or the original's do not vary. */
  readonly outputError: number | null;
  /** Share of held-out images on which both networks name the same class; null when none were held out. */
  readonly outputAgreement: number | null;
  readonly layers: readonly LayerReport[];
  readonly warnings: readonly string[];
  readonly seconds: number;
}
