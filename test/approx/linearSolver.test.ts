import { balanced, solveLinear } from '@rankwise/approx';
import type { LowRankMap } from '@rankwise/approx';
import { jacobiEigen, jacobiSvd } from '@rankwise/linalg';
import { createRandom, fromNested, transpose } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom, multiply, symmetrized } from '../kit/matrices/gallery.ts';
import { distanceRatio, expectRatio, productRatio } from '../kit/matrices/ratios.ts';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import {
  centredProducts,
  columnMeans,
  mapMatrix,
  mixedSamples,
  objective,
  predictions,
  sampleAt,
  samplesFrom,
  solveFromRight,
  sumOfSquares,
} from './support.ts';
import type { Samples } from './support.ts';

/** A related second set of samples: a mixing of the first, noise, and means of its own. */
function distorted(samples: Samples, random: Random): Samples {
  const [n = 0, d = 0] = samples.shape;
  const mixing = matrixFrom(d, d, (i, j) => (i === j ? 1 : random.normal() / 4));
  const means = Array.from({ length: d }, () => random.normal());
  return samplesFrom(n, d, (row, i) => {
    let sum = (means[i] ?? 0) + random.normal() / 3;
    for (let j = 0; j < d; j++) sum += at(mixing, i, j) * sampleAt(samples, row, j);
    return sum;
  });
}

const problems = fc.record({ seed: seeds, d: fc.integer({ min: 1, max: 7 }), extra: fc.integer({ min: 5, max: 40 }) });

describe('solveLinear: by hand', () => {
  it('two filters that always respond alike need one direction', () => {
    const y = fromNested('f32', [
      [1, 1],
      [2, 2],
      [6, 6],
    ]);
    const { map, rank } = solveLinear({ target: y, regressor: y }, 1);
    expect(rank).toBe(1);
    for (const value of mapMatrix(map).data) expectWithin(value, 0.5, gamma(8, 'f64'), 'M');
    for (const value of map.offset) expectWithin(value, 0, gamma(8, 'f64') * 6, 'b');
  });

  it('keeps the direction that varies most and gives the other its mean', () => {
    const y = fromNested('f32', [
      [4, 3],
      [-4, 3],
      [4, 5],
      [-4, 5],
    ]);
    const { map } = solveLinear({ target: y, regressor: y }, 1);
    expect([...mapMatrix(map).data].map((x) => x + 0)).toEqual([1, 0, 0, 0]);
    expect([...map.offset].map((x) => x + 0)).toEqual([0, 4]);
  });

  it('asymmetric, one filter: the regression line', () => {
    // y = 3 ŷ − 1 exactly.
    const regressor = fromNested('f32', [[0], [1], [3]]);
    const target = fromNested('f32', [[-1], [2], [8]]);
    const { map } = solveLinear({ target, regressor }, 1);
    expectWithin(mapMatrix(map).data[0]!, 3, 3 * gamma(16, 'f64'), 'slope');
    expectWithin(map.offset[0]!, -1, 8 * gamma(16, 'f64'), 'intercept');
  });
});

describe('solveLinear: symmetric', () => {
  it('is the projection on the leading eigenvectors that Jacobi rotations find', () => {
    fc.assert(
      fc.property(problems, ({ seed, d, extra }) => {
        const n = d + extra;
        const y = mixedSamples(n, d, createRandom(seed));
        const { values, vectors } = jacobiEigen(symmetrized(centredProducts(y, y)));
        for (let rank = 1; rank <= d; rank++) {
          const { map, rank: found } = solveLinear({ target: y, regressor: y }, rank);
          expect(found).toBe(rank);
          const top = matrixFrom(d, rank, (i, j) => at(vectors, i, j));
          const expected = multiply(top, transpose(top));
          // A projection moves by ‖ΔC‖ / gap (Davis–Kahan); the moment's rounding is n ε of the largest eigenvalue.
          const gap = rank === d ? values.data[0]! : values.data[rank - 1]! - values.data[rank]!;
          const scale = Math.max(1, values.data[0]! / gap);
          expectRatio('M = U U^T', `seed ${seed}, ${n} x ${d}`, distanceRatio(mapMatrix(map), expected, scale, n + d));
          const mean = columnMeans(y);
          const atMean = predictions(
            samplesFrom(1, d, (_, j) => mean[j]!),
            mapMatrix(map),
            map.offset,
          );
          // The row of means is rounded to f32; M is a projection, so I − M does not enlarge what that moves.
          for (let j = 0; j < d; j++) expectWithin(at(atMean, 0, j), mean[j]!, gamma(4 * d, 'f32') * 4, 'mean kept');
        }
      }),
      { numRuns: runs(40) },
    );
  });
});

describe('solveLinear: asymmetric', () => {
  it('at full rank is least squares by elimination', () => {
    fc.assert(
      fc.property(problems, ({ seed, d, extra }) => {
        const random = createRandom(seed);
        const n = d + extra;
        const target = mixedSamples(n, d, random);
        const regressor = distorted(target, random);
        const moment = symmetrized(centredProducts(regressor, regressor));
        const expected = solveFromRight(centredProducts(target, regressor), moment);
        const { map } = solveLinear({ target, regressor }, d);
        const { values } = jacobiEigen(moment);
        const condition = values.data[0]! / values.data[d - 1]!;
        const scale = condition * Math.max(1, ...expected.data.map(Math.abs));
        expectRatio(
          'M = least squares',
          `seed ${seed}, ${n} x ${d}`,
          distanceRatio(mapMatrix(map), expected, scale, n),
        );
      }),
      { numRuns: runs(60) },
    );
  });

  it('no perturbation of the factors or the offset does better at the same rank', () => {
    fc.assert(
      fc.property(problems, fc.boolean(), ({ seed, d, extra }, symmetric) => {
        const random = createRandom(seed);
        const n = d + extra;
        const target = mixedSamples(n, d, random);
        const samples = { target, regressor: symmetric ? target : distorted(target, random) };
        const { map } = solveLinear(samples, 1 + random.integer(d));
        const least = objective(samples, map, { kind: 'identity' });
        const allowance = 2 * gamma(n * d + 4 * d, 'f64') * sumOfSquares(samples.target, samples.regressor);
        for (let trial = 0; trial < 12; trial++) {
          const step = 4 ** -(trial % 6);
          const moved = (values: Float64Array): Float64Array => values.map((x) => x + step * random.normal());
          const other: LowRankMap = {
            left: trial % 3 === 0 ? map.left : { ...map.left, data: moved(map.left.data) },
            right: trial % 3 === 1 ? map.right : { ...map.right, data: moved(map.right.data) },
            offset: trial % 2 === 0 ? map.offset : moved(map.offset),
          };
          expect(least).toBeLessThanOrEqual(objective(samples, other, { kind: 'identity' }) + allowance);
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it('the offset follows the mean of the target, not of the regressor', () => {
    const random = createRandom(3);
    const regressor = samplesFrom(30, 4, () => random.integer(9) - 4);
    const target = samplesFrom(30, 4, () => random.integer(9) - 4);
    const lifted = samplesFrom(30, 4, (row, j) => sampleAt(target, row, j) + 16 * (j + 1));
    const plain = solveLinear({ target, regressor }, 2).map;
    const shifted = solveLinear({ target: lifted, regressor }, 2).map;
    plain.offset.forEach((value, j) => {
      expectWithin(shifted.offset[j]! - value, 16 * (j + 1), 64 * gamma(120, 'f64') * 30, `offset ${j}`);
    });
    const level = predictions(
      samplesFrom(1, 4, (_, j) => columnMeans(regressor)[j]!),
      mapMatrix(plain),
      plain.offset,
    );
    columnMeans(target).forEach((mean, j) => {
      expectWithin(at(level, 0, j), mean, 64 * gamma(8, 'f32'), 'the mean goes to the mean'); // bound: means rounded to f32
    });
  });
});

describe('solveLinear: degenerate samples', () => {
  it.each(['symmetric', 'asymmetric'])('dead filters get their constant and weight nothing (%s)', (kind) => {
    const random = createRandom(8);
    const y = samplesFrom(25, 5, (_, j) => (j === 1 ? 7 : j === 3 ? 0 : random.normal()));
    const { map, rank } = solveLinear({ target: y, regressor: kind === 'symmetric' ? y : { ...y } }, 5);
    expect(rank).toBe(3);
    expect(map.left.shape).toEqual([5, 3]);
    const m = mapMatrix(map);
    const allowance = gamma(500, 'f64');
    for (let j = 0; j < 5; j++) {
      expectWithin(at(m, 1, j), 0, allowance, 'row of the constant');
      expectWithin(at(m, j, 3), 0, allowance, 'column of the zero');
    }
    expectWithin(map.offset[1]!, 7, 7 * allowance, 'constant');
    expectWithin(map.offset[3]!, 0, allowance, 'zero');
  });

  it.each(['symmetric', 'asymmetric'])('responses that never vary need one direction of zeros (%s)', (kind) => {
    const y = samplesFrom(6, 3, (_, j) => 2 * j);
    const { map, rank } = solveLinear({ target: y, regressor: kind === 'symmetric' ? y : { ...y } }, 2);
    expect(rank).toBe(1);
    expect([...mapMatrix(map).data].every((x) => x === 0)).toBe(true);
    expect([...map.offset]).toEqual([0, 2, 4]);
  });

  it.each(['symmetric', 'asymmetric'])('fewer samples than filters are fitted exactly (%s)', (kind) => {
    const y = mixedSamples(3, 6, createRandom(4));
    const samples = { target: y, regressor: kind === 'symmetric' ? y : { ...y } };
    const { map, rank } = solveLinear(samples, 5);
    expect(rank).toBe(2);
    expectWithin(
      objective(samples, map, { kind: 'identity' }),
      0,
      gamma(200, 'f64') ** 2 * sumOfSquares(y),
      'residual',
    );
  });

  it('one sample is its own mean', () => {
    const y = fromNested('f32', [[1, -2, 3]]);
    const { map, rank } = solveLinear({ target: y, regressor: y }, 3);
    expect(rank).toBe(1);
    expect([...map.offset]).toEqual([1, -2, 3]);
  });

  it('a full rank is the identity', () => {
    const y = mixedSamples(40, 5, createRandom(6));
    const samples = { target: y, regressor: y };
    expectWithin(
      objective(samples, solveLinear(samples, 5).map, { kind: 'identity' }),
      0,
      gamma(400, 'f64') ** 2 * sumOfSquares(y),
    );
  });
});

describe('balanced', () => {
  it('keeps M and gives both factors the singular values of M as squared column norms', () => {
    fc.assert(
      fc.property(problems, ({ seed, d }) => {
        const random = createRandom(seed);
        const k = 1 + random.integer(d);
        const map = {
          left: matrixFrom(d, k, () => 100 * random.normal()),
          right: matrixFrom(k, d, () => random.normal() / 100),
          offset: Float64Array.from({ length: d }, () => random.normal()),
        };
        const { left, right, offset } = balanced(map);
        const m = mapMatrix(map);
        expectRatio('balanced M', `seed ${seed}`, productRatio(m, left, right) / 10);
        expect([...offset]).toEqual([...map.offset]);
        const { s } = jacobiSvd(m);
        const diagonal = matrixFrom(k, k, (i, j) => (i === j ? s.data[i]! : 0));
        for (const gram of [multiply(transpose(left), left), multiply(right, transpose(right))]) {
          expectRatio('gram = S', `seed ${seed}`, distanceRatio(gram, diagonal, s.data[0]!, 10 * d));
        }
      }),
      { numRuns: runs(50) },
    );
  });
});

describe('solveLinear: refuses', () => {
  const y = fromNested('f32', [
    [1, 2],
    [3, 5],
    [4, 4],
  ]);
  it.each([0, 3, -1, 1.5, Number.NaN])('rank %s', (rank) => {
    expect(() => solveLinear({ target: y, regressor: y }, rank)).toThrow(
      /^solveLinear: rank: expected an integer from 1 to 2/,
    );
  });
  it('shapes that differ, empty samples, views and values that are not finite', () => {
    const nan = fromNested('f32', [
      [1, 2],
      [3, Number.NaN],
      [4, 4],
    ]);
    const empty = samplesFrom(0, 2, () => 0);
    expect(() => solveLinear({ target: y, regressor: samplesFrom(3, 3, () => 1) }, 1)).toThrow(
      /^solveLinear: regressor:/,
    );
    expect(() => solveLinear({ target: empty, regressor: empty }, 1)).toThrow(/^solveLinear: target: expected shape/);
    expect(() => solveLinear({ target: transpose(y), regressor: transpose(y) }, 1)).toThrow(
      /^solveLinear: target:.*contiguous/,
    );
    expect(() => solveLinear({ target: nan, regressor: y }, 1)).toThrow(/^solveLinear: target:.*NaN at \[1, 1\]/);
    expect(() => solveLinear({ target: y, regressor: nan }, 1)).toThrow(/^solveLinear: regressor:.*NaN/);
  });
});
