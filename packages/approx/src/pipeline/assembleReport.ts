/** Puts the machine-readable account of one approximation together. */

import { referenceKernels } from '@rankwise/tensor';
import { modelCost } from '@rankwise/nn';
import { approximatedMacs } from '../decomposition/decompositionCost.ts';
import { modelDigest } from '../digest/digests.ts';
import type { RankMethod } from '../ranks/rankRequest.ts';
import type { RankPlan } from '../ranks/rankPlan.ts';
import type { ApproximateCalibratedOptions } from './approximate.ts';
import type { CalibratedLayer, Calibration } from './calibrate.ts';
import type { OutputComparison } from './compareOutputs.ts';
import { measureSpeedup } from './measureSpeedup.ts';
import type { ReconstructedModel } from './reconstruct.ts';
import type { ApproximationReport } from './report.ts';

/** Images for timing: enough to fill a batch, few enough not to matter. */
const timedImages = 16;

/** An approximated network with what led to it. */
export interface Candidate extends ReconstructedModel {
  readonly method: RankMethod;
  readonly plan: RankPlan;
  readonly compared: OutputComparison | undefined;
}

/**
 * The report of a candidate; times both networks unless `measure` is false.
 * @param seconds - what the approximation took
 */
export async function assembleReport(
  calibration: Calibration,
  best: Candidate,
  options: ApproximateCalibratedOptions,
  seconds: number,
): Promise<ApproximationReport> {
  const { model: original, images, fitImages } = calibration;
  const planned = new Set(Object.keys(best.plan.ranks));
  const layers = calibration.layers.filter(({ layer }) => planned.has(layer.name));
  const { kernels = referenceKernels, ranks = 'best' } = options;
  const timed = Math.min(timedImages, calibration.batchSize, images.count);
  const measured =
    options.measure === false ? null : measureSpeedup(original, best.model, await images.batch(0, timed), kernels);
  const counted = layers.filter(({ layer }) => best.plan.counted.includes(layer.name)).map(({ layer }) => layer);
  const rankOf = new Map(best.layers.map((report) => [report.name, report.effectiveRank]));
  const cost = (countProjection: boolean): number =>
    counted.reduce(
      (sum, layer) => sum + approximatedMacs(layer, rankOf.get(layer.name) ?? layer.filters, countProjection),
      0,
    );
  const { macsBefore } = best.plan;
  const samples = Math.min(...layers.map((layer) => layer.fitRows));
  return {
    format: 'rankwise-report',
    version: 1,
    model: original.name,
    settings: {
      solver: options.solver ?? 'nonlinear',
      reconstruction: options.reconstruction ?? 'asymmetric',
      ranks: ranks === 'best' ? `best (${best.method})` : ranks,
      requestedSpeedup: options.speedup ?? null,
      availableImages: calibration.source.count,
      images: images.count,
      heldOutImages: images.count - fitImages,
      positions: calibration.positions,
      seed: calibration.seed,
    },
    digests: {
      original: modelDigest(original),
      approximated: modelDigest(best.model),
      images: calibration.source.digest,
      heldOut: calibration.heldOutDigest,
    },
    samples,
    counted: best.plan.counted,
    theoretical: {
      macsBefore,
      macsAfter: cost(true),
      speedup: macsBefore / cost(true),
      speedupWithoutProjection: macsBefore / cost(false),
      wholeModelSpeedup: modelCost(original).macs / modelCost(best.model).macs,
    },
    measured,
    outputError: finiteOrNull(best.compared?.relativeError),
    outputAgreement: best.compared?.agreement ?? null,
    layers: best.layers,
    warnings: warningsOf(layers, best),
    seconds,
  };
}

/** JSON has no infinity. */
function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function warningsOf(layers: readonly CalibratedLayer[], { plan, layers: reports }: Candidate): string[] {
  const warnings: string[] = [];
  for (const name of plan.leftAlone) {
    warnings.push(`${name} is left as it is: at rank ${plan.ranks[name]} two layers would cost no less than one`);
  }
  for (const { layer, fitRows } of layers) {
    if (fitRows <= layer.filters) {
      warnings.push(
        `${layer.name} was fitted to ${fitRows} responses of ${layer.filters} filters: give more images or positions`,
      );
    }
  }
  for (const { name, rank, effectiveRank, decomposed } of reports) {
    if (decomposed && effectiveRank < rank) {
      warnings.push(`${name} got rank ${effectiveRank}, not ${rank}: its responses have no more directions`);
    }
  }
  return warnings;
}
