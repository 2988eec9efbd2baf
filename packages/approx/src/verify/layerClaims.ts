/** What a report says of one layer, against the two networks. */

import { energyKept } from '../ranks/energyRanks.ts';
import type { Model } from '@rankwise/nn';
import { fullSpatialRank, splitsSpatially } from '../decomposition/decomposition.ts';
import { filterSpectrum } from '../decomposition/filterReconstruction.ts';
import { ranksPay } from '../decomposition/layerRanks.ts';
import type { ConvolutionLayer } from '../layers.ts';
import type { SampledPositions } from '../sampling/samplePositions.ts';
import { drawPositions } from '../sampling/sampleWindows.ts';
import { nonlinearityName } from '../solve/nonlinearity.ts';
import { errorClaim, exactClaim, foundError, uncheckedClaim } from './claim.ts';
import type { MeasuredLayer } from './measureModels.ts';
import { claimedRanks } from './rankClaims.ts';
import type { ClaimedErrors, LayerClaims, ReportClaims } from './readReport.ts';
import type { Claim, VerifiedLayer } from './verification.ts';

/** What was found of one layer. */
export interface LayerFindings {
  readonly original: Model;
  /** As the original has it. */
  readonly layer: ConvolutionLayer | undefined;
  /** Undefined when it was left alone. */
  readonly replaced: VerifiedLayer | undefined;
  /** On the images of the report; undefined where those are not at hand. */
  readonly heldOut: MeasuredLayer | undefined;
  readonly fit: MeasuredLayer | undefined;
  /** On whatever images are at hand, to stand beside the claim. */
  readonly given: MeasuredLayer | undefined;
}

/** Every figure of one layer's entry. */
export function layerClaims(claims: LayerClaims, { settings, counted }: ReportClaims, found: LayerFindings): Claim[] {
  const { name } = claims;
  const { layer, replaced } = found;
  if (layer === undefined) return [exactClaim(name, 'layer', name, null)];
  const exact = (what: string, claimed: Claim['claimed'], value: Claim['found']): Claim =>
    exactClaim(name, what, claimed, value);
  const rank = replaced?.ranks.at(-1) ?? layer.filters;
  return [
    exact('filters', claims.filters, layer.filters),
    exact('channels', claims.channels, layer.channels),
    exact('kernel', extents(claims.kernel), extents(layer.kernel)),
    exact('output shape', extents(claims.outputShape), extents(layer.outputShape)),
    exact('nonlinearity', claims.nonlinearity, nonlinearityName(layer.nonlinearity)),
    exact('counted', claims.counted, counted.includes(name)),
    exact('window', claims.window, positionsOf(layer, settings).window ?? 1),
    exact('decomposed', claims.decomposed, replaced !== undefined),
    exact('decomposition', claims.decomposition, replaced?.decomposition ?? claims.decomposition),
    exact('decomposed as set', true, isAsSet(claims, settings, layer)),
    exact('rank', claims.effectiveRank, rank),
    spatialRank(claims, replaced),
    askedRank(claims, layer, replaced),
    exact('multiply-adds before', claims.macsBefore, layer.macs),
    exact('multiply-adds after', claims.macsAfter, replaced?.macsAfter ?? layer.macs),
    keptEnergy(claims, layer, found.original),
    uncheckedClaim(name, 'spectrum', claims.spectrum.length, 'it is of the calibration images'),
    exact('iterations', claims.iterations, claims.traceLength),
    ...wayClaims(claims),
    ...errorClaims(claims, settings, found),
  ];
}

/** How positions of the layer were drawn; of no image, since only their number is asked. */
export function positionsOf(
  layer: ConvolutionLayer,
  { positions, pooled }: Pick<ReportClaims['settings'], 'pooled' | 'positions'>,
): SampledPositions {
  return drawPositions(layer, { seed: 0, images: 0, wanted: Math.max(1, Math.trunc(positions)), pooled });
}

function extents(values: readonly number[]): string {
  return values.join('×');
}

/** d'' of a layer that became three; that of one left alone is in neither file. */
function spatialRank(
  { name, decomposition, spatialRank: claimed }: LayerClaims,
  replaced: VerifiedLayer | undefined,
): Claim {
  return replaced === undefined && decomposition === '3d'
    ? uncheckedClaim(name, 'spatial rank', claimed, 'the layer was left alone')
    : exactClaim(name, 'spatial rank', claimed, replaced?.decomposition === '3d' ? (replaced.ranks[0] ?? null) : null);
}

/** One setting holds for all layers; of three layers each, those that cannot be split get two. */
function isAsSet({ decomposition }: LayerClaims, settings: ReportClaims['settings'], layer: ConvolutionLayer): boolean {
  if (settings.decomposition !== '3d' || decomposition !== 'channel') return decomposition === settings.decomposition;
  return layer.first || !splitsSpatially(layer);
}

/** Of the spectrum in the report; of a split, of the filters, which the original has. */
function keptEnergy(claims: LayerClaims, layer: ConvolutionLayer, original: Model): Claim {
  const { name, decomposed, decomposition, energyKept: claimed, spectrum, rank } = claims;
  if (!decomposed || decomposition !== 'spatial') {
    return exactClaim(name, 'energy kept', claimed, decomposed ? energyKept(spectrum, rank) : 1);
  }
  const weight = original.parameters[layer.node.weight];
  const found = weight === undefined ? 1 : energyKept(filterSpectrum(weight), rank);
  // Both are one less a quotient of sums of squares over all weights, in f64.
  const bound = layer.filters * layer.patchSize * Number.EPSILON;
  const near = Math.abs(claimed - found) <= bound;
  return { ...exactClaim(name, 'energy kept', claimed, found), verdict: near ? 'within' : 'refuted', bound };
}

/** The rank asked for is at least the one the layer has; one left alone is one that would not have paid. */
function askedRank(claims: LayerClaims, layer: ConvolutionLayer, replaced: VerifiedLayer | undefined): Claim {
  const { name, rank } = claims;
  const found = replaced?.ranks.at(-1);
  const most = claims.decomposition === 'spatial' ? fullSpatialRank(layer) : layer.filters;
  const asked = claimedRanks(claims);
  const possible = found === undefined ? asked !== undefined && !ranksPay(layer, asked) : rank >= found && rank <= most;
  return possible
    ? uncheckedClaim(name, 'rank asked for', rank, 'it is possible; what was asked for leaves no trace')
    : exactClaim(name, 'rank asked for', rank, null);
}

function errorClaims(
  claims: LayerClaims,
  { reconstruction, solver }: ReportClaims['settings'],
  found: LayerFindings,
): Claim[] {
  const { name, error } = claims;
  if (error === null || found.replaced === undefined) {
    return [
      exactClaim(name, 'error', error === null ? 'none' : 'some', found.replaced === undefined ? 'none' : 'some'),
    ];
  }
  const measured = (on: MeasuredLayer) =>
    reconstruction === 'asymmetric' ? foundError(on.inside, on.insideTerms) : foundError(on.alone, on.aloneTerms);
  const compared = (what: string, claimed: number | null, on: MeasuredLayer | undefined, why: string): Claim => {
    if (on !== undefined) return errorClaim(name, what, claimed, measured(on));
    const beside = found.given === undefined ? null : finiteOrNull(measured(found.given).value);
    return uncheckedClaim(name, what, claimed, why, beside);
  };
  return [
    compared('held-out error', error.heldOut, found.heldOut, 'its held-out images are not at hand'),
    compared('fitting error', error.fit, found.fit, 'its fitting images were not run'),
    ...linearClaims(claims, error, solver),
    ...splitClaims(claims, error),
  ];
}

/** The linear map is in neither file, unless it is the one that was installed. */
function linearClaims(
  { name: layer, linearError, descended }: LayerClaims,
  error: ClaimedErrors,
  solver: ReportClaims['settings']['solver'],
): Claim[] {
  if (linearError === null) return [];
  const isInstalled = solver === 'linear' && !descended;
  return bothErrors((which, name) =>
    isInstalled
      ? exactClaim(layer, `linear error (${name})`, linearError[which], error[which])
      : uncheckedClaim(layer, `linear error (${name})`, linearError[which], 'the linear map is in neither file'),
  );
}

/** A split alone is in neither file, unless nothing was solved on top of it. */
function splitClaims({ name, decomposition, spatialError, descended }: LayerClaims, error: ClaimedErrors): Claim[] {
  if (decomposition === 'channel') {
    return [exactClaim(name, 'split error', spatialError === null ? 'none' : 'some', 'none')];
  }
  const isInstalled = decomposition === 'spatial' && !descended;
  return bothErrors((which, what) => {
    const claimed = spatialError?.[which] ?? null;
    return isInstalled
      ? exactClaim(name, `split error (${what})`, claimed, error[which])
      : uncheckedClaim(name, `split error (${what})`, claimed, 'the split alone is in neither file');
  });
}

function bothErrors(claim: (which: keyof ClaimedErrors, name: string) => Claim): Claim[] {
  return [claim('fit', 'fitting'), claim('heldOut', 'held-out')];
}

/** How the map came about: its objective by iteration, and what a descent started from. */
function wayClaims({ name, traceLength, descended }: LayerClaims): Claim[] {
  const why = 'how a map was found leaves no trace in it';
  return [
    ...(traceLength > 0 ? [uncheckedClaim(name, 'objective by iteration', traceLength, why)] : []),
    ...(descended ? [uncheckedClaim(name, 'start of the descent', 'some', why)] : []),
  ];
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
