/**
 * What the eigenvalues of a symmetric matrix obey, for any routine that gives them in descending order.
 *
 * References: Golub & Van Loan, 4th ed., §8.1; Horn & Johnson, Matrix Analysis, 2nd ed., §4.3 (Weyl, Cauchy, Schur), §4.5
 * (Sylvester, Ostrowski), §6.1 (Gershgorin), §6.3 (Bauer, Fike). Bounds are for a backward stable routine: the values are those of
 * A + E with ‖E‖ ≤ c n ε ‖A‖, hence each within c n ε ‖A‖ of A's.
 */

import type { Tensor } from '@rankwise/tensor';
import { transpose } from '@rankwise/tensor';
import type { SymmetricCase } from '../arbitraries.ts';
import { at, combined, diagonalMatrix, identityMatrix, matrixFrom, multiply, randomMatrix, randomOrthonormal, scaled, selected, symmetrized, timesPowerOfTwo } from '../matrix.ts'; // prettier-ignore
import type { Matrix } from '../matrix.ts';
import { normFrobenius } from '../ratios.ts';
import { conjugated, descending } from '../spectra.ts';
import { sturmEigenvalues } from '../sturmCount.ts';
import { FAR_EXPONENTS, apart, demandDescending, excess, normalised } from './law.ts';
import type { Law } from './law.ts';

/** The eigenvalues of a symmetric matrix, descending. */
export type EigenvaluesOf = (a: Matrix) => Tensor<'f64'>;

type EigenvalueLaw = Law<EigenvaluesOf, SymmetricCase>;

const orderOf = (a: Matrix): number => a.shape[0] ?? 0;

const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The values of A as it is, descending and as many as there must be. */
const sorted: EigenvalueLaw = {
  name: 'values descend',
  ratio: (eigenvalues, { matrix }) => {
    demandDescending(eigenvalues(matrix).data, orderOf(matrix));
    return 0;
  },
};

const trace: EigenvalueLaw = {
  name: 'sum is the trace',
  ratio: (eigenvalues, { matrix }) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const values = eigenvalues(a).data;
    const sum = values.reduce((total, value) => total + value, 0);
    const diagonal = indices(n).reduce((total, i) => total + at(a, i, i), 0);
    // n values, each n ε ‖A‖ off at worst.
    return excess([sum], [diagonal], [diagonal], n * n, largestMagnitude(values));
  },
};

const squares: EigenvalueLaw = {
  name: 'sum of squares is |A|_F^2',
  ratio: (eigenvalues, { matrix }) => {
    const a = normalised(matrix);
    const sum = eigenvalues(a).data.reduce((total, value) => total + value * value, 0);
    const square = normFrobenius(a) ** 2;
    return apart([sum], [square], 2 * orderOf(a));
  },
};

const knownSpectrum: EigenvalueLaw = {
  name: 'known spectrum',
  applies: ({ entry }) => entry.spectrum !== undefined,
  ratio: (eigenvalues, { matrix, entry }) => {
    const n = orderOf(matrix);
    return apart(eigenvalues(matrix).data, entry.spectrum?.(n) ?? [], n);
  },
};

const knownInertia: EigenvalueLaw = {
  name: 'known inertia',
  applies: ({ entry }) => entry.inertia !== undefined,
  ratio: (eigenvalues, { matrix, entry }) => {
    const n = orderOf(matrix);
    const values = eigenvalues(matrix).data;
    const { positive, zero } = entry.inertia?.(n) ?? { positive: 0, zero: 0 };
    const low = indices(n).map((i) => (i < positive || i < positive + zero ? 0 : -Infinity));
    const high = indices(n).map((i) => (i < positive ? Infinity : 0));
    return excess(values, low, high, n);
  },
};

const negation: EigenvalueLaw = {
  name: 'values of -A',
  ratio: (eigenvalues, { matrix }) => {
    const turned = eigenvalues(scaled(matrix, -1)).data.map((value) => -value).toReversed(); // prettier-ignore
    return apart(eigenvalues(matrix).data, turned, orderOf(matrix));
  },
};

const shift: EigenvalueLaw = {
  name: 'values of A + I',
  ratio: (eigenvalues, { matrix }) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const values = eigenvalues(a).data.map((value) => value + 1);
    return apart(eigenvalues(combined(a, 1, identityMatrix(n))).data, values, n);
  },
};

const scaling: EigenvalueLaw = {
  name: 'scaling by a power of two',
  ratio: (eigenvalues, { matrix }) => {
    const a = normalised(matrix);
    const values = eigenvalues(a).data;
    const ratios = FAR_EXPONENTS.map((exponent) => {
      const moved = eigenvalues(timesPowerOfTwo(a, exponent)).data.map((value) => value * 2 ** -exponent);
      return apart(values, moved, orderOf(a));
    });
    return Math.max(...ratios);
  },
};

const permutation: EigenvalueLaw = {
  name: 'permutation of rows and columns',
  ratio: (eigenvalues, { matrix }, random) => {
    const order = random.permutation(orderOf(matrix));
    return apart(eigenvalues(matrix).data, eigenvalues(selected(matrix, order, order)).data, orderOf(matrix));
  },
};

const similarity: EigenvalueLaw = {
  name: 'orthogonal similarity',
  ratio: (eigenvalues, { matrix }, random) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const turned = congruent(a, randomOrthonormal(n, n, random));
    return apart(eigenvalues(a).data, eigenvalues(turned).data, n);
  },
};

/** λ_j(A) ≥ λ_j(B) ≥ λ_{j+1}(A) when B is A without one row and its column. */
const interlacing: EigenvalueLaw = {
  name: 'interlacing (Cauchy)',
  applies: ({ matrix }) => orderOf(matrix) > 1,
  ratio: (eigenvalues, { matrix }, random) => {
    const n = orderOf(matrix);
    const gone = random.integer(n);
    const kept = indices(n).filter((i) => i !== gone);
    const values = eigenvalues(matrix).data;
    return excess(eigenvalues(selected(matrix, kept, kept)).data, values.subarray(1), values, n);
  },
};

/** |λ_j(A + E) − λ_j(A)| ≤ ‖E‖₂. */
const weyl: EigenvalueLaw = {
  name: 'Weyl',
  ratio: (eigenvalues, { matrix }, random) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const size = [1, 2 ** -10, 2 ** -30][random.integer(3)]!;
    const e = conjugated(indices(n).map((i) => (i === 0 ? size : size * (2 * random.uniform() - 1))), random); // prettier-ignore
    const values = eigenvalues(a).data;
    return excess(eigenvalues(combined(a, 1, e)).data, values.map((value) => value - size), values.map((value) => value + size), n); // prettier-ignore
  },
};

/** λ_j(A) ≤ λ_j(A + x xᵀ) ≤ λ_{j−1}(A), and ≤ λ_j(A) + xᵀx. */
const rankOne: EigenvalueLaw = {
  name: 'Weyl, rank one',
  ratio: (eigenvalues, { matrix }, random) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const x = randomMatrix(n, 1, random);
    const square = normFrobenius(x) ** 2;
    const values = eigenvalues(a).data;
    const high = values.map((value, j) => Math.min(value + square, j === 0 ? Infinity : values[j - 1]!));
    return excess(eigenvalues(combined(a, 1, symmetrized(multiply(x, transpose(x))))).data, values, high, n);
  },
};

/** For any unit x and μ some eigenvalue lies within ‖A x − μ x‖ of μ: Bauer and Fike's bound, κ(V) = 1. */
const bauerFike: EigenvalueLaw = {
  name: 'Bauer-Fike',
  applies: ({ matrix }) => orderOf(matrix) > 0,
  ratio: (eigenvalues, { matrix }, random) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const values = eigenvalues(a).data;
    const candidates = randomOrthonormal(n, Math.min(n, 4), random);
    let worst = 0;
    for (let j = 0; j < Math.min(n, 4); j++) {
      const x = powerSteps(a, matrixFrom(n, 1, (i) => at(candidates, i, j)), 3 * j); // prettier-ignore
      const image = multiply(a, x);
      const mu = at(multiply(transpose(x), image), 0, 0);
      const residual = normFrobenius(combined(image, -mu, x));
      const distance = values.reduce((least, value) => Math.min(least, Math.abs(value - mu)), Infinity);
      worst = Math.max(worst, excess([distance], [0], [residual], n, largestMagnitude(values)));
    }
    return worst;
  },
};

/** λ_j(SᵀAS) = θ_j λ_j(A) with θ_j between the squares of S's extreme singular values: the signs stay. */
const sylvester: EigenvalueLaw = {
  name: 'Sylvester and Ostrowski',
  ratio: (eigenvalues, { matrix }, random) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const stretch = diagonalMatrix(indices(n).map((i) => (i === 0 ? 2 : 1 + random.uniform())));
    const s = multiply(multiply(randomOrthonormal(n, n, random), stretch), randomOrthonormal(n, n, random));
    const values = eigenvalues(a).data;
    const moved = eigenvalues(congruent(a, s)).data;
    return excess(moved, values.map((value) => Math.min(value, 4 * value)), values.map((value) => Math.max(value, 4 * value)), n); // prettier-ignore
  },
};

/** Every eigenvalue lies in one of the intervals a_ii ± Σ |a_ij|. */
const gershgorin: EigenvalueLaw = {
  name: 'Gershgorin',
  ratio: (eigenvalues, { matrix }) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const values = eigenvalues(a).data;
    const radius = indices(n).map((i) => indices(n).reduce((sum, j) => sum + (i === j ? 0 : Math.abs(at(a, i, j))), 0));
    const beyond = values.map((value) =>
      Math.min(...indices(n).map((i) => Math.abs(value - at(a, i, i)) - radius[i]!)),
    );
    return excess(beyond, beyond.map(() => -Infinity), beyond.map(() => 0), n, largestMagnitude(values)); // prettier-ignore
  },
};

/** The k largest diagonal elements sum to no more than the k largest eigenvalues. */
const schur: EigenvalueLaw = {
  name: 'majorisation (Schur)',
  ratio: (eigenvalues, { matrix }) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const values = eigenvalues(a).data;
    const bySize = descending(indices(n).map((i) => at(a, i, i)));
    const sums = (list: ArrayLike<number>): number[] => {
      let sum = 0;
      return Array.from(list, (value) => (sum += value));
    };
    return excess(sums(values), sums(bySize), sums(values).map(() => Infinity), n * n, largestMagnitude(values)); // prettier-ignore
  },
};

/** The eigenvalues of a block diagonal matrix are those of its blocks. */
const directSum: EigenvalueLaw = {
  name: 'direct sum',
  ratio: (eigenvalues, { matrix }, random) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const b = symmetrized(randomMatrix(3, 3, random));
    const both = matrixFrom(n + 3, n + 3, (i, j) => (i < n && j < n ? at(a, i, j) : i >= n && j >= n ? at(b, i - n, j - n) : 0)); // prettier-ignore
    return apart(eigenvalues(both).data, descending([...eigenvalues(a).data, ...eigenvalues(b).data]), n + 3);
  },
};

/** A tridiagonal matrix's eigenvalues by bisection on Sturm counts. */
const sturm: EigenvalueLaw = {
  name: 'Sturm counts',
  applies: ({ matrix }) => isTridiagonal(matrix),
  ratio: (eigenvalues, { matrix }) => {
    const a = normalised(matrix);
    const n = orderOf(a);
    const diagonal = Float64Array.from({ length: n }, (_, i) => at(a, i, i));
    const coupling = Float64Array.from({ length: Math.max(n - 1, 0) }, (_, i) => at(a, i + 1, i));
    return apart(eigenvalues(a).data, sturmEigenvalues(diagonal, coupling), n);
  },
};

export const eigenvalueLaws: readonly EigenvalueLaw[] = [
  sorted,
  trace,
  squares,
  knownSpectrum,
  knownInertia,
  negation,
  shift,
  scaling,
  permutation,
  similarity,
  interlacing,
  weyl,
  rankOne,
  bauerFike,
  sylvester,
  gershgorin,
  schur,
  directSum,
  sturm,
];

function congruent(a: Matrix, s: Matrix): Matrix {
  return symmetrized(multiply(multiply(transpose(s), a), s));
}

function largestMagnitude(values: Float64Array): number {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** x, nearer to the eigenvector of the eigenvalue of largest magnitude. */
function powerSteps(a: Matrix, x: Matrix, steps: number): Matrix {
  let y = x;
  for (let step = 0; step < steps; step++) {
    const image = multiply(a, y);
    const norm = normFrobenius(image);
    if (norm === 0) return y;
    y = scaled(image, 1 / norm);
  }
  return y;
}

function isTridiagonal(a: Matrix): boolean {
  return indices(orderOf(a)).every((i) => indices(Math.max(i - 1, 0)).every((j) => at(a, i, j) === 0));
}
