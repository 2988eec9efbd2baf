/** Symmetric kinds with prescribed spectra (dchkst 1–20, dchksy 1, 2, 7–10) and random ones at every scale. */

import { transpose, zeros } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { at, diagonalMatrix, identityMatrix, matrixFrom, multiply, randomMatrix, randomOrthonormal, scaled, symmetrized } from '../matrix.ts'; // prettier-ignore
import type { Matrix } from '../matrix.ts';
import { conjugated, descending, spectra, withCondition } from '../spectra.ts';
import type { SymmetricKind } from './kind.ts';

const fromSpectra: SymmetricKind[] = Object.entries(spectra).flatMap(([name, values]): SymmetricKind[] => {
  const spectrum = (n: number): number[] => descending(values(n));
  return [
    { name: `diagonal, ${name}`, make: (n) => diagonalMatrix(values(n)), semidefinite: true, spectrum },
    { name: `conjugated, ${name}`, make: (n, random) => conjugated(values(n), random), semidefinite: true, spectrum },
  ];
});

const alternating = (n: number): number[] =>
  spectra['arithmetic']!(n).map((value, i) => (i % 2 === 1 ? -value : value));

/** 1 and −1 in turn. */
const signs = (n: number): number[] => descending(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1)));

const definite = (name: string, condition: number): SymmetricKind => ({
  name: `definite, condition ${name}`,
  make: (n, random) => conjugated(withCondition(n, condition), random),
  semidefinite: true,
  definite: true,
  spectrum: (n) => withCondition(n, condition),
});

const geometricTimes = (exponent: number, scale: 'large' | 'small'): SymmetricKind => ({
  name: `conjugated, geometric times 2^${exponent}`,
  make: (n, random) => scaled(conjugated(spectra['geometric']!(n), random), 2 ** exponent),
  semidefinite: true,
  scale,
  spectrum: (n) => spectra['geometric']!(n).map((value) => value * 2 ** exponent),
});

const randomSymmetric = (n: number, random: Random): Matrix => symmetrized(randomMatrix(n, n, random));

export const spectralKinds: readonly SymmetricKind[] = [
  {
    name: 'zero',
    make: (n) => zeros('f64', [n, n]),
    semidefinite: true,
    spectrum: (n) => Array.from({ length: n }, () => 0),
    inertia: (n) => ({ positive: 0, zero: n, negative: 0 }),
  },
  {
    name: 'identity',
    make: (n) => identityMatrix(n),
    semidefinite: true,
    definite: true,
    spectrum: (n) => Array.from({ length: n }, () => 1),
    inertia: (n) => ({ positive: n, zero: 0, negative: 0 }),
  },
  ...fromSpectra,
  {
    name: 'conjugated, geometric with random signs',
    make: (n, random) =>
      conjugated(
        spectra['geometric']!(n).map((value) => (random.uniform() < 0.5 ? -value : value)),
        random,
      ),
  },
  {
    name: 'conjugated, arithmetic with alternating signs',
    make: (n, random) => conjugated(alternating(n), random),
    spectrum: (n) => descending(alternating(n)),
  },
  {
    name: 'diagonal, arithmetic with alternating signs',
    make: (n) => diagonalMatrix(alternating(n)),
    spectrum: (n) => descending(alternating(n)),
    inertia: (n) => ({ positive: Math.ceil(n / 2), zero: 0, negative: Math.floor(n / 2) }),
  },
  { name: 'conjugated signs', make: (n, random) => conjugated(signs(n), random), spectrum: signs },
  {
    name: 'reflector',
    // I − 2 v vᵀ with a unit vector v.
    make: (n, random) => {
      const v = randomOrthonormal(n, Math.min(n, 1), random);
      return matrixFrom(n, n, (i, j) => (i === j ? 1 : 0) - 2 * at(v, i, 0) * at(v, j, 0));
    },
    spectrum: (n) => Array.from({ length: n }, (_, i) => (i === n - 1 ? -1 : 1)),
  },
  {
    name: 'projection of rank n / 2',
    make: (n, random) => {
      const q = randomOrthonormal(n, Math.floor(n / 2), random);
      return symmetrized(multiply(q, transpose(q)));
    },
    semidefinite: true,
    spectrum: (n) => Array.from({ length: n }, (_, i) => (i < Math.floor(n / 2) ? 1 : 0)),
  },
  definite('2', 2),
  definite('1e4', 1e4),
  definite('1e8', 1e8),
  {
    name: 'nearly singular, condition 1e15',
    make: (n, random) => conjugated(withCondition(n, 1e15), random),
    semidefinite: true,
    spectrum: (n) => withCondition(n, 1e15),
  },
  geometricTimes(500, 'large'),
  geometricTimes(-500, 'small'),
];

export const symmetricScaleKinds: readonly SymmetricKind[] = [
  { name: 'random', make: randomSymmetric },
  {
    name: 'random near overflow',
    make: (n, random) => scaled(randomSymmetric(n, random), 2 ** 1020 / Math.max(n, 1)),
    scale: 'large',
  },
  { name: 'random times 1e150', make: (n, random) => scaled(randomSymmetric(n, random), 1e150), scale: 'large' },
  { name: 'random times 1e-150', make: (n, random) => scaled(randomSymmetric(n, random), 1e-150), scale: 'small' },
  {
    name: 'random near underflow',
    make: (n, random) => scaled(randomSymmetric(n, random), 2 ** -1000),
    scale: 'small',
  },
  { name: 'random subnormal', make: (n, random) => scaled(randomSymmetric(n, random), 1e-310), scale: 'subnormal' },
  {
    name: 'magnitudes from 1e-30 to 1e30',
    make: (n, random) => symmetrized(matrixFrom(n, n, () => (random.uniform() < 0.5 ? -1 : 1) * 10 ** (60 * random.uniform() - 30))), // prettier-ignore
  },
];
