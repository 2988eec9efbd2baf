import { createSimdKernels } from '@rankwise/simd';
import { createRandom, fromNested, toNested, transpose, zeros } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { jacobiEigen, jacobiSvd, procrustes } from '@rankwise/linalg';
import type { Procrustes, ProcrustesOptions } from '@rankwise/linalg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { at, matrixFrom, multiply, randomMatrix, randomOrthonormal, scaled } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';
import { difference, distanceRatio, expectRatio, normFrobenius, orthogonalityRatio, scalarRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore
import { runs } from '../kit/runs.ts';

const similarity: ProcrustesOptions = { scaling: true, translation: true };

/** s B Q + 1 tᵀ. */
function moved(b: Matrix, { orthogonal, scale, translation }: Omit<Procrustes, 'residual'>): Matrix {
  const turned = multiply(b, orthogonal);
  return matrixFrom(b.shape[0] ?? 0, b.shape[1] ?? 0, (i, j) => scale * at(turned, i, j) + translation.data[j]!);
}

const distance = (a: Matrix, b: Matrix, map: Omit<Procrustes, 'residual'>): number => normFrobenius(difference(a, moved(b, map))); // prettier-ignore

/** det by cofactors. */
function determinant(q: Matrix): number {
  const [n = 0] = q.shape;
  if (n === 0) return 1;
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const minor = matrixFrom(n - 1, n - 1, (i, k) => at(q, i + 1, k < j ? k : k + 1));
    sum += (j % 2 === 0 ? 1 : -1) * at(q, 0, j) * determinant(minor);
  }
  return sum;
}

/** A rotation by an angle in the plane of axes i and j. */
const planeRotation = (n: number, i: number, j: number, angle: number): Matrix =>
  matrixFrom(n, n, (a, b) => {
    if (a === b) return a === i || a === j ? Math.cos(angle) : 1;
    if (a === i && b === j) return -Math.sin(angle);
    return a === j && b === i ? Math.sin(angle) : 0;
  });

const reflection = (n: number): Matrix => matrixFrom(n, n, (i, j) => (i === j ? (i === 0 ? -1 : 1) : 0));

/** Points of any rank up to d, and noise unless told. */
function points(n: number, d: number, rank: number, random: Random): Matrix {
  return multiply(randomMatrix(n, rank, random), randomMatrix(rank, d, random));
}

const shapes = fc.record({
  n: fc.integer({ min: 1, max: 12 }),
  d: fc.integer({ min: 1, max: 5 }),
  rank: fc.integer({ min: 0, max: 5 }),
  rotation: fc.boolean(),
  scaling: fc.boolean(),
  translation: fc.boolean(),
  seed: seeds,
});

describe('procrustes by hand', () => {
  const square = fromNested('f64', [[1, 0], [-1, 0], [0, 1], [0, -1]]); // prettier-ignore

  it('a quarter turn, twice as large, moved', () => {
    const a = fromNested('f64', [[5, 2], [5, -2], [3, 0], [7, 0]]); // prettier-ignore
    const { orthogonal, scale, translation, residual } = procrustes(a, square, { ...similarity, rotation: true });
    expect(toNested(orthogonal)).toEqual([[0, 1], [-1, 0]]); // prettier-ignore
    expect([scale, toNested(translation), residual]).toEqual([2, [5, 0], 0]);
  });

  it('a mirror image needs a reflection; the best rotation leaves the shorter axis the wrong way round', () => {
    const a = fromNested('f64', [[1, 3], [1, -3], [-1, 3]]); // prettier-ignore
    const b = fromNested('f64', [[-1, 3], [-1, -3], [1, 3]]); // prettier-ignore
    const { orthogonal, residual } = procrustes(a, b);
    expectRatio('procrustes: by hand', 'mirror', scalarRatio(residual, 0, normFrobenius(a), 6));
    expectRatio('procrustes: by hand', 'mirror', distanceRatio(orthogonal, fromNested('f64', [[-1, 0], [0, 1]]), 1, 2)); // prettier-ignore
    const rotated = procrustes(a, b, { rotation: true });
    expectRatio('procrustes: by hand', 'det', scalarRatio(determinant(rotated.orthogonal), 1, 1, 2));
    expect(rotated.residual).toBeGreaterThan(1);
  });

  it('in one dimension: a sign, or nothing but 1', () => {
    const a = fromNested('f64', [[-2], [-4]]);
    const b = fromNested('f64', [[1], [2]]);
    expect(toNested(procrustes(a, b).orthogonal)).toEqual([[-1]]);
    expect(procrustes(a, b, { scaling: true })).toMatchObject({ scale: 2, residual: 0 });
    const rotated = procrustes(a, b, { rotation: true, scaling: true });
    expect([toNested(rotated.orthogonal), rotated.scale, rotated.residual]).toEqual([[[1]], 0, Math.sqrt(20)]);
  });

  it('no points, no dimensions, one point, all the same, all zero', () => {
    for (const [n, d] of [[0, 0], [3, 0], [0, 3]] as const) {
      const empty = procrustes(zeros('f64', [n, d]), zeros('f64', [n, d]), { ...similarity, rotation: true });
      expect([empty.orthogonal.shape, empty.translation.shape, empty.residual, empty.scale]).toEqual([[d, d], [d], 0, 1]); // prettier-ignore
      expect(orthogonalityRatio(empty.orthogonal)).toBe(0);
    } // prettier-ignore
    const one = procrustes(fromNested('f64', [[3, 4]]), fromNested('f64', [[7, 1]]), similarity);
    expect([one.scale, one.residual]).toEqual([1, 0]);
    const still = procrustes(square, zeros('f64', [4, 2]), { scaling: true });
    expect([still.scale, still.residual]).toEqual([1, 2]);
    expect(procrustes(zeros('f64', [4, 2]), square, { scaling: true })).toMatchObject({ scale: 0, residual: 0 });
  });
});

describe('procrustes: laws', () => {
  it('orthogonal, of the determinant asked for, with the residual of its map; no nearby map is better', () => {
    fc.assert(
      fc.property(shapes, ({ n, d, rank, rotation, scaling, translation, seed }) => {
        const random = createRandom(seed);
        const a = randomMatrix(n, d, random);
        const b = points(n, d, Math.min(rank, d), random);
        const found = procrustes(a, b, { rotation, scaling, translation });
        const what = `n ${n}, d ${d}, rank ${rank}, ${rotation}, ${scaling}, ${translation}, seed ${seed}`;
        expectRatio("procrustes: Q'Q = I", what, orthogonalityRatio(found.orthogonal));
        if (rotation) expectRatio('procrustes: det Q = 1', what, scalarRatio(determinant(found.orthogonal), 1, 1, d * d)); // prettier-ignore
        expect(found.scale).toBeGreaterThanOrEqual(0);
        if (!scaling) expect(found.scale).toBe(1);
        if (!translation) expect([...found.translation.data].every((value) => value === 0)).toBe(true);
        const size = normFrobenius(a) + found.scale * normFrobenius(b);
        expectRatio('procrustes: residual', what, scalarRatio(distance(a, b, found), found.residual, size, n * d));
        const least = found.residual ** 2;
        const slack = 30 * n * d * Number.EPSILON * size ** 2; // bound: rounding of the squared distances
        for (let trial = 0; trial < 12; trial++) {
          const step = 4 ** -(trial % 6);
          let q = found.orthogonal;
          for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) q = multiply(q, planeRotation(d, i, j, step * random.normal())); // prettier-ignore
          if (!rotation && trial % 2 === 1) q = multiply(reflection(d), q);
          const scale = scaling ? Math.max(0, found.scale + step * random.normal()) : 1;
          const shift = found.translation.data.map((value) => value + (translation ? step * random.normal() : 0));
          const other = { orthogonal: q, scale, translation: { ...found.translation, data: shift } };
          expect(distance(a, b, other) ** 2, what).toBeGreaterThanOrEqual(least - slack);
        }
      }),
      { numRuns: runs() },
    );
  });

  it('recovers a similarity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.boolean(), seeds, (d, rotation, seed) => {
        const random = createRandom(seed);
        const b = randomMatrix(4 * d + 4, d, random);
        let q = randomOrthonormal(d, d, random);
        if (rotation && determinant(q) < 0) q = multiply(reflection(d), q);
        const scale = 0.5 + random.uniform();
        const translation = { ...zeros('f64', [d]), data: Float64Array.from({ length: d }, () => random.normal()) };
        const a = moved(b, { orthogonal: q, scale, translation });
        const found = procrustes(a, b, { rotation, ...similarity });
        const what = `d ${d}, seed ${seed}`;
        const singular = jacobiSvd(b).s.data;
        const condition = (singular[0]! / singular[d - 1]!) ** 2;
        expectRatio('procrustes: Q found again', what, distanceRatio(found.orthogonal, q, condition, 10 * d));
        expectRatio('procrustes: s found again', what, scalarRatio(found.scale, scale, 1, 10 * d));
      }),
      { numRuns: runs() },
    );
  });

  it('turns with either configuration', () => {
    const random = createRandom(5);
    const [a, b] = [randomMatrix(9, 3, random), randomMatrix(9, 3, random)];
    const [p, q] = [randomOrthonormal(3, 3, random), randomOrthonormal(3, 3, random)];
    const plain = procrustes(a, b, similarity);
    const turned = procrustes(multiply(a, p), multiply(b, q), similarity);
    const expected = multiply(transpose(q), multiply(plain.orthogonal, p));
    const condition = jacobiSvd(multiply(transpose(b), a)).s.data;
    expectRatio('procrustes: turned', 'n 9, d 3', distanceRatio(turned.orthogonal, expected, condition[0]! / condition[2]!, 30)); // prettier-ignore
    expectRatio('procrustes: turned', 'residual', scalarRatio(turned.residual, plain.residual, normFrobenius(a), 30));
  });

  it('powers of two: the same bits of Q, whatever the scales', () => {
    const random = createRandom(8);
    const [a, b] = [randomMatrix(6, 3, random), randomMatrix(6, 3, random)];
    const plain = procrustes(a, b, similarity);
    for (const [x, y] of [[3, -7], [500, 500], [-600, 0], [900, 700], [-900, -700], [1000, 1], [0, -1000]] as const) {
      const other = procrustes(scaled(a, 2 ** x), scaled(b, 2 ** y), similarity);
      expect(other.orthogonal).toEqual(plain.orthogonal);
      expect(other.scale).toBe(plain.scale * 2 ** (x - y));
      expect(other.residual).toBe(plain.residual * 2 ** x);
      const rigid = procrustes(scaled(a, 2 ** x), scaled(b, 2 ** y));
      expect(Number.isFinite(rigid.residual) && rigid.residual > 0).toBe(true);
    } // prettier-ignore
  });

  it('with simd kernels', async () => {
    const kernels = await createSimdKernels({ threads: 1 });
    const random = createRandom(9);
    const b = randomMatrix(150, 65, random);
    const q = randomOrthonormal(65, 65, random);
    const { orthogonal } = procrustes(multiply(b, q), b, { kernels });
    expectRatio("procrustes: Q'Q = I", 'd 65, simd', orthogonalityRatio(orthogonal));
    expectRatio('procrustes: Q found again', 'd 65, simd', distanceRatio(orthogonal, q, 65, 65));
    kernels.dispose();
  });
});

describe('procrustes against other algorithms', () => {
  it('for a regular cross product X = BᵀA: Q = X (XᵀX)^−½, by Jacobi', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), seeds, (d, seed) => {
        const random = createRandom(seed);
        const [a, b] = [randomMatrix(3 * d + 2, d, random), randomMatrix(3 * d + 2, d, random)];
        const x = multiply(transpose(b), a);
        const { values, vectors } = jacobiEigen(multiply(transpose(x), x));
        const condition = values.data[0]! / values.data[d - 1]!;
        fc.pre(condition < 1e8);
        const weighted = matrixFrom(d, d, (i, j) => at(vectors, i, j) / Math.sqrt(values.data[j]!));
        const expected = multiply(x, multiply(weighted, transpose(vectors)));
        expectRatio('procrustes: polar factor', `d ${d}, seed ${seed}`, distanceRatio(procrustes(a, b).orthogonal, expected, condition, 10 * d)); // prettier-ignore
      }),
      { numRuns: runs() },
    );
  });

  /**
   * The greatest tr(QᵀX) over a grid of turns of the plane, or of Euler angles, and over finer ones around the best so far, until
   * the points are no further apart than h.
   */
  function greatestTrace(x: Matrix, h: number): number {
    const [d = 0] = x.shape;
    const steps = 8;
    const turn = (angle: number): Matrix => planeRotation(d, 0, 1, angle);
    const tilt = (angle: number): Matrix => (d === 3 ? planeRotation(d, 0, 2, angle) : turn(0));
    let best = -Infinity;
    let centre: readonly [number, number, number] = [Math.PI, Math.PI / 2, Math.PI];
    let half = Math.PI;
    for (; half > h; half *= 4 / steps) {
      const from = centre;
      const axis = (k: 0 | 1 | 2): number[] => Array.from({ length: 2 * steps + 1 }, (_, i) => from[k] + ((i - steps) / steps) * half); // prettier-ignore
      const thirds = d === 3 ? axis(2) : [0];
      const lastTurns = thirds.map(turn);
      for (const first of axis(0)) {
        for (const second of d === 3 ? axis(1) : [0]) {
          const rest = multiply(transpose(multiply(turn(first), tilt(second))), x);
          lastTurns.forEach((last, i) => {
            let trace = 0;
            for (let a = 0; a < d; a++) for (let b = 0; b < d; b++) trace += at(last, a, b) * at(rest, a, b);
            if (trace > best) [best, centre] = [trace, [first, second, thirds[i]!]];
          });
        }
      }
    }
    return best;
  }

  it('brute force over the turns of the plane and of space', () => {
    for (const [d, seed] of [[2, 1], [2, 2], [3, 3], [3, 4]] as const) {
      const random = createRandom(seed);
      const [a, b] = [randomMatrix(7, d, random), randomMatrix(7, d, random)];
      const x = multiply(transpose(b), a);
      const h = 0.05;
      const turns = greatestTrace(x, h);
      const mirrored = greatestTrace(multiply(reflection(d), x), h);
      const squares = normFrobenius(a) ** 2 + normFrobenius(b) ** 2;
      for (const [rotation, most] of [[true, turns], [false, Math.max(turns, mirrored)]] as const) {
        const trace = (squares - procrustes(a, b, { rotation }).residual ** 2) / 2;
        const slack = 64 * Number.EPSILON * squares; // bound: rounding of sums of 21 products
        expect(most).toBeLessThanOrEqual(trace + slack);
        // Within h in each of three angles, Q is off by a turn of at most 3h, which costs (1 − cos 3h) Σ σ ≤ 9h² Σ σ / 2.
        const nuclear = jacobiSvd(x).s.data.reduce((sum, value) => sum + value, 0);
        expect(most).toBeGreaterThanOrEqual(trace - 4.5 * h ** 2 * nuclear - slack);
      } // prettier-ignore
    } // prettier-ignore
  });
});

describe('procrustes: beyond the doubles', () => {
  it('a scale that is no double is Infinity; what it moves by is right, and nothing NaN', () => {
    const b = fromNested('f64', [[1, 0], [3, 0], [2, 1], [2, -1]]); // prettier-ignore
    const a = fromNested('f64', [[2, 0], [6, 0], [4, 2], [4, -2]]); // prettier-ignore
    const far = procrustes(a, scaled(b, 2 ** -1070), similarity);
    expect([far.scale, toNested(far.translation), far.residual]).toEqual([Infinity, [0, 0], 0]);
    const near = procrustes(scaled(a, 2 ** -1070), b, similarity);
    expect([near.scale, toNested(near.translation), near.residual]).toEqual([2 ** -1069, [0, 0], 0]);
    const huge = fromNested('f64', [[1.7e308, -1.7e308], [1.7e308, 1.7e308], [-1.7e308, 0]]); // prettier-ignore
    for (const options of [{}, similarity, { scaling: true }, { translation: true }]) {
      for (const [first, second] of [[huge, scaled(huge, -0.5)], [huge, zeros('f64', [3, 2])], [scaled(huge, 2 ** -1030 * 2 ** -20), huge], [huge, scaled(huge, 2 ** -1030 * 2 ** -20)]] as const) {
        const { orthogonal, scale, translation, residual } = procrustes(first, second, options);
        expect([...orthogonal.data, scale, ...translation.data, residual].some(Number.isNaN)).toBe(false);
        expectRatio('procrustes: beyond the doubles', 'orthogonal', orthogonalityRatio(orthogonal));
      } // prettier-ignore
    }
  });
});

describe('procrustes refuses', () => {
  it('shapes that differ and values that are not finite', () => {
    const a = zeros('f64', [2, 2]);
    expect(() => procrustes(a, zeros('f64', [2, 3]))).toThrow('procrustes: b: expected shape [2, 2], got [2, 3]');
    expect(() => procrustes(a, zeros('f64', [3, 2]))).toThrow('procrustes: b: expected shape [2, 2], got [3, 2]');
    expect(() => procrustes(zeros('f64', [2]), a)).toThrow('procrustes: a: expected 2 axes');
    expect(() => procrustes(fromNested('f64', [[NaN]]), fromNested('f64', [[1]]))).toThrow('procrustes: a: expected finite'); // prettier-ignore
    expect(() => procrustes(fromNested('f64', [[1]]), fromNested('f64', [[Infinity]]))).toThrow('procrustes: b: expected finite'); // prettier-ignore
  });
});
