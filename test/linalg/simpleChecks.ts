/**
 * Checks of the routines that have no laws in the kit: that results are finite, of the right structure, and near what another
 * routine or the definition gives. Each is a law bound to its routine, for the table in routines.ts. Where matrices are
 * multiplied they are normalised first.
 */

import {
  balancedFactors,
  conditionEstimate,
  conditionNumber,
  givensRotation,
  inertia,
  jacobiEigen,
  jacobiSvd,
  ldlFactors,
  normEstimate,
  pca,
  pcaFromSamples,
  prepareRegressor,
  procrustes,
  randomizedSvd,
  rank,
  reducedRankRegression,
  reducedRankRegressionFromSamples,
  solveTriangular,
  spectralNorm,
  sturmCount,
  tridiagonalEigenvalues,
} from '@rankwise/linalg';
import { tensorOf, transpose } from '@rankwise/tensor';
import type { Kernels, Random, Tensor } from '@rankwise/tensor';
import { at, bindLaws, conjugated, difference, distanceRatio, isDescending, matrixFrom, multiply, norm1, normFrobenius, orthogonalityRatio, randomMatrix, scalarRatio, scaled, solutionRatio, valuesRatio, withCondition } from '../kit/matrices/index.ts'; // prettier-ignore
import type { BoundLaw, MatrixCase, Matrix } from '../kit/matrices/index.ts';
import { demand, demandShape, elementsOf, excess, normalised } from '../kit/matrices/laws/law.ts';

/** Several ratios of one matrix; the worst counts. */
type Check = (a: Matrix, random: Random) => readonly number[];

const bound = (name: string, check: Check): readonly BoundLaw<MatrixCase>[] =>
  bindLaws([{ name, ratio: (run: Check, { matrix }: MatrixCase, random) => Math.max(0, ...run(matrix, random)) }], check); // prettier-ignore

const sizeOf = ({ shape }: Matrix): [m: number, n: number, larger: number] => [shape[0] ?? 0, shape[1] ?? 0, Math.max(...shape)]; // prettier-ignore

const shareOf = (a: Matrix): number => Math.ceil(Math.min(...a.shape) / 3);

const sumOfSquares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);

/** Diagonal and coupling of a tridiagonal matrix. */
export function tridiagonalOf(a: Matrix): [diagonal: Tensor<'f64'>, coupling: Tensor<'f64'>] {
  const [n = 0] = a.shape;
  const diagonal = Float64Array.from({ length: n }, (_, i) => at(a, i, i));
  const coupling = Float64Array.from({ length: Math.max(n - 1, 0) }, (_, i) => at(a, i + 1, i));
  return [tensorOf(diagonal, [n]), tensorOf(coupling, [coupling.length])];
}

/** inertia: as many signs as rows, which −A exchanges. */
export const inertiaChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('inertia of A and -A', (a) => {
    const { positive, zero, negative } = inertia(ldlFactors(a, { kernels }));
    const other = inertia(ldlFactors(scaled(a, -1), { kernels }));
    demand(positive + zero + negative === a.shape[0], `inertia: ${positive}, ${zero} and ${negative} of ${a.shape[0]}`);
    demand(other.positive === negative && other.zero === zero, 'inertia: of -A');
    return [];
  });

/** sturmCount: j values lie above the j-th of the descending ones, to the threshold of ratios. */
export const sturmChecks: readonly BoundLaw<MatrixCase>[] = bound('counts below the values', (a) => {
  const [diagonal, coupling] = tridiagonalOf(normalised(a));
  const { data } = tridiagonalEigenvalues(diagonal, coupling);
  const n = data.length;
  const reach = 30 * n * Number.EPSILON * (Math.max(...data.map(Math.abs)) || 1); // bound: a ratio of 30
  data.forEach((value, j) => {
    demand(sturmCount(diagonal, coupling, value - reach) <= n - 1 - j, `sturmCount: below value ${j}`);
    demand(sturmCount(diagonal, coupling, value + reach) >= n - j, `sturmCount: above value ${j}`);
  });
  demand(sturmCount(diagonal, coupling, Infinity) === n, 'sturmCount: below infinity');
  return [];
});

/** pca of a semi-definite matrix. */
export const pcaChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('values and vectors', (a) => {
    const { values, vectors, energy } = pca(a, { kernels });
    demand(isDescending(values), 'pca: expected descending values');
    demand([...energy.data].every((x, i) => x >= (energy.data[i - 1] ?? 0) && x <= 1), 'pca: energy'); // prettier-ignore
    const exact = jacobiEigen(a).values.data.map((value) => Math.max(value, 0));
    return [orthogonalityRatio(vectors), valuesRatio(values.data, exact)];
  });

/** pcaFromSamples against the singular values of the centred samples. */
export const samplePcaChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('values and vectors', (matrix) => {
    const a = normalised(matrix);
    const [m, n, larger] = sizeOf(a);
    const { mean, values, vectors } = pcaFromSamples(a, { kernels });
    const { s } = jacobiSvd(matrixFrom(m, n, (i, j) => at(a, i, j) - mean.data[j]!));
    const exact = Float64Array.from(values.data, (_, j) => (s.data[j] ?? 0) ** 2 / m);
    return [orthogonalityRatio(vectors), excess(values.data, exact, exact, larger, normFrobenius(a) ** 2 / Math.max(m, 1))]; // prettier-ignore
  });

/** randomizedSvd: the error is within its bound, no value above the true one. */
export const randomizedChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('vectors, values and bound', (matrix, random) => {
    const a = normalised(matrix);
    const [, , larger] = sizeOf(a);
    const count = shareOf(a);
    const { u, s, v, errorBound } = randomizedSvd(a, { count }, { seed: random.uint32(), kernels });
    const weighted = matrixFrom(u.shape[0]!, count, (i, j) => at(u, i, j) * s.data[j]!);
    const error = jacobiSvd(difference(a, multiply(weighted, transpose(v)))).s.data[0] ?? 0;
    const exact = jacobiSvd(a).s.data;
    return [
      orthogonalityRatio(u),
      orthogonalityRatio(v),
      excess([error], [exact[count] ?? 0], [errorBound], larger, exact[0] ?? 0),
      excess(s.data, s.data.map(() => 0), exact.subarray(0, count), larger, exact[0] ?? 0), // prettier-ignore
    ];
  });

/** spectralNorm, conditionNumber and rank against one-sided Jacobi. */
export const singularChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('norm, condition and rank', (a) => {
    const [, , larger] = sizeOf(a);
    const { data } = jacobiSvd(a).s;
    const [first = 0, last = 0] = [data[0], data.at(-1)];
    const reach = 30 * larger * Number.EPSILON; // bound: a ratio of 30
    const found = rank(a, { kernels, tolerance: 0.5 });
    const least = data.filter((value) => value / first > 0.5 + reach).length;
    const most = data.filter((value) => value / first > 0.5 - reach).length;
    demand(found >= least && found <= most, `rank: expected ${least} to ${most}, got ${found}`);
    const condition = conditionNumber(a, { kernels });
    demand(data.length === 0 ? condition === 0 : condition >= 1, `conditionNumber: got ${condition}`);
    const norm = valuesRatio(Float64Array.of(spectralNorm(a, { kernels })), Float64Array.of(first));
    // Subnormal singular values are multiples of 2^-1074, and so are no measure of ratios.
    const isMeasured = data.length > 0 && first > 2 ** -960; // bound: n ε of it is normal
    return [norm / Math.max(larger, 1), isMeasured ? scalarRatio(1 / condition, last / first, 1, larger) : 0];
  });

/** conditionEstimate within factors of κ₂, which κ₁ is within n of; normEstimate between two of its trial vectors' bounds. */
export const estimateChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('norm and condition', (matrix) => {
    const a = normalised(matrix);
    const [n] = sizeOf(a);
    if (n === 0) return [conditionEstimate(a, { kernels })];
    const column = (x: Float64Array): Matrix => tensorOf(x, [n, 1]);
    const norm = normEstimate(n, (x, transposed) => multiply(transposed ? transpose(a) : a, column(x)).data);
    const mean = norm1(multiply(a, column(new Float64Array(n).fill(1)))) / n;
    const estimate = conditionEstimate(a, { kernels });
    const condition = conditionNumber(a, { kernels });
    return [
      excess([norm], [mean], [norm1(a)], n),
      excess([estimate], [condition / (10 * n)], [condition * n], n * Math.max(condition, 1)),
    ];
  });

/** solveTriangular with a dominant diagonal, all four ways. */
export const triangularChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('T X = B', (matrix, random) => {
    const a = normalised(matrix);
    const [n] = sizeOf(a);
    const b = randomMatrix(n, 3, random);
    return (['lower', 'upper'] as const).flatMap((triangle) => {
      const inside = (i: number, j: number): boolean => (triangle === 'lower' ? j < i : j > i);
      const t = matrixFrom(n, n, (i, j) => (i === j ? 2 * n : inside(i, j) ? at(a, i, j) : 0));
      return [false, true].map((transposed) =>
        solutionRatio(transposed ? transpose(t) : t, solveTriangular(t, b, { kernels, triangle, transposed }), b),
      );
    });
  });

/** givensRotation of the first two elements. */
export const rotationChecks: readonly BoundLaw<MatrixCase>[] = bound('c f + s g = r', (matrix) => {
  const [f = 0, g = 0] = elementsOf(normalised(matrix));
  const { cosine, sine, length } = givensRotation(f, g);
  const size = Math.hypot(f, g);
  demand(cosine >= 0 && cosine <= 1, `givensRotation: cosine ${cosine}`);
  return [
    scalarRatio(cosine * cosine + sine * sine, 1, 1, 1),
    scalarRatio(cosine * f + sine * g, length, size, 1),
    scalarRatio(cosine * g, sine * f, size, 1),
    scalarRatio(Math.abs(length), size, size, 1),
  ];
});

/** procrustes: no worse than no turn at all, and its residual is that of the definition. */
export const procrustesChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('Q and residual', (matrix, random) => {
    const a = normalised(matrix);
    const [m, n, larger] = sizeOf(a);
    const b = randomMatrix(m, n, random);
    const { orthogonal, residual } = procrustes(a, b, { kernels });
    const size = normFrobenius(a) + normFrobenius(b);
    const rest = normFrobenius(difference(a, multiply(b, orthogonal)));
    return [
      orthogonalityRatio(orthogonal),
      scalarRatio(residual, rest, size, larger),
      excess([residual], [0], [normFrobenius(difference(a, b))], larger, size),
    ];
  });

/** balancedFactors: L R = P Q' with P'P = QQ' = S. */
export const balancedChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound("L R = P Q', P'P = S", (matrix, random) => {
    const given = normalised(matrix);
    const [, n, larger] = sizeOf(given);
    const other = randomMatrix(n, 5, random);
    const { left, right, singularValues } = balancedFactors(given, other, { kernels });
    const size = normFrobenius(given) * normFrobenius(other);
    const k = singularValues.data.length;
    const diagonal = matrixFrom(k, k, (i, j) => (i === j ? singularValues.data[i]! : 0));
    return [
      distanceRatio(multiply(left, right), multiply(given, other), size, larger),
      distanceRatio(multiply(transpose(left), left), diagonal, size, larger),
      distanceRatio(multiply(right, transpose(right)), diagonal, size, larger),
    ];
  });

/** reducedRankRegression on a regressor of condition 16: it explains as much as the leading singular values of G do. */
export const regressionChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('left, right and squares', (matrix, random) => {
    const cross = normalised(matrix);
    const [m, n, larger] = sizeOf(cross);
    const regressor = prepareRegressor(conjugated(withCondition(n, 16), random), { kernels });
    const count = shareOf(cross);
    const { left, right, singularValues } = reducedRankRegression(regressor, cross, count, { kernels });
    demandShape('left', left, m, count);
    const g = multiply(cross, regressor.whitener);
    const best = multiply(multiply(transpose(left), g), transpose(regressor.whitener));
    const most = sumOfSquares(jacobiSvd(g).s.data.subarray(0, count));
    return [
      orthogonalityRatio(left),
      scalarRatio(sumOfSquares(singularValues.data), most, normFrobenius(g) ** 2, larger),
      distanceRatio(right, best, normFrobenius(cross), 16 * (m + n)),
    ];
  });

/** reducedRankRegressionFromSamples of full rank finds the affine map that made the samples. */
export const sampleRegressionChecks = (kernels: Kernels): readonly BoundLaw<MatrixCase>[] =>
  bound('an affine map', (matrix, random) => {
    const a = normalised(matrix);
    const [m, n, larger] = sizeOf(a);
    const count = 3 * larger + 5;
    const y = randomMatrix(count, n, random);
    const image = multiply(y, transpose(a));
    const z = matrixFrom(count, m, (i, j) => at(image, i, j) + 1);
    const { left, right, offset } = reducedRankRegressionFromSamples({ y, z }, larger, { kernels });
    const fitted = multiply(y, transpose(multiply(left, right)));
    const found = matrixFrom(count, m, (i, j) => at(fitted, i, j) + offset.data[j]!);
    return [distanceRatio(found, z, normFrobenius(z), 16 * count)];
  });
