/** Kinds of any shape that are rank-deficient, exactly or nearly (dchkge 5–7, dchkqp 5–6), and graded ones. */

import { at, combined, matrixFrom, multiply, randomMatrix } from '../matrix.ts';
import type { Matrix } from '../matrix.ts';
import type { Random } from '@rankwise/tensor';
import type { GeneralKind } from './kind.ts';

const halfRank = (m: number, n: number): number => Math.floor(Math.min(m, n) / 2);

const ofRank = (m: number, n: number, rank: number, random: Random): Matrix =>
  multiply(randomMatrix(m, rank, random), randomMatrix(rank, n, random));

/** A random matrix in which the elements for which `isZero` holds are zero. */
const withZeros = (
  name: string,
  isZero: (i: number, j: number, m: number, n: number) => boolean,
  rank?: (m: number, n: number) => number,
): GeneralKind => ({
  name,
  make: (m, n, random) => {
    const c = randomMatrix(m, n, random);
    return matrixFrom(m, n, (i, j) => (isZero(i, j, m, n) ? 0 : at(c, i, j)));
  },
  ...(rank === undefined ? {} : { rank }),
});

export const deficientKinds: readonly GeneralKind[] = [
  { name: 'rank 1', make: (m, n, random) => ofRank(m, n, 1, random), rank: (m, n) => Math.min(m, n, 1) },
  { name: 'half rank', make: (m, n, random) => ofRank(m, n, halfRank(m, n), random), rank: halfRank },
  {
    name: 'half rank plus 1e-14 noise',
    make: (m, n, random) => combined(ofRank(m, n, halfRank(m, n), random), 1e-14, randomMatrix(m, n, random)),
  },
  {
    name: 'half rank of integers',
    make: (m, n, random) => {
      const integers = (rows: number, columns: number): Matrix =>
        matrixFrom(rows, columns, () => random.integer(5) - 2);
      return multiply(integers(m, halfRank(m, n)), integers(halfRank(m, n), n));
    },
    rank: halfRank,
  },
  {
    name: 'zero and doubled columns',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      return matrixFrom(m, n, (i, j) => (j % 3 === 1 ? 0 : at(c, i, j % 4 === 3 ? j - 1 : j)));
    },
  },
  withZeros('first column zero', (_, j) => j === 0, (m, n) => Math.min(m, Math.max(n - 1, 0))), // prettier-ignore
  withZeros('last column zero', (_i, j, _m, n) => j === n - 1, (m, n) => Math.min(m, Math.max(n - 1, 0))), // prettier-ignore
  withZeros('last half of the columns zero', (_i, j, _m, n) => j >= n >> 1, (m, n) => Math.min(m, n >> 1)), // prettier-ignore
  withZeros('every other row zero', (i) => i % 2 === 1, (m, n) => Math.min((m + 1) >> 1, n)), // prettier-ignore
  withZeros('checkerboard', (i, j) => (i + j) % 2 === 1),
  withZeros('upper triangular', (i, j) => i > j),
  withZeros('lower triangular', (i, j) => i < j),
  { name: 'all ones', make: (m, n) => matrixFrom(m, n, () => 1), rank: (m, n) => Math.min(m, n, 1) },
  {
    name: 'one element',
    make: (m, n) => matrixFrom(m, n, (i, j) => (i === m - 1 && j === n - 1 ? 3 : 0)),
    rank: (m, n) => Math.min(m, n, 1),
  },
];

export const gradedKinds: readonly GeneralKind[] = [
  {
    name: 'graded rows',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      return matrixFrom(m, n, (i, j) => at(c, i, j) * 10 ** -i);
    },
  },
  {
    name: 'graded columns',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      return matrixFrom(m, n, (i, j) => at(c, i, j) * 10 ** (j - n));
    },
  },
  {
    name: 'graded rows and columns',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      return matrixFrom(m, n, (i, j) => at(c, i, j) * 4 ** (j - i));
    },
  },
  {
    name: 'columns graded in any order',
    make: (m, n, random) => {
      const c = randomMatrix(m, n, random);
      const order = random.permutation(n);
      return matrixFrom(m, n, (i, j) => at(c, i, j) * 2 ** (-3 * order[j]!));
    },
  },
];
