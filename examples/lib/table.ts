/** The tables that the examples print. */

import { formatCount, formatPercent, formatTable } from '@rankwise/cli';
import type { LayerReport } from '@rankwise/approx';
import type { MethodResult } from './methods.ts';

/** One row per approximated layer. */
export function layerTable(layers: readonly LayerReport[]): string {
  return formatTable(layers, [
    { heading: 'layer', cell: ({ name }) => name },
    { heading: 'rank', align: 'right', cell: ({ effectiveRank, filters }) => `${effectiveRank} of ${filters}` },
    { heading: 'multiply-adds', align: 'right', cell: ({ macsBefore }) => formatCount(macsBefore) },
    { heading: 'after', align: 'right', cell: ({ macsAfter }) => formatCount(macsAfter) },
    { heading: 'energy kept', align: 'right', cell: ({ energyKept }) => formatPercent(energyKept) },
    { heading: 'linear error', align: 'right', cell: ({ linearError }) => errorText(linearError) },
    { heading: 'error', align: 'right', cell: ({ error }) => errorText(error) },
    { heading: 'seconds', align: 'right', cell: ({ seconds }) => seconds.toFixed(1) },
  ]);
}

/** One row per method; `chosen` is marked. */
export function methodTable(results: readonly MethodResult[], chosen?: MethodResult): string {
  return formatTable(results, [
    { heading: 'ranks', cell: ({ method }) => method.ranks },
    { heading: 'solver', cell: ({ method }) => method.solver },
    { heading: 'reconstruction', cell: ({ method }) => method.reconstruction },
    { heading: 'speed-up', align: 'right', cell: ({ report }) => `${report.theoretical.speedup.toFixed(2)}×` },
    { heading: 'output error', align: 'right', cell: ({ report }) => (report.outputError ?? 0).toFixed(4) },
    { heading: 'top-1', align: 'right', cell: ({ score }) => formatPercent(score.top1) },
    { heading: 'top-3', align: 'right', cell: ({ score }) => formatPercent(score.top3) },
    { heading: 'seconds', align: 'right', cell: ({ seconds }) => seconds.toFixed(0) },
    { heading: '', cell: (row) => (row === chosen ? '← written' : '') },
  ]);
}

function errorText(error: LayerReport['error']): string {
  return error === null ? 'as it is' : (error.heldOut ?? error.fit).toFixed(4);
}
