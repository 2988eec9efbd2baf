/**
 * The ranks a user sets by hand: `conv1=32,conv2=57`; and the value of --ranks, which may begin with a method.
 *
 * | --ranks            | means                                                                                  |
 * |--------------------|----------------------------------------------------------------------------------------|
 * | energy             | the method                                                                             |
 * | energy,conv1=32    | the method for the other layers                                                        |
 * | conv1=32,conv2=57  | with a speed-up: the default method for the other layers; without: these layers only   |
 */

import { selectRanks } from '@rankwise/approx';
import type { ConvolutionLayer, Decomposition, RankRequest } from '@rankwise/approx';
import type { Model } from '@rankwise/nn';

import { UsageError } from './failures.ts';

export interface RankArgument<Method extends string> {
  readonly method: Method | undefined;
  readonly fixed: Readonly<Record<string, number>>;
}

/**
 * Reads a method, `name=rank` pairs, or both.
 * @param option - for messages
 * @throws UsageError when a word is neither, a method stands anywhere but first, or a name is given twice.
 * @example
 * import { parseRanks } from '@rankwise/cli';
 * parseRanks('--ranks', 'energy,conv1=32', ['energy', 'uniform']) // => { method: 'energy', fixed: { conv1: 32 } }
 */
export function parseRanks<Method extends string>(
  option: string,
  written: string,
  methods: readonly Method[],
): RankArgument<Method> {
  const fixed = new Map<string, number>();
  let method: Method | undefined;
  for (const [index, word] of written.split(',').entries()) {
    const [, name, rank] = /^\s*([^=]*[^=\s])\s*=\s*(\d+)\s*$/.exec(word) ?? [];
    const found = methods.find((candidate) => candidate === word.trim());
    if (found !== undefined && index === 0) {
      method = found;
    } else if (name === undefined || !Number.isSafeInteger(Number(rank)) || Number(rank) < 1) {
      const first = methods.length > 0 ? `${methods.join(', ')}, ` : '';
      throw new UsageError(`${option}: expected ${first}name=rank, got '${word}'`);
    } else if (fixed.has(name)) {
      throw new UsageError(`${option}: expected each layer once, got ${name} twice`);
    } else {
      fixed.set(name, Number(rank));
    }
  }
  return { method, fixed: Object.fromEntries(fixed) };
}

/**
 * Ranks set by hand where a method sets the others: the caller's, before those of the model's authors, which are of channels and so not
 * for spatial decompositions; none for excluded layers.
 */
export function fixedRanksFor(
  model: Model,
  fixed: Readonly<Record<string, number>>,
  exclude: readonly string[],
  decomposition: Decomposition,
): Record<string, number> {
  const authors = decomposition === 'spatial' ? {} : (model.fixedRanks ?? {});
  const own = Object.entries(authors).filter(([name]) => !exclude.includes(name));
  return { ...Object.fromEntries(own), ...fixed };
}

/**
 * Refuses, before any image is read, what would be refused afterwards.
 * @throws DomainError when a layer's name or rank is wrong or the speed-up is beyond reach.
 */
export function checkRankRequest(layers: readonly ConvolutionLayer[], request: RankRequest): void {
  const { budget, method } = request;
  selectRanks(layers, {
    ...request,
    // The least ranks are the same for every method, so uniform ones, which need no data, tell what can be reached.
    ...(method === 'manual' ? {} : { method: 'uniform' }),
    // Milliseconds are not known yet.
    ...(budget === 'milliseconds' ? { budget: 'macs' } : {}),
  });
}
