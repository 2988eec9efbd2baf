/** Table 3: milliseconds an image of the 7-convolution model, its 4× versions, and AlexNet. */

import { element, fragment, reportTable } from '@rankwise/approx';
import type { Markup, TableColumn } from '@rankwise/approx';
import { describeKernels } from '@rankwise/cli';
import type { Kernels } from '@rankwise/tensor';
import { fixed } from './drawing.ts';
import type { PointStore } from './pointStore.ts';
import type { PrintedNumbers } from './printed.ts';
import type { Table3, TimedRow } from './results.ts';
import { timedModels } from './timedNetworks.ts';
import type { TimedModel } from './timedNetworks.ts';
import { nativeRuntime, timeModels } from './timing.ts';
import type { Times, TimingOptions } from './timing.ts';

/** What the store keeps of one timing. */
interface Timing {
  readonly models: readonly Pick<TimedModel, 'label' | 'macs' | 'network' | 'printed'>[];
  readonly times: readonly Times[];
  readonly native: string | null;
}

/** Times the networks, unless that was done before; without turns the table is empty. */
export async function measureTimes(
  kernels: Kernels,
  store: PointStore,
  printed: PrintedNumbers,
  options: TimingOptions,
): Promise<Table3> {
  const name = describeKernels(kernels);
  if (options.turns === 0) return { kernels: name, native: null, rows: [] };
  const native = await nativeRuntime();
  const key = `times of ${options.turns} turns, ${name}, ${native?.name ?? 'nothing'} beside`;
  let timing = (await store.read(key)) as Timing | undefined; // written below, under the same key
  if (timing === undefined) {
    const models = timedModels(options.seed);
    const times = await timeModels(models, kernels, native, options);
    timing = {
      models: models.map(({ label, macs, network, printed: row }) => ({ label, macs, network, printed: row })),
      times,
      native: native?.name ?? null,
    };
    await store.write(key, timing);
  }
  return collectTable3(timing, name, printed);
}

function collectTable3({ models, times, native }: Timing, kernels: string, printed: PrintedNumbers): Table3 {
  const rows = times.flatMap(({ network, ...measured }): TimedRow[] => {
    const model = models.find((one) => one.network === network);
    const row = printed.table3.find((one) => one.model === model?.printed);
    if (model === undefined || row === undefined) return [];
    return [
      {
        network,
        label: model.label,
        printedMilliseconds: row.cpuMs,
        printedTop5Error: row.top5Error,
        macs: model.macs,
        ...measured,
      },
    ];
  });
  return { kernels, native, rows };
}

export function drawTable3({ kernels, native, rows }: Table3): Markup {
  if (rows.length === 0) return element('p', {}, 'Nothing was timed in this run (--turns 0).');
  const [first] = rows;
  const ratio = (of: (row: TimedRow) => number | null, row: TimedRow): string => {
    const [before, after] = [first === undefined ? null : of(first), of(row)];
    return row === first || before === null || after === null ? '' : `${fixed(before / after, 2)}×`;
  };
  const columns: TableColumn<TimedRow>[] = [
    { heading: 'Network', kind: 'text', cell: ({ label }) => label },
    { heading: 'Multiply-adds', kind: 'number', cell: ({ macs }) => `${fixed(macs / 1e9, 2)} G` },
    { heading: 'conv.', group: 'ms, here', kind: 'number', cell: ({ convolutions }) => fixed(median(convolutions), 0) },
    { heading: 'whole', group: 'ms, here', kind: 'number', cell: (row) => fixed(wholeTime(row), 0) },
    {
      heading: 'conv.',
      group: 'faster, here',
      kind: 'number',
      cell: (row) => ratio((one) => median(one.convolutions), row),
    },
    { heading: 'whole', group: 'faster, here', kind: 'number', cell: (row) => ratio(wholeTime, row) },
  ];
  if (native !== null) {
    const nativeTime = (row: TimedRow): number | null => (row.native === null ? null : median(row.native));
    columns.push(
      { heading: 'conv. ms', group: native, kind: 'number', cell: (row) => fixed(nativeTime(row), 0) },
      { heading: 'faster', group: native, kind: 'number', cell: (row) => ratio(nativeTime, row) },
    );
  }
  columns.push(
    { heading: 'ms', group: 'Paper', kind: 'number', cell: (row) => `${row.printedMilliseconds}` },
    { heading: 'faster', group: 'Paper', kind: 'number', cell: (row) => ratio((one) => one.printedMilliseconds, row) },
    { heading: 'top-5 error', group: 'Paper', kind: 'number', cell: (row) => `${fixed(row.printedTop5Error, 1)} %` },
  );
  return fragment(
    reportTable({ label: 'Milliseconds an image', columns, rows }),
    element(
      'p',
      { class: 'after' },
      `Medians of ${first?.convolutions.length ?? 0} turns on one thread, one image at a time, all networks by turns; ${kernels}. Weights are random: ` +
        'times do not depend on them. Accuracies on ImageNet are the paper’s; no trained weights of these networks exist here. “Whole” adds the ' +
        'pyramid pooling and the fully connected layers, which no version changes.',
    ),
  );
}

function wholeTime({ convolutions, rest }: TimedRow): number {
  return median(convolutions.map((time, turn) => time + (rest[turn] ?? Number.NaN)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
