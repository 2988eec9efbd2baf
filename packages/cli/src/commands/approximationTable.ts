/** The account of an approximation that is printed when it is done. */

import { fullSpatialRank } from '@rankwise/approx';
import type { ApproximationReport, LayerReport } from '@rankwise/approx';
import type { Kernels } from '@rankwise/tensor';

import { describeKernels } from '../openKernels.ts';
import { formatDuration } from '../progressBar.ts';
import { formatCount, formatPercent, formatTable, formatMilliseconds } from '../table.ts';
import type { Column } from '../table.ts';

/** The layers' table, the speed-ups, the difference of the answers, and the warnings, each line ended. */
export function formatApproximation(report: ApproximationReport, kernels: Kernels): string {
  const { settings, seconds, warnings } = report;
  const heldOut = settings.heldOutImages > 0;
  const how =
    `${report.model}: ${methodOf(report)}, ranks ${settings.ranks}; ` +
    `${formatCount(settings.images)} images (${formatCount(settings.heldOutImages)} held out) × ${settings.positions} positions; ` +
    `${formatDuration(seconds)} on ${describeKernels(kernels)}`;
  const errors = heldOut
    ? 'errors are relative, on held-out images; 0 is perfect'
    : 'errors are relative, on the fitting images';
  const lines = [
    ...speedupLines(report),
    ...rankLines(report),
    ...answerLine(report),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  return `${how}\n\n${formatTable(report.layers, layerColumns(report))}(${errors})\n\n${lines.join('\n')}\n`;
}

function methodOf({ settings, layers }: ApproximationReport): string {
  const { decomposition, solver, reconstruction, spatialReconstruction } = settings;
  const isDescended = layers.some(({ descent }) => descent !== null);
  return [
    ...(spatialReconstruction === null ? [] : [`${decomposition} by ${spatialReconstruction} reconstruction`]),
    ...(decomposition === 'spatial' ? [] : [`${solver} solver`]),
    ...(isDescended ? ['descent'] : []),
    ...(decomposition === 'spatial' && !isDescended ? [] : [reconstruction]),
  ].join(', ');
}

function layerColumns({ layers }: ApproximationReport): Column<LayerReport>[] {
  const isSplit = layers.some(({ spatialError }) => spatialError !== null);
  const columns: (Column<LayerReport> & { readonly shown?: boolean })[] = [
    { heading: 'layer', cell: ({ name }) => name, most: 24 },
    { heading: 'split', align: 'right', cell: splitRankOf, shown: layers.some((layer) => splitRankOf(layer) !== '') },
    { heading: 'rank', align: 'right', cell: ({ effectiveRank }) => `${effectiveRank}` },
    { heading: 'of', align: 'right', cell: (layer) => `${mostOf(layer)}` },
    { heading: 'multiply-adds', align: 'right', cell: ({ macsBefore }) => formatCount(macsBefore) },
    { heading: 'after', align: 'right', cell: ({ macsAfter }) => formatCount(macsAfter) },
    { heading: 'energy kept', align: 'right', cell: ({ energyKept }) => formatPercent(energyKept, 2) },
    { heading: 'split error', align: 'right', cell: ({ spatialError }) => formatError(spatialError), shown: isSplit },
    { heading: 'linear error', align: 'right', cell: ({ linearError }) => formatError(linearError) },
    { heading: 'error', align: 'right', cell: ({ error }) => formatError(error) },
    { heading: 'seconds', align: 'right', cell: ({ seconds }) => seconds.toFixed(1) },
    { heading: 'note', cell: noteOf },
  ];
  return columns.filter(({ shown }) => shown !== false);
}

/** d'' of a layer that became three. */
function splitRankOf({ decomposed, spatialRank }: LayerReport): string {
  return decomposed && spatialRank !== null ? `${spatialRank}` : '';
}

function mostOf(layer: LayerReport): number {
  return layer.decomposed && layer.decomposition === 'spatial' ? fullSpatialRank(layer) : layer.filters;
}

function noteOf({ decomposed, counted }: LayerReport): string {
  return [...(counted ? [] : ['not counted']), ...(decomposed ? [] : ['left as it is'])].join(', ');
}

function formatError(error: LayerReport['error']): string {
  return error === null ? '' : (error.heldOut ?? error.fit).toFixed(4);
}

function speedupLines({ theoretical, counted, measured }: ApproximationReport): string[] {
  const { macsBefore, macsAfter, speedup, wholeModelSpeedup } = theoretical;
  const lines = [
    `theoretical speed-up ${times(speedup)} over ${counted.join(', ')} ` +
      `(${formatCount(macsBefore)} multiply-adds become ${formatCount(macsAfter)})`,
    `whole model ${times(wholeModelSpeedup)} in multiply-adds`,
  ];
  if (measured === null) return lines;
  const { originalMilliseconds, approximatedMilliseconds, kernels } = measured;
  const from = formatMilliseconds(originalMilliseconds);
  return [
    ...lines,
    `measured ${times(measured.speedup)}: ${from} ms an image become ${formatMilliseconds(approximatedMilliseconds)} ms (${kernels} kernels)`,
  ];
}

/** What the ranks were chosen by, where multiply-adds do not tell. */
function rankLines({ settings, rankSelection }: ApproximationReport): string[] {
  const { cost, objective, candidates, judges } = rankSelection;
  const lines: string[] = [];
  if (cost.budget !== 'macs') lines.push(`${times(cost.before / cost.after)} in ${cost.budget}, ${countedIn(cost)}`);
  if (settings.ranks === 'energy' && objective !== null) {
    lines.push(
      `energy kept by these layers together ${keptOf(objective.loss)}; the exact optimum keeps ${keptOf(objective.bound)}`,
    );
  }
  if (candidates.length > 0) {
    lines.push(`ranks are the best of ${candidates.length} plans by the answers to ${formatCount(judges)} images`);
  }
  return lines;
}

function countedIn({ budget, before, after }: ApproximationReport['rankSelection']['cost']): string {
  if (budget === 'milliseconds') {
    return `layer by layer: ${formatMilliseconds(before)} an image become ${formatMilliseconds(after)}`;
  }
  return `which were ${formatCount(before)} and are ${formatCount(after)}`;
}

/** The product of energies whose −log is the loss. */
function keptOf(loss: number): string {
  return formatPercent(Math.exp(-loss), 2);
}

function answerLine({ outputError, outputAgreement }: ApproximationReport): string[] {
  if (outputAgreement === null) return [];
  const difference = outputError === null ? '' : `the answers differ by ${outputError.toPrecision(3)} (relative); `;
  return [`on held-out images ${difference}${formatPercent(outputAgreement)} name the same class`];
}

function times(value: number): string {
  return `${value.toFixed(2)}×`;
}
