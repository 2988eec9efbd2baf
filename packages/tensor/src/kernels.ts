/**
 * The contract between the mathematics and the machine.
 *
 * Everything heavy goes through an object of this interface, which is passed in and never global.
 * `referenceKernels` (pure TypeScript) is always there and is the oracle: another implementation returns the same results
 * within the bounds stated at each method, where u is 2^-24 for f32 and 2^-53 for f64 and γ_k = k u / (1 − k u).
 *
 * Calls are synchronous. Operands may be any strided view unless a method says `contiguous`. An output must not overlap
 * an input. The same kernels object gives bit-identical results for identical calls, whatever its number of threads.
 */

import type { FloatDType } from './dtype.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** Applied to each output element as it is stored. */
export type FusedActivation = 'none' | 'relu';

/** out ← activation(alpha · a · b + beta · out + bias). */
export interface MatmulCall {
  /** [m, k]; f32 or f64, any strides (a transposed view costs nothing extra). */
  readonly a: Tensor<FloatDType>;
  /** [k, n]. */
  readonly b: Tensor<FloatDType>;
  /** [m, n]; its dtype is the precision of the result. With beta = 0 its old contents are not read, NaN included. */
  readonly out: Tensor<FloatDType>;
  /** Default 1. */
  readonly alpha?: number;
  /** Default 0. */
  readonly beta?: number;
  /** [m], added to each column of the product. */
  readonly rowBias?: Tensor<FloatDType>;
  /** The operand that is not changed between calls that share it: kernels may keep it in a form of their own. */
  readonly constant?: 'a' | 'b';
  readonly activation?: FusedActivation;
}

/** [top, left, bottom, right], in elements. */
export type Padding = readonly [number, number, number, number];
/** [vertical, horizontal]. */
export type Pair = readonly [number, number];

export interface ConvolutionGeometry {
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  /** Input and output channels are split into this many independent groups. */
  readonly groups: number;
}

/** Cross-correlation with zero padding, as every network library means it. */
export interface Conv2dCall extends ConvolutionGeometry {
  /** [images, channels, height, width], contiguous. */
  readonly input: Tensor<'f32'>;
  /** [filters, channels / groups, kernelHeight, kernelWidth], contiguous. Not changed between calls that share it. */
  readonly weight: Tensor<'f32'>;
  /** [filters]. */
  readonly bias?: Tensor<'f32'>;
  /** [images, filters, outputHeight, outputWidth], contiguous. */
  readonly output: Tensor<'f32'>;
  readonly activation?: FusedActivation;
}

export interface Pool2dCall {
  /** [images, channels, height, width], contiguous. */
  readonly input: Tensor<'f32'>;
  /** [images, channels, outputHeight, outputWidth], contiguous. Windows are clipped at the input's edges. */
  readonly output: Tensor<'f32'>;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

export interface AveragePool2dCall extends Pool2dCall {
  /** True divides by the padded part of the window as well; false by the elements inside the input only. */
  readonly countPadding: boolean;
}

/**
 * One step of low-rank reconstruction through a nonlinearity r: for each element the z that minimises
 *
 *   (r(y) − r(z))² + λ (z − y')²,   y' = predicted + offset of its column.
 *
 * For the ReLU, z is z1 = max(0, (λ y' + r(y)) / (λ + 1)) where its cost is less than that of z0 = min(0, y'), else z0.
 */
export interface AuxiliaryStepCall {
  /** r. */
  readonly nonlinearity: 'relu';
  /** y, [rows, width], contiguous, finite. */
  readonly target: Tensor<'f32'>;
  /** [rows, width], contiguous, finite; each y' − offset is replaced by e = z − y', rounded to the tensor's dtype. */
  readonly predicted: Tensor<FloatDType>;
  /** [width]. */
  readonly offset: Float64Array;
  /** λ > 0. */
  readonly lambda: number;
  /** [width]; Σ z over the rows is added. */
  readonly auxiliarySum: Float64Array;
  /** [width]; Σ e over the rows is added. */
  readonly shiftSum: Float64Array;
}

/** Sums over all elements of an auxiliary step. */
export interface AuxiliaryStepSums {
  /** Σ (r(y) − r(y'))². */
  readonly nonlinear: number;
  /** Σ (r(y) − r(z))² + λ (z − y')². */
  readonly relaxed: number;
  /** Σ (z − y')². */
  readonly shiftSquares: number;
  /** Σ z². */
  readonly auxiliarySquares: number;
}

/** out ← a · x for a symmetric a, of which one triangle is read: half the memory of a product. */
export interface SymmetricTimesVectorCall {
  /** [n, n], its rows contiguous (strides [s, 1]); what lies above the diagonal is not read. */
  readonly a: Tensor<'f64'>;
  /** [n], contiguous. */
  readonly x: Tensor<'f64'>;
  /** [n], contiguous; its old contents are not read. */
  readonly out: Tensor<'f64'>;
}

/** Memory for intermediate results that kernels reach without copies, and that is used again instead of being made anew. */
export interface Workspace {
  /**
   * A contiguous tensor with arbitrary contents, its caller's until it is released; undefined when there is no room for it.
   * It is not plain memory to be kept or sent elsewhere: results that leave a computation are copied out of it.
   */
  borrow<D extends FloatDType>(dtype: D, shape: Shape): Tensor<D> | undefined;
  /** Takes back the memory of a borrowed tensor, from it or any view of it. Tensors that were not borrowed here are left alone. */
  release(tensor: Tensor): void;
}

export interface Kernels {
  /** For reports: `reference`, `simd`. */
  readonly name: string;
  readonly threads: number;
  /** What the implementation found and uses, for reports. */
  readonly features: readonly string[];

  /** |out − exact| ≤ 2 γ_{k+2} (|alpha| |a| |b| + |beta out| + |bias|) elementwise, u of out's dtype. */
  matmul(call: MatmulCall): void;
  /** |out − exact| ≤ 2 γ_{n+2} |a| |x| elementwise, u = 2^-53. Fast where `a` lies in the workspace. */
  symmetricTimesVector(call: SymmetricTimesVectorCall): void;
  /** As matmul with k = channels / groups · kernelHeight · kernelWidth, times the growth of a fast algorithm if one is used. */
  conv2d(call: Conv2dCall): void;
  /** Exact. A window that holds a NaN gives NaN. */
  maxPool2d(call: Pool2dCall): void;
  /** As a sum of kernelHeight · kernelWidth terms. */
  averagePool2d(call: AveragePool2dCall): void;
  /** output ← max(input, 0) elementwise, exact; both contiguous, of one shape, and they may be the same tensor. */
  relu(input: Tensor<'f32'>, output: Tensor<'f32'>): void;
  /** output ← a + b elementwise, correctly rounded; all contiguous and of one shape; output may be a or b. */
  add(a: Tensor<'f32'>, b: Tensor<'f32'>, output: Tensor<'f32'>): void;
  /**
   * Optional: callers have a plain loop for kernels without it. Each e has the bits of the formulas above in f64, each operation
   * rounded once (and then to f32, where `predicted` is f32); a sum of n terms t, each a few operations in f64, is off by at most γ_{n+6} Σ |t|, u = 2^-53.
   */
  auxiliaryStepInPlace?(call: AuxiliaryStepCall): AuxiliaryStepSums;
  /** Where outputs are best put that only the next calls read. Absent where ordinary memory is as good. */
  readonly workspace?: Workspace;
}
