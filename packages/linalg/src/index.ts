/** Dense linear algebra in f64: factorisations, eigenvalues, singular values and reduced-rank regression. */

export type { LinalgOptions } from './dense/options.ts';
export { qr, qrFactors, applyQ, thinQ } from './orthogonal/qr.ts';
export type { Qr, QrFactors } from './orthogonal/qr.ts';
export { lq } from './orthogonal/lq.ts';
export type { Lq } from './orthogonal/lq.ts';
export { pivotedQr } from './orthogonal/pivotedQr.ts';
export type { PivotedQr, RankOptions } from './orthogonal/pivotedQr.ts';
export { completeOrthogonal } from './orthogonal/completeOrthogonal.ts';
export type { CompleteOrthogonal } from './orthogonal/completeOrthogonal.ts';
export { leastSquares } from './orthogonal/leastSquares.ts';
export type { LeastSquares, LeastSquaresOptions } from './orthogonal/leastSquares.ts';
export { givensRotation } from './orthogonal/givensRotation.ts';
export type { GivensRotation } from './orthogonal/givensRotation.ts';
export { cholesky, choleskySolve } from './systems/cholesky.ts';
export { solveTriangular } from './systems/triangular.ts';
export type { TriangularOptions } from './systems/triangular.ts';
export { logDeterminant, luFactors, luSolve, solve } from './systems/lu.ts';
export type { LogDeterminant } from './systems/lu.ts';
export type { LuFactors } from './systems/elimination.ts';
export { inertia, ldlFactors, ldlSolve } from './systems/ldl.ts';
export type { Inertia, LdlFactors } from './systems/ldl.ts';
export { conditionEstimate } from './systems/conditionEstimate.ts';
export type { ConditionOptions } from './systems/conditionEstimate.ts';
export { normEstimate } from './systems/normEstimate.ts';
export type { Multiply } from './systems/normEstimate.ts';
export { symmetricEigen, symmetricEigenvalues } from './eigen/symmetricEigen.ts';
export type { SymmetricEigen, SymmetricEigenOptions } from './eigen/symmetricEigen.ts';
export { jacobiEigen } from './eigen/jacobiEigen.ts';
export { tridiagonalEigen } from './eigen/tridiagonalEigen.ts';
export { tridiagonalEigenvalues } from './eigen/bisection.ts';
export type { BisectionOptions } from './eigen/bisection.ts';
export { tridiagonalEigenvectors } from './eigen/inverseIteration.ts';
export { sturmCount } from './eigen/sturmCount.ts';
export { generalizedEigen } from './eigen/generalizedEigen.ts';
export type { GeneralizedEigen } from './eigen/generalizedEigen.ts';
export { singularValues, svd } from './svd/svd.ts';
export type { Svd, SvdOptions } from './svd/svd.ts';
export { jacobiSvd } from './svd/jacobiSvd.ts';
export { conditionNumber, rank, spectralNorm } from './svd/conditionNumber.ts';
export { pseudoInverse } from './svd/pseudoInverse.ts';
export { polar } from './svd/polar.ts';
export type { Polar } from './svd/polar.ts';
export { truncatedSvd } from './svd/truncatedSvd.ts';
export type { TruncatedSvd } from './svd/truncatedSvd.ts';
export { randomizedSvd } from './svd/randomizedSvd.ts';
export type { RandomizedSvd, RandomizedSvdOptions, RandomizedTarget } from './svd/randomizedSvd.ts';
export { generalizedSvd } from './multivariate/generalizedSvd.ts';
export type { GeneralizedSvd, GeneralizedSvdOptions } from './multivariate/generalizedSvd.ts';
export type { MetricOptions } from './multivariate/semidefiniteMetric.ts';
export { pca, pcaFromSamples } from './multivariate/pca.ts';
export type { Pca, PcaOptions, SamplePca, SamplePcaOptions } from './multivariate/pca.ts';
export { prepareRegressor, reducedRankRegression } from './multivariate/reducedRankRegression.ts';
export type {
  ReducedRankRegression,
  RegressionOptions,
  Regressor,
  RegressorOptions,
} from './multivariate/reducedRankRegression.ts';
export { reducedRankRegressionFromSamples } from './multivariate/reducedRankRegressionFromSamples.ts';
export type {
  RegressionSamples,
  SampleRegression,
  SampleRegressionOptions,
} from './multivariate/reducedRankRegressionFromSamples.ts';
export { procrustes } from './multivariate/procrustes.ts';
export type { Procrustes, ProcrustesOptions } from './multivariate/procrustes.ts';
export { balancedFactors } from './multivariate/balancedFactors.ts';
export type { BalancedFactors } from './multivariate/balancedFactors.ts';
