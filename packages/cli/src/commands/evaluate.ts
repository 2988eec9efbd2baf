/** `rankwise evaluate`: how often a model is right. */

import { sizeOf, slice, tensorOf } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward, inferShapes, peakLiveElements, topK } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';

import type { Labels } from '../data/imageSet.ts';
import { checkLabels } from '../data/labels.ts';
import { UsageError } from '../failures.ts';
import { interruptible, takeTurn } from '../interruptible.ts';
import { openModel } from '../modelArgument.ts';
import { describeKernels } from '../openKernels.ts';
import type { Call, Command } from '../options.ts';
import { createProgressBar } from '../progressBar.ts';
import { formatCount, formatMilliseconds, formatPercent } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { kernelsRecord, withKernels } from '../withKernels.ts';
import { dataOptions, labelsOption, openModelImages } from './dataOptions.ts';
import { kernelOptions, readKernelOptions } from './kernelOptions.ts';
import { withZooWeights } from './zooWeights.ts';

/** Live activations of one batch: 32 MiB of f32. Between batches an interrupt is heard. */
const batchElements = 2 ** 23;
const largestBatch = 16;
const places = [1, 3, 5] as const;

export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: "Measure a model's top-1, top-3 and top-5 accuracy on labelled images",
  usage: ['evaluate MODEL --data IMAGES [--labels FILE] [--images N] [--kernels KIND] [--json]'],
  operands: ['MODEL'],
  options: {
    ...dataOptions,
    labels: labelsOption,
    images: { argument: 'N', text: 'Use the first N images only.', otherwise: 'all' },
    seed: { argument: 'S', text: "Seed of a zoo model's random weights.", fallback: '0' },
    ...kernelOptions,
  },
  examples: [
    ['a network on the MNIST-like test set', 'rankwise evaluate model.safetensors --data t10k-images-idx3-ubyte.gz'],
    [
      'the first 1,000 only, for a script',
      'rankwise evaluate model.safetensors --data test_batch.bin --images 1000 --json',
    ],
  ],
  run: evaluate,
};

async function evaluate({ operands, options, terminal }: Call): Promise<void> {
  const count = options.integer('images', { least: 1 });
  const seed = options.integer('seed', { least: 0 }) ?? 0;
  const request = readKernelOptions(options);
  options.required('data');
  const argument = operands[0] ?? '';
  const sketch = await openModel(argument, { initialize: false });
  const { source, labels } = await openModelImages(sketch, options, { count, withLabels: true });
  if (labels === undefined) {
    throw new UsageError(`--labels: expected a file, as there are none in or beside ${options.required('data')}`);
  }
  const used = firstLabels(labels, source.count);
  const classes = sizeOf(inferShapes(sketch).get(sketch.output) ?? []);
  checkLabels(sketch, used);
  await withKernels(request, terminal, async (opened) => {
    const { kernels } = opened;
    const model = await withZooWeights(argument, sketch, seed, terminal);
    const { outputs, seconds } = await timedOutputs(model, source, kernels, terminal);
    // The right class cannot be missed when there are no more classes than guesses.
    const [top1 = 1, top3 = 1, top5 = 1] = topK(
      outputs,
      used,
      places.map((place) => Math.min(place, classes)),
    );
    if (options.flag('json')) {
      const result = { top1, top3, top5, images: source.count, seconds, kernels: kernelsRecord(opened) };
      terminal.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    terminal.stdout.write(
      `${model.name}: top-1 ${formatPercent(top1, 2)}, top-3 ${formatPercent(top3, 2)}, top-5 ${formatPercent(top5, 2)} ` +
        `of ${formatCount(source.count)} images, ${formatMilliseconds((1000 * seconds) / source.count)} ms each ` +
        `on ${describeKernels(kernels)}\n`,
    );
  });
}

async function timedOutputs(
  model: Model,
  source: ImageSource,
  kernels: Kernels,
  terminal: Terminal,
): Promise<{ readonly outputs: Tensor<'f32'>; readonly seconds: number }> {
  const bar = createProgressBar(terminal.stderr, terminal.now);
  const started = terminal.now();
  const outputs = await interruptible(terminal, (signal) =>
    runModel(model, source, kernels, signal, (fraction) => bar.update(fraction, 'running the network')),
  ).finally(bar.clear);
  return { outputs, seconds: (terminal.now() - started) / 1000 };
}

/** The model's answers to all images, f32 [images, classes]. */
async function runModel(
  model: Model,
  source: ImageSource,
  kernels: Kernels,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<Tensor<'f32'>> {
  const size = sizeOf(inferShapes(model).get(model.output) ?? []);
  const outputs = new Float32Array(source.count * size);
  const step = Math.max(1, Math.min(largestBatch, Math.floor(batchElements / peakLiveElements(model))));
  for (let from = 0; from < source.count; from += step) {
    await takeTurn(signal);
    const to = Math.min(from + step, source.count);
    const { output } = forward(model, await source.batch(from, to), { kernels, batchSize: step });
    outputs.set(output.data.subarray(output.offset, output.offset + (to - from) * size), from * size);
    onProgress(to / source.count);
  }
  return tensorOf(outputs, [source.count, size]);
}

function firstLabels(labels: Labels, count: number): Labels {
  // The two branches are one for the compiler only: slice keeps the element type.
  return labels.dtype === 'u8'
    ? slice(labels as Tensor<'u8'>, [[0, count]])
    : slice(labels as Tensor<'i32'>, [[0, count]]);
}
