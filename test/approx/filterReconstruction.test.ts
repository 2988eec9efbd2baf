import { composeSpatial, filterReconstruction, filterSpectrum } from '@rankwise/approx';
import { jacobiSvd, singularValues } from '@rankwise/linalg';
import { createRandom, fromNested, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { expectRatio, scalarRatio, valuesRatio } from '../kit/matrices/ratios.ts';
import { runs } from '../kit/runs.ts';

/** The rearrangement by plain loops: row c · kₕ + y, column f · k_w + x. */
function rearranged(weight: Tensor<'f32'>): Tensor<'f64'> {
  const [filters = 0, channels = 0, height = 0, width = 0] = weight.shape;
  const matrix = zeros('f64', [channels * height, filters * width]);
  let place = 0;
  for (let f = 0; f < filters; f++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, place++) {
          matrix.data[(c * height + y) * filters * width + f * width + x] = weight.data[place]!;
        }
      }
    }
  }
  return matrix;
}

function squaredDistance(a: Tensor<'f32'>, b: Tensor<'f64'>): number {
  expect(b.shape).toEqual(a.shape);
  return a.data.reduce((sum, x, i) => sum + (x - b.data[i]!) ** 2, 0);
}

const weights = fc
  .record({
    seed: seeds,
    shape: fc.tuple(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
    ),
    kind: fc.constantFrom('normal', 'separable', 'zero', 'tiny'),
  })
  .map(({ seed, shape, kind }) => {
    const random = createRandom(seed);
    const weight = zeros('f32', shape);
    const [, channels, height, width] = shape;
    const column = Array.from({ length: channels * height }, random.normal);
    const row = Array.from({ length: shape[0] * width }, random.normal);
    weight.data.forEach((_, i, all) => {
      const x = i % width;
      const cy = Math.floor(i / width) % (channels * height);
      const f = Math.floor(i / (width * channels * height));
      const value = kind === 'separable' ? column[cy]! * row[f * width + x]! : random.normal();
      all[i] = kind === 'zero' ? 0 : value * (kind === 'tiny' ? 2 ** -60 : 1);
    });
    return { seed, kind, weight, random };
  });

describe('filterReconstruction', () => {
  it('by hand: of diag(3, 1) one vertical filter keeps the 3', () => {
    const { factors, squaredError, squaredNorm } = filterReconstruction(
      fromNested('f64', [
        [
          [
            [3, 0],
            [0, 1],
          ],
        ],
      ]),
      1,
    );
    expect([squaredError, squaredNorm]).toEqual([1, 10]);
    expect([...composeSpatial(factors).data].map(Math.round)).toEqual([3, 0, 0, 0]);
  });

  it('its error is the sum of the squared singular values left out, at every rank (Eckart and Young)', () => {
    fc.assert(
      fc.property(weights, ({ kind, weight }) => {
        const matrix = rearranged(weight);
        const { s } = jacobiSvd(matrix);
        const squares = [...s.data].map((value) => value * value);
        const norm = squares.reduce((sum, value) => sum + value, 0);
        const most = Math.min(...matrix.shape);
        for (let rank = 1; rank <= most; rank++) {
          const left = squares.slice(rank).reduce((sum, value) => sum + value, 0);
          const found = filterReconstruction(weight, rank);
          const distance = squaredDistance(weight, composeSpatial(found.factors));
          const terms = weight.data.length;
          expectRatio('filterReconstruction: error', kind, scalarRatio(found.squaredError, left, norm, terms));
          expectRatio('filterReconstruction: distance', kind, scalarRatio(distance, left, norm, terms));
          expectRatio('filterReconstruction: norm', kind, scalarRatio(found.squaredNorm, norm, norm, terms));
          expect(found.factors.vertical.shape).toEqual([rank, weight.shape[1], weight.shape[2], 1]);
          expect(found.factors.horizontal.shape).toEqual([weight.shape[0], rank, 1, weight.shape[3]]);
        }
      }),
      { numRuns: runs(40) },
    );
  });

  it('by eigenvectors, for large layers, is as good in either orientation', () => {
    const random = createRandom(4);
    for (const shape of [
      [90, 91, 3, 3],
      [91, 90, 3, 3],
    ]) {
      const weight = random.fillNormalInPlace(zeros('f32', shape));
      const squares = [...singularValues(rearranged(weight)).data].map((value) => value * value);
      const norm = squares.reduce((sum, value) => sum + value, 0);
      const terms = weight.data.length;
      for (const rank of [1, 100, 270]) {
        const left = squares.slice(rank).reduce((sum, value) => sum + value, 0);
        const { factors, squaredError } = filterReconstruction(weight, rank);
        const name = `${shape.join('×')}, rank ${rank}`;
        expectRatio('filterReconstruction: error', name, scalarRatio(squaredError, left, norm, terms));
        const distance = squaredDistance(weight, composeSpatial(factors));
        expectRatio('filterReconstruction: distance', name, scalarRatio(distance, left, norm, terms));
      }
      const spectrum = filterSpectrum(weight);
      expect(spectrum).toHaveLength(270);
      expectRatio('filterSpectrum', shape.join('×'), valuesRatio(spectrum, Float64Array.from(squares)));
    }
  });

  it('gives both layers the same share of the scale', () => {
    const random = createRandom(5);
    const weight = random.fillNormalInPlace(zeros('f32', [6, 4, 3, 3]));
    const { vertical, horizontal } = filterReconstruction(weight, 5).factors;
    for (let k = 0; k < 5; k++) {
      let [a, b] = [0, 0];
      for (let i = 0; i < 12; i++) a += vertical.data[k * 12 + i]! ** 2;
      for (let f = 0; f < 6; f++) for (let x = 0; x < 3; x++) b += horizontal.data[(f * 5 + k) * 3 + x]! ** 2;
      expectRatio('filterReconstruction: balance', `filter ${k}`, scalarRatio(a, b, b, 18));
    }
  });

  it('refuses weights and ranks that cannot be', () => {
    const weight = zeros('f32', [4, 2, 3, 3]);
    expect(() => filterReconstruction(weight, 7)).toThrow(
      'filterReconstruction: rank: expected an integer from 1 to 6, got 7',
    );
    for (const rank of [0, 1.5, Number.NaN]) expect(() => filterReconstruction(weight, rank)).toThrow(/rank/);
    expect(() => filterReconstruction(zeros('f32', [4, 2, 3]), 1)).toThrow(
      'filterReconstruction: weight: expected [filters, channels, height, width], got [4, 2, 3]',
    );
    expect(() => filterSpectrum(zeros('f32', [4, 0, 3, 3]))).toThrow(/^filterSpectrum: weight: expected/);
    const nan = { ...weight, data: weight.data.with(3, Number.NaN) };
    expect(() => filterReconstruction(nan, 1)).toThrow(/^filterReconstruction: weight: /);
    expect(() => filterSpectrum(nan)).toThrow(/^filterSpectrum: weight: /);
  });
});
