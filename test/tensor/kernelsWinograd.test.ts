/** Minimal filtering: its matrices in exact arithmetic, its error bound, its plan. */

import fc from 'fast-check';
import {
  checkConv2dCall,
  conv2dWinograd,
  cookToom,
  createReferenceKernels,
  DomainError,
  full,
  implicitCost,
  planConvolution,
  referenceKernels,
  winogradPlan,
} from '@rankwise/tensor';
import type { Conv2dCall, Conv2dExtents, Fraction, WinogradPlan } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { conv2dBound, expectWithin } from '../kit/kernelBounds.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { squareAxes, winogradBound } from '../kit/winogradBounds.ts';

/** Every (m, r) the planner may choose. */
const sizes = [2, 3, 4, 5].flatMap((taps) => Array.from({ length: 12 - taps }, (_, i) => [i + 2, taps] as const));

/** Σ of products of three fractions as one fraction in lowest terms. */
function tripleSum(terms: readonly (readonly [Fraction, Fraction, Fraction])[]): readonly [bigint, bigint] {
  let numerator = 0n;
  let denominator = 1n;
  for (const factors of terms) {
    let top = 1n;
    let bottom = 1n;
    for (const [above, below] of factors) {
      top *= BigInt(above);
      bottom *= BigInt(below);
    }
    numerator = numerator * bottom + top * denominator;
    denominator *= bottom;
  }
  return [numerator, denominator];
}

describe('cookToom', () => {
  it('gives the known F(2, 2) up to the scaling of its rows', () => {
    const { output, filter, input } = cookToom(2, 2);
    expect(output).toEqual([
      [
        [1, 1],
        [1, 1],
        [0, 1],
      ],
      [
        [1, 1],
        [-1, 1],
        [1, 1],
      ],
    ]);
    expect(filter).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
      [
        [1, 2],
        [-1, 2],
      ],
      [
        [0, 1],
        [1, 1],
      ],
    ]);
    expect(input).toEqual([
      [
        [1, 1],
        [1, 1],
        [0, 1],
      ],
      [
        [1, 1],
        [-1, 1],
        [0, 1],
      ],
      [
        [-1, 1],
        [0, 1],
        [1, 1],
      ],
    ]);
  });

  // y_i = Σ_k A[i][k] (Σ_j G[k][j] g_j) (Σ_l B[k][l] d_l) must be Σ_j g_j d_{i+j}: coefficient by coefficient.
  it.each(sizes)('filters exactly: F(%i, %i)', (outputs, taps) => {
    const { size, output, filter, input } = cookToom(outputs, taps);
    for (const [i, row] of output.entries()) {
      for (let j = 0; j < taps; j++) {
        for (let l = 0; l < size; l++) {
          const terms = row.map((a, k) => [a, filter[k]![j]!, input[k]![l]!] as const);
          const [numerator, denominator] = tripleSum(terms);
          expect([i, j, l, numerator]).toEqual([i, j, l, l === i + j ? denominator : 0n]);
        }
      }
    }
  });

  it.each(sizes)('mirrors the rows of ± pairs and keeps entries small: F(%i, %i)', (outputs, taps) => {
    const { points, output, filter, input } = cookToom(outputs, taps);
    for (let k = points.length % 2; k < points.length; k += 2) {
      expect(points[k + 1]).toEqual([-points[k]![0], points[k]![1]]);
      for (const matrix of [filter, input]) {
        expect(matrix[k + 1]).toEqual(matrix[k]!.map(([top, bottom], j) => [j % 2 === 0 ? top : 0 - top, bottom]));
      }
    }
    for (const [numerator, denominator] of [...output, ...filter, ...input].flat()) {
      expect(Math.abs(numerator / denominator)).toBeLessThanOrEqual(2 ** 10);
      expect(Number.isSafeInteger(numerator) && Number.isSafeInteger(denominator)).toBe(true);
    }
  });

  it('refuses sizes it has no points for', () => {
    expect(() => cookToom(1, 3)).toThrow(DomainError);
    expect(() => cookToom(11, 3)).toThrow(DomainError);
    expect(() => cookToom(NaN, 3)).toThrow('cookToom: outputs, taps: expected');
  });
});

interface Shape {
  readonly images: number;
  readonly groups: number;
  readonly channels: number;
  readonly filters: number;
  readonly taps: number;
  readonly height: number;
  readonly width: number;
  readonly padding: readonly [number, number, number, number];
  readonly offset: number;
  readonly bias: boolean;
  readonly activation: 'none' | 'relu';
  readonly seed: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  images: fc.integer({ min: 1, max: 3 }),
  groups: fc.constantFrom(1, 2),
  channels: fc.constantFrom(1, 2, 3, 4, 5),
  filters: fc.constantFrom(1, 2, 3, 4, 7),
  taps: fc.constantFrom(2, 3, 4, 5),
  height: fc.integer({ min: 5, max: 13 }),
  width: fc.integer({ min: 5, max: 13 }),
  padding: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
  offset: fc.nat(2),
  bias: fc.boolean(),
  activation: fc.constantFrom<'none' | 'relu'>('none', 'relu'),
  seed: fc.nat(),
});

const blocks = fc.record({
  tile: fc.integer({ min: 2, max: 11 }),
  tilePanels: fc.integer({ min: 1, max: 3 }),
  filterPanels: fc.integer({ min: 1, max: 3 }),
});

function callOf(drawn: Shape): Conv2dCall {
  const { images, groups, channels, filters, taps, height, width, padding, offset, seed } = drawn;
  const outputHeight = height + padding[0] + padding[2] - taps + 1;
  const outputWidth = width + padding[1] + padding[3] - taps + 1;
  const output = seeded('f32', [images, filters * groups, outputHeight, outputWidth], 0, { offset });
  output.data.fill(NaN);
  return {
    input: seeded('f32', [images, channels * groups, height, width], seed, { offset }),
    weight: seeded('f32', [filters * groups, channels, taps, taps], seed + 1, { offset }),
    ...(drawn.bias ? { bias: seeded('f32', [filters * groups], seed + 2) } : {}),
    output,
    stride: [1, 1],
    padding,
    dilation: [1, 1],
    groups,
    activation: drawn.activation,
  };
}

describe('conv2d with minimal filtering', () => {
  it('keeps its own bound for every tile and every division into blocks, and repeats itself', () => {
    fc.assert(
      fc.property(shapes, blocks, (drawn, { tile, ...panels }) => {
        const call = callOf(drawn);
        const m = Math.min(tile, 13 - drawn.taps);
        const plan: WinogradPlan = { algorithm: 'winograd', cost: 0, tile: m, ...panels };
        conv2dWinograd(call, checkConv2dCall(call), plan);
        const result = call.output.data.slice(call.output.offset);
        expectWithin(result, winogradBound(call, squareAxes(m, drawn.taps), 'f64'));
        conv2dWinograd(call, checkConv2dCall(call), plan);
        expect(call.output.data.slice(call.output.offset)).toEqual(result);
      }),
      { numRuns: runs(40) },
    );
  });

  it('keeps the bound promised to all where the plan takes it, batch and image alike', () => {
    const call = callOf({ ...fashion, images: 3 });
    const plan = planConvolution(checkConv2dCall(call), call);
    if (plan.algorithm !== 'winograd') throw new Error('the layer was meant to be large enough');
    referenceKernels.conv2d(call);
    const [outputSize, inputSize] = [call.output.data.length / 3, call.input.data.length / 3];
    for (let image = 0; image < 3; image++) {
      const input = { ...call.input, shape: [1, ...call.input.shape.slice(1)], offset: image * inputSize };
      const output = full('f32', [1, ...call.output.shape.slice(1)], NaN);
      const alone: Conv2dCall = { ...call, input, output };
      createReferenceKernels({ winograd: false }).conv2d(alone);
      const bounds = winogradBound(alone, squareAxes(plan.tile, 3), 'f64');
      const batched = call.output.data.subarray(image * outputSize, (image + 1) * outputSize);
      expectWithin(batched, bounds);
      expectWithin(batched, conv2dBound(alone));
      expectWithin(output.data, conv2dBound(alone));
    }
  });
});

/** Large enough for the plan to take minimal filtering, small enough for the oracle. */
const fashion: Shape = {
  images: 1,
  groups: 1,
  channels: 32,
  filters: 32,
  taps: 3,
  height: 7,
  width: 7,
  padding: [1, 1, 1, 1],
  offset: 0,
  bias: true,
  activation: 'none',
  seed: 1,
};

const unitSteps = { stride: [1, 1], dilation: [1, 1] } as const;
const planned = fc.record({
  images: fc.nat(40),
  groups: fc.integer({ min: 1, max: 4 }),
  channels: fc.nat(600),
  filters: fc.nat(600),
  height: fc.nat(60),
  width: fc.nat(60),
  kernelHeight: fc.integer({ min: 1, max: 7 }),
  kernelWidth: fc.integer({ min: 1, max: 7 }),
  outputHeight: fc.nat(60),
  outputWidth: fc.nat(60),
});

describe('planConvolution', () => {
  it('never takes what it models as dearer, and keeps its scratch blocks within 2^20 elements', () => {
    fc.assert(
      fc.property(planned, (extents: Conv2dExtents) => {
        const plan = planConvolution(extents, unitSteps);
        expect(plan.cost).toBeLessThanOrEqual(implicitCost(extents));
        if (plan.algorithm === 'implicit') return;
        const size = plan.tile + extents.kernelHeight - 1;
        expect(winogradPlan(extents, plan.tile)).toEqual(plan);
        const depth = extents.channels + (extents.channels % 2);
        const packed = size ** 2 * depth * 3;
        expect(plan.filterPanels === 1 || plan.filterPanels * packed <= 2 ** 20).toBe(true);
        expect(plan.tilePanels === 1 || plan.tilePanels * packed <= 2 ** 20).toBe(true);
        expect(plan.tilePanels * plan.filterPanels * size ** 2 * 9).toBeLessThanOrEqual(2 ** 20);
      }),
      { numRuns: runs(500) },
    );
  });

  it.each([
    { stride: [2, 1], dilation: [1, 1] },
    { stride: [1, 1], dilation: [1, 2] },
  ] as const)('takes the product for steps that are not 1: %j', (geometry) => {
    expect(planConvolution(layer(192, 192, 3, 7, 32), geometry).algorithm).toBe('implicit');
  });

  it('takes the product where there is nothing to save, and when told to', () => {
    expect(planConvolution(layer(192, 192, 1, 7, 32), unitSteps).algorithm).toBe('implicit');
    expect(planConvolution(layer(1, 48, 3, 28, 32), unitSteps).algorithm).toBe('implicit');
    expect(planConvolution({ ...layer(192, 192, 3, 7, 32), kernelWidth: 1 }, unitSteps).algorithm).toBe('implicit');
    expect(planConvolution(layer(192, 192, 3, 7, 32), unitSteps, false).algorithm).toBe('implicit');
  });

  it('covers a map with as few and as full tiles as fit', () => {
    expect(planConvolution(layer(192, 192, 3, 7, 32), unitSteps)).toMatchObject({ algorithm: 'winograd', tile: 7 });
    expect(planConvolution(layer(96, 96, 3, 14, 32), unitSteps)).toMatchObject({ algorithm: 'winograd', tile: 7 });
    expect(planConvolution(layer(512, 512, 3, 18, 1), unitSteps)).toMatchObject({ algorithm: 'winograd', tile: 6 });
  });
});

/** A square layer whose output is as large as its input. */
function layer(channels: number, filters: number, kernel: number, extent: number, images: number): Conv2dExtents {
  return {
    images,
    groups: 1,
    channels,
    filters,
    height: extent,
    width: extent,
    kernelHeight: kernel,
    kernelWidth: kernel,
    outputHeight: extent,
    outputWidth: extent,
  };
}
