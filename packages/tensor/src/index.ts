/** Tensors, seeded random numbers, array files and the kernels everything else stands on. */

export { ConvergenceError, DomainError, FormatError, ShapeError } from './errors.ts';
export { allocate, bytesPerElement, dtypeOf } from './dtype.ts';
export type { DType, FloatDType, TypedArrayOf } from './dtype.ts';
export { broadcastShapes, checkShape, formatShape, rowMajorStrides, sameShape, sizeOf } from './shape.ts';
export type { Shape } from './shape.ts';
export { fromNested, full, isContiguous, tensorOf, toNested, zeros } from './tensor.ts';
export type { Nested, Tensor } from './tensor.ts';
export { broadcastTo, expandDims, reshape, slice, squeeze, transpose } from './views.ts';
export type { SliceRange } from './views.ts';
export { assignInPlace, cast, contiguous, copyOf, hasDType } from './copies.ts';
export { concat, pad, stack } from './join.ts';
export { add, divide, maximum, minimum, multiply, subtract } from './elementwise.ts';
export { abs, exp, map, negate, sqrt } from './map.ts';
export { argmax, max, mean, min, sum } from './reduce.ts';
export type { Axes, ReduceOptions } from './reduce.ts';
export { matmul } from './matmul.ts';
export { checkFinite } from './checkFinite.ts';
export { createRandom, restoreRandom } from './random.ts';
export type { Random, RandomState } from './random.ts';
export type { RandomWords } from './randomSeed.ts';
export { readNpy, writeNpy } from './npy.ts';
export { readSafetensors, safetensorsParts, writeSafetensors } from './safetensors.ts';
export type { FileParts, Safetensors } from './safetensors.ts';
export type {
  AuxiliaryStepCall,
  AuxiliaryStepSums,
  AveragePool2dCall,
  Conv2dCall,
  ConvolutionGeometry,
  FusedActivation,
  Kernels,
  MatmulCall,
  Padding,
  Pair,
  Pool2dCall,
  SymmetricTimesVectorCall,
  Workspace,
} from './kernels.ts';
export {
  checkAuxiliaryStepCall,
  checkConv2dCall,
  checkElementwise,
  checkMatmulCall,
  checkPool2dCall,
  convolvedExtent,
} from './reference/checkCalls.ts';
export type { Conv2dExtents, MatmulExtents, Pool2dExtents } from './reference/checkCalls.ts';
export { conv2dDirect } from './reference/conv2dDirect.ts';
export { matmulNaive } from './reference/matmulNaive.ts';
export { conv2dWinograd } from './reference/conv2dWinograd.ts';
export { cookToom } from './reference/cookToom.ts';
export type { CookToom, Fraction } from './reference/cookToom.ts';
export { implicitCost, planConvolution, winogradPlan } from './reference/convolutionPlan.ts';
export type { ConvolutionPlan, ImplicitPlan, WinogradPlan } from './reference/convolutionPlan.ts';
export { checkSymmetricTimesVectorCall } from './reference/symmetricTimesVector.ts';
export { createReferenceKernels, referenceKernels } from './reference/referenceKernels.ts';
export type { ReferenceOptions } from './reference/referenceKernels.ts';
