/** Table 1: the layers of the 7-convolution model, their shares of the cost, and the zeros after their ReLUs. */

import { convolutionLayers, fragment, element, reportTable } from '@rankwise/approx';
import type { ConvolutionLayer, Markup } from '@rankwise/approx';
import { advance, nodeIndex, sppNet7, startExecution } from '@rankwise/nn';
import { createRandom, zeros } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import type { OriginalResult } from './experiment.ts';
import { fixed, percentText } from './drawing.ts';
import type { PointStore } from './pointStore.ts';
import type { PrintedNumbers } from './printed.ts';
import type { LayerShape, Table1 } from './results.ts';
import { meanOf } from './statistics.ts';
import type { Estimate } from './statistics.ts';
import { convolutionStack } from './timedNetworks.ts';

/** Random images that the zeros of the untrained model are counted on. */
const noiseImages = 2;

export function collectTable1(
  printed: PrintedNumbers,
  modelZeros: readonly Estimate[],
  layers: readonly ConvolutionLayer[],
  original: OriginalResult,
): Table1 {
  const unknown = { value: Number.NaN, standardError: Number.NaN };
  const zerosByName = new Map(original.layers.map((layer) => [layer.name, layer.zeros]));
  return {
    printed: printed.model.layers,
    printedMacs: printed.model.convMacs,
    model: shapesOf(convolutionLayers(sppNet7({ initialize: false })), (_, i) => modelZeros[i] ?? unknown),
    chain: shapesOf(layers, ({ name }) => zerosByName.get(name) ?? unknown),
  };
}

/** As zerosOfUntrained, unless that was done before. */
export async function measureZeros(kernels: Kernels, store: PointStore, seed: number): Promise<Estimate[]> {
  const key = `zeros of the untrained model, seed ${seed}`;
  const stored = (await store.read(key)) as Estimate[] | undefined; // written below, under the same key
  if (stored !== undefined) return stored;
  const found = zerosOfUntrained(kernels, seed);
  await store.write(key, found);
  return found;
}

/** Share of zeros after each ReLU of the 7-convolution model with He weights, on images of noise. */
function zerosOfUntrained(kernels: Kernels, seed: number): Estimate[] {
  const model = convolutionStack(sppNet7({ initialize: false }), 'original', { seed });
  const image = createRandom(seed)
    .fork('noise')
    .fillNormalInPlace(zeros('f32', [noiseImages, ...model.input.shape]));
  let state = startExecution(model, image);
  let at = 0;
  return convolutionLayers(model).map(({ name }) => {
    const next = nodeIndex(model, name) + 1;
    state = advance(model, state, at, next, { kernels, keep: [name] });
    at = next;
    const { data, offset } = state.values.get(name) ?? zeros('f32', [0]);
    const each = (data.length - offset) / noiseImages;
    const shares = Array.from({ length: noiseImages }, (_, i) => {
      const part = data.subarray(offset + i * each, offset + (i + 1) * each);
      return part.reduce((count, value) => count + (value <= 0 ? 1 : 0), 0) / each;
    });
    return meanOf(shares);
  });
}

export function drawTable1({ printed, model, chain }: Table1, chainName: string): Markup {
  const rows = model.map((layer, i) => ({ layer, printed: printed[i] }));
  return fragment(
    reportTable({
      label: 'The 7-convolution model',
      columns: [
        { heading: 'Layer', kind: 'text', cell: ({ layer }) => layer.name },
        { heading: 'Filters', kind: 'text', cell: ({ layer }) => filtersText(layer) },
        { heading: 'Output', kind: 'text', cell: ({ layer }) => layer.output.join('×') },
        { heading: 'Multiply-adds', kind: 'number', cell: ({ layer }) => layer.macs.toLocaleString('en-US') },
        {
          heading: 'here',
          group: 'Share of the cost',
          kind: 'number',
          cell: ({ layer }) => `${fixed(layer.sharePercent, 1)} %`,
        },
        {
          heading: 'paper',
          group: 'Share of the cost',
          kind: 'number',
          cell: (row) => `${fixed(row.printed?.sharePercent, 1)} %`,
        },
        {
          heading: 'He weights',
          group: 'Zeros after ReLU',
          kind: 'number',
          cell: ({ layer }) => percentText(layer.zeros.value, 0),
        },
        {
          heading: 'paper, trained',
          group: 'Zeros after ReLU',
          kind: 'number',
          cell: (row) => percentText(row.printed?.zeros, 0),
        },
      ],
      rows,
    }),
    element('h4', {}, `${chainName}, the trained network that stands in for it below`),
    reportTable({
      label: `The convolutions of ${chainName}`,
      columns: [
        { heading: 'Layer', kind: 'text', cell: ({ name }) => name },
        { heading: 'Filters', kind: 'text', cell: filtersText },
        { heading: 'Output', kind: 'text', cell: ({ output }) => output.join('×') },
        { heading: 'Multiply-adds', kind: 'number', cell: ({ macs }) => macs.toLocaleString('en-US') },
        { heading: 'Share of the cost', kind: 'number', cell: ({ sharePercent }) => `${fixed(sharePercent, 1)} %` },
        { heading: 'Zeros after ReLU', kind: 'number', cell: ({ zeros: share }) => percentText(share.value, 1) },
      ],
      rows: chain,
    }),
  );
}

function filtersText({ filters, kernel, channels }: LayerShape): string {
  return `${filters} of ${kernel.join('×')}×${channels}`;
}

function shapesOf(
  layers: readonly ConvolutionLayer[],
  zerosAfter: (layer: ConvolutionLayer, i: number) => Estimate,
): LayerShape[] {
  const total = layers.reduce((sum, { macs }) => sum + macs, 0);
  return layers.map((layer, i) => ({
    name: layer.name,
    kernel: layer.kernel,
    channels: layer.channels,
    filters: layer.filters,
    output: [layer.outputShape[1] ?? 0, layer.outputShape[2] ?? 0],
    macs: layer.macs,
    sharePercent: (100 * layer.macs) / total,
    zeros: zerosAfter(layer, i),
  }));
}
