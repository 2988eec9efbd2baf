/**
 * Every routine of @rankwise/linalg that a law can test, in the form the laws take, with the cases it is for. The laws, the fuzz
 * run and the guard of the README's table all read this list.
 */

import {
  applyQ,
  cholesky,
  choleskySolve,
  completeOrthogonal,
  generalizedEigen,
  generalizedSvd,
  jacobiEigen,
  jacobiSvd,
  ldlFactors,
  ldlSolve,
  leastSquares,
  logDeterminant,
  lq,
  luFactors,
  luSolve,
  pivotedQr,
  polar,
  pseudoInverse,
  qr,
  qrFactors,
  singularValues,
  solve,
  svd,
  symmetricEigen,
  symmetricEigenvalues,
  thinQ,
  tridiagonalEigen,
  tridiagonalEigenvalues,
  tridiagonalEigenvectors,
  truncatedSvd,
} from '@rankwise/linalg';
import { transpose } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import {
  bindLaws,
  choleskyLaws,
  completeOrthogonalLaws,
  eigenvalueLaws,
  eigenvectorLaws,
  generalizedEigenLaws,
  generalizedSvdLaws,
  generalRelationLaws,
  inverseBy,
  ldlLaws,
  leastSquaresLaws,
  logDeterminantLaws,
  lqLaws,
  luLaws,
  matrixFrom,
  partialEigenvectorLaws,
  pivotedQrLaws,
  polarLaws,
  pseudoInverseLaws,
  qrLaws,
  singularValueLaws,
  solutionLaws,
  svdLaws,
  symmetricFamilies,
  symmetricRelationLaws,
  truncatedSvdLaws,
} from '../kit/matrices/index.ts';
import type { BoundLaw, GeneralCase, GeneralKind, Matrix, Shape, SymmetricCase, SymmetricKind } from '../kit/matrices/index.ts'; // prettier-ignore
import {
  balancedChecks,
  estimateChecks,
  inertiaChecks,
  pcaChecks,
  procrustesChecks,
  randomizedChecks,
  regressionChecks,
  rotationChecks,
  samplePcaChecks,
  sampleRegressionChecks,
  singularChecks,
  sturmChecks,
  triangularChecks,
  tridiagonalOf,
} from './simpleChecks.ts';

interface Row<C extends SymmetricCase | GeneralCase> {
  readonly name: string;
  /** Which use of it, where there are several. */
  readonly variant?: string;
  /** Other public routines that its laws call and that have no row of their own. */
  readonly runs?: readonly string[];
  /** What the result itself must be: orthonormal, a factorisation of A, sorted. */
  readonly results: readonly BoundLaw<C>[];
  /** How the result must move with A. */
  readonly relations: readonly BoundLaw<C>[];
}

export interface SymmetricRow extends Row<SymmetricCase> {
  readonly keep?: (kind: SymmetricKind) => boolean;
}

export interface GeneralRow extends Row<GeneralCase> {
  readonly keep?: (kind: GeneralKind) => boolean;
  readonly shape?: Shape;
}

/** Far enough from singular for κ² ε to be small: the solution exists, and rounding does not decide what it is. */
const wellConditioned = ({ name }: GeneralKind): boolean =>
  /^(identity|condition 2|random orthogonal|known singular values, (arithmetic|repeated)|bidiagonal of ones|Chebyshev-Vandermonde|Parter)$/.test(name); // prettier-ignore

const isDefinite = ({ definite }: SymmetricKind): boolean => definite === true;

const isSemidefinite = ({ semidefinite }: SymmetricKind): boolean => semidefinite === true;

const inSafeRange = ({ scale }: { readonly scale?: string }): boolean => scale === undefined;

const isTridiagonal = ({ name }: SymmetricKind): boolean =>
  symmetricFamilies.some(({ family, kinds }) => family === 'tridiagonal' && kinds.some((kind) => kind.name === name));

/** Laws that compare a tridiagonal matrix with tridiagonal ones only, or with none. */
const keepsTridiagonal: ReadonlySet<string> = new Set([
  'values descend',
  'sum is the trace',
  'sum of squares is |A|_F^2',
  'known spectrum',
  'values of -A',
  'values of A + I',
  'scaling by a power of two',
  'Sturm counts',
]);

export const symmetricRows = (kernels: Kernels): readonly SymmetricRow[] => [
  {
    name: 'symmetricEigen',
    results: bindLaws(eigenvectorLaws, (a) => symmetricEigen(a, { kernels })),
    relations: bindLaws(eigenvalueLaws, (a) => symmetricEigen(a, { kernels }).values),
  },
  {
    name: 'symmetricEigen',
    variant: 'a part',
    results: bindLaws(partialEigenvectorLaws, (a) => symmetricEigen(a, { kernels, count: partOf(a) })),
    relations: [],
  },
  {
    name: 'symmetricEigenvalues',
    results: [],
    relations: bindLaws(eigenvalueLaws, (a) => symmetricEigenvalues(a, { kernels })),
  },
  {
    name: 'jacobiEigen',
    results: bindLaws(eigenvectorLaws, (a) => jacobiEigen(a)),
    relations: bindLaws(eigenvalueLaws, (a) => jacobiEigen(a).values),
  },
  {
    name: 'tridiagonalEigen',
    keep: isTridiagonal,
    results: bindLaws(eigenvectorLaws, (a) => tridiagonalEigen(...tridiagonalOf(a), { kernels })),
    relations: [],
  },
  {
    name: 'tridiagonalEigenvectors',
    keep: isTridiagonal,
    results: bindLaws(eigenvectorLaws, (a) => {
      const values = tridiagonalEigenvalues(...tridiagonalOf(a));
      return { values, vectors: tridiagonalEigenvectors(...tridiagonalOf(a), values) };
    }),
    relations: [],
  },
  {
    name: 'tridiagonalEigenvalues',
    keep: isTridiagonal,
    results: bindLaws(
      eigenvalueLaws.filter(({ name }) => keepsTridiagonal.has(name)),
      (a) => tridiagonalEigenvalues(...tridiagonalOf(a)),
    ),
    relations: [],
  },
  {
    name: 'generalizedEigen',
    keep: inSafeRange,
    results: bindLaws(generalizedEigenLaws, (a, b) => generalizedEigen(a, b, { kernels })),
    relations: [],
  },
  {
    name: 'cholesky',
    keep: isDefinite,
    results: bindLaws(choleskyLaws, (a) => cholesky(a, { kernels })),
    relations: [],
  },
  {
    name: 'choleskySolve',
    keep: isDefinite,
    results: bindLaws(solutionLaws, (a, b) => choleskySolve(cholesky(a, { kernels }), b, { kernels })),
    relations: [],
  },
  {
    name: 'ldlFactors',
    results: bindLaws(ldlLaws, (a) => {
      const { lower, diagonal, coupling, permutation, scale } = ldlFactors(a, { kernels });
      return { lower, middle: blockDiagonal(diagonal.data, coupling.data), permutation, scale };
    }),
    relations: [],
  },
  {
    name: 'ldlSolve',
    keep: isDefinite,
    results: bindLaws(solutionLaws, (a, b) => ldlSolve(ldlFactors(a, { kernels }), b, { kernels })),
    relations: [],
  },
  {
    name: 'svd',
    variant: 'of symmetric matrices',
    results: [],
    relations: bindLaws(symmetricRelationLaws, {
      eigenvalues: (a) => jacobiEigen(a).values,
      singularValues: (a) => svd(a, { kernels }).s,
    }),
  },
  { name: 'ldlFactors', variant: 'signs', runs: ['inertia'], results: inertiaChecks(kernels), relations: [] },
  { name: 'tridiagonalEigenvalues', variant: 'counts', runs: ['sturmCount'], keep: isTridiagonal, results: sturmChecks, relations: [] }, // prettier-ignore
  { name: 'pca', keep: isSemidefinite, results: pcaChecks(kernels), relations: [] },
];

export const generalRows = (kernels: Kernels): readonly GeneralRow[] => [
  {
    name: 'svd',
    results: bindLaws(svdLaws, (a) => svd(a, { kernels })),
    relations: [
      ...bindLaws(singularValueLaws, (a) => svd(a, { kernels }).s),
      ...bindLaws(generalRelationLaws, {
        eigenvalues: (a) => jacobiEigen(a).values,
        singularValues: (a) => svd(a, { kernels }).s,
      }),
    ],
  },
  {
    name: 'jacobiSvd',
    results: bindLaws(svdLaws, (a) => jacobiSvd(a)),
    relations: [
      ...bindLaws(singularValueLaws, (a) => jacobiSvd(a).s),
      ...bindLaws(generalRelationLaws, {
        eigenvalues: (a) => symmetricEigen(a, { kernels }).values,
        singularValues: (a) => jacobiSvd(a).s,
      }),
    ],
  },
  {
    name: 'singularValues',
    results: [],
    relations: bindLaws(singularValueLaws, (a) => singularValues(a, { kernels })),
  },
  { name: 'truncatedSvd', results: bindLaws(truncatedSvdLaws, (a, count) => truncatedSvd(a, count, { kernels })), relations: [] }, // prettier-ignore
  { name: 'pseudoInverse', results: bindLaws(pseudoInverseLaws, (a) => pseudoInverse(a, { kernels })), relations: [] },
  { name: 'polar', shape: 'tall', results: bindLaws(polarLaws, (a) => polar(a, { kernels })), relations: [] },
  {
    name: 'generalizedSvd',
    keep: inSafeRange,
    results: bindLaws(generalizedSvdLaws, (m, metric) => generalizedSvd(m, metric, { kernels })),
    relations: [],
  },
  { name: 'qr', results: bindLaws(qrLaws, (a) => qr(a, { kernels })), relations: [] },
  {
    name: 'applyQ',
    runs: ['qrFactors', 'thinQ'],
    // QᵀA is R: the reflectors undo what they did.
    results: bindLaws(qrLaws, (a) => {
      const factors = qrFactors(a, { kernels });
      const image = applyQ(factors, a, { kernels, transposed: true });
      const rounded = (i: number, j: number): number => (i > j ? 0 : image.data[i * (a.shape[1] ?? 0) + j]!);
      const [k = 0, n = 0] = factors.r.shape;
      return { q: thinQ(factors, { kernels }), r: matrixFrom(k, n, rounded) };
    }),
    relations: [],
  },
  { name: 'lq', results: bindLaws(lqLaws, (a) => lq(a, { kernels })), relations: [] },
  {
    name: 'pivotedQr',
    results: bindLaws(pivotedQrLaws, (a) => {
      const { factors, permutation } = pivotedQr(a, { kernels });
      return { q: thinQ(factors, { kernels }), r: factors.r, permutation };
    }),
    relations: [],
  },
  {
    name: 'completeOrthogonal',
    results: bindLaws(completeOrthogonalLaws, (a) => completeOrthogonal(a, { kernels })),
    relations: [],
  },
  {
    name: 'leastSquares',
    keep: inSafeRange,
    results: bindLaws(leastSquaresLaws, (a, b) => leastSquares(a, b, { kernels }).x),
    relations: bindLaws(pseudoInverseLaws, inverseBy((a, b) => leastSquares(a, b, { kernels }).x)), // prettier-ignore
  },
  {
    name: 'leastSquares',
    variant: 'by SVD',
    keep: inSafeRange,
    results: bindLaws(leastSquaresLaws, (a, b) => leastSquares(a, b, { kernels, method: 'svd' }).x),
    relations: bindLaws(pseudoInverseLaws, inverseBy((a, b) => leastSquares(a, b, { kernels, method: 'svd' }).x)), // prettier-ignore
  },
  { name: 'luFactors', results: bindLaws(luLaws, (a) => luFactors(a, { kernels })), relations: [] },
  {
    name: 'solve',
    shape: 'square',
    keep: wellConditioned,
    results: bindLaws(solutionLaws, (a, b) => solve(a, b, { kernels })),
    relations: bindLaws(pseudoInverseLaws, inverseBy((a, b) => solve(a, b, { kernels }))), // prettier-ignore
  },
  {
    name: 'luSolve',
    shape: 'square',
    keep: wellConditioned,
    results: bindLaws(solutionLaws, (a, b) => luSolve(luFactors(transpose(a), { kernels }), b, { kernels, transposed: true })), // prettier-ignore
    relations: [],
  },
  {
    name: 'logDeterminant',
    shape: 'square',
    results: bindLaws(logDeterminantLaws, (a) => logDeterminant(a, { kernels })),
    relations: [],
  },
  { name: 'pcaFromSamples', results: samplePcaChecks(kernels), relations: [] },
  { name: 'randomizedSvd', results: randomizedChecks(kernels), relations: [] },
  { name: 'spectralNorm', runs: ['conditionNumber', 'rank'], results: singularChecks(kernels), relations: [] },
  { name: 'conditionEstimate', runs: ['normEstimate'], shape: 'square', keep: wellConditioned, results: estimateChecks(kernels), relations: [] }, // prettier-ignore
  { name: 'solveTriangular', shape: 'square', results: triangularChecks(kernels), relations: [] },
  { name: 'givensRotation', results: rotationChecks, relations: [] },
  { name: 'procrustes', results: procrustesChecks(kernels), relations: [] },
  { name: 'balancedFactors', results: balancedChecks(kernels), relations: [] },
  { name: 'reducedRankRegression', runs: ['prepareRegressor'], results: regressionChecks(kernels), relations: [] },
  { name: 'reducedRankRegressionFromSamples', results: sampleRegressionChecks(kernels), relations: [] },
];

/** Names of all routines in the table, those run inside another row too. */
export function routineNames(kernels: Kernels): string[] {
  const rows = [...symmetricRows(kernels), ...generalRows(kernels)];
  return [...new Set(rows.flatMap(({ name, runs = [] }) => [name, ...runs]))];
}

function partOf(a: Matrix): number {
  return Math.ceil((a.shape[0] ?? 0) / 3);
}

function blockDiagonal(diagonal: Float64Array, coupling: Float64Array): Matrix {
  return matrixFrom(diagonal.length, diagonal.length, (i, j) =>
    i === j ? diagonal[i]! : Math.abs(i - j) === 1 ? coupling[Math.min(i, j)]! : 0,
  );
}
