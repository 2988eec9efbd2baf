/** Kinds of any shape with prescribed singular values (dchkbd 3–15, dchkge 4, 8, 9) and random ones at every scale. */

import { transpose, zeros } from '@rankwise/tensor';
import { identityMatrix, matrixFrom, randomMatrix, randomOrthonormal, scaled } from '../matrix.ts';
import { descending, spectra, withCondition, withSingularValues } from '../spectra.ts';
import type { GeneralKind } from './kind.ts';

const shorter = (m: number, n: number): number => Math.min(m, n);

const ones = (m: number, n: number): number[] => Array.from({ length: shorter(m, n) }, () => 1);

const conditioned = (name: string, condition: number): GeneralKind => ({
  name: `condition ${name}`,
  make: (m, n, random) => withSingularValues(m, n, withCondition(shorter(m, n), condition), random),
  singularValues: (m, n) => withCondition(shorter(m, n), condition),
});

const geometricTimes = (exponent: number, scale: 'large' | 'small'): GeneralKind => ({
  name: `known singular values, geometric times 2^${exponent}`,
  make: (m, n, random) => scaled(withSingularValues(m, n, spectra['geometric']!(shorter(m, n)), random), 2 ** exponent),
  scale,
  singularValues: (m, n) => spectra['geometric']!(shorter(m, n)).map((value) => value * 2 ** exponent),
});

export const generalSpectralKinds: readonly GeneralKind[] = [
  {
    name: 'zero',
    make: (m, n) => zeros('f64', [m, n]),
    singularValues: (m, n) => ones(m, n).map(() => 0),
    rank: () => 0,
  },
  { name: 'identity', make: (m, n) => identityMatrix(m, n), singularValues: ones },
  ...Object.entries(spectra).map(([name, values]): GeneralKind => ({
    name: `known singular values, ${name}`,
    make: (m, n, random) => withSingularValues(m, n, values(shorter(m, n)), random),
    singularValues: (m, n) => descending(values(shorter(m, n))),
  })),
  {
    name: 'diagonal, geometric with alternating signs',
    make: (m, n) => {
      const values = spectra['geometric']!(shorter(m, n));
      return matrixFrom(m, n, (i, j) => (i === j ? (i % 2 === 1 ? -1 : 1) * values[i]! : 0));
    },
    singularValues: (m, n) => spectra['geometric']!(shorter(m, n)),
  },
  conditioned('2', 2),
  conditioned('2e7', 2e7),
  conditioned('4e14', 4e14),
  geometricTimes(500, 'large'),
  geometricTimes(-500, 'small'),
  {
    name: 'random orthogonal',
    make: (m, n, random) => (m >= n ? randomOrthonormal(m, n, random) : transpose(randomOrthonormal(n, m, random))),
    singularValues: ones,
  },
  {
    name: 'permutation',
    make: (m, n, random) => {
      const order = random.permutation(Math.max(m, n));
      return matrixFrom(m, n, (i, j) => ((m >= n ? order[i] === j : order[j] === i) ? 1 : 0));
    },
    rank: shorter,
  },
];

export const generalScaleKinds: readonly GeneralKind[] = [
  { name: 'random', make: randomMatrix },
  {
    name: 'random near overflow',
    make: (m, n, random) => scaled(randomMatrix(m, n, random), 2 ** 1020 / Math.max(m, n, 1)),
    scale: 'large',
  },
  { name: 'random times 1e150', make: (m, n, random) => scaled(randomMatrix(m, n, random), 1e150), scale: 'large' },
  { name: 'random times 1e-150', make: (m, n, random) => scaled(randomMatrix(m, n, random), 1e-150), scale: 'small' },
  { name: 'random near underflow', make: (m, n, random) => scaled(randomMatrix(m, n, random), 2 ** -1000), scale: 'small' }, // prettier-ignore
  { name: 'random subnormal', make: (m, n, random) => scaled(randomMatrix(m, n, random), 1e-310), scale: 'subnormal' },
  {
    name: 'magnitudes from 1e-30 to 1e30',
    make: (m, n, random) => matrixFrom(m, n, () => (random.uniform() < 0.5 ? -1 : 1) * 10 ** (60 * random.uniform() - 30)), // prettier-ignore
  },
];
