/** The convolution's plan: a pure function of shape, steps, options and machine. */

import fc from 'fast-check';
import type { Conv2dExtents } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { passIndex } from '../../packages/simd/src/emit/passTable.ts';
import { passNames } from '../../packages/simd/src/emit/transformPass.ts';
import {
  implicitPlan,
  planConvolution,
  transformSizes,
  winogradPlans,
} from '../../packages/simd/src/plan/convolutionPlan.ts';
import type { PlanOptions } from '../../packages/simd/src/plan/convolutionPlan.ts';
import { tileShapes } from '../../packages/simd/src/plan/tileShape.ts';
import { runs } from '../kit/runs.ts';

const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

const layers: fc.Arbitrary<Conv2dExtents> = fc.record({
  images: upTo(40),
  groups: upTo(4),
  channels: fc.nat(600),
  filters: upTo(600),
  height: fc.nat(230),
  width: fc.nat(230),
  kernelHeight: upTo(9),
  kernelWidth: upTo(9),
  outputHeight: upTo(230),
  outputWidth: upTo(230),
});
const options: fc.Arbitrary<PlanOptions> = fc.record({
  relaxed: fc.boolean(),
  largest: fc.constantFrom<PlanOptions['largest']>(0, 4, 6, 8),
});
const unitSteps = { stride: [1, 1], dilation: [1, 1] } as const;

/** A square layer whose output is as large as its input. */
function layer(channels: number, filters: number, kernel: number, extent: number, images = 1): Conv2dExtents {
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

describe('planConvolution', () => {
  it('gives the same plan for the same layer, a tile that the module holds, and a finite cost', () => {
    fc.assert(
      fc.property(layers, options, (extents, given) => {
        const plan = planConvolution(extents, unitSteps, given);
        expect(planConvolution({ ...extents }, { stride: [1, 1], dilation: [1, 1] }, { ...given })).toEqual(plan);
        expect(tileShapes(given.relaxed)).toContainEqual(plan.tile);
        expect(plan.cost >= 0 && Number.isFinite(plan.cost)).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  it('never takes a transform larger than asked, nor one that the module lacks', () => {
    fc.assert(
      fc.property(layers, options, (extents, given) => {
        const plan = planConvolution(extents, unitSteps, given);
        if (plan.algorithm === 'implicit') return;
        expect(Math.max(plan.y.size, plan.x.size)).toBeLessThanOrEqual(given.largest);
        for (const name of passNames) for (const axis of [plan.y, plan.x]) passIndex(name, axis);
      }),
      { numRuns: runs(500) },
    );
  });

  it('covers the output with tiles, each of them needed', () => {
    fc.assert(
      fc.property(layers, options, (extents, given) => {
        for (const { y, x } of winogradPlans(extents, given)) {
          for (const [axis, taps, extent] of [
            [y, extents.kernelHeight, extents.outputHeight],
            [x, extents.kernelWidth, extents.outputWidth],
          ] as const) {
            expect([axis.taps, axis.size]).toEqual([taps, axis.outputs + taps - 1]);
            expect(axis.tiles * axis.outputs).toBeGreaterThanOrEqual(extent);
            expect((axis.tiles - 1) * axis.outputs).toBeLessThan(extent);
            expect(taps === 1 ? axis.size === 1 : axis.outputs >= 2).toBe(true);
          }
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it('takes products for steps other than 1, for kernels of one tap or too many, and when told to', () => {
    const given = { relaxed: false, largest: 8 } as const;
    const heavy = layer(256, 256, 3, 56);
    expect(planConvolution(heavy, unitSteps, given).algorithm).toBe('winograd');
    for (const steps of [
      [1, 2],
      [2, 1],
      [3, 3],
    ] as const) {
      expect(planConvolution(heavy, { ...unitSteps, stride: steps }, given).algorithm).toBe('implicit');
      expect(planConvolution(heavy, { ...unitSteps, dilation: steps }, given).algorithm).toBe('implicit');
    }
    expect(planConvolution(heavy, unitSteps, { ...given, largest: 0 }).algorithm).toBe('implicit');
    for (const kernel of [1, 8, 11]) {
      expect(planConvolution(layer(256, 256, kernel, 56), unitSteps, given).algorithm).toBe('implicit');
    }
  });

  it('takes the cheapest of its own candidates, which more choice can only make cheaper', () => {
    fc.assert(
      fc.property(layers, fc.boolean(), (extents, relaxed) => {
        const costs = ([0, 4, 6, 8] as const).map((largest) => {
          const { cost } = planConvolution(extents, unitSteps, { relaxed, largest });
          const candidates = [
            implicitPlan(extents, { relaxed, largest }),
            ...winogradPlans(extents, { relaxed, largest }),
          ];
          expect(cost).toBe(Math.min(...candidates.map((plan) => plan.cost)));
          return cost;
        });
        expect(costs.toSorted((a, b) => b - a)).toEqual(costs);
      }),
      { numRuns: runs(300) },
    );
  });

  it('never models more channels, filters or images as cheaper', () => {
    const more = fc.constantFrom<keyof Conv2dExtents>('channels', 'filters', 'images', 'outputHeight', 'outputWidth');
    fc.assert(
      fc.property(layers, options, more, upTo(100), (extents, given, axis, extra) => {
        const larger = { ...extents, [axis]: extents[axis] + extra };
        const cost = (which: Conv2dExtents): number => planConvolution(which, unitSteps, given).cost;
        expect(cost(larger)).toBeGreaterThanOrEqual(cost(extents));
      }),
      { numRuns: runs(500) },
    );
  });

  it('finds a layer for each transform', () => {
    for (const largest of transformSizes) {
      for (const relaxed of [false, true]) {
        const plan = planConvolution(layer(128, 128, 3, 60), unitSteps, { relaxed, largest });
        expect(plan).toMatchObject({ algorithm: 'winograd', y: { size: largest }, x: { size: largest } });
      }
    }
    expect(planConvolution(layer(1, 48, 3, 28, 32), unitSteps, { relaxed: true, largest: 8 }).algorithm).toBe(
      'implicit',
    );
  });
});
