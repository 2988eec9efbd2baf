/** What was done to each layer and what it costs now, from the two graphs; its errors from what was measured. */

import type { Kernels } from '@rankwise/tensor';
import { modelCost } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { foundError } from './claim.ts';
import type { Replacement } from './matchModels.ts';
import type { MeasuredLayer } from './measureModels.ts';
import { numericalRanks } from './numericalRanks.ts';
import type { Verification, VerifiedLayer } from './verification.ts';

/** One entry for each replacement, costs counted by nn's cost of every node. */
export function verifiedLayers(
  original: Model,
  approximated: Model,
  replacements: readonly Replacement[],
  measured: readonly MeasuredLayer[],
  kernels: Kernels,
): VerifiedLayer[] {
  const [before, after] = [modelCost(original).layers, modelCost(approximated).layers];
  return replacements.map(({ layer, kind, chain, ranks }) => {
    const old = before.find(({ name }) => name === layer.name);
    const names = new Set(chain.map(({ name }) => name));
    const links = after.filter(({ name }) => names.has(name));
    const errors = measured.find(({ replacement }) => replacement.layer.name === layer.name);
    const projects = kind === 'channel' || kind === '3d';
    return {
      name: layer.name,
      decomposition: kind,
      nodes: chain.map(({ name }) => name),
      filters: layer.filters,
      ranks,
      numericalRanks: numericalRanks(chain, approximated, kernels),
      macsBefore: old?.macs ?? 0,
      macsAfter: links.reduce((sum, { macs }) => sum + macs, 0),
      projectionMacs: projects ? (links.find(({ name }) => name === layer.name)?.macs ?? 0) : 0,
      parametersBefore: old?.parameters ?? 0,
      parametersAfter: links.reduce((sum, { parameters }) => sum + parameters, 0),
      insideError: errors === undefined ? null : finiteOrNull(foundError(errors.inside, errors.insideTerms).value),
      aloneError: errors === undefined ? null : finiteOrNull(foundError(errors.alone, errors.aloneTerms).value),
    };
  });
}

/** Costs of the whole networks. */
export function costOf(original: Model, approximated: Model, layers: readonly VerifiedLayer[]): Verification['cost'] {
  const [before, after] = [modelCost(original), modelCost(approximated)];
  const sum = (cost: (layer: VerifiedLayer) => number): number =>
    layers.reduce((total, layer) => total + cost(layer), 0);
  return {
    macsBefore: before.macs,
    macsAfter: after.macs,
    parametersBefore: before.parameters,
    parametersAfter: after.parameters,
    replacedSpeedup: layers.length === 0 ? 1 : sum(({ macsBefore }) => macsBefore) / sum(({ macsAfter }) => macsAfter),
    wholeModelSpeedup: before.macs / after.macs,
  };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
