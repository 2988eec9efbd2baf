/**
 * The data of one layer's reconstruction problem.
 *
 * | symbol    | shape  | meaning                                                                                        |
 * |-----------|--------|------------------------------------------------------------------------------------------------|
 * | target    | [n, d] | y_i, responses before the nonlinearity of the ORIGINAL layer on its ORIGINAL input              |
 * | regressor | [n, d] | ŷ_i = W x̂_i + b on the input x̂ that the layer will really get; the same tensor when symmetric  |
 *
 * Samples are rows, so that one response is contiguous. The paper writes them as columns of Y. Where a max pool reads the layer, the
 * rows may be whole windows of it, one after the other: then what counts of a window is its greatest response.
 */

import { DomainError, ShapeError, checkFinite, formatShape, isContiguous, sameShape, tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

export interface ResponseSamples {
  readonly target: Tensor<'f32'>;
  readonly regressor: Tensor<'f32'>;
  /** Rows of a pooling window; absent or 1 where each response counts. */
  readonly window?: number;
}

/** A low-rank affine map of responses: y ↦ left · right · y + offset, M = left · right. */
export interface LowRankMap {
  /** [d, k], the paper's P. */
  readonly left: Tensor<'f64'>;
  /** [k, d], the paper's Qᵀ. */
  readonly right: Tensor<'f64'>;
  /** [d], the paper's b. */
  readonly offset: Float64Array;
}

/**
 * Refuses samples that are not two equal contiguous [n ≥ 1, d ≥ 1] tensors of finite values, and ranks that are not integers
 * in 1…d, and rows that are not whole windows.
 * @throws ShapeError for the samples' shapes and strides, and the windows.
 * @throws DomainError for the rank, or a value that is not finite.
 */
export function checkProblem(caller: string, samples: ResponseSamples, rank: number): void {
  const { target, regressor, window = 1 } = samples;
  if (target.shape.length !== 2 || target.shape.includes(0)) {
    throw new ShapeError(`${caller}: target: expected shape [n, d] with n, d ≥ 1, got ${formatShape(target.shape)}`);
  }
  if (!sameShape(target.shape, regressor.shape)) {
    throw new ShapeError(
      `${caller}: regressor: expected the target's shape ${formatShape(target.shape)}, got ${formatShape(regressor.shape)}`,
    );
  }
  for (const [argument, tensor] of Object.entries({ target, regressor })) {
    if (!isContiguous(tensor)) {
      throw new ShapeError(`${caller}: ${argument}: expected a contiguous tensor, got a strided view`);
    }
  }
  const [rows = 0, filters = 0] = target.shape;
  if (!Number.isInteger(window) || window < 1 || rows % window !== 0) {
    throw new ShapeError(`${caller}: window: expected a number that divides the ${rows} rows, got ${window}`);
  }
  if (!Number.isInteger(rank) || rank < 1 || rank > filters) {
    throw new DomainError(`${caller}: rank: expected an integer from 1 to ${filters}, got ${rank}`);
  }
  checkFinite(caller, 'target', target);
  if (regressor !== target) checkFinite(caller, 'regressor', regressor);
}

/**
 * Refuses maps that are not [d, k ≥ 1] · [k, d] with an offset [d], of finite values.
 * @throws ShapeError for the shapes.
 * @throws DomainError for a value that is not finite.
 */
export function checkMap(caller: string, { left, right, offset }: LowRankMap, filters: number): void {
  const rank = left.shape[1] ?? 0;
  const fits = rank >= 1 && sameShape(left.shape, [filters, rank]) && sameShape(right.shape, [rank, filters]);
  if (!fits || offset.length !== filters) {
    const got = `${formatShape(left.shape)}, ${formatShape(right.shape)} and [${offset.length}]`;
    throw new ShapeError(`${caller}: map: expected [${filters}, k ≥ 1], [k, ${filters}] and [${filters}], got ${got}`);
  }
  checkFinite(caller, 'map.left', left);
  checkFinite(caller, 'map.right', right);
  checkFinite(caller, 'map.offset', tensorOf(offset, [filters]));
}
