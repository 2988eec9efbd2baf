/** How a report says that its ranks were found, against the ranks that are in the two networks. */

import type { Model } from '@rankwise/nn';
import type { LayerRanks } from '../decomposition/decomposition.ts';
import { originalMacs } from '../decomposition/decompositionCost.ts';
import { chainMacs, ranksPay } from '../decomposition/layerRanks.ts';
import { convolutionLayers } from '../layers.ts';
import type { ConvolutionLayer } from '../layers.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import { onePosition } from '../ranks/rankCosts.ts';
import { exactClaim, uncheckedClaim } from './claim.ts';
import type { LayerClaims, ReportClaims } from './readReport.ts';
import type { Claim } from './verification.ts';

/** The cost that the ranks were to keep to, and that the plan carried out is the best of those that were tried. */
export function rankClaims(report: ReportClaims, original: Model): Claim[] {
  const { objective, judges, candidates } = report.rankSelection;
  const onImages = 'it is of the calibration images';
  return [
    ...costOfRanks(report, original),
    ...speedupClaims(report),
    uncheckedClaim(null, 'loss of the ranks', objective?.loss ?? null, onImages),
    exactClaim(null, 'judges of ranks', judges > 0, candidates.length > 0),
    ...(candidates.length === 0
      ? []
      : [
          uncheckedClaim(null, 'images that judged ranks', judges, onImages),
          uncheckedClaim(
            null,
            'ranks tried, with their scores',
            candidates.length,
            'only the chosen ones leave a trace',
          ),
          exactClaim(null, 'ranks are the best tried', true, isBest(report)),
        ]),
  ];
}

/** Of the ranks that were asked for: where responses have fewer directions a layer has fewer, and costs less. */
function costOfRanks(report: ReportClaims, original: Model): Claim[] {
  const { budget, before, after } = report.rankSelection.cost;
  if (budget === 'milliseconds') {
    return [
      uncheckedClaim(null, 'milliseconds of the ranks, before', before, anotherMoment),
      uncheckedClaim(null, 'milliseconds of the ranks, after', after, anotherMoment),
    ];
  }
  const asked = new Map(report.layers.map((claims) => [claims.name, claimedRanks(claims)]));
  const counted = convolutionLayers(original).filter(({ name }) => report.counted.includes(name));
  const sized = (layer: ConvolutionLayer): ConvolutionLayer => (budget === 'parameters' ? onePosition(layer) : layer);
  const total = (cost: (layer: ConvolutionLayer) => number): number =>
    counted.reduce((sum, layer) => sum + cost(layer), 0);
  const costBefore = (layer: ConvolutionLayer): number => originalMacs(sized(layer));
  const costAfter = (layer: ConvolutionLayer): number => {
    const ranks = asked.get(layer.name);
    return ranks !== undefined && ranksPay(layer, ranks) ? chainMacs(sized(layer), ranks) : costBefore(layer);
  };
  const unit = budget === 'parameters' ? 'weights' : 'multiply-adds';
  return [
    exactClaim(null, `${unit} of the ranks, before`, before, total(costBefore)),
    exactClaim(null, `${unit} of the ranks, after`, after, total(costAfter)),
  ];
}

const anotherMoment = 'milliseconds are those of another moment, perhaps of another machine';

/** The speed-up that was wanted, in the unit it was wanted in. Ranks set by hand promise none. */
function speedupClaims({ settings: { ranks, requestedSpeedup }, rankSelection: { cost } }: ReportClaims): Claim[] {
  if (requestedSpeedup === null || ranks === 'manual') return [];
  if (cost.budget === 'milliseconds') {
    return [uncheckedClaim(null, 'requested speed-up', requestedSpeedup, anotherMoment)];
  }
  return [exactClaim(null, 'requested speed-up is reached', true, cost.before / cost.after >= requestedSpeedup)];
}

/** The ranks that a report says were asked of a layer; undefined where it names none that a decomposition has. */
export function claimedRanks({ decomposition, rank, spatialRank }: LayerClaims): LayerRanks | undefined {
  if (decomposition !== '3d') return { decomposition, rank };
  return spatialRank === null ? undefined : { decomposition, rank, spatialRank };
}

/** Whether the candidate of the least score has the ranks that the report's layers have. */
function isBest({ rankSelection: { candidates }, layers }: ReportClaims): boolean {
  const least = Math.min(...candidates.map(({ score }) => score));
  return candidates.some(
    ({ score, ranks }) => score === least && layers.every(({ name, rank }) => ownRecord(ranks)[name] === rank),
  );
}
