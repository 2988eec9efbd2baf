/**
 * Progress as a fraction of the work, counted in multiply-adds of a forward pass, of which other work takes more time for each.
 *
 * Per layer: advancing the approximated stream (images · what the layers since the last one cost now and the responses at sampled
 * positions; symmetric by channels there is none) and solving (iterations · n · d · (2 d' + d) and d² d' for the fit itself, but one pass
 * for a spatial decomposition); splits by data
 * reconstruction pass the stream twice and sum p × p moments (p = k²c); a descent
 * computes its chain and the gradient once an iteration.
 */

import { layerMacs, ranksPay } from '../decomposition/layerRanks.ts';
import { plannedRanks } from '../ranks/rankPlan.ts';
import type { RankPlan } from '../ranks/rankPlan.ts';
import { paperSchedule } from '../solve/nonlinearSolver.ts';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import type { ConvolutionLayer } from '../layers.ts';
import type { Phase, ProgressEvent } from './progress.ts';
import type { ReconstructionOptions } from './reconstruct.ts';

/** What a reconstruction works on. */
export interface ReconstructionWork {
  readonly layers: readonly { readonly layer: ConvolutionLayer; readonly fitRows: number }[];
  readonly images: number;
  /** Per image and layer, at most. */
  readonly positions: number;
}

export interface WorkEstimate {
  /** In multiply-adds of a forward pass. */
  readonly total: number;
  /** Iterations of the solver per layer, as progress counts them. */
  readonly iterations: number;
  /** The event after `done` of `total` steps of one phase of a layer. */
  event(phase: Phase, layer: string, done: number, total: number): ProgressEvent;
  /** The event after the layer was replaced. */
  layerDone(layer: string): ProgressEvent;
}

/**
 * What a multiply-add of each kind takes beside one of calibration, measured on the 7-convolution network with simd kernels: one of the
 * stream (small batches of thin layers, paused and resumed), one of a pass over the samples, and one of d² d' in a fit, which stands
 * for about nine and for factorisations that hardly use the vector unit.
 */
const weights = { stream: 4, pass: 3, fit: 100 } as const;

interface Share {
  readonly before: number;
  readonly advance: number;
  readonly solve: number;
  readonly descend: number;
}

/** What a reconstruction's work depends on. */
export type EstimatedOptions = Pick<
  ReconstructionOptions,
  'descent' | 'reconstruction' | 'schedule' | 'solver' | 'spatialReconstruction'
>;

/** Shares of the whole work of one reconstruction. */
export function workEstimate(
  { layers, images, positions }: ReconstructionWork,
  plan: RankPlan,
  options: EstimatedOptions,
): WorkEstimate {
  const schedule = options.schedule ?? paperSchedule;
  const scheduled = schedule.reduce((sum, stage) => sum + stage.iterations, 0);
  const iterations = options.solver === 'linear' ? 1 : Math.max(1, scheduled);
  const shares = new Map<string, Share>();
  let total = 0;
  let below = 0;
  for (const { layer, fitRows } of layers) {
    const ranks = plannedRanks(plan, layer);
    if (ranks === undefined) continue;
    const { decomposition, rank } = ranks;
    const isStill = options.reconstruction === 'symmetric' && decomposition === 'channel';
    const isFitted =
      decomposition !== 'channel' && options.spatialReconstruction === 'data' && (options.descent ?? 0) === 0;
    const moments = isFitted ? fitRows * layer.patchSize ** 2 : 0;
    const responses = Math.min(positions, layer.positions) * layer.filters * layer.patchSize;
    const advance = isStill ? 0 : weights.stream * images * (below + responses) + weights.pass * moments;
    const passes = decomposition === 'spatial' ? 1 : iterations;
    const pass = fitRows * layer.filters * (2 * rank + layer.filters);
    const iteration = weights.pass * pass + weights.fit * layer.filters ** 2 * rank;
    const solve = ranksPay(layer, ranks) ? passes * iteration : 0;
    const descend = ranksPay(layer, ranks)
      ? weights.pass * descentWork(layer, ranks, fitRows, options.descent ?? 0)
      : 0;
    shares.set(layer.name, { before: total, advance, solve, descend });
    total += advance + solve + descend;
    below = layerMacs(layer, ranks);
  }
  const fractionAt = (work: number): number => (total > 0 ? work / total : 1);
  const shareOf = (layer: string): Share => shares.get(layer) ?? { before: total, advance: 0, solve: 0, descend: 0 };
  return {
    total,
    iterations,
    event: (phase, layer, done, steps) => {
      const { before, advance, solve, descend } = shareOf(layer);
      const share = done / steps;
      const inPhase =
        phase === 'descend'
          ? advance + solve + descend * share
          : phase === 'solve'
            ? advance + solve * share
            : advance * share;
      return { phase, layer, done, total: steps, fraction: fractionAt(before + inPhase) };
    },
    layerDone: (layer) => {
      const { before, advance, solve, descend } = shareOf(layer);
      return {
        phase: 'solve',
        layer,
        done: iterations,
        total: iterations,
        fraction: fractionAt(before + advance + solve + descend),
      };
    },
  };
}

/** An iteration computes the chain and its gradient on every sample; of responses only the two factors of the map. */
function descentWork(layer: ConvolutionLayer, ranks: LayerRanks, fitRows: number, iterations: number): number {
  const perSample =
    ranks.decomposition === 'channel' ? 2 * ranks.rank * layer.filters : layerMacs(layer, ranks) / layer.positions;
  return 3 * iterations * fitRows * perSample;
}
