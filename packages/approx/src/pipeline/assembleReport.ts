/** Puts the machine-readable account of one approximation together. */

import { referenceKernels } from '@rankwise/tensor';
import { modelCost } from '@rankwise/nn';
import { layerMacs } from '../decomposition/layerRanks.ts';
import { splitsSpatially } from '../decomposition/decomposition.ts';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import { modelDigest } from '../digest/digests.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { plannedRanks } from '../ranks/rankPlan.ts';
import type { ApproximateCalibratedOptions } from './approximationRequest.ts';
import type { CalibratedLayer, Calibration } from './calibrate.ts';
import type { ChosenPlan } from './choosePlan.ts';
import type { OutputComparison } from './compareOutputs.ts';
import { measureSpeedup } from './measureSpeedup.ts';
import type { ReconstructedModel } from './reconstruct.ts';
import type { ApproximationReport, LayerReport, RankSelectionReport } from './report.ts';

/** Images for timing: enough to fill a batch, few enough not to matter. */
const timedImages = 16;

/** An approximated network with what led to it. */
export interface Candidate extends ChosenPlan, ReconstructedModel {
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
  const afterwards = (countProjection: boolean): number => macsOf(counted, best, countProjection);
  const { macsBefore } = best.plan;
  const samples = Math.min(...layers.map((layer) => layer.fitRows));
  return {
    format: 'rankwise-report',
    version: 1,
    model: original.name,
    settings: {
      decomposition: best.plan.decomposition,
      solver: options.solver ?? 'nonlinear',
      reconstruction: options.reconstruction ?? 'asymmetric',
      spatialReconstruction: splitMethod(best, options),
      ranks: ranks === 'best' ? `best (${best.method})` : ranks,
      requestedSpeedup: options.speedup ?? null,
      availableImages: calibration.source.count,
      images: images.count,
      heldOutImages: images.count - fitImages,
      positions: calibration.positions,
      pooled: calibration.pooled,
      seed: calibration.seed,
    },
    digests: {
      original: modelDigest(original),
      approximated: modelDigest(best.model),
      images: calibration.source.digest,
      heldOut: calibration.heldOutDigest,
    },
    rankSelection: selectionOf(best),
    samples,
    counted: best.plan.counted,
    theoretical: {
      macsBefore,
      macsAfter: afterwards(true),
      speedup: macsBefore / afterwards(true),
      speedupWithoutProjection: macsBefore / afterwards(false),
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

function splitMethod(
  { plan }: Candidate,
  { descent = 0, spatialReconstruction = 'filter' }: ApproximateCalibratedOptions,
): ApproximationReport['settings']['spatialReconstruction'] {
  if (plan.decomposition === 'channel') return null;
  return descent > 0 ? 'metric' : spatialReconstruction;
}

/** Multiply-adds of some layers as they are now. */
function macsOf(layers: readonly ConvolutionLayer[], { layers: reports }: Candidate, countProjection: boolean): number {
  const found = new Map(reports.map((report) => [report.name, foundRanks(report)]));
  return layers.reduce((sum, layer) => {
    const ranks = found.get(layer.name);
    return sum + (ranks === undefined ? layer.macs : layerMacs(layer, ranks, countProjection));
  }, 0);
}

/** The ranks a layer got; undefined where it is left alone. */
function foundRanks({
  decomposed,
  decomposition,
  effectiveRank: rank,
  spatialRank,
}: LayerReport): LayerRanks | undefined {
  if (!decomposed) return undefined;
  if (decomposition !== '3d') return { decomposition, rank };
  return { decomposition, rank, spatialRank: spatialRank ?? 0 };
}

function selectionOf({ plan, search }: Candidate): RankSelectionReport {
  return {
    cost: plan.cost,
    objective: plan.objective ?? null,
    judges: search?.judges ?? 0,
    candidates: search?.candidates ?? [],
  };
}

/** JSON has no infinity. */
function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function warningsOf(layers: readonly CalibratedLayer[], { plan, layers: reports }: Candidate): string[] {
  const warnings: string[] = [];
  for (const { layer } of layers) {
    const ranks = plannedRanks(plan, layer);
    if (ranks !== undefined && plan.leftAlone.includes(layer.name)) warnings.push(whyLeftAlone(layer, ranks));
    else if (plan.decomposition === '3d' && ranks?.decomposition === 'channel') {
      warnings.push(`${layer.name} is decomposed by channels alone: ${whyUnsplit(layer)}`);
    }
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

function whyLeftAlone(layer: ConvolutionLayer, ranks: LayerRanks): string {
  const { name } = layer;
  if (ranks.decomposition === 'spatial' && !splitsSpatially(layer))
    return `${name} is left as it is: ${whyUnsplit(layer)}`;
  const at = ranks.decomposition === '3d' ? `ranks ${ranks.spatialRank} and ${ranks.rank}` : `rank ${ranks.rank}`;
  const layers = ranks.decomposition === '3d' ? 'three' : 'two';
  return `${name} is left as it is: at ${at} ${layers} layers would cost no less than one`;
}

function whyUnsplit(layer: ConvolutionLayer): string {
  return splitsSpatially(layer)
    ? "it reads the network's input"
    : `a kernel of ${layer.kernel.join('×')} cannot be split`;
}
