import { createRandom } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import {
  makeReflectorInPlace,
  reflectColumnsInPlace,
  reflectRowsInPlace,
} from '../../packages/linalg/src/orthogonal/householder.ts';
import { norm2 } from '../../packages/linalg/src/dense/vectorOps.ts';
import { matrixFrom, multiply, randomMatrix } from '../kit/matrices/gallery.ts';
import { expectRatio, norm1, orthogonalityRatio, productRatio, scalarRatio } from '../kit/matrices/ratios.ts'; // prettier-ignore

const reflectorMatrix = (v: Float64Array, tau: number) =>
  matrixFrom(v.length, v.length, (i, j) => (i === j ? 1 : 0) - tau * v[i]! * v[j]!);

describe('makeReflectorInPlace', () => {
  it('by hand: (3, 4) goes to (−5, 0), (−3, 4) to (5, 0)', () => {
    const x = new Float64Array([3, 4]);
    expect(makeReflectorInPlace(x, 0, 1, 2)).toEqual({ tau: 1.6, beta: -5 });
    expect([...x]).toEqual([1, 0.5]);
    const y = new Float64Array([-3, 4]);
    expect(makeReflectorInPlace(y, 0, 1, 2)).toEqual({ tau: 1.6, beta: 5 });
    expect([...y]).toEqual([1, -0.5]);
  });

  it('the pivot may stand last, and the rest of the array is not touched', () => {
    const x = new Float64Array([9, 4, 3, 9]);
    expect(makeReflectorInPlace(x, 2, 1, 2)).toEqual({ tau: 1.6, beta: -5 });
    expect([...x]).toEqual([9, 0.5, 1, 9]);
  });

  it('a vector that is a multiple of the pivot already needs no reflector', () => {
    expect(makeReflectorInPlace(new Float64Array([-2, 0, 0]), 0, 1, 3)).toEqual({ tau: 0, beta: -2 });
    expect(makeReflectorInPlace(new Float64Array([-2]), 0, 1, 1)).toEqual({ tau: 0, beta: -2 });
    expect(makeReflectorInPlace(new Float64Array([0, 0]), 0, 1, 2)).toEqual({ tau: 0, beta: 0 });
  });

  it('a zero pivot gives β = −‖x‖', () => {
    const x = new Float64Array([0, 2]);
    expect(makeReflectorInPlace(x, 0, 1, 2)).toEqual({ tau: 1, beta: -2 });
    expect([...x]).toEqual([1, 1]);
  });

  it('H is orthogonal and clears the vector, at every scale a double has', () => {
    const random = createRandom(5);
    for (const length of [1, 2, 3, 5, 16, 33]) {
      for (const scale of [1, 2 ** 500, 2 ** 1010, 2 ** -500, 2 ** -960, 2 ** -1000, 2 ** -1040]) {
        const x = matrixFrom(length, 1, () => (2 * random.uniform() - 1) * scale);
        const v = x.data.slice();
        const { tau, beta } = makeReflectorInPlace(v, 0, 1, length);
        const h = reflectorMatrix(v, tau);
        const what = `length ${length}, scale ${scale}`;
        expectRatio('reflector: H orthogonal', what, orthogonalityRatio(h));
        const image = matrixFrom(length, 1, (i) => (i === 0 ? beta : 0));
        // H H = I, so H maps the image back to x.
        expectRatio('reflector: H x', what, productRatio(x, h, image));
      }
    }
  });
});

describe('makeReflectorInPlace at the ends of the range', () => {
  it('is exact where the numbers are: powers of two change β and nothing else', () => {
    for (const exponent of [-1074, -1073, -1024, -1022, -1000, -970, -969, -968, -500, 500, 511, 600, 1000, 1019]) {
      const scale = 2 ** exponent;
      const x = new Float64Array([3 * scale, 4 * scale]);
      expect(makeReflectorInPlace(x, 0, 1, 2), `2^${exponent}`).toEqual({ tau: 1.6, beta: -5 * scale });
      expect([...x], `2^${exponent}`).toEqual([1, 0.5]);
    }
  });

  it('the smallest doubles need one scaling only: 2^-1074 is brought up to 2^-105', () => {
    const x = new Float64Array([0, 5e-324]);
    expect(makeReflectorInPlace(x, 0, 1, 2)).toEqual({ tau: 1, beta: -5e-324 });
    expect([...x]).toEqual([1, 1]);
    const y = new Float64Array(16).fill(5e-324);
    const { tau, beta } = makeReflectorInPlace(y, 0, 1, 16);
    expect(beta).toBe(-4 * 5e-324);
    expectRatio('reflector: smallest', 'tau', scalarRatio(tau, 1.25, 1, 1));
    for (const element of y.subarray(1)) expectRatio('reflector: smallest', 'v', scalarRatio(element, 0.2, 0.2, 1));
  });

  it('at a threshold or beside it, the digits are those of any other scale', () => {
    const random = createRandom(8);
    const plain = matrixFrom(1, 9, () => random.normal()).data;
    const expected = plain.slice();
    const { tau, beta } = makeReflectorInPlace(expected, 0, 1, 9);
    for (let exponent = -980; exponent <= -960; exponent++) {
      // Elements near 2^-970 are normal numbers, so all of this is exact.
      const x = plain.map((value) => value * 2 ** exponent);
      const found = makeReflectorInPlace(x, 0, 1, 9);
      const what = `2^${exponent}`;
      expectRatio('reflector: scaled', what, scalarRatio(found.tau, tau, 1, 1));
      expectRatio('reflector: scaled', what, scalarRatio(found.beta / 2 ** exponent, beta, beta, 1));
      for (let i = 0; i < 9; i++)
        expectRatio('reflector: scaled', what, scalarRatio(x[i]!, expected[i]!, expected[i]!, 1));
    }
  });

  it('a rest far below the pivot, and a pivot far below the rest', () => {
    const small = new Float64Array([1, 2 ** -600]);
    expect(makeReflectorInPlace(small, 0, 1, 2)).toEqual({ tau: 2, beta: -1 });
    expect([...small]).toEqual([1, 2 ** -601]);
    const smallest = new Float64Array([1, 5e-324]);
    // v's element is half the smallest double, which rounds to 0: H = I − 2 e e' is as orthogonal.
    expect(makeReflectorInPlace(smallest, 0, 1, 2)).toEqual({ tau: 2, beta: -1 });
    expect([...smallest]).toEqual([1, 0]);
    const large = new Float64Array([5e-324, 1]);
    expect(makeReflectorInPlace(large, 0, 1, 2)).toEqual({ tau: 1, beta: -1 });
    expect([...large]).toEqual([1, 1]);
  });
});

describe('application', () => {
  it('to rows and to columns agrees with the matrix H', () => {
    const random = createRandom(6);
    for (const [count, length] of [
      [1, 1],
      [3, 2],
      [4, 5],
      [5, 8],
      [9, 7],
    ] as const) {
      // prettier-ignore
      const v = Float64Array.from({ length }, () => random.normal());
      const tau = 2 / norm2(v, 0, length) ** 2;
      const h = reflectorMatrix(v, tau);
      const rows = randomMatrix(count, length, random);
      const after = rows.data.slice();
      reflectRowsInPlace(after, 0, count, length, v, 0, length, tau);
      expectRatio('reflector: rows', `${count} x ${length}`, productRatio(matrixFrom(count, length, (i, j) => after[i * length + j]!), rows, h)); // prettier-ignore

      const columns = randomMatrix(length, count, random);
      const reflected = columns.data.slice();
      const work = new Float64Array(count).fill(NaN);
      reflectColumnsInPlace(reflected, 0, count, count, v, 0, length, tau, work);
      expectRatio('reflector: columns', `${length} x ${count}`, productRatio(matrixFrom(length, count, (i, j) => reflected[i * count + j]!), h, columns)); // prettier-ignore
    }
  });
});

describe('norm2', () => {
  it('is exact on Pythagorean triples at every scale', () => {
    for (const scale of [1, 2 ** 1000, 2 ** -1070, 2 ** -600, 2 ** 600]) {
      expect(norm2(new Float64Array([3 * scale, 4 * scale]), 0, 2)).toBe(5 * scale);
    }
    expect(norm2(new Float64Array(0), 0, 0)).toBe(0);
    expect(norm2(new Float64Array([7, 0, -2, 1]), 1, 2)).toBe(2);
  });

  it('agrees with the plain formula', () => {
    const x = randomMatrix(1, 103, createRandom(1));
    const plain = Math.sqrt(
      multiply(
        x,
        matrixFrom(103, 1, (i) => x.data[i]!),
      ).data[0]!,
    );
    expectRatio('norm2', 'n = 103', scalarRatio(norm2(x.data, 0, 103), plain, norm1(x) + plain, 103));
  });
});
