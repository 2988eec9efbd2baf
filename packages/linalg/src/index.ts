/** Dense linear algebra in f64: factorisations, eigenvalues, singular values and reduced-rank regression. */

export type { LinalgOptions } from './dense/options.ts';
export { qr, qrFactors, applyQ, thinQ } from './orthogonal/qr.ts';
export type { Qr, QrFactors } from './orthogonal/qr.ts';
export { cholesky, choleskySolve } from './systems/cholesky.ts';
export { solveTriangular } from './systems/triangular.ts';
export type { TriangularOptions } from './systems/triangular.ts';
export { logDeterminant, luFactors, luSolve, solve } from './systems/lu.ts';
export type { LogDeterminant } from './systems/lu.ts';
export type { LuFactors } from './systems/elimination.ts';
export { symmetricEigen, symmetricEigenvalues } from './eigen/symmetricEigen.ts';
export type { SymmetricEigen, SymmetricEigenOptions } from './eigen/symmetricEigen.ts';
export { jacobiEigen } from './eigen/jacobiEigen.ts';
export { svd } from './svd/svd.ts';
export type { Svd } from './svd/svd.ts';
export { jacobiSvd } from './svd/jacobiSvd.ts';
export { pca } from './multivariate/pca.ts';
export type { Pca } from './multivariate/pca.ts';
export { prepareRegressor, reducedRankRegression } from './multivariate/reducedRankRegression.ts';
export type { ReducedRankRegression, Regressor, RegressorOptions } from './multivariate/reducedRankRegression.ts';
export { balancedFactors } from './multivariate/balancedFactors.ts';
export type { BalancedFactors } from './multivariate/balancedFactors.ts';
