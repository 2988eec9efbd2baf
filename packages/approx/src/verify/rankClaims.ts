/** How a report says that its ranks were found, against the ranks that are in the two networks. */

import type { Model } from '@rankwise/nn';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import { originalMacs } from '../decomposition/decompositionCost.ts';
import { chainMacs } from '../decomposition/layerRanks.ts';
import { convolutionLayers } from '../layers.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import { onePosition } from '../ranks/rankCosts.ts';
import { exactClaim, uncheckedClaim } from './claim.ts';
import type { ReportClaims } from './readReport.ts';
import type { Claim, VerifiedLayer } from './verification.ts';

/** The cost that the ranks were to keep to, and that the plan carried out is the best of those that were tried. */
export function rankClaims(report: ReportClaims, original: Model, replaced: readonly VerifiedLayer[]): Claim[] {
  const { objective, judges, candidates } = report.rankSelection;
  return [
    ...costOfRanks(report, original, replaced),
    uncheckedClaim(null, 'loss of the ranks', objective?.loss ?? null, 'it is of the calibration images'),
    exactClaim(null, 'judges of ranks', judges > 0, candidates.length > 0),
    ...(candidates.length === 0 ? [] : [exactClaim(null, 'ranks are the best tried', true, isBest(report))]),
  ];
}

function costOfRanks(report: ReportClaims, original: Model, replaced: readonly VerifiedLayer[]): Claim[] {
  const { budget, before, after } = report.rankSelection.cost;
  if (budget === 'milliseconds') {
    const why = 'milliseconds are those of another moment, perhaps of another machine';
    return [
      uncheckedClaim(null, 'milliseconds of the ranks, before', before, why),
      uncheckedClaim(null, 'milliseconds of the ranks, after', after, why),
    ];
  }
  const found = new Map(replaced.map((layer) => [layer.name, layer]));
  const counted = convolutionLayers(original)
    .filter(({ name }) => report.counted.includes(name))
    .map((layer) => ({ layer: budget === 'parameters' ? onePosition(layer) : layer, chain: found.get(layer.name) }));
  const total = (cost: (layer: ConvolutionLayer, chain: VerifiedLayer | undefined) => number): number =>
    counted.reduce((sum, { layer, chain }) => sum + cost(layer, chain), 0);
  const unit = budget === 'parameters' ? 'weights' : 'multiply-adds';
  return [
    exactClaim(null, `${unit} of the ranks, before`, before, total(originalMacs)),
    exactClaim(null, `${unit} of the ranks, after`, after, total(costAfter)),
  ];
}

/** Of a chain that no decomposition makes, what the layer cost: no report speaks of one. */
function costAfter(layer: ConvolutionLayer, chain: VerifiedLayer | undefined): number {
  const ranks = chain && ranksOf(chain);
  return ranks === undefined ? originalMacs(layer) : chainMacs(layer, ranks);
}

function ranksOf({ decomposition, ranks: [first = 0, second = 0] }: VerifiedLayer): LayerRanks | undefined {
  if (decomposition === 'other') return undefined;
  return decomposition === '3d' ? { decomposition, rank: second, spatialRank: first } : { decomposition, rank: first };
}

/** Whether the candidate of the least score has the ranks that the report's layers have. */
function isBest({ rankSelection: { candidates }, layers }: ReportClaims): boolean {
  const least = Math.min(...candidates.map(({ score }) => score));
  return candidates.some(
    ({ score, ranks }) =>
      score === least && layers.every(({ name, rank }) => (ownRecord(ranks)[name] ?? rank) === rank),
  );
}
