/** Dense linear algebra in f64: factorisations, eigenvalues, singular values and reduced-rank regression. */

export { qr, qrFactors, applyQ, thinQ } from './qr.ts';
export type { Qr, QrFactors } from './qr.ts';
export { cholesky, choleskySolve, solveTriangular } from './cholesky.ts';
export type { TriangularOptions } from './cholesky.ts';
export { symmetricEigen } from './symmetricEigen.ts';
export type { SymmetricEigen } from './symmetricEigen.ts';
export { jacobiEigen } from './jacobiEigen.ts';
export { svd } from './svd.ts';
export type { Svd } from './svd.ts';
export { jacobiSvd } from './jacobiSvd.ts';
export { pca } from './pca.ts';
export type { Pca } from './pca.ts';
export { prepareRegressor, reducedRankRegression } from './reducedRankRegression.ts';
export type { ReducedRankRegression, Regressor, RegressorOptions } from './reducedRankRegression.ts';
export { balancedFactors } from './balancedFactors.ts';
export type { BalancedFactors } from './balancedFactors.ts';
