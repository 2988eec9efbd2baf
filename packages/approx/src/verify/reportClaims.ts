/** Everything a report says of two networks, against the two networks. */

import { modelCost } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { convolutionLayers } from '../layers.ts';
import { errorClaim, exactClaim, uncheckedClaim } from './claim.ts';
import { layerClaims, positionsOf } from './layerClaims.ts';
import type { LayerFindings } from './layerClaims.ts';
import type { ModelMatch } from './matchModels.ts';
import type { MeasuredLayer } from './measureModels.ts';
import type { OutputFindings } from './outputFindings.ts';
import { rankClaims } from './rankClaims.ts';
import type { ReportClaims } from './readReport.ts';
import type { Claim, Verification, VerifiedLayer } from './verification.ts';

/** All that was found. */
export interface Findings {
  readonly original: Model;
  readonly approximated: Model;
  readonly match: ModelMatch;
  readonly digests: Verification['digests'];
  readonly layers: readonly VerifiedLayer[];
  /** Of the set of images that was given. */
  readonly images: { readonly count: number; readonly digest: string };
  /** Of the held-out images found again in it; null when it is another set or there are none. */
  readonly heldOutDigest: string | null;
  /** Measured on the report's own images, and on whatever images are at hand. */
  readonly heldOut: readonly MeasuredLayer[] | undefined;
  readonly fit: readonly MeasuredLayer[] | undefined;
  readonly given: readonly MeasuredLayer[];
  readonly outputs: OutputFindings;
}

/** Every claim that can be told apart, in the order of the report. */
export function reportClaims(report: ReportClaims, found: Findings): Claim[] {
  return [
    exactClaim(null, 'model', report.model, found.original.name),
    exactClaim(null, 'original (SHA-256)', report.digests.original, found.digests.original),
    exactClaim(null, 'approximated (SHA-256)', report.digests.approximated, found.digests.approximated),
    exactClaim(null, 'other differences', 0, found.match.differences.length),
    ...imageClaims(report, found),
    ...settingClaims(report, found.original),
    ...costClaims(report, found),
    ...rankClaims(report, found.original),
    ...timeClaims(report),
    ...outputClaims(report, found),
    ...report.layers.flatMap((layer) => layerClaims(layer, report, findingsOf(layer.name, found))),
    ...unreported(report, found),
  ];
}

/** True when the images given are those that the report's were chosen from. */
export function isSameSet(report: ReportClaims, images: Findings['images']): boolean {
  return report.digests.images === images.digest && report.settings.availableImages === images.count;
}

function imageClaims(report: ReportClaims, found: Findings): Claim[] {
  const { images, heldOut } = report.digests;
  if (!isSameSet(report, found.images)) {
    const why = 'other images were given: errors stand side by side';
    return [uncheckedClaim(null, 'images (SHA-256)', images, why, found.images.digest)];
  }
  return [
    exactClaim(null, 'images (SHA-256)', images, found.images.digest),
    exactClaim(null, 'held-out images (SHA-256)', heldOut, found.heldOutDigest),
  ];
}

function settingClaims({ settings, samples, layers }: ReportClaims, original: Model): Claim[] {
  const { heldOutImages, images } = settings;
  const leaveNoTrace = 'how a map was found leaves no trace in it';
  const named = new Set(layers.map(({ name }) => name));
  // One position of each image, of a layer with as few as one, is the least that is sampled.
  const least = convolutionLayers(original)
    .filter(({ name }) => named.has(name))
    .map((layer) => positionsOf(layer, settings).perImage);
  return [
    uncheckedClaim(null, 'solver', settings.solver, leaveNoTrace),
    uncheckedClaim(null, 'reconstruction', settings.reconstruction, leaveNoTrace),
    uncheckedClaim(null, 'rank selection', settings.ranks, leaveNoTrace),
    exactClaim(null, 'samples', samples, (images - heldOutImages) * Math.min(...least)),
    uncheckedClaim(null, 'pooled', settings.pooled, leaveNoTrace),
  ];
}

function costClaims({ theoretical, counted }: ReportClaims, { original, approximated, layers }: Findings): Claim[] {
  const replaced = new Map(layers.map((layer) => [layer.name, layer]));
  const countedLayers = convolutionLayers(original).filter(({ name }) => counted.includes(name));
  const total = (cost: (layer: VerifiedLayer) => number): number =>
    countedLayers.reduce((sum, { name, macs }) => {
      const found = replaced.get(name);
      return sum + (found === undefined ? macs : cost(found));
    }, 0);
  const before = countedLayers.reduce((sum, { macs }) => sum + macs, 0);
  const after = total(({ macsAfter }) => macsAfter);
  const withoutProjection = total(({ macsAfter, projectionMacs }) => macsAfter - projectionMacs);
  const whole = modelCost(original).macs / modelCost(approximated).macs;
  return [
    exactClaim(null, 'counted layers', counted.length, countedLayers.length),
    exactClaim(null, 'multiply-adds before', theoretical.macsBefore, before),
    exactClaim(null, 'multiply-adds after', theoretical.macsAfter, after),
    exactClaim(null, 'speed-up', theoretical.speedup, before / after),
    exactClaim(null, 'speed-up without 1×1', theoretical.speedupWithoutProjection, before / withoutProjection),
    exactClaim(null, 'whole-model speed-up', theoretical.wholeModelSpeedup, whole),
  ];
}

function timeClaims({ measured, seconds }: ReportClaims): Claim[] {
  const why = 'times are those of another moment, perhaps of another machine';
  const made = uncheckedClaim(null, 'seconds', seconds, why);
  if (measured === null) return [made];
  const { originalMilliseconds, approximatedMilliseconds, speedup } = measured;
  return [
    made,
    uncheckedClaim(null, 'milliseconds before', originalMilliseconds, why),
    uncheckedClaim(null, 'milliseconds after', approximatedMilliseconds, why),
    exactClaim(null, 'measured speed-up', speedup, originalMilliseconds / approximatedMilliseconds),
  ];
}

function outputClaims(report: ReportClaims, { heldOut, outputs }: Findings): Claim[] {
  const { outputError, outputAgreement } = report;
  const { agreement, closeCalls, error } = outputs;
  if (heldOut === undefined) {
    const none = report.settings.heldOutImages === 0;
    if (none)
      return [
        exactClaim(null, 'output error', outputError, null),
        exactClaim(null, 'agreement', outputAgreement, null),
      ];
    const why = 'its held-out images are not at hand';
    return [
      uncheckedClaim(null, 'output error', outputError, why, Number.isFinite(error.value) ? error.value : null),
      uncheckedClaim(null, 'agreement', outputAgreement, why, agreement),
    ];
  }
  const bound = closeCalls / outputs.images;
  const exact = exactClaim(null, 'agreement', outputAgreement, agreement);
  const near = outputAgreement !== null && Math.abs(outputAgreement - agreement) <= bound;
  return [
    errorClaim(null, 'output error', outputError, error),
    exact.verdict === 'refuted' && near ? { ...exact, verdict: 'within', bound } : exact,
  ];
}

/** What was replaced without a word in the report. */
function unreported(report: ReportClaims, { layers }: Findings): Claim[] {
  const told = new Set(report.layers.map(({ name }) => name));
  return layers
    .filter(({ name }) => !told.has(name))
    .map(({ name, decomposition }) => exactClaim(name, 'layer', null, decomposition));
}

function findingsOf(name: string, found: Findings): LayerFindings {
  const among = (measured: readonly MeasuredLayer[] | undefined): MeasuredLayer | undefined =>
    measured?.find(({ replacement }) => replacement.layer.name === name);
  return {
    original: found.original,
    layer: convolutionLayers(found.original).find((layer) => layer.name === name),
    replaced: found.layers.find((layer) => layer.name === name),
    heldOut: among(found.heldOut),
    fit: among(found.fit),
    given: among(found.given),
  };
}
