/**
 * The relaxed choice of ranks: how little any choice within the budget can lose, and a choice that nearly reaches it.
 *
 *   max over λ ≥ 0 of  Σ_l min_j (loss_lj + λ cost_lj) − λ B
 *
 * | symbol           | meaning                                                        |
 * |------------------|----------------------------------------------------------------|
 * | loss_lj, cost_lj | of option j of layer l                                          |
 * | B                | budget of Σ cost                                                |
 * | λ                | loss that one unit of cost is worth                              |
 *
 * For every λ the sum bounds the loss of every choice within the budget from below. The best λ is a slope of the tables' lower convex
 * hulls: all layers climb their hulls together, steepest step first, and λ is the slope of the first step that does not fit
 * (the linear relaxation of the multiple-choice knapsack; Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004, §11.2).
 * Cost: sorting the hulls' steps.
 */

import type { RankOption } from './rankTable.ts';

export interface Relaxation {
  /** λ; 0 when every layer's least loss fits. */
  readonly multiplier: number;
  /** No choice within the budget loses less. */
  readonly bound: number;
  /** A choice within the budget, as indices into each front. */
  readonly choice: readonly number[];
}

interface Step {
  readonly layer: number;
  /** Index into the layer's front that the step leads to. */
  readonly to: number;
  readonly cost: number;
  /** Loss saved per unit of cost. */
  readonly slope: number;
}

/**
 * Relaxes one choice.
 * @param fronts - options of each layer, cost ascending and loss strictly descending (paretoOptions)
 * @param budget - at least the sum of the least costs
 */
export function relaxChoice(fronts: readonly (readonly RankOption[])[], budget: number): Relaxation {
  const steps = fronts.flatMap((front, layer) => hullSteps(front, layer));
  // Slopes fall along each hull and the sort is stable, so that no layer's steps change places.
  const climb = steps.toSorted((a, b) => b.slope - a.slope);
  const choice = fronts.map(() => 0);
  const closed = new Set<number>();
  let cost = sumOver(fronts, (front) => front[0]?.cost ?? 0);
  let multiplier = 0;
  for (const step of climb) {
    if (closed.has(step.layer)) continue;
    if (cost + step.cost <= budget) {
      choice[step.layer] = step.to;
      cost += step.cost;
    } else {
      if (closed.size === 0) multiplier = step.slope;
      closed.add(step.layer);
    }
  }
  fillUpInPlace(choice, fronts, budget);
  return { multiplier, bound: dualValue(fronts, multiplier, budget), choice };
}

/** Σ_l min_j (loss_lj + λ cost_lj) − λ B, a lower bound for every λ ≥ 0. */
export function dualValue(fronts: readonly (readonly RankOption[])[], multiplier: number, budget: number): number {
  return sumOver(fronts, (front) => leastPriced(front, multiplier)) - multiplier * budget;
}

/** min_j (loss_j + λ cost_j). */
export function leastPriced(front: readonly RankOption[], multiplier: number): number {
  return front.reduce((least, { cost, loss }) => Math.min(least, loss + multiplier * cost), Infinity);
}

/** The lower convex hull of a front, as steps from each of its corners to the next. */
function hullSteps(front: readonly RankOption[], layer: number): Step[] {
  const corners: number[] = [];
  const slopeBetween = (a: number, b: number): number => {
    const [from, to] = [front[a], front[b]];
    return from === undefined || to === undefined ? 0 : (from.loss - to.loss) / (to.cost - from.cost);
  };
  for (let next = 0; next < front.length; next++) {
    for (;;) {
      const [before, last] = [corners.at(-2), corners.at(-1)];
      if (before === undefined || last === undefined || slopeBetween(before, last) > slopeBetween(last, next)) break;
      corners.pop();
    }
    corners.push(next);
  }
  return corners.slice(1).map((to, i) => {
    const from = corners[i] ?? 0;
    const cost = (front[to]?.cost ?? 0) - (front[from]?.cost ?? 0);
    return { layer, to, cost, slope: slopeBetween(from, to) };
  });
}

/** Spends what is left of the budget: the option that saves most loss, again and again, and exchanges one layer at a time. */
function fillUpInPlace(choice: number[], fronts: readonly (readonly RankOption[])[], budget: number): void {
  for (;;) {
    let best: { readonly layer: number; readonly to: number } | undefined;
    let most = 0;
    const costs = fronts.map((front, layer) => front[choice[layer] ?? 0]?.cost ?? 0);
    for (const [layer, front] of fronts.entries()) {
      const now = front[choice[layer] ?? 0];
      for (let to = (choice[layer] ?? 0) + 1; to < front.length; to++) {
        const option = front[to];
        if (now === undefined || option === undefined) break;
        // Summed in the tables' order, as the choice will be.
        let cost = 0;
        for (const [l, other] of costs.entries()) cost += l === layer ? option.cost : other;
        if (cost > budget) break;
        if (now.loss - option.loss > most) {
          best = { layer, to };
          most = now.loss - option.loss;
        }
      }
    }
    if (best === undefined) return;
    choice[best.layer] = best.to;
  }
}

function sumOver<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
