/**
 * What a low-rank map predicts of its samples, a chunk of rows at a time.
 *
 * | symbol    | shape      | meaning                                                       |
 * |-----------|------------|---------------------------------------------------------------|
 * | predicted | [rows, d]  | left · right · ŷ of the chunk's rows, without the offset        |
 *
 * All chunks share their memory, which lies where the kernels compute if they lend some (Kernels.workspace): the products and what is
 * done to a prediction in between then need no copies. In f32 the factors are rounded to it first.
 *
 * Cost: 2 n d k multiply-adds; memory of one chunk.
 */

import { cast, slice, transpose } from '@rankwise/tensor';
import type { FloatDType, Kernels, Tensor } from '@rankwise/tensor';
import { lentMemory, rowsIn } from './lentMemory.ts';
import { rowsPerChunk } from './moments.ts';
import type { LowRankMap, ResponseSamples } from './samples.ts';

/** Rows of the samples and their prediction, which may be overwritten and lasts until the next chunk. */
export interface PredictedChunk<D extends FloatDType> {
  readonly target: Tensor<'f32'>;
  readonly regressor: Tensor<'f32'>;
  readonly predicted: Tensor<D>;
}

/** Rows in a chunk: of f32 there is room for more, and the fewer there are the more a product's operands are packed anew. */
const chunkRows = { f32: 2 * rowsPerChunk, f64: rowsPerChunk } as const;

/** The chunks in order; rows of one window are in one chunk. */
export function* predictedChunks<D extends FloatDType>(
  { target, regressor, window = 1 }: ResponseSamples,
  map: LowRankMap,
  dtype: D,
  kernels: Kernels,
): Generator<PredictedChunk<D>, void, void> {
  const [count = 0, width = 0] = target.shape;
  const rank = map.left.shape[1] ?? 0;
  const rows = Math.min(wholeWindows(chunkRows[dtype], window), count);
  const [left, right] = [cast(map.left, dtype), cast(map.right, dtype)];
  const memory = lentMemory(kernels);
  try {
    const room = memory.borrow('f32', [rows, width]);
    const projected = memory.tensor(dtype, [rows, rank]);
    const predicted = memory.tensor(dtype, [rows, width]);
    for (let from = 0; from < count; from += rows) {
      const to = Math.min(from + rows, count);
      const part: [number, number] = [0, to - from];
      const chunk = { regressor: rowsIn(room, regressor, from, to), predicted: slice(predicted, [part]) };
      const onFactors = slice(projected, [part]);
      kernels.matmul({ a: chunk.regressor, b: transpose(right), out: onFactors });
      kernels.matmul({ a: onFactors, b: transpose(left), out: chunk.predicted });
      yield { target: slice(target, [[from, to]]), ...chunk };
    }
  } finally {
    memory.release();
  }
}

/** The rows of as many whole windows as there are in a number of rows, of one at least. */
function wholeWindows(rows: number, window: number): number {
  return Math.max(window, rows - (rows % window));
}
