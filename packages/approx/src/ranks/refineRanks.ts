/**
 * Improves a choice of ranks by trying plans out.
 *
 * An additive model of the loss misses how layers' errors meet: one layer's error may hide another's, or add to it. So its tables
 * are re-weighted,
 *
 *   min Σ_l w_l loss_{l,j(l)}   under  Σ_l cost_{l,j(l)} ≤ B,
 *
 * and the weights are searched for the plan that a score (whatever the caller measures on a network made by the plan) likes best.
 * Every plan tried is an exact optimum, so that it spends its budget and follows every rule of the request.
 *
 * The search starts from the best of some plans. Weights under which a plan is stationary are the inverse slopes of its tables,
 * w_l = −Δcost_l / Δloss_l around its ranks, so that any plan can be a start. Then one weight after the other is multiplied and divided by a
 * factor until the plan changes; the factor is 2 first, and after each round without success its square root; a better plan is kept at once. Cost: the scores.
 */

import { DomainError } from '@rankwise/tensor';
import { optimalRanks } from './optimalRanks.ts';
import { paretoOptions } from './rankTable.ts';
import type { RankOption, RankTable } from './rankTable.ts';

/** One option for each table, in their order. */
export type TriedPlan = readonly RankOption[];

export interface RefineOptions {
  /** Plans to begin with, besides the tables' own optimum. */
  readonly starts?: readonly TriedPlan[];
  /** Most plans to score, the starts included; default 30. */
  readonly evaluations?: number;
  /** Called after each score. */
  readonly onScore?: (plan: TriedPlan, score: number, evaluation: number) => void;
}

export interface RefinedPlan {
  readonly options: TriedPlan;
  readonly score: number;
  /** Plans scored. */
  readonly evaluations: number;
}

const defaultEvaluations = 30;
/** The last factor: 2^⅛ moves a rank by a tenth or less, which no score of some hundred images tells from chance. */
const leastFactor = 2 ** (1 / 8);
/** Between two ranks of a small layer, its weight may change by several factors before the optimum does. */
const mostSteps = 4;

/**
 * The plan of the best score that the search finds. Never worse, by the score, than any of the starts or the tables' optimum.
 * @param score - smaller is better; called once for each plan
 * @throws DomainError as optimalRanks does, or when a start has not one option for each table or `evaluations` is no positive integer.
 * @example
 * import { refineRanks } from '@rankwise/approx';
 * const options = [1, 2, 3, 4].map((rank) => ({ rank, cost: rank, loss: 1 / rank }));
 * const tables = [{ name: 'conv1', options }, { name: 'conv2', options }];
 * // The tables know of no difference between the layers; the score does.
 * const { options: best } = await refineRanks(tables, 5, async ([a, b]) => 1 / a.rank + 9 / b.rank);
 * best.map(({ rank }) => rank) // => [1, 4]
 */
export async function refineRanks(
  tables: readonly RankTable[],
  budget: number,
  score: (plan: TriedPlan) => Promise<number>,
  options: RefineOptions = {},
): Promise<RefinedPlan> {
  const { starts = [], evaluations = defaultEvaluations } = options;
  checkStarts(tables, starts, evaluations);
  const trials = createTrials(score, evaluations, options.onScore);
  for (const plan of [optimalRanks(tables, budget).options, ...starts]) await trials.attempt(plan);
  const slopes = tables.map((table, l) => 1 / slopeAt(table, trials.best()[l]));
  const typical = Math.max(...slopes.filter((slope) => slope < Infinity), 0) || 1;
  const weights = slopes.map((slope) => (slope < Infinity ? slope / typical : 1));
  for (let factor = 2; factor >= leastFactor && !trials.spent(); factor = Math.sqrt(factor)) {
    let improved = true;
    while (improved && !trials.spent()) {
      improved = false;
      for (const l of tables.keys()) {
        for (const step of [factor, 1 / factor]) {
          const { weight, plan } = nextPlan(tables, budget, weights, l, step, trials.best());
          if (!(await trials.attempt(plan))) continue;
          weights[l] = weight;
          improved = true;
          break;
        }
      }
    }
  }
  return trials.result();
}

/** The plan after one weight was multiplied by `step`, again and again as long as that changes nothing. */
function nextPlan(
  tables: readonly RankTable[],
  budget: number,
  weights: readonly number[],
  l: number,
  step: number,
  from: TriedPlan,
): { readonly weight: number; readonly plan: TriedPlan } {
  let weight = weights[l] ?? 1;
  let plan = from;
  for (let power = 1; power <= mostSteps && keyOf(plan) === keyOf(from); power++) {
    weight *= step;
    plan = optimalRanks(reweighted(tables, weights.with(l, weight)), budget).options;
  }
  return { weight, plan };
}

/** Tells plans apart. */
export function keyOf(plan: TriedPlan): string {
  return plan.map(({ rank, spatialRank = '' }) => `${rank}/${spatialRank}`).join(' ');
}

/** Scores plans once each and remembers the best. */
function createTrials(
  score: (plan: TriedPlan) => Promise<number>,
  evaluations: number,
  onScore: RefineOptions['onScore'],
) {
  const seen = new Set<string>();
  let best: { readonly options: TriedPlan; readonly score: number } = { options: [], score: Infinity };
  let done = 0;
  return {
    /** True when the plan is new and better than all before. */
    attempt: async (plan: TriedPlan): Promise<boolean> => {
      const key = keyOf(plan);
      if (seen.has(key) || done === evaluations) return false;
      seen.add(key);
      const found = await score(plan);
      done++;
      onScore?.(plan, found, done);
      // The first is kept whatever its score, so that there is an answer.
      if (done > 1 && !(found < best.score)) return false;
      best = { options: plan, score: found };
      return true;
    },
    best: (): TriedPlan => best.options,
    spent: (): boolean => done === evaluations,
    result: (): RefinedPlan => ({ ...best, evaluations: done }),
  };
}

/** −Δloss / Δcost around an option of a table, across its neighbours on the front; Infinity where nothing more can be saved. */
function slopeAt(table: RankTable, option: RankOption | undefined): number {
  const front = paretoOptions(table);
  const cost = option?.cost ?? 0;
  const at = Math.max(
    0,
    front.findLastIndex((other) => other.cost <= cost),
  );
  const [below, above] = [front[at - 1] ?? front[at], front[at + 1] ?? front[at]];
  if (below === undefined || above === undefined || below === above) return Infinity;
  return (below.loss - above.loss) / (above.cost - below.cost);
}

function reweighted(tables: readonly RankTable[], weights: readonly number[]): RankTable[] {
  return tables.map(({ name, options }, l) => ({
    name,
    options: options.map((option) => ({ ...option, loss: option.loss * (weights[l] ?? 1) })),
  }));
}

function checkStarts(tables: readonly RankTable[], starts: readonly TriedPlan[], evaluations: number): void {
  if (!Number.isInteger(evaluations) || evaluations < 1) {
    throw new DomainError(`refineRanks: evaluations: expected a positive integer, got ${evaluations}`);
  }
  for (const start of starts) {
    if (start.length !== tables.length) {
      throw new DomainError(
        `refineRanks: starts: expected ${tables.length} options each, one for a table, got ${start.length}`,
      );
    }
  }
}
