import { createSimdKernels } from '@rankwise/simd';
import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import { jacobiEigen, jacobiSvd, pca, pcaFromSamples } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generalCases, seeds, symmetricCases } from '../kit/matrices/arbitraries.ts';
import {
  at,
  conjugated,
  matrixFrom,
  multiply,
  randomMatrix,
  randomOrthonormal,
  scaled,
  symmetrized,
} from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { difference, distanceRatio, expectRatio, factorizationRatio, isDescending, normFrobenius, orthogonalityRatio, scalarRatio, valuesRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

describe('pca', () => {
  it('by hand', () => {
    const { values, vectors, energy } = pca(fromNested('f64', [[1, 0], [0, 3]])); // prettier-ignore
    expect(toNested(values)).toEqual([3, 1]);
    expect(toNested(vectors)).toEqual([[0, 1], [1, 0]]); // prettier-ignore
    expect(toNested(energy)).toEqual([0.75, 1]);
    expect(toNested(pca(zeros('f64', [2, 2])).energy)).toEqual([1, 1]);
    expect(pca(zeros('f64', [0, 0])).energy.shape).toEqual([0]);
  });

  it('decomposes any semi-definite matrix, values not below 0, energy rising to 1', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ semidefinite }) => semidefinite === true),
        (example) => {
          const { matrix } = example;
          const { values, vectors, energy } = pca(matrix);
          expectRatio('pca: C = E e E', example, factorizationRatio(matrix, vectors, values.data, transpose(vectors)));
          expectRatio("pca: E'E = I", example, orthogonalityRatio(vectors));
          expect(isDescending(values)).toBe(true);
          expect(values.data.every((value) => value >= 0)).toBe(true);
          expect(energy.data.every((value, i) => value <= 1 && value >= (energy.data[i - 1] ?? 0))).toBe(true);
          expect(energy.data.at(-1) ?? 1).toBe(1);
        },
      ),
      { numRuns: runs() },
    );
  });

  it('the first k components leave Σ of the other eigenvalues (Eckart and Young)', () => {
    const y = randomMatrix(6, 25, createRandom(4));
    const moment = symmetrized(multiply(y, transpose(y)));
    const { values, vectors } = pca(moment);
    for (let k = 0; k <= 6; k++) {
      const top = matrixFrom(6, k, (i, j) => at(vectors, i, j));
      const left = normFrobenius(difference(y, multiply(top, multiply(transpose(top), y)))) ** 2;
      const rest = values.data.slice(k).reduce((sum, value) => sum + value, 0);
      expectRatio('pca: residual', `k = ${k}`, scalarRatio(left, rest, normFrobenius(y) ** 2, 25));
    }
  });

  it('refuses what is no covariance', () => {
    expect(() => pca(fromNested('f64', [[1, 2], [2, 1]]))).toThrow(/pca: moment: expected a positive semi-definite matrix, got eigenvalues from -/); // prettier-ignore
    expect(() => pca(fromNested('f64', [[1, 2]]))).toThrow('pca: moment: expected a square matrix, got shape [1, 2]');
    expect(() => pca(fromNested('f64', [[1, 2], [3, 1]]))).toThrow('pca: moment: expected a symmetric matrix'); // prettier-ignore
  });
});

const leading = (vectors: Matrix, k: number): Matrix =>
  matrixFrom(vectors.shape[0] ?? 0, k, (i, j) => at(vectors, i, j));

/** Σ ‖y − Q Qᵀ y‖² over the rows y. */
const lost = (y: Matrix, q: Matrix): number =>
  normFrobenius(difference(y, multiply(multiply(y, q), transpose(q)))) ** 2;

function centred(y: Matrix): Matrix {
  const [n = 0, d = 0] = y.shape;
  const means = Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += at(y, i, j);
    return sum / n;
  });
  return matrixFrom(n, d, (i, j) => at(y, i, j) - means[j]!);
}

describe('pca: the leading components', () => {
  it('are those of all, with shares of the whole', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ semidefinite }) => semidefinite === true),
        fc.constantFrom(0, 1, 2, 5, 100),
        (example, most) => {
          const { matrix } = example;
          const [n = 0] = matrix.shape;
          const whole = pca(matrix);
          const k = Math.min(most, n);
          const part = pca(matrix, { count: k });
          expect([part.values.shape, part.vectors.shape, part.energy.shape]).toEqual([[k], [n, k], [k]]); // prettier-ignore
          expectRatio("pca: E'E = I", example, orthogonalityRatio(part.vectors));
          const largest = whole.values.data[0] ?? 0;
          for (let i = 0; i < k; i++) {
            expectRatio('pca: leading values', example, scalarRatio(part.values.data[i]!, whole.values.data[i]!, largest, n)); // prettier-ignore
            expectRatio(
              'pca: leading shares',
              example,
              scalarRatio(part.energy.data[i]!, whole.energy.data[i]!, 1, n * n),
            );
          }
          expect(part.energy.data.every((value, i) => value <= 1 && value >= (part.energy.data[i - 1] ?? 0))).toBe(
            true,
          );
        },
      ),
      { numRuns: runs() },
    );
  });

  it('no perturbation of the subspace keeps more', () => {
    for (const [d, k, seed] of [[2, 1, 1], [5, 2, 2], [8, 3, 3]] as const) {
      const random = createRandom(seed);
      const y = multiply(randomMatrix(30, d, random), randomMatrix(d, d, random));
      const moment = multiply(transpose(y), y);
      const q = pca(symmetrized(moment), { count: k }).vectors;
      const least = lost(y, q);
      const slack = 30 * d * Number.EPSILON * normFrobenius(y) ** 2; // bound: rounding of sums of 30 d squares
      for (let trial = 0; trial < 100; trial++) {
        const step = 2 ** -(trial % 20);
        const other = jacobiSvd({ ...q, data: q.data.map((value) => value + step * random.normal()) }).u;
        expect(lost(y, other)).toBeGreaterThanOrEqual(least - slack);
      }
    } // prettier-ignore
  });

  it('one direction of two, three or four: none on a fine grid keeps more, and the best nearly as much', () => {
    for (const [d, steps] of [[2, 2000], [3, 200], [4, 40]] as const) {
      const c = conjugated([5, 3, 2, 1].slice(0, d), createRandom(d)); // prettier-ignore
      const angles = Array.from({ length: steps }, (_, i) => (Math.PI * i) / steps);
      let most = 0;
      const keep = (x: readonly number[]): void => {
        let sum = 0;
        for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) sum += x[i]! * at(c, i, j) * x[j]!;
        most = Math.max(most, sum);
      };
      for (const a of angles) {
        for (const b of d > 2 ? angles : [Math.PI / 2]) {
          for (const e of d > 3 ? angles : [Math.PI / 2]) {
            keep([Math.sin(e) * Math.sin(b) * Math.cos(a), Math.sin(e) * Math.sin(b) * Math.sin(a), Math.sin(e) * Math.cos(b), Math.cos(e)].slice(0, d)); // prettier-ignore
          }
        }
      }
      const { values } = pca(c, { count: 1 });
      expect(most).toBeLessThanOrEqual(values.data[0]! * (1 + 64 * Number.EPSILON)); // bound: rounding of sums of 16 products
      // Some direction lies within h = π / steps in each of d − 1 angles of the best: 1 − cos² of at most (d − 1) h² is lost.
      expect(most).toBeGreaterThanOrEqual(values.data[0]! * (1 - (d - 1) * (Math.PI / steps) ** 2));
    } // prettier-ignore
  });

  it('by Jacobi, permuted and turned', () => {
    const random = createRandom(9);
    const c = conjugated([8, 4, 2, 1, 0.5], random);
    const { values, vectors } = pca(c, { count: 3 });
    const other = jacobiEigen(c);
    expectRatio('pca: against Jacobi', 'values', valuesRatio(values.data, other.values.data.slice(0, 3)));
    // Vectors turn by rounding over gap, 8 of the largest value at most.
    expectRatio('pca: against Jacobi', 'vectors', distanceRatio(vectors, leading(other.vectors, 3), 8, 5));
    const q = randomOrthonormal(5, 5, random);
    const turned = pca(symmetrized(multiply(q, multiply(c, transpose(q)))), { count: 3 });
    const projector = (x: Matrix): Matrix => multiply(x, transpose(x));
    const expected = multiply(q, multiply(projector(vectors), transpose(q)));
    expectRatio('pca: turned', 'projector', distanceRatio(projector(turned.vectors), expected, 8, 15));
    const order = [2, 0, 4, 3, 1];
    const permuted = pca(
      matrixFrom(5, 5, (i, j) => at(c, order[i]!, order[j]!)),
      { count: 3 },
    );
    const moved = matrixFrom(5, 5, (i, j) => at(projector(vectors), order[i]!, order[j]!));
    expectRatio('pca: permuted', 'projector', distanceRatio(projector(permuted.vectors), moved, 8, 15));
  });

  it('near overflow, subnormal: shares stay shares', () => {
    const c = conjugated([3, 2, 1], createRandom(1));
    const plain = pca(c);
    for (const power of [1020, 600, -600, -1000]) {
      const { energy, vectors } = pca(scaled(c, 2 ** power));
      expect([energy, vectors]).toEqual([plain.energy, plain.vectors]);
    }
    const { values, energy: shares } = pca(fromNested('f64', [[1.2e308, 0.9e308], [0.9e308, 1.2e308]])); // prettier-ignore
    expect([values.data[0], shares.data[1]]).toEqual([Infinity, 1]);
    expectRatio('pca: near overflow', 'share', scalarRatio(shares.data[0]!, 0.875, 1, 2));
    const { energy } = pca(scaled(c, 2 ** -1070), { count: 2 });
    expect(energy.data.every((value) => value > 0 && value <= 1)).toBe(true);
  });

  it('notices a matrix that is no covariance where the diagonal or the trace shows it', () => {
    expect(() => pca(fromNested('f64', [[1, 2], [2, 1]]), { count: 1 })).toThrow(/^pca: moment: expected a positive semi-definite/); // prettier-ignore
    expect(() => pca(fromNested('f64', [[5, 0], [0, -1]]), { count: 1 })).toThrow(/^pca: moment: expected a positive semi-definite/); // prettier-ignore
    expect(() => pca(fromNested('f64', [[-5]]), { count: 0 })).toThrow(
      /^pca: moment: expected a positive semi-definite/,
    );
    for (const count of [-1, 0.5, NaN, 3]) {
      expect(() => pca(zeros('f64', [2, 2]), { count })).toThrow(`pca: count: expected an integer from 0 to 2, got ${count}`); // prettier-ignore
    }
  });
});

describe('pcaFromSamples', () => {
  it('by hand', () => {
    const found = pcaFromSamples(fromNested('f64', [[1, 5], [1, 9]])); // prettier-ignore
    expect([toNested(found.mean), toNested(found.values), toNested(found.energy)]).toEqual([[1, 7], [4, 0], [1, 1]]); // prettier-ignore
    const raw = pcaFromSamples(fromNested('f32', [[3, 0], [0, 1]]), { centre: false, count: 1 }); // prettier-ignore
    expect([toNested(raw.mean), toNested(raw.values)]).toEqual([[0, 0], [4.5]]);
    expectRatio('pcaFromSamples: by hand', 'share', scalarRatio(raw.energy.data[0]!, 0.9, 1, 2));
    for (const [n, d] of [[0, 0], [0, 3], [3, 0], [1, 3], [1, 1]] as const) {
      const { mean, values, vectors } = pcaFromSamples(matrixFrom(n, d, () => 2));
      const k = Math.min(n, d);
      expect([mean.shape, values.shape, vectors.shape]).toEqual([[d], [k], [d, k]]); // prettier-ignore
      expect([...mean.data]).toEqual(Array(d).fill(n === 0 ? 0 : 2));
      expect(values.data.every((value) => value === 0)).toBe(true);
    } // prettier-ignore
  });

  it('leaves Σ of the other values, for samples of every kind, more or fewer than variables', () => {
    fc.assert(
      fc.property(generalCases(), fc.boolean(), ({ matrix, kind, what }, centre) => {
        const [n = 0, d = 0] = matrix.shape;
        const largest = Math.max(...matrix.data.map(Math.abs));
        const unit = matrixFrom(n, d, (i, j) => at(matrix, i, j) / (largest || 1));
        const y = centre && n > 0 ? centred(unit) : unit;
        const { values, vectors, energy } = pcaFromSamples(unit, { centre });
        const k = Math.min(n, d);
        const name = { kind, what };
        expect([values.shape, vectors.shape]).toEqual([[k], [d, k]]); // prettier-ignore
        expect(isDescending(values)).toBe(true);
        expect(energy.data.at(-1) ?? 1).toBe(1);
        expectRatio("pcaFromSamples: E'E = I", name, orthogonalityRatio(vectors));
        const total = normFrobenius(unit) ** 2;
        for (const keep of [0, 1, k >> 1, k]) {
          const rest = values.data.slice(keep).reduce((sum, value) => sum + value * n, 0);
          expectRatio('pcaFromSamples: residual', name, scalarRatio(lost(y, leading(vectors, Math.min(keep, k))), rest, total, n + d)); // prettier-ignore
        }
      }),
      { numRuns: runs() },
    );
  });

  it('both ways agree with the singular values of the centred samples, by Jacobi', () => {
    const shapes = fc.record({ n: fc.integer({ min: 1, max: 12 }), d: fc.integer({ min: 1, max: 12 }), seed: seeds });
    fc.assert(
      fc.property(shapes, ({ n, d, seed }) => {
        const y = matrixFrom(n, d, (i, j) => i + at(randomMatrix(n, d, createRandom(seed)), i, j));
        const { values } = pcaFromSamples(y);
        const { s } = jacobiSvd(centred(y));
        const scale = normFrobenius(y) ** 2;
        s.data.forEach((value, i) => expectRatio('pcaFromSamples: against Jacobi', `${n} x ${d}, seed ${seed}`, scalarRatio(values.data[i]! * n, value ** 2, scale, n + d))); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  it('of a part is the part', () => {
    for (const [n, d] of [[20, 6], [6, 20]] as const) {
      const y = randomMatrix(n, d, createRandom(n));
      const whole = pcaFromSamples(y);
      const part = pcaFromSamples(y, { count: 3 });
      expectRatio('pcaFromSamples: count', `${n} x ${d}`, valuesRatio(part.values.data, whole.values.data.slice(0, 3)));
      expectRatio('pcaFromSamples: count', `${n} x ${d}`, valuesRatio(part.energy.data, whole.energy.data.slice(0, 3)));
    } // prettier-ignore
  });

  it('a large mean does not hide a small variance; powers of two change no bit of the vectors', () => {
    const random = createRandom(7);
    const y = matrixFrom(40, 3, (_, j) => 2 ** 30 + (j + 1) * (Math.round(1024 * random.normal()) / 1024));
    const moved = matrixFrom(40, 3, (i, j) => at(y, i, j) - 2 ** 30);
    const [found, expected] = [pcaFromSamples(y), pcaFromSamples(moved)];
    // The mean is rounded at the size of the samples, 2^30, and enters the values squared.
    expectRatio('pcaFromSamples: large mean', 'd 3', valuesRatio(found.values.data, expected.values.data));
    for (const power of [-1000, -600, 600, 980]) {
      const other = pcaFromSamples(scaled(moved, 2 ** power));
      expect([other.vectors, other.energy]).toEqual([expected.vectors, expected.energy]);
      expect([...other.values.data]).toEqual([...expected.values.data].map((value) => value * 2 ** power * 2 ** power));
      expect([...other.mean.data]).toEqual([...expected.mean.data].map((value) => value * 2 ** power));
    }
    const still = pcaFromSamples(matrixFrom(3, 2, () => 2 ** 1000));
    expect([...still.values.data, ...still.energy.data]).toEqual([0, 0, 1, 1]);
  });

  it.each([[100, 65], [33, 64]])('%i samples of %i variables, with simd kernels', async (n, d) => {
    const kernels = await createSimdKernels({ threads: 1 });
    const y = randomMatrix(n, d, createRandom(d));
    const { values, vectors } = pcaFromSamples(y, { kernels });
    expectRatio("pcaFromSamples: E'E = I", `${n} x ${d}, simd`, orthogonalityRatio(vectors));
    const s = jacobiSvd(centred(y)).s.data.map((value) => value ** 2 / n);
    expectRatio('pcaFromSamples: against Jacobi', `${n} x ${d}, simd`, valuesRatio(values.data, s));
    kernels.dispose();
  }); // prettier-ignore

  it('refuses what is not finite, or has no two axes', () => {
    expect(() => pcaFromSamples(fromNested('f64', [[1, NaN]]))).toThrow('pcaFromSamples: samples: expected finite elements, got NaN at [0, 1]'); // prettier-ignore
    expect(() => pcaFromSamples(zeros('f64', [3]))).toThrow('pcaFromSamples: samples: expected 2 axes');
    for (const [n, d] of [[2, 3], [3, 2]] as const) {
      for (const count of [-1, 3]) {
        expect(() => pcaFromSamples(zeros('f64', [n, d]), { count })).toThrow(`pcaFromSamples: count: expected an integer from 0 to 2, got ${count}`); // prettier-ignore
      }
    } // prettier-ignore
  });
});
