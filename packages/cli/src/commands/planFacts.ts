/** What a plan keeps and does, by the tables that were measured: figures that plans by different methods can be compared in. */

import { rankProblem, selectRanks } from '@rankwise/approx';
import type { ConvolutionLayer, RankPlan, RankRequest } from '@rankwise/approx';

import type { FoundPlan } from './findPlans.ts';

export interface PlanFacts {
  /** Product of the counted layers' shares of energy: what `energy` and `exact` maximise. */
  readonly energyKept?: number;
  /** The most that any ranks within the budget keep. Of `energy` and `exact`. */
  readonly energyAtMost?: number;
  /** What the greedy keeps within the same budget. Of `exact`. */
  readonly energyOfGreedy?: number;
  /** Sum of what each counted layer, alone, does to the answers: what `sensitivity` minimises. */
  readonly effect?: number;
}

/** @param request - with the tables; its method is not used */
export function planFacts(
  layers: readonly ConvolutionLayer[],
  request: RankRequest,
  { method, requested, plan }: FoundPlan,
): PlanFacts {
  if (requested === undefined) return {};
  const asked: RankRequest = { ...request, speedup: requested };
  const has = (table: RankRequest['energies']): boolean => plan.counted.every((name) => table?.[name] !== undefined);
  const energyKept = has(request.energies) ? { energyKept: Math.exp(-lossOf(layers, asked, 'exact', plan)) } : {};
  const effect = has(request.losses) ? { effect: lossOf(layers, asked, 'sensitivity', plan) } : {};
  if (plan.objective === undefined || (method !== 'energy' && method !== 'exact')) return { ...energyKept, ...effect };
  const energyAtMost = Math.exp(-plan.objective.bound);
  const { objective: greedy } = selectRanks(layers, { ...asked, method: 'energy' });
  const energyOfGreedy = method === 'exact' && greedy !== undefined ? { energyOfGreedy: Math.exp(-greedy.loss) } : {};
  return { ...energyKept, ...effect, energyAtMost, ...energyOfGreedy };
}

/** Σ of what the plan's counted layers lose, by a method's measure. */
function lossOf(
  layers: readonly ConvolutionLayer[],
  request: RankRequest,
  method: 'exact' | 'sensitivity',
  { ranks }: RankPlan,
): number {
  const { tables } = rankProblem(layers, { ...request, method });
  return tables.reduce(
    (sum, { name, options }) => sum + (options.find(({ rank }) => rank === ranks[name])?.loss ?? 0),
    0,
  );
}
