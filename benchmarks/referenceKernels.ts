/**
 * Times the reference kernels alone: best of several calls, in GFLOP/s counting two operations for each multiply-add of the
 * definition (a fast algorithm may therefore show more than the machine can do).
 *
 * Run: node --conditions=rankwise-source --import tsx benchmarks/referenceKernels.ts
 */

import { createReferenceKernels, referenceKernels, tensorOf } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';

interface ConvShape {
  readonly channels: number;
  readonly filters: number;
  readonly kernel: number;
  readonly extent: number;
  readonly images: number;
}

const matmulShapes = [
  [64, 64, 64],
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
  [4096, 10, 512],
  [10, 4096, 512],
  [512, 512, 9],
  [4096, 1, 4096],
] as const;

const convShapes: readonly ConvShape[] = [
  { channels: 192, filters: 192, kernel: 3, extent: 7, images: 32 },
  { channels: 48, filters: 96, kernel: 3, extent: 14, images: 32 },
  { channels: 192, filters: 46, kernel: 3, extent: 7, images: 32 },
  { channels: 46, filters: 192, kernel: 1, extent: 7, images: 32 },
  { channels: 1, filters: 48, kernel: 3, extent: 28, images: 32 },
  { channels: 512, filters: 512, kernel: 3, extent: 18, images: 1 },
];

for (const [m, n, k] of matmulShapes) {
  const a = noise([m, k]);
  const b = noise([k, n]);
  const out = noise([m, n]);
  report(`matmul [${m}, ${k}] [${k}, ${n}]`, 2 * m * n * k, () => referenceKernels.matmul({ a, b, out }));
}
const implicitOnly = createReferenceKernels({ winograd: false });
for (const shape of convShapes) {
  timeConvolution('planned', referenceKernels, shape);
  timeConvolution('implicit', implicitOnly, shape);
}

function timeConvolution(label: string, kernels: Kernels, shape: ConvShape): void {
  const { channels, filters, kernel, extent, images } = shape;
  const pad = (kernel - 1) / 2;
  const call = {
    input: noise([images, channels, extent, extent]),
    weight: noise([filters, channels, kernel, kernel]),
    output: noise([images, filters, extent, extent]),
    stride: [1, 1],
    padding: [pad, pad, pad, pad],
    dilation: [1, 1],
    groups: 1,
  } as const;
  const operations = 2 * images * filters * channels * kernel * kernel * extent * extent;
  const name = `${label} conv ${channels}->${filters} ${kernel}x${kernel} on ${extent}x${extent}, batch ${images}`;
  report(name, operations, () => kernels.conv2d(call));
}

function report(name: string, operations: number, run: () => void): void {
  run();
  const times: number[] = [];
  const end = performance.now() + 700;
  while (times.length < 3 || performance.now() < end) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  const best = Math.min(...times);
  console.log(`${name}: ${best.toFixed(2)} ms, ${(operations / best / 1e6).toFixed(2)} GFLOP/s`);
}

function noise(shape: readonly number[]): Tensor<'f32'> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensorOf(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898)),
    shape,
  );
}
