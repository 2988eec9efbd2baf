/** The account of a verification that is printed when it is done. */

import type { Claim, PairedAccuracy, Verification, VerifiedLayer } from '@rankwise/approx';
import type { Kernels } from '@rankwise/tensor';

import { describeKernels } from '../openKernels.ts';
import { formatCount, formatPercent, formatTable } from '../table.ts';
import type { Column } from '../table.ts';

/**
 * What was found in the two networks, then what became of the report's figures, each line ended.
 * @param report - the file it is in, if there is one
 */
export function formatVerification(found: Verification, report: string | undefined, kernels: Kernels): string {
  const { model, images, layers, differences } = found;
  const which = images.kind === 'held-out' ? 'held-out images of the report' : 'images';
  const count = layers.length === 1 ? '1 convolution' : `${layers.length} convolutions`;
  const head = `${model}: ${count} replaced; ${formatCount(images.count)} ${which} × ${images.positions} positions, on ${describeKernels(kernels)}\n`;
  const table = layers.length === 0 ? '' : `\n${formatTable(layers, layerColumns())}${explanation}`;
  const lines = [
    ...differences.map((difference) => `also different: ${difference}`),
    ...costLines(found),
    ...answerLines(found),
  ];
  const claims =
    found.claims === null
      ? 'no report was given or is beside the approximated model\n'
      : claimText(found.claims, report ?? '');
  return `${head}${table}\n${lines.join('\n')}\n\n${claims}`;
}

const explanation =
  '(errors are relative, 0 is perfect: inside the network, with the errors of the layers below, and alone, on the original input)\n';

function layerColumns(): Column<VerifiedLayer>[] {
  return [
    { heading: 'layer', cell: ({ name }) => name, most: 24 },
    { heading: 'as', cell: ({ decomposition }) => decomposition },
    { heading: 'rank', align: 'right', cell: ({ ranks }) => ranks.join(', ') },
    { heading: 'of', align: 'right', cell: ({ filters }) => `${filters}` },
    { heading: 'in weights', align: 'right', cell: ({ numericalRanks }) => numericalRanks.join(', ') },
    { heading: 'multiply-adds', align: 'right', cell: ({ macsBefore }) => formatCount(macsBefore) },
    { heading: 'after', align: 'right', cell: ({ macsAfter }) => formatCount(macsAfter) },
    { heading: 'parameters', align: 'right', cell: ({ parametersBefore }) => formatCount(parametersBefore) },
    { heading: 'after', align: 'right', cell: ({ parametersAfter }) => formatCount(parametersAfter) },
    { heading: 'error inside', align: 'right', cell: ({ insideError }) => formatError(insideError) },
    { heading: 'alone', align: 'right', cell: ({ aloneError }) => formatError(aloneError) },
  ];
}

function formatError(error: number | null): string {
  return error === null ? '–' : error.toFixed(4);
}

function costLines({ cost }: Verification): string[] {
  return [
    `speed-up ${cost.replacedSpeedup.toFixed(2)}× over the replaced layers, ${cost.wholeModelSpeedup.toFixed(2)}× over the whole model ` +
      `(${formatCount(cost.macsBefore)} multiply-adds become ${formatCount(cost.macsAfter)}, ` +
      `${formatCount(cost.parametersBefore)} parameters ${formatCount(cost.parametersAfter)})`,
  ];
}

function answerLines({ outputError, outputAgreement, accuracy }: Verification): string[] {
  const difference = outputError === null ? '' : `the answers differ by ${outputError.toPrecision(3)} (relative); `;
  return [
    `on these images ${difference}${formatPercent(outputAgreement)} name the same class`,
    ...(accuracy ?? []).map(accuracyLine),
  ];
}

function accuracyLine({ places, original, approximated, gained, lost, pValue, standardError }: PairedAccuracy): string {
  return (
    `top-${places} ${formatPercent(original, 2)} becomes ${formatPercent(approximated, 2)} ` +
    `(${gained} images became right, ${lost} wrong: ${points(approximated - original)} ± ${(100 * standardError).toFixed(2)} points, p = ${pValue.toPrecision(2)})`
  );
}

function points(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${Math.abs(100 * difference).toFixed(2)}`;
}

function claimText(claims: readonly Claim[], report: string): string {
  const of = (verdict: Claim['verdict']): Claim[] => claims.filter((claim) => claim.verdict === verdict);
  const [refuted, within, unchecked] = [of('refuted'), of('within'), of('unchecked')];
  const parts = [
    `${report}: ${of('equal').length} figures are equal, ${within.length} within rounding, ${refuted.length} wrong, ` +
      `${unchecked.length} cannot be checked\n`,
    ...(refuted.length === 0 ? [] : [`wrong:\n${claimTable(refuted)}`]),
    ...(within.length === 0 ? [] : [`measured again:\n${claimTable(within)}`]),
    ...uncheckedText(unchecked),
  ];
  return parts.join('\n');
}

function claimTable(claims: readonly Claim[]): string {
  return formatTable(claims, [
    { heading: 'layer', cell: ({ layer }) => layer ?? '', most: 24 },
    { heading: 'figure', cell: ({ what }) => what },
    { heading: 'report', align: 'right', cell: ({ claimed }) => formatFigure(claimed), most: 20 },
    { heading: 'found', align: 'right', cell: ({ found }) => formatFigure(found), most: 20 },
    { heading: 'may differ by', align: 'right', cell: ({ bound }) => (bound === null ? '' : bound.toPrecision(2)) },
  ]);
}

/** Figures that cannot be checked, by why that is; those with something to stand beside them in a table of their own. */
function uncheckedText(claims: readonly Claim[]): string[] {
  const reasons = [...new Set(claims.map(({ why }) => why ?? ''))];
  return reasons.map((reason) => {
    const group = claims.filter(({ why }) => (why ?? '') === reason);
    const beside = group.filter(({ found }) => found !== null);
    const names = [...new Set(group.filter(({ found }) => found === null).map(({ what }) => what))];
    const listed = names.length === 0 ? '' : ` ${names.join(', ')}`;
    const table = beside.length === 0 ? '' : `\n${claimTable(beside).trimEnd()}`;
    return `cannot be checked, as ${reason}:${listed}${table}\n`;
  });
}

function formatFigure(figure: Claim['claimed']): string {
  if (figure === null) return '–';
  if (typeof figure !== 'number') return String(figure);
  return Number.isInteger(figure) ? formatCount(figure) : figure.toPrecision(6);
}
