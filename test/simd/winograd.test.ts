/** Minimal filtering in f32 by plans that are given, so that every transform is tested on small layers too. */

import fc from 'fast-check';
import { checkConv2dCall, conv2dDirect, zeros } from '@rankwise/tensor';
import type { Conv2dCall } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { passEntries } from '../../packages/simd/src/emit/passTable.ts';
import { implicitPlan, transformSizes, winogradPlans } from '../../packages/simd/src/plan/convolutionPlan.ts';
import type { ConvolutionPlan, TransformSize, WinogradPlan } from '../../packages/simd/src/plan/convolutionPlan.ts';
import { tileShapes } from '../../packages/simd/src/plan/tileShape.ts';
import { convolvePlanned } from '../../packages/simd/src/run/conv2d.ts';
import type { WeightCache } from '../../packages/simd/src/run/weightCache.ts';
import { expectWithin } from '../kit/kernelBounds.ts';
import { conv2dCallOf, conv2dCases, plainLayer } from '../kit/kernelCalls.ts';
import type { Conv2dCase } from '../kit/kernelCalls.ts';
import { runs } from '../kit/runs.ts';
import { winogradBound, winogradRoundings } from '../kit/winogradBounds.ts';
import { axesOf, bothMachines, expectSameBits } from './support.ts';

const machines = await bothMachines();

/** The plan with transforms of `size` points, whatever it costs. */
function planOf(call: Conv2dCall, size: TransformSize, relaxed: boolean): WinogradPlan | undefined {
  const plans = winogradPlans(checkConv2dCall(call), { relaxed, largest: 8 });
  return plans.find(({ y, x }) => Math.max(y.size, x.size) === size);
}

/** Every kernel shape that a transform exists for, with its transform. */
const shapes = transformSizes.flatMap((size) =>
  [1, 2, 3, 4, 5, 6, 7].flatMap((height) =>
    [1, 2, 3, 4, 5, 6, 7]
      .filter((width) => Math.max(height, width) > 1 && Math.max(height, width) < size)
      .map((width) => ({ size, height, width })),
  ),
);

const unitSteps = { stride: [1, 1], dilation: [1, 1] } as const;

describe.each(machines)('minimal filtering with %s', (_, machine) => {
  const { relaxed } = machine;

  it.each(shapes)('$size points, kernel $height × $width: keeps its bound', ({ size, height, width }) => {
    const kernel = [height, width] as const;
    const layer = { ...plainLayer, kernel, images: 2, channels: 5, filters: 6, height: 8, width: 11, bias: true };
    for (const drawn of [layer, { ...layer, padding: [0, 2, 3, 0], offset: 1, activation: 'relu' } as const]) {
      const call = conv2dCallOf(drawn, 'noise');
      const plan = planOf(call, size, relaxed)!;
      convolvePlanned(machine, call, plan);
      const [y, x] = axesOf(plan);
      expect([y.taps, x.taps]).toEqual(kernel);
      expectWithin(call.output.data.subarray(call.output.offset), winogradBound(call, [y, x], 'f32'));
    }
  });

  it('keeps its bound for random layers, repeats itself, and agrees with an image alone', () => {
    const size = fc.constantFrom(...transformSizes);
    fc.assert(
      fc.property(conv2dCases(), size, fc.constantFrom(...tileShapes(relaxed)), (drawn, points, tile) => {
        const call = conv2dCallOf({ ...drawn, ...unitSteps }, 'noise');
        const plan = planOf(call, points, relaxed);
        if (plan === undefined || call.output.shape.includes(0) || drawn.channels === 0) return;
        const given = { ...plan, tile };
        convolvePlanned(machine, call, given);
        const result = call.output.data.slice(call.output.offset);
        expectWithin(result, winogradBound(call, axesOf(plan), 'f32'));
        convolvePlanned(machine, call, given);
        expectSameBits(call.output.data.slice(call.output.offset), result);
        if (!relaxed) expectSameBits(imageAlone(call, drawn.images - 1, points), lastImage(result, drawn.images));
      }),
      { numRuns: runs(150) },
    );
  });

  /** The last image's result when it is computed alone, by the same transform. */
  function imageAlone(call: Conv2dCall, image: number, points: TransformSize): Float32Array {
    const [, ...shape] = call.input.shape;
    const length = shape.reduce((product, extent) => product * extent, 1);
    const input = { ...call.input, shape: [1, ...shape], offset: call.input.offset + image * length };
    const alone = { ...call, input, output: zeros('f32', [1, ...call.output.shape.slice(1)]) };
    convolvePlanned(machine, alone, planOf(alone, points, relaxed)!);
    return alone.output.data;
  }

  it('F(2, 2) and F(2, 3) are exact for integers: their fractions are halves', () => {
    fc.assert(
      fc.property(conv2dCases(), fc.constantFrom(2, 3), fc.constantFrom(2, 3, 1), (drawn, height, width) => {
        const kernel = [height, width] as const;
        // Two taps and four points make F(3, 2), whose halves are as exact.
        const call = conv2dCallOf({ ...drawn, ...unitSteps, kernel }, 'integers');
        if (call.output.shape.includes(0) || drawn.channels === 0) return;
        const direct = zeros('f32', call.output.shape);
        conv2dDirect({ ...call, output: direct });
        convolvePlanned(machine, call, planOf(call, 4, relaxed)!);
        expectSameBits(call.output.data.slice(call.output.offset), direct.data);
      }),
      { numRuns: runs(60) },
    );
  });

  it('writes nothing beside the output', () => {
    for (const { size, height, width } of shapes) {
      const call = conv2dCallOf({ ...plainLayer, kernel: [height, width], filters: 3, height: 7, width: 8 }, 'noise');
      const { data } = call.output;
      const room = new Float32Array(data.length + 40).fill(7);
      const output = { ...call.output, data: room, offset: 20 };
      convolvePlanned(machine, { ...call, output }, planOf(call, size, relaxed)!);
      expect([...room.subarray(0, 20), ...room.subarray(20 + data.length)].every((value) => value === 7)).toBe(true);
    }
  });

  it('reads nothing past the end of the memory where the weights lie there', () => {
    const { heap } = machine;
    const length = 2 ** 24;
    const low = heap.allocate(length);
    const high = heap.allocate(length);
    const end = heap.memory.buffer.byteLength;
    const rest = heap.allocate(end - high - length - 64);
    heap.free(low);
    const atTheEnd: WeightCache = {
      packed: (_weight, _layout, bytes, make) => {
        const address = end - 64 * Math.ceil(bytes / 64);
        expect(address).toBeGreaterThanOrEqual(high);
        make(address);
        return address;
      },
      makeRoom: () => false,
      clear: () => {},
      bytes: 0,
    };
    for (const tile of tileShapes(relaxed)) {
      for (const height of [4, 8, 16, 24]) {
        const drawn = { ...plainLayer, channels: 64, filters: 9, height, width: 16 };
        const call = conv2dCallOf(drawn, 'noise');
        const plan = { ...planOf(call, 6, relaxed)!, tile };
        convolvePlanned({ ...machine, weights: atTheEnd }, call, plan);
        expect(heap.memory.buffer.byteLength).toBe(end);
      }
    }
    heap.free(high);
    heap.free(rest);
  });

  it('takes tiles and quads past the edges of panels and items', () => {
    // Items of 16 quads: 64 channels or filters; panels of 2 to 6 tiles.
    for (const [channels, filters, extent] of [
      [63, 1, 3],
      [64, 64, 2],
      [65, 67, 3],
      [3, 130, 5],
      [130, 2, 6],
    ] as const) {
      const drawn = { ...plainLayer, channels, filters, height: extent, width: extent + 1 };
      const call = conv2dCallOf(drawn, 'integers');
      const direct = zeros('f32', call.output.shape);
      conv2dDirect({ ...call, output: direct });
      convolvePlanned(machine, call, planOf(call, 4, relaxed)!);
      expectSameBits(call.output.data, direct.data);
    }
  });
});

describe('products by every tile', () => {
  const pairs = machines.flatMap(([, machine]) => tileShapes(machine.relaxed).map((tile) => ({ machine, tile })));

  it.each(pairs)('$tile.rows rows by $tile.vectors vectors: exact for integers', ({ machine, tile }) => {
    for (const [filters, width] of [
      [1, 1],
      [tile.rows, 4 * tile.vectors],
      [2 * tile.rows + 1, 4 * tile.vectors + 1],
    ] as const) {
      for (const stride of [
        [1, 1],
        [1, 2],
        [2, 3],
      ] as const) {
        const drawn: Conv2dCase = { ...plainLayer, channels: 90, filters, width, images: 2, stride, bias: true };
        const call = conv2dCallOf(drawn, 'integers');
        const direct = zeros('f32', call.output.shape);
        conv2dDirect({ ...call, output: direct });
        const plan: ConvolutionPlan = { ...implicitPlan(checkConv2dCall(call), { ...machine, largest: 0 }), tile };
        convolvePlanned(machine, call, plan);
        expectSameBits(call.output.data, direct.data);
      }
    }
  });
});

describe('the bound', () => {
  it('counts the roundings of F(4 × 4, 3 × 3) over 64 channels, and none for an axis of one tap', () => {
    const call = conv2dCallOf({ ...plainLayer, channels: 64 }, 'noise');
    const square = axesOf(planOf(call, 6, false)!);
    expect(winogradRoundings(64, square)).toBe(2 * (5 + 8 + 8) + 64 + 2);
    const flat = conv2dCallOf({ ...plainLayer, kernel: [1, 3], padding: [0, 1, 0, 1] }, 'noise');
    expect(winogradRoundings(64, axesOf(planOf(flat, 6, false)!))).toBe(5 + 8 + 8 + 64 + 2);
  });

  it('covers every transform that the module holds', () => {
    const held = new Set(passEntries.map(({ outputs, taps }) => `F(${outputs}, ${taps})`));
    const tested = shapes.flatMap(({ size, height, width }) =>
      [height, width].map((taps) => (taps === 1 ? 'F(1, 1)' : `F(${size - taps + 1}, ${taps})`)),
    );
    expect(new Set(tested)).toEqual(held);
  });
});

function lastImage(result: Float32Array, images: number): Float32Array {
  return result.slice((result.length / images) * (images - 1));
}
