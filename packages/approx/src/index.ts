/** Low-rank approximation of convolutional networks that accounts for the nonlinearity. */

export { approximate, approximateCalibrated } from './pipeline/approximate.ts';
export type { ApproximateOptions, ApproximationResult } from './pipeline/approximate.ts';
export { layersToCalibrate } from './pipeline/approximationRequest.ts';
export type { ApproximateCalibratedOptions } from './pipeline/approximationRequest.ts';
export type { Journal } from './journal/journal.ts';
export { calibrate } from './pipeline/calibrate.ts';
export type { CalibratedLayer, Calibration, CalibrationOptions } from './pipeline/calibrate.ts';
export { compareOutputs } from './pipeline/compareOutputs.ts';
export type { OutputComparison } from './pipeline/compareOutputs.ts';
export { measuredRequest } from './pipeline/measuredRequest.ts';
export { measureSpeedup } from './pipeline/measureSpeedup.ts';
export { measureLatencies } from './pipeline/measureLatencies.ts';
export type { LatencyOptions } from './pipeline/measureLatencies.ts';
export { measureSensitivity } from './pipeline/measureSensitivity.ts';
export type { LayerSensitivity, SensitivityOptions } from './pipeline/measureSensitivity.ts';
export { outputDivergence } from './pipeline/outputDivergence.ts';
export type { Phase, ProgressEvent } from './pipeline/progress.ts';
export { reconstruct } from './pipeline/reconstruct.ts';
export type { ReconstructedModel, ReconstructionOptions } from './pipeline/reconstruct.ts';
export type {
  ApproximationReport,
  FitAndHeldOut,
  LayerReport,
  DescentReport,
  MeasuredSpeedup,
  RankSelectionReport,
  Reconstruction,
  ReportDigests,
  Solver,
  SpatialReconstruction,
} from './pipeline/report.ts';
export { chainResponses } from './descent/chainForms.ts';
export { chainObjective } from './descent/chainObjective.ts';
export type { ChainObjective, ChainProblem, ChainSamples } from './descent/chainObjective.ts';
export { descend } from './descent/descend.ts';
export type { DescentOptions, DescentSolution } from './descent/descend.ts';
export type { Factor, FactorChain } from './descent/factorChain.ts';
export { limitedMemoryBfgs } from './descent/limitedMemoryBfgs.ts';
export type { DescentTrace, Minimum, MinimiserOptions, Objective } from './descent/limitedMemoryBfgs.ts';
export { searchRanks, sensitivityLosses } from './pipeline/searchRanks.ts';
export type { PlanOrigin, RankCandidate, RankSearch, SearchOptions } from './pipeline/searchRanks.ts';
export { approximatedMacs, decompositionPays, originalMacs } from './decomposition/decompositionCost.ts';
export type { LayerSize } from './decomposition/decompositionCost.ts';
export { modelDigest } from './digest/digests.ts';
export { createSha256, sha256 } from './digest/sha256.ts';
export type { Sha256 } from './digest/sha256.ts';
export { alternatingReconstruction } from './decomposition/alternatingReconstruction.ts';
export type { AlternatingOptions, AlternatingReconstruction } from './decomposition/alternatingReconstruction.ts';
export { dataReconstruction } from './decomposition/dataReconstruction.ts';
export type { DataReconstruction, DataReconstructionOptions } from './decomposition/dataReconstruction.ts';
export { fullSpatialRank, splitsSpatially } from './decomposition/decomposition.ts';
export type { Decomposition, LayerRanks, SpatialLayerSize } from './decomposition/decomposition.ts';
export { filterReconstruction, filterSpectrum } from './decomposition/filterReconstruction.ts';
export type { FilterReconstruction } from './decomposition/filterReconstruction.ts';
export { layerMacs, ranksPay } from './decomposition/layerRanks.ts';
export { sumPatchMoments } from './decomposition/patchMoments.ts';
export type { PatchMoments, PatchMomentSums } from './decomposition/patchMoments.ts';
export { replaceSpatially } from './decomposition/replaceSpatially.ts';
export { spatialMacs, spatialPays, threeLayerMacs } from './decomposition/spatialCost.ts';
export type { SpatialCostOptions } from './decomposition/spatialCost.ts';
export { splitRank, uniformSpatialRank } from './decomposition/spatialRanks.ts';
export { installChain } from './decomposition/installChain.ts';
export { metricReconstruction } from './decomposition/metricReconstruction.ts';
export { composeSpatial } from './decomposition/spatialFactors.ts';
export type { SpatialFactors } from './decomposition/spatialFactors.ts';
export { convolutionLayers } from './layers.ts';
export type { ConvolutionLayer } from './layers.ts';
export { energyKept, removalOrder } from './ranks/energyRanks.ts';
export type { LayerSpectrum } from './ranks/energyRanks.ts';
export { energyLoss } from './ranks/energyLoss.ts';
export { flatCap } from './ranks/flatCap.ts';
export { monotoneCurve } from './ranks/monotoneCurve.ts';
export { optimalRanks } from './ranks/optimalRanks.ts';
export type { OptimalOptions, RankChoice } from './ranks/optimalRanks.ts';
export type { Budget, CostRequest, LayerLatency } from './ranks/rankCosts.ts';
export { candidateLayers, countedLayers } from './ranks/rankRequest.ts';
export type { RankMethod, RankRequest } from './ranks/rankRequest.ts';
export type { RankOption, RankTable } from './ranks/rankTable.ts';
export { rankSlider } from './ranks/rankSlider.ts';
export type { RankSlider } from './ranks/rankSlider.ts';
export { refineRanks } from './ranks/refineRanks.ts';
export type { RefineOptions, RefinedPlan, TriedPlan } from './ranks/refineRanks.ts';
export { plannedRanks } from './ranks/rankPlan.ts';
export type { PlanObjective, RankPlan } from './ranks/rankPlan.ts';
export { rankProblem } from './ranks/rankProblem.ts';
export type { RankProblem } from './ranks/rankProblem.ts';
export { selectRanks } from './ranks/selectRanks.ts';
export { uniformRank } from './ranks/uniformRanks.ts';
export { replaceConvolution } from './decomposition/replaceConvolution.ts';
export { computeResponses, gatherResponses } from './sampling/gatherResponses.ts';
export { gatherStrips } from './sampling/gatherStrips.ts';
export { samplePositions } from './sampling/samplePositions.ts';
export type { SampledPositions } from './sampling/samplePositions.ts';
export { drawPositions } from './sampling/sampleWindows.ts';
export type { PositionDraw } from './sampling/sampleWindows.ts';
export { clipAuxiliary } from './solve/clip.ts';
export { balanced, solveLinear } from './solve/linearSolver.ts';
export type { LinearSolution } from './solve/linearSolver.ts';
export { columnResponses, isIdentity, isPoolable, nonlinearityName } from './solve/nonlinearity.ts';
export type { Nonlinearity, ScalarResponse } from './solve/nonlinearity.ts';
export { acceleratedSchedule, nonlinearIterations, paperSchedule, solveNonlinear } from './solve/nonlinearSolver.ts';
export type { IterationTrace, NonlinearOptions, NonlinearSolution, PenaltyStage } from './solve/nonlinearSolver.ts';
export { relativeResponseError } from './solve/responseError.ts';
export { pooledMaximum } from './solve/pooledStep.ts';
export { rectifierAuxiliary } from './solve/rectifier.ts';
export type { LowRankMap, ResponseSamples } from './solve/samples.ts';
export { element, fragment } from './report/html.ts';
export type { Attributes, Child, Markup } from './report/html.ts';
export { lineChart } from './report/lineChart.ts';
export type { AxisSpec, Interval, LineChartSpec, LineSeries, Mark, Point } from './report/lineChart.ts';
export { renderReport } from './report/renderReport.ts';
export { reportPage } from './report/reportPage.ts';
export { reportTable } from './report/table.ts';
export type { TableColumn, TableSpec } from './report/table.ts';
export type { AccuracyPoint, ComparisonRow, ReportExtras } from './report/reportExtras.ts';
export { matchModels } from './verify/matchModels.ts';
export type { ModelMatch, Replacement } from './verify/matchModels.ts';
export type { ChainKind } from './verify/describeChain.ts';
export { mcnemar, pairedAccuracy } from './verify/pairedAccuracy.ts';
export type { PairedAccuracy } from './verify/pairedAccuracy.ts';
export { readReport } from './verify/readReport.ts';
export type { ClaimedErrors, LayerClaims, ReportClaims } from './verify/readReport.ts';
export { verifyApproximation } from './verify/verifyApproximation.ts';
export type { VerifyOptions } from './verify/verifyApproximation.ts';
export type { Claim, Figure, Verdict, Verification, VerifiedLayer } from './verify/verification.ts';
