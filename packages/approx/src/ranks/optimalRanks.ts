/**
 * The best choice of one option per layer under a budget, exactly.
 *
 *   min Σ_l loss_{l,j(l)}   under  Σ_l cost_{l,j(l)} ≤ B
 *
 * A multiple-choice knapsack (Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004, chapter 11), with costs that may be any real
 * numbers: partial choices of the first layers are kept as (cost, loss) pairs, layer after layer, and dropped where
 *
 * - another one costs no more and loses no more, whatever follows, or
 * - it cannot beat the best known choice: loss + λ cost + Σ_{later layers} min_j (loss_j + λ cost_j) − λ B is above that one's loss,
 *   with λ from the relaxation (lagrangianBound.ts).
 *
 * The second leaves only a band around the relaxed optimum, which is what makes it quick. Sums are formed in the order of the tables;
 * rounded addition never exchanges two sums, so both rules hold for the rounded sums as well, but for a slack of
 * a few roundings in the bound.
 *
 * Cost: Σ_l pairs · options in the band. A budget of pairs ends hopeless cases: then the best choice found is returned with `exact`
 * false, and `loss − bound` is how far from the best it can be at most.
 */

import { DomainError } from '@rankwise/tensor';
import { leastPriced, relaxChoice } from './lagrangianBound.ts';
import { checkTables, paretoOptions } from './rankTable.ts';
import type { RankOption, RankTable } from './rankTable.ts';

export interface OptimalOptions {
  /** Most (cost, loss) pairs looked at for one layer; default 2²², some seconds. */
  readonly maxPairs?: number;
}

export interface RankChoice {
  /** One for each table, in their order. */
  readonly options: readonly RankOption[];
  readonly cost: number;
  readonly loss: number;
  /** No choice within the budget loses less than this. */
  readonly bound: number;
  /** True when no choice within the budget loses less than this one; false when the search was cut short. */
  readonly exact: boolean;
}

const defaultMaxPairs = 2 ** 22;

/**
 * The choice of least total loss within a budget; of several, one of least cost.
 * @param tables - one for each layer
 * @param budget - of the summed cost
 * @throws DomainError when a table is empty or named twice, a cost or loss is not finite, or the budget is below the least costs' sum.
 * @example
 * import { optimalRanks } from '@rankwise/approx';
 * const tables = [
 *   { name: 'conv1', options: [{ rank: 1, cost: 1, loss: 9 }, { rank: 2, cost: 2, loss: 4 }, { rank: 3, cost: 3, loss: 2 }] },
 *   { name: 'conv2', options: [{ rank: 1, cost: 2, loss: 7 }, { rank: 2, cost: 4, loss: 1 }] },
 * ];
 * const { options, loss } = optimalRanks(tables, 6);
 * options.map(({ rank }) => rank) // => [2, 2]
 * loss // => 5
 */
export function optimalRanks(tables: readonly RankTable[], budget: number, options: OptimalOptions = {}): RankChoice {
  const { maxPairs = defaultMaxPairs } = options;
  if (!(maxPairs >= 1)) throw new DomainError(`optimalRanks: maxPairs: expected a number ≥ 1, got ${maxPairs}`);
  checkTables('optimalRanks', tables);
  const fronts = tables.map(paretoOptions);
  const least = fronts.reduce((sum, front) => sum + (front[0]?.cost ?? 0), 0);
  if (!(least <= budget)) {
    throw new DomainError(`optimalRanks: budget: expected at least the least cost ${least}, got ${budget}`);
  }
  // More than everything's cost cannot be spent; an unlimited budget would make sums of Infinity.
  const most = fronts.reduce((sum, front) => sum + (front.at(-1)?.cost ?? 0), 0);
  const limit = Math.min(budget, most);
  const relaxed = relaxChoice(fronts, limit);
  const known = choiceOf(fronts, relaxed.choice);
  const searched = mergeFronts(fronts, limit, relaxed.multiplier, known.loss, maxPairs);
  // The bound may pass the optimum by a rounding.
  if (searched === undefined) return { ...known, bound: Math.min(relaxed.bound, known.loss), exact: false };
  const best = choiceOf(fronts, searched);
  return { ...best, bound: best.loss, exact: true };
}

interface Stage {
  /** Ascending, with losses strictly descending. */
  readonly costs: Float64Array;
  readonly losses: Float64Array;
  /** Which pair of the stage before, and which option of this layer. */
  readonly parents: Int32Array;
  readonly picks: Int32Array;
}

/** Indices of the optimum into each front, or undefined when a layer has more pairs than are allowed. */
function mergeFronts(
  fronts: readonly (readonly RankOption[])[],
  budget: number,
  multiplier: number,
  knownLoss: number,
  maxPairs: number,
): number[] | undefined {
  // What the layers from l on add at least: to the cost, and to loss + λ cost.
  const leastCost = suffixSums(fronts.map((front) => front[0]?.cost ?? 0));
  const leastPrice = suffixSums(fronts.map((front) => leastPriced(front, multiplier)));
  const slack = roundingSlack(fronts, budget, multiplier);
  const stages: Stage[] = [];
  let stage: Stage = {
    costs: new Float64Array(1),
    losses: new Float64Array(1),
    parents: new Int32Array(1),
    picks: new Int32Array(1),
  };
  for (const [layer, front] of fronts.entries()) {
    const room = budget - (leastCost[layer + 1] ?? 0);
    const ceiling = knownLoss + multiplier * budget - (leastPrice[layer + 1] ?? 0) + slack.price;
    const next = extend(stage, front, maxPairs, (cost, loss) => {
      return cost <= room + slack.cost && loss + multiplier * cost <= ceiling;
    });
    if (next === undefined) return undefined;
    stages.push(next);
    stage = next;
  }
  return traceBack(stages, budget);
}

/** All pairs of a partial choice and an option that `hopeful` lets through, without the dominated ones. */
function extend(
  { costs, losses }: Stage,
  front: readonly RankOption[],
  maxPairs: number,
  hopeful: (cost: number, loss: number) => boolean,
): Stage | undefined {
  const found: { cost: number; loss: number; parent: number; pick: number }[] = [];
  for (let parent = 0; parent < costs.length; parent++) {
    for (const [pick, option] of front.entries()) {
      const cost = costs[parent]! + option.cost;
      const loss = losses[parent]! + option.loss;
      if (!hopeful(cost, loss)) continue;
      if (found.length === maxPairs) return undefined;
      found.push({ cost, loss, parent, pick });
    }
  }
  found.sort((a, b) => a.cost - b.cost || a.loss - b.loss);
  const kept: typeof found = [];
  for (const pair of found) if (pair.loss < (kept.at(-1)?.loss ?? Infinity)) kept.push(pair);
  return {
    costs: Float64Array.from(kept, ({ cost }) => cost),
    losses: Float64Array.from(kept, ({ loss }) => loss),
    parents: Int32Array.from(kept, ({ parent }) => parent),
    picks: Int32Array.from(kept, ({ pick }) => pick),
  };
}

/** The picks that led to the last pair within the budget, which loses least. */
function traceBack(stages: readonly Stage[], budget: number): number[] {
  let at = stages.at(-1)?.costs.findLastIndex((cost) => cost <= budget) ?? 0;
  const picks: number[] = [];
  for (const { parents, picks: own } of stages.toReversed()) {
    picks.push(own[at] ?? 0);
    at = parents[at] ?? 0;
  }
  return picks.toReversed();
}

function choiceOf(
  fronts: readonly (readonly RankOption[])[],
  choice: readonly number[],
): Pick<RankChoice, 'cost' | 'loss' | 'options'> {
  const options = fronts.flatMap((front, layer) => front[choice[layer] ?? 0] ?? []);
  return {
    options,
    cost: options.reduce((sum, { cost }) => sum + cost, 0),
    loss: options.reduce((sum, { loss }) => sum + loss, 0),
  };
}

/** result[l] = Σ_{i ≥ l} values[i]. */
function suffixSums(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let l = values.length - 1; l >= 0; l--) sums[l] = sums[l + 1]! + (values[l] ?? 0);
  return sums;
}

/** Sums of up to 2 L + 4 terms, each rounding at most ε / 2 of the sum of magnitudes, on both sides of a comparison. */
function roundingSlack(
  fronts: readonly (readonly RankOption[])[],
  budget: number,
  multiplier: number,
): { readonly cost: number; readonly price: number } {
  const magnitude = (value: (option: RankOption) => number): number =>
    fronts.reduce((sum, front) => sum + front.reduce((most, option) => Math.max(most, Math.abs(value(option))), 0), 0);
  const roundings = (2 * fronts.length + 4) * Number.EPSILON;
  const costs = magnitude(({ cost }) => cost) + Math.abs(budget);
  return { cost: roundings * costs, price: roundings * (magnitude(({ loss }) => loss) + multiplier * costs) };
}
