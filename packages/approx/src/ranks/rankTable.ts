/**
 * What a layer may become, and what each choice costs and loses: the common currency of every optimal rank selection.
 *
 * Cost may be multiply-adds, parameters or milliseconds; loss −log of the energy kept, an error of the responses or of the network's
 * outputs; the decomposition any. Both are summed over the layers, so that the best choice under a budget is a knapsack
 * problem with one item to take from each table (optimalRanks.ts).
 */

import { DomainError } from '@rankwise/tensor';

export interface RankOption {
  /** d', or K of a spatial decomposition. */
  readonly rank: number;
  /** d'' of a decomposition into three layers. */
  readonly spatialRank?: number;
  /** What the layer costs with it, ≥ 0. */
  readonly cost: number;
  /** What is lost with it; only differences between options matter. */
  readonly loss: number;
}

export interface RankTable {
  /** The layer's. */
  readonly name: string;
  readonly options: readonly RankOption[];
}

/**
 * Refuses tables without options or with names, costs or losses that no sum can be formed of.
 * @throws DomainError naming `caller` and the layer.
 */
export function checkTables(caller: string, tables: readonly RankTable[]): void {
  const names = new Set<string>();
  for (const { name, options } of tables) {
    if (names.has(name)) throw new DomainError(`${caller}: tables: expected each layer once, got ${name} twice`);
    names.add(name);
    if (options.length === 0) throw new DomainError(`${caller}: options of ${name}: expected at least one, got none`);
    for (const { rank, cost, loss } of options) {
      if (!(Number.isFinite(cost) && cost >= 0)) {
        throw new DomainError(`${caller}: cost of ${name} at rank ${rank}: expected a finite number ≥ 0, got ${cost}`);
      }
      if (!Number.isFinite(loss)) {
        throw new DomainError(`${caller}: loss of ${name} at rank ${rank}: expected a finite number, got ${loss}`);
      }
    }
  }
}

/** The options worth taking, cost ascending and loss strictly descending; of equals the one that stands first in the table. */
export function paretoOptions({ options }: RankTable): RankOption[] {
  const front: RankOption[] = [];
  // Stable, so that the table's order decides between equals.
  for (const option of options.toSorted((a, b) => a.cost - b.cost || a.loss - b.loss)) {
    if (option.loss < (front.at(-1)?.loss ?? Infinity)) front.push(option);
  }
  return front;
}
