/**
 * A kit for testing linear algebra: matrices that break it, arbitraries that draw them, ratios that measure results, laws that
 * every right routine keeps. See README.md. Nothing here needs a test runner; vitest.ts and ratioReporter.ts, which collect the
 * worst ratios of a run, stand apart.
 */

export { generalCase, generalCases, matrixSizes, seeds, sizes, symmetricCase, symmetricCases } from './arbitraries.ts'; // prettier-ignore
export type {
  GeneralCase,
  GeneralCaseOptions,
  MatrixCase,
  Shape,
  SymmetricCase,
  SymmetricCaseOptions,
} from './arbitraries.ts';
export { exactDeterminant, logOfInteger } from './exactDeterminant.ts';
export { generalFamilies, generalGallery, symmetricFamilies, symmetricGallery } from './gallery.ts';
export type { Family, GeneralKind, Inertia, Scale, SymmetricKind } from './gallery.ts';
export { eigenvalueLaws } from './laws/eigenvalueLaws.ts';
export type { EigenvaluesOf } from './laws/eigenvalueLaws.ts';
export { eigenvectorLaws, partialEigenvectorLaws } from './laws/eigenvectorLaws.ts';
export type { EigenDecomposition, EigenOf } from './laws/eigenvectorLaws.ts';
export { LawViolation, bindLaws, checkLaws } from './laws/law.ts';
export type { BoundLaw, Law } from './laws/law.ts';
export { generalizedEigenLaws, generalizedSvdLaws } from './laws/metricLaws.ts';
export type { GeneralizedEigenOf, GeneralizedSvdOf } from './laws/metricLaws.ts';
export { completeOrthogonalLaws, lqLaws, pivotedQrLaws, qrLaws } from './laws/orthogonalFactorLaws.ts';
export type { CompleteOrthogonalOf, LqOf, PivotedQrOf, QrOf } from './laws/orthogonalFactorLaws.ts';
export { generalRelationLaws, symmetricRelationLaws } from './laws/relationLaws.ts';
export type { BothValues } from './laws/relationLaws.ts';
export { singularValueLaws } from './laws/singularValueLaws.ts';
export type { SingularValuesOf } from './laws/singularValueLaws.ts';
export { inverseBy, leastSquaresLaws, polarLaws, pseudoInverseLaws, solutionLaws } from './laws/solutionLaws.ts';
export type { LeastSquaresOf, PolarOf, PseudoInverseOf, SolutionOf } from './laws/solutionLaws.ts';
export { svdLaws, truncatedSvdLaws } from './laws/svdLaws.ts';
export type { SingularDecomposition, SvdOf, TruncatedSvdOf } from './laws/svdLaws.ts';
export { choleskyLaws, ldlLaws, logDeterminantLaws, luLaws } from './laws/triangularFactorLaws.ts';
export type { CholeskyOf, LdlOf, LogDeterminantOf, LuOf } from './laws/triangularFactorLaws.ts';
export {
  at,
  combined,
  diagonalMatrix,
  identityMatrix,
  largestOf,
  matrixFrom,
  multiply,
  randomMatrix,
  randomOrthonormal,
  scaled,
  selected,
  symmetrized,
  timesPowerOfTwo,
  tridiagonalMatrix,
} from './matrix.ts';
export type { Matrix } from './matrix.ts';
export {
  difference,
  distanceRatio,
  factorizationRatio,
  hasPositiveLargest,
  isDescending,
  norm1,
  normFrobenius,
  orthogonalFactorRatio,
  orthogonalityRatio,
  productRatio,
  scalarRatio,
  solutionRatio,
  valuesRatio,
} from './ratios.ts';
export { fullTable, markdownTable, mergeRatios, routinesOfMarkdown, summaryTable } from './ratioTables.ts';
export { conjugated, spectra, withCondition, withSingularValues } from './spectra.ts';
export { sturmCount, sturmEigenvalues } from './sturmCount.ts';
export { BY_HAND, THRESHOLD, expectRatio, worstRatios } from './worstRatios.ts';
export type { CaseName, WorstRatio } from './worstRatios.ts';
