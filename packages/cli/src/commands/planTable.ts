/** One plan as text: a row for each layer that takes part, and what they cost and keep together. */

import { energyKept, fullSpatialRank, layerMacs, plannedRanks, ranksPay, splitsSpatially } from '@rankwise/approx';
import type { ConvolutionLayer, LayerRanks, RankPlan, RankRequest } from '@rankwise/approx';

import { formatCount, formatMilliseconds, formatPercent, formatTable } from '../table.ts';
import type { Column } from '../table.ts';
import type { FoundPlan } from './findPlans.ts';
import type { PlanFacts } from './planFacts.ts';

interface Row {
  readonly layer: ConvolutionLayer;
  readonly ranks: LayerRanks;
  /** Whether the layer is replaced. */
  readonly pays: boolean;
}

/**
 * The table and the lines below it, each ended.
 * @param byHand - names of layers whose rank was given
 */
export function planTable(
  layers: readonly ConvolutionLayer[],
  found: FoundPlan,
  request: RankRequest,
  facts: PlanFacts,
  byHand: readonly string[],
): string {
  const { plan } = found;
  const rows = layers.flatMap((layer): Row[] => {
    const ranks = plannedRanks(plan, layer);
    return ranks === undefined ? [] : [{ layer, ranks, pays: ranksPay(layer, ranks) }];
  });
  const lines = [...speedupLines(plan), ...energyLines(facts), ...effectLines(found, facts)];
  return `${formatTable(rows, columnsOf(plan, request, byHand))}\n${lines.join('\n')}\n`;
}

/** Columns without a cell are left out. */
function columnsOf(
  plan: RankPlan,
  { energies = {}, fixed = {}, latencies = {} }: RankRequest,
  byHand: readonly string[],
): Column<Row>[] {
  const after = ({ layer, ranks }: Row): number => layerMacs(layer, ranks);
  const energyOf = ({ layer, ranks }: Row): string => {
    const spectrum = energies[layer.name];
    return spectrum === undefined ? '' : formatPercent(energyKept(spectrum, ranks.rank), 2);
  };
  const millisecondsOf = ({ layer, ranks, pays }: Row, isAfter: boolean): string => {
    const latency = latencies[layer.name];
    if (latency === undefined) return '';
    return formatMilliseconds(
      isAfter && pays ? (latency.atRank[ranks.rank - 1] ?? latency.original) : latency.original,
    );
  };
  const note = ({ layer, ranks, pays }: Row): string =>
    [
      ...(Object.hasOwn(fixed, layer.name) ? [byHand.includes(layer.name) ? 'set by hand' : 'at its cap'] : []),
      ...(plan.counted.includes(layer.name) ? [] : ['not counted']),
      ...(pays ? [] : [`left as it is: ${whyLeft(layer, ranks)}`]),
    ].join(', ');
  return [
    { heading: 'layer', cell: ({ layer }) => layer.name, most: 24 },
    {
      heading: 'split',
      align: 'right',
      cell: ({ ranks }) => (ranks.decomposition === '3d' ? `${ranks.spatialRank}` : ''),
    },
    { heading: 'rank', align: 'right', cell: ({ ranks }) => `${ranks.rank}` },
    {
      heading: 'of',
      align: 'right',
      cell: ({ layer, ranks }) => `${ranks.decomposition === 'spatial' ? fullSpatialRank(layer) : layer.filters}`,
    },
    { heading: 'multiply-adds', align: 'right', cell: ({ layer }) => formatCount(layer.macs) },
    { heading: 'after', align: 'right', cell: (row) => formatCount(after(row)) },
    { heading: 'speed-up', align: 'right', cell: (row) => `${(row.layer.macs / after(row)).toFixed(2)}×` },
    { heading: 'ms', align: 'right', cell: (row) => millisecondsOf(row, false) },
    { heading: 'after', align: 'right', cell: (row) => millisecondsOf(row, true) },
    { heading: 'energy kept', align: 'right', cell: energyOf },
    { heading: 'note', cell: note },
  ];
}

function whyLeft(layer: ConvolutionLayer, ranks: LayerRanks): string {
  if (ranks.decomposition === 'spatial' && !splitsSpatially(layer)) return 'its kernel cannot be split';
  return `${ranks.decomposition === '3d' ? 'three' : 'two'} layers cost no less`;
}

/** In the unit of the budget first. */
function speedupLines({ cost, speedup, counted, macsBefore, macsAfter }: RankPlan): string[] {
  const over = `over ${counted.join(', ')}`;
  const macs = `${formatCount(macsBefore)} multiply-adds become ${formatCount(macsAfter)}`;
  if (cost.budget === 'macs') return [`speed-up ${speedup.toFixed(3)}× ${over}: ${macs}`];
  const amount = cost.budget === 'parameters' ? formatCount : formatMilliseconds;
  const change = `${amount(cost.before)} become ${amount(cost.after)}${cost.budget === 'milliseconds' ? ' an image' : ''}`;
  return [
    `speed-up ${(cost.before / cost.after).toFixed(3)}× in ${cost.budget} ${over}: ${change}`,
    `speed-up ${speedup.toFixed(3)}× in multiply-adds: ${macs}`,
  ];
}

function energyLines({ energyKept: kept, energyAtMost, energyOfGreedy }: PlanFacts): string[] {
  if (kept === undefined) return [];
  const known = `energy kept by these layers together ${formatPercent(kept, 2)}`;
  if (energyOfGreedy !== undefined)
    return [`${known}, the most there is; ${moreThan(kept, energyOfGreedy)} the greedy`];
  if (energyAtMost === undefined) return [known];
  return [`${known}; the exact optimum keeps ${moreThan(energyAtMost, kept)} that`];
}

/** Of two products of energies: `0.24% more than`, or `no more than`. Both are exponentials of sums in f64: what they differ by below 10⁻⁹ is rounding. */
export function moreThan(more: number, less: number): string {
  const ratio = more / less - 1;
  return ratio > 1e-9 ? `${Number((100 * ratio).toPrecision(2))}% more than` : 'no more than';
}

function effectLines({ method, search }: FoundPlan, { effect }: PlanFacts): string[] {
  const lines: string[] = [];
  if (effect !== undefined) {
    const least = method === 'sensitivity' ? '; the least there is' : '';
    lines.push(`effect on the answers ${effect.toPrecision(3)}, the sum of each layer's alone${least}`);
  }
  if (search !== undefined) {
    lines.push(
      `the best of ${search.candidates.length} plans by the answers to ${formatCount(search.judges)} images, found by ${search.origin}`,
    );
  }
  return lines;
}
