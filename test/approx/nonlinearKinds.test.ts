/** The alternation, its sums and the pipeline around it for every kind of nonlinearity. */

import {
  approximate,
  calibrate,
  columnResponses,
  convolutionLayers,
  nonlinearityName,
  reconstruct,
  relativeResponseError,
  selectRanks,
  solveLinear,
  solveNonlinear,
} from '@rankwise/approx';
import type { Nonlinearity, ResponseSamples } from '@rankwise/approx';
import { sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { createRandom, referenceKernels, slice, tensorOf } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relax } from '../../packages/approx/src/solve/relaxation.ts';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at } from '../kit/matrices/gallery.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { nonlinearities } from './kinds.ts';
import { imagesFor, quick, shortSchedule } from './networks.ts';
import {
  activate,
  mapFrom,
  mapMatrix,
  mixedSamples,
  objective,
  predictions,
  sampleAt,
  samplesFrom,
  sumOfSquares,
} from './support.ts';

const names = Object.keys(nonlinearities(1));

function ofWidth(name: string, width: number): Nonlinearity {
  const found = nonlinearities(width)[name];
  if (found === undefined) throw new Error(`no nonlinearity ${name}`);
  return found;
}

/** Σ ‖r(y) − mean of r(y)‖², by plain loops. */
function energyOf({ target }: ResponseSamples, nonlinearity: Nonlinearity): number {
  const [n = 0, d = 0] = target.shape;
  let energy = 0;
  for (let j = 0; j < d; j++) {
    const column = Array.from({ length: n }, (_, i) => activate(nonlinearity, j, sampleAt(target, i, j)));
    const mean = column.reduce((sum, value) => sum + value / n, 0);
    for (const value of column) energy += (value - mean) ** 2;
  }
  return energy;
}

/** Responses of d filters, and in the asymmetric case others that stand for what approximated layers deliver. */
function problem(seed: number, n: number, d: number, symmetric: boolean): ResponseSamples {
  const random = createRandom(seed);
  const target = mixedSamples(n, d, random);
  const noisy = samplesFrom(n, d, (i, j) => 0.9 * sampleAt(target, i, j) + 0.2 + random.normal() / 5);
  return { target, regressor: symmetric ? target : noisy };
}

/** No |r'| is above this for the kinds here, and |r(x)| ≤ steepest |x| + 1. */
const steepest = 3;

describe.each(names)('%s', (name) => {
  it('the relaxed objective never rises, and the answer is no worse than the linear start', () => {
    const sizes = fc.record({ seed: seeds, d: fc.integer({ min: 2, max: 6 }), extra: fc.integer({ min: 6, max: 30 }) });
    const exponents = fc.double({ min: -7, max: 4, noNaN: true });
    fc.assert(
      fc.property(sizes, fc.boolean(), exponents, ({ seed, d, extra }, symmetric, exponent) => {
        const n = d + extra;
        const nonlinearity = ofWidth(name, d);
        const samples = problem(seed, n, d, symmetric);
        const energy = energyOf(samples, nonlinearity);
        fc.pre(energy > n * 2 ** -30); // bound: responses that hardly vary have no relative error
        const lambda = 2 ** exponent;
        const options = { nonlinearity, schedule: [{ lambda, iterations: 8 }] };
        const { map, trace, initial, final } = solveNonlinear(samples, 1 + (seed % d), options);
        // As for the ReLU: sums of n d squares of numbers made by products of length d. z lies within √(1/λ) of the miss, which is at
        // most `steepest` times the responses.
        const sizesOf = sumOfSquares(samples.target, samples.regressor) + n * d;
        const scale = (4 * steepest ** 2 * (1 + lambda) * (1 + 1 / lambda) * sizesOf) / energy;
        const allowance = 4 * d * gamma(n * d, 'f64') * scale;
        trace.forEach((step, i) => {
          const what = `iteration ${i}: ${JSON.stringify(step)}`;
          expect(step.relaxedAfterAuxiliary, what).toBeLessThanOrEqual(step.nonlinear + allowance);
          expect(step.relaxedAfterFit, what).toBeLessThanOrEqual(step.relaxedAfterAuxiliary + allowance);
          const next = trace[i + 1];
          if (next) expect(next.relaxedAfterAuxiliary, what).toBeLessThanOrEqual(step.relaxedAfterFit + allowance);
        });
        expect(final).toBeLessThanOrEqual(initial);
        expectWithin(final, objective(samples, map, nonlinearity) / energy, allowance, 'final');
      }),
      { numRuns: runs(20) },
    );
  });

  it('sums of a pass are those of plain loops', () => {
    const d = 4;
    const nonlinearity = ofWidth(name, d);
    const samples = problem(5, 30, d, false);
    const map = mapFrom(d, 2, createRandom(6).normal);
    const sums = relax(samples, map, nonlinearity, 0.1, referenceKernels);
    const predicted = predictions(samples.regressor, mapMatrix(map), map.offset);
    const expected = { nonlinear: 0, relaxed: 0, shiftSquares: 0, auxiliarySquares: 0 };
    const shifts = new Float64Array(d);
    columnResponses(nonlinearity, d).forEach(({ auxiliary }, j) => {
      const r = (x: number): number => activate(nonlinearity, j, x);
      for (let i = 0; i < 30; i++) {
        const [y, guess] = [sampleAt(samples.target, i, j), at(predicted, i, j)];
        const z = auxiliary(y, guess, 0.1);
        expected.nonlinear += (r(y) - r(guess)) ** 2;
        expected.relaxed += (r(y) - r(z)) ** 2 + 0.1 * (z - guess) ** 2;
        expected.shiftSquares += (z - guess) ** 2;
        expected.auxiliarySquares += z ** 2;
        shifts[j]! += z - guess;
      }
    });
    // Sums of 120 terms of numbers up to some 30; y' is a product of length 4.
    const bound = gamma(200 + 64, 'f64') * 120 * 30 ** 2;
    for (const key of ['nonlinear', 'relaxed', 'shiftSquares', 'auxiliarySquares'] as const) {
      expectWithin(sums[key], expected[key], bound, key);
    }
    sums.shiftSum.forEach((sum, j) => expectWithin(sum, shifts[j]!, bound, `shift ${j}`));
  });

  it('beats the linear map where responses bend', () => {
    const d = 8;
    const base = problem(17, 300, d, true).target;
    const y = samplesFrom(300, d, (i, j) => 2 * sampleAt(base, i, j) - 1);
    const nonlinearity = ofWidth(name, d);
    const { initial, final, map } = solveNonlinear({ target: y, regressor: y }, 3, { nonlinearity });
    expect(final).toBeLessThan(0.985 * initial);
    const linear = solveLinear({ target: y, regressor: y }, 3).map;
    expect(relativeResponseError({ target: y, regressor: y }, linear, nonlinearity)).toBeGreaterThan(final);
    expectWithin(relativeResponseError({ target: y, regressor: y }, map, nonlinearity), final, gamma(2400, 'f64'));
  });
});

/** A chain with another activation behind each convolution, and none behind the last. */
function bentNetwork(): Model {
  const conv = { filters: 8, kernel: 3, padding: 1 } as const;
  const model = sequential('bent', [2, 8, 8], { seed: 4 })
    .conv('conv1', conv)
    .softplus()
    .conv('conv2', conv)
    .leakyRelu(0.1)
    .conv('conv3', conv)
    .prelu('prelu3')
    .conv('conv4', conv)
    .silu()
    .conv('conv5', conv)
    .relu6()
    .conv('conv6', conv)
    .gelu()
    .conv('conv7', conv)
    .tanh()
    .conv('conv8', conv)
    .sigmoid()
    .conv('conv9', conv)
    .build();
  const slopes = tensorOf(
    Float32Array.from({ length: 8 }, (_, j) => (j - 2) / 10),
    [8],
  );
  return { ...model, parameters: { ...model.parameters, 'prelu3.weight': slopes } };
}

describe('the pipeline', () => {
  const model = bentNetwork();
  const layers = convolutionLayers(model);

  it('reads what follows each convolution from the graph', () => {
    expect(layers.map(({ nonlinearity }) => nonlinearityName(nonlinearity))).toEqual([
      'softplus',
      'leakyRelu 0.1',
      'prelu',
      'silu',
      'clip 0…6',
      'gelu',
      'tanh',
      'sigmoid',
      'identity',
    ]);
    expect(layers[2]?.nonlinearity).toEqual({ kind: 'prelu', slopes: model.parameters['prelu3.weight'] });
  });

  it('solves each layer for its own nonlinearity, and reports errors behind it', async () => {
    const images = imagesFor(model, 40);
    const calibration = await calibrate(model, images, { positions: 8, heldOut: 0.25, batchSize: 10 });
    const plan = selectRanks(layers, { method: 'uniform', speedup: 1.6 });
    const options = { ...quick, reconstruction: 'symmetric' } as const;
    const { layers: reports } = await reconstruct(calibration, plan, options);
    expect(reports).toHaveLength(8);
    for (const [i, report] of reports.entries()) {
      const { layer, target, fitRows } = calibration.layers[i]!;
      const { nonlinearity } = layer;
      const fit = slice(target, [[0, fitRows]]);
      const unseen = slice(target, [[fitRows, target.shape[0] ?? 0]]);
      const [error, linearError] = [report.error!, report.linearError!];
      expect(error.fit, report.name).toBeLessThanOrEqual(linearError.fit);
      expect(report.nonlinearity).toBe(nonlinearityName(nonlinearity));
      if (nonlinearity.kind === 'identity') {
        expect(error).toEqual(linearError);
        continue;
      }
      const problemOf = (rows: typeof fit): ResponseSamples => ({ target: rows, regressor: rows });
      const { map, final } = solveNonlinear(problemOf(fit), report.rank, { nonlinearity, schedule: shortSchedule });
      expectWithin(error.fit, final, gamma(8 * fitRows, 'f64'), report.name);
      const copy = problemOf({ ...unseen, data: unseen.data.slice(unseen.offset), offset: 0 });
      const found = objective(copy, map, nonlinearity) / energyOf(copy, nonlinearity);
      expectWithin(error.heldOut!, found, gamma(64 * fitRows, 'f64') * (1 + found), `${report.name}, held out`);
    }
    expect(reports.filter(({ iterations }) => iterations > 0)).toHaveLength(7);
    expect(reports.some(({ error, linearError }) => error!.fit < 0.99 * linearError!.fit)).toBe(true);
  });

  it('runs in one call, and a wrong nonlinearity would do worse', async () => {
    const images = imagesFor(model, 30);
    const { model: cheaper, report } = await approximate(model, images, { ...quick, speedup: 1.6, ranks: 'uniform' });
    expect(cheaper.nodes.filter(({ op }) => op === 'conv2d')).toHaveLength(17);
    expect(report.outputError).toBeGreaterThan(0);
    const calibration = await calibrate(model, images, { layers: ['conv4'], positions: 8, heldOut: 0 });
    const { target } = calibration.layers[0]!;
    const samples = { target, regressor: target };
    const asSilu = solveNonlinear(samples, 3, { nonlinearity: { kind: 'silu' } });
    const asRelu = solveNonlinear(samples, 3, { nonlinearity: { kind: 'relu' } });
    expect(asSilu.final).toBeLessThan(relativeResponseError(samples, asRelu.map, { kind: 'silu' }));
  });
});
