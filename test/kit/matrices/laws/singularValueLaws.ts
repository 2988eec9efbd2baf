/**
 * What the singular values of a matrix of any shape obey, for any routine that gives them in descending order.
 *
 * References: Golub & Van Loan, 4th ed., §2.4, §8.6.1; Horn & Johnson, Topics in Matrix Analysis, §3.1–3.3 (interlacing, Weyl,
 * products). Each computed value is within c max(m, n) ε σ₁ of the right one.
 */

import type { Tensor } from '@rankwise/tensor';
import { transpose } from '@rankwise/tensor';
import type { GeneralCase } from '../arbitraries.ts';
import { exactDeterminant, logOfInteger } from '../exactDeterminant.ts';
import { at, combined, diagonalMatrix, matrixFrom, multiply, randomOrthonormal, selected, timesPowerOfTwo } from '../matrix.ts'; // prettier-ignore
import type { Matrix } from '../matrix.ts';
import { norm1, normFrobenius } from '../ratios.ts';
import { FAR_EXPONENTS, apart, demand, demandDescending, elementsOf, excess, normalised } from './law.ts';
import type { Law } from './law.ts';

/** The min(m, n) singular values of a matrix, descending. */
export type SingularValuesOf = (a: Matrix) => Tensor<'f64'>;

type SingularValueLaw = Law<SingularValuesOf, GeneralCase>;

const shapeOf = (a: Matrix): [m: number, n: number] => [a.shape[0] ?? 0, a.shape[1] ?? 0];

const longer = (a: Matrix): number => Math.max(...shapeOf(a));

const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const sorted: SingularValueLaw = {
  name: 'values descend to 0 at least',
  ratio: (singularValues, { matrix }) => {
    const [m, n] = shapeOf(matrix);
    const values = singularValues(matrix).data;
    demandDescending(values, Math.min(m, n));
    demand(values.every((value) => value >= 0), `expected values of at least 0, got ${values.at(-1)}`); // prettier-ignore
    return 0;
  },
};

const squares: SingularValueLaw = {
  name: 'sum of squares is |A|_F^2',
  ratio: (singularValues, { matrix }) => {
    const a = normalised(matrix);
    const sum = singularValues(a).data.reduce((total, value) => total + value * value, 0);
    return apart([sum], [normFrobenius(a) ** 2], 2 * longer(a));
  },
};

const knownValues: SingularValueLaw = {
  name: 'known singular values',
  applies: ({ entry }) => entry.singularValues !== undefined,
  ratio: (singularValues, { matrix, entry }) => {
    const [m, n] = shapeOf(matrix);
    return apart(singularValues(matrix).data, entry.singularValues?.(m, n) ?? [], longer(matrix));
  },
};

const knownRank: SingularValueLaw = {
  name: 'known rank',
  applies: ({ entry }) => entry.rank !== undefined,
  ratio: (singularValues, { matrix, entry }) => {
    const [m, n] = shapeOf(matrix);
    const values = singularValues(matrix).data;
    const rest = values.subarray(entry.rank?.(m, n) ?? 0);
    return excess(rest, rest.map(() => 0), rest.map(() => 0), longer(matrix), values[0] ?? 0); // prettier-ignore
  },
};

const transposition: SingularValueLaw = {
  name: "values of A'",
  ratio: (singularValues, { matrix }) =>
    apart(singularValues(matrix).data, singularValues(transpose(matrix)).data, longer(matrix)),
};

const scaling: SingularValueLaw = {
  name: 'scaling by a power of two',
  ratio: (singularValues, { matrix }) => {
    const a = normalised(matrix);
    const values = singularValues(a).data;
    const ratios = FAR_EXPONENTS.map((exponent) => {
      const moved = singularValues(timesPowerOfTwo(a, exponent)).data.map((value) => value * 2 ** -exponent);
      return apart(values, moved, longer(a));
    });
    return Math.max(...ratios);
  },
};

const permutation: SingularValueLaw = {
  name: 'permutation of rows and columns',
  ratio: (singularValues, { matrix }, random) => {
    const [m, n] = shapeOf(matrix);
    const moved = selected(matrix, random.permutation(m), random.permutation(n));
    return apart(singularValues(matrix).data, singularValues(moved).data, longer(matrix));
  },
};

const orthogonalInvariance: SingularValueLaw = {
  name: 'orthogonal factors on both sides',
  ratio: (singularValues, { matrix }, random) => {
    const a = normalised(matrix);
    const [m, n] = shapeOf(a);
    const turned = multiply(multiply(randomOrthonormal(m, m, random), a), randomOrthonormal(n, n, random));
    return apart(singularValues(a).data, singularValues(turned).data, longer(a));
  },
};

const zeroBorder: SingularValueLaw = {
  name: 'border of zeros',
  ratio: (singularValues, { matrix }) => {
    const [m, n] = shapeOf(matrix);
    const wide = matrixFrom(m + 1, n + 2, (i, j) => (i < m && j < n ? at(matrix, i, j) : 0));
    const padded = new Float64Array(Math.min(m + 1, n + 2));
    padded.set(singularValues(matrix).data);
    return apart(singularValues(wide).data, padded, longer(wide));
  },
};

/** σ_j(A) ≥ σ_j(B) ≥ σ_{j+1}(A) when B is A without one column. */
const interlacing: SingularValueLaw = {
  name: 'interlacing',
  applies: ({ matrix }) => shapeOf(matrix)[1] > 0,
  ratio: (singularValues, { matrix }, random) => {
    const [m, n] = shapeOf(matrix);
    const gone = random.integer(n);
    const kept = indices(n).filter((j) => j !== gone);
    const values = singularValues(matrix).data;
    const less = singularValues(selected(matrix, indices(m), kept)).data;
    return excess(less, Array.from(less, (_, j) => values[j + 1] ?? 0), values, longer(matrix)); // prettier-ignore
  },
};

/** |σ_j(A + E) − σ_j(A)| ≤ ‖E‖₂, with E = size · x yᵀ, x and y unit vectors with the same elements. */
const weyl: SingularValueLaw = {
  name: 'Weyl',
  ratio: (singularValues, { matrix }, random) => {
    const a = normalised(matrix);
    const [m, n] = shapeOf(a);
    const size = [1, 2 ** -10, 2 ** -30][random.integer(3)]!;
    const x = randomOrthonormal(Math.min(m, n), Math.min(m, n, 1), random);
    const e = matrixFrom(m, n, (i, j) => (Math.max(i, j) < Math.min(m, n) ? size * at(x, i, 0) * at(x, j, 0) : 0));
    const values = singularValues(a).data;
    return excess(singularValues(combined(a, 1, e)).data, values.map((value) => value - size), values.map((value) => value + size), longer(a)); // prettier-ignore
  },
};

/** σ_j(A) ≤ σ_j(S A) ≤ 2 σ_j(A) when S's singular values lie in [1, 2]. */
const ostrowski: SingularValueLaw = {
  name: 'Ostrowski',
  ratio: (singularValues, { matrix }, random) => {
    const a = normalised(matrix);
    const [m] = shapeOf(a);
    const stretch = diagonalMatrix(indices(m).map((i) => (i === 0 ? 2 : 1 + random.uniform())));
    const s = multiply(multiply(randomOrthonormal(m, m, random), stretch), randomOrthonormal(m, m, random));
    const values = singularValues(a).data;
    return excess(singularValues(multiply(s, a)).data, values, values.map((value) => 2 * value), longer(a)); // prettier-ignore
  },
};

/** The longest column ≤ σ₁ ≤ √(‖A‖₁ ‖A‖_∞). */
const norms: SingularValueLaw = {
  name: 'norms around the largest',
  applies: ({ matrix }) => Math.min(...shapeOf(matrix)) > 0,
  ratio: (singularValues, { matrix }) => {
    const a = normalised(matrix);
    const [m, n] = shapeOf(a);
    const longest = Math.max(...indices(n).map((j) => normFrobenius(selected(a, indices(m), [j]))));
    return excess(singularValues(a).data.subarray(0, 1), [longest], [Math.sqrt(norm1(a) * norm1(transpose(a)))], longer(a)); // prettier-ignore
  },
};

/**
 * The product is |det A|, which exact arithmetic gives for integers: the smallest value is |det A| over the product of the
 * others. Each of those is n ε σ₁ off, which moves the quotient by its relative error times σ_n, no more than n ε σ₁.
 */
const determinant: SingularValueLaw = {
  name: 'product is the determinant',
  applies: ({ matrix }) => isSmallInteger(matrix),
  ratio: (singularValues, { matrix }) => {
    const n = longer(matrix);
    const values = singularValues(matrix).data;
    const others = values.subarray(0, n - 1);
    const exact = exactDeterminant(matrix);
    // Two zeros: no quotient to speak of.
    if (others.includes(0)) return 0;
    const logarithm = (exact === 0n ? -Infinity : logOfInteger(exact)) - others.reduce((sum, value) => sum + Math.log(value), 0); // prettier-ignore
    const smallest = Math.exp(logarithm);
    return excess(values.subarray(n - 1), [smallest], [smallest], n * n, values[0]);
  },
};

export const singularValueLaws: readonly SingularValueLaw[] = [
  sorted,
  squares,
  knownValues,
  knownRank,
  transposition,
  scaling,
  permutation,
  orthogonalInvariance,
  zeroBorder,
  interlacing,
  weyl,
  ostrowski,
  norms,
  determinant,
];

/** Square, not empty, of order 12 at most, with integer elements below 2^20. */
function isSmallInteger(a: Matrix): boolean {
  const [m, n] = shapeOf(a);
  return m === n && n > 0 && n <= 12 && elementsOf(a).every((x) => Number.isInteger(x) && Math.abs(x) < 2 ** 20);
}
