/**
 * out ← activation(alpha · a · b + beta · out + bias) on packed panels. See Kernels.matmul.
 *
 * The rows of the result in memory run along the contiguous axis of `out`: where that is the first axis (a transposed view), the
 * product computed is outᵀ = bᵀ aᵀ, with the row bias along the vectors.
 */

import { checkMatmulCall, slice, transpose } from '@rankwise/tensor';
import type { FloatDType, MatmulCall, Tensor } from '@rankwise/tensor';
import { packTask } from '../emit/packPanels.ts';
import { productTask } from '../emit/product.ts';
import { tileFlags } from '../emit/tile.ts';
import { planProduct } from '../plan/productPlan.ts';
import type { ProductPlan } from '../plan/productPlan.ts';
import { chooseTile } from '../plan/tileShape.ts';
import type { Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { bytesOf, downloadRows, uploadMatrix, viewOf } from './transfer.ts';
import type { HeapMatrix } from './transfer.ts';

/** Operands and results above this many bytes are worked on in parts, so that the linear memory stays moderate. */
const partBytes = 2 ** 28;

/** The product with the roles of the tile: `left` gives rows (splats), `right` columns (vectors). */
interface OrientedCall {
  readonly left: Tensor<FloatDType>;
  /** [columns, depth]. */
  readonly rightTransposed: Tensor<FloatDType>;
  readonly out: Tensor<FloatDType>;
  readonly bias: Tensor<FloatDType> | undefined;
  readonly biasAlongColumns: boolean;
}

export function matmul(machine: Machine, call: MatmulCall): void {
  const { m, n } = checkMatmulCall(call);
  if (m === 0 || n === 0) return;
  const parts = partsOf(call);
  for (const part of parts) multiply(machine, part);
}

/** The call cut along the longer axis of `out` until a part's operands are small enough. */
function partsOf(call: MatmulCall): readonly MatmulCall[] {
  const [m = 0, k = 0] = call.a.shape;
  const n = call.b.shape[1] ?? 0;
  const bytes = 8 * (m * k + k * n + m * n);
  const longest = Math.max(m, n);
  if (bytes <= partBytes || longest < 64) return [call];
  const half = Math.floor(longest / 2);
  const { a, b, out, rowBias } = call;
  if (m >= n) {
    const rows = (from: number, to: number): MatmulCall => ({
      ...call,
      a: slice(a, [[from, to]]),
      out: slice(out, [[from, to]]),
      ...(rowBias === undefined ? {} : { rowBias: slice(rowBias, [[from, to]]) }),
    });
    return [...partsOf(rows(0, half)), ...partsOf(rows(half, m))];
  }
  const columns = (from: number, to: number): MatmulCall => ({
    ...call,
    b: slice(b, [undefined, [from, to]]),
    out: slice(out, [undefined, [from, to]]),
  });
  return [...partsOf(columns(0, half)), ...partsOf(columns(half, n))];
}

function multiply(machine: Machine, call: MatmulCall): void {
  const { alpha = 1, beta = 0, activation = 'none' } = call;
  const oriented = orient(call);
  const { left, rightTransposed, out, bias, biasAlongColumns } = oriented;
  const doubles = [left, rightTransposed, out, ...(bias === undefined ? [] : [bias])].some(
    ({ dtype }) => dtype === 'f64',
  );
  const dtype = doubles ? 'f64' : 'f32';
  const bytes = bytesOf(dtype);
  const [rows = 0, depth = 0] = left.shape;
  const [columns = 0] = rightTransposed.shape;
  const { tile } = chooseTile(rows, columns, 16 / bytes, machine.relaxed);
  const plan = planProduct({ rows, columns, depth }, 16 / bytes, tile, machine.runner.threads);
  withScratch(machine, (allocate) => {
    const width = plan.tile.vectors * (16 / bytes);
    const leftPanels = allocate(plan.rows * plan.depth * bytes);
    const rightPanels = allocate(plan.columns * plan.depth * bytes);
    const result = allocate(plan.rows * plan.columns * bytes);
    const biasAddress = allocate(Math.max(plan.rows, plan.columns) * bytes);
    pack(machine, allocate, left, dtype, leftPanels, plan.tile.rows, plan, alpha);
    pack(machine, allocate, rightTransposed, dtype, rightPanels, width, plan, 1);
    uploadBias(machine, biasAddress, Math.max(plan.rows, plan.columns), dtype, bias);
    if (beta !== 0) uploadScaled(machine, result, plan.columns, dtype, out, beta, bias, biasAlongColumns);
    machine.runner.run(
      productTask(dtype, plan.tile),
      {
        ...plan,
        left: leftPanels,
        right: rightPanels,
        out: result,
        bias: biasAddress,
        leftBatch: 0,
        rightBatch: 0,
        outBatch: 0,
        rowStride: plan.columns * bytes,
        flags:
          (beta !== 0 ? tileFlags.accumulate : 0) |
          (activation === 'relu' ? tileFlags.relu : 0) |
          (biasAlongColumns ? tileFlags.columnBias : 0),
      },
      plan.items,
      (plan.rows * plan.columns * plan.depth * bytes) / 16,
    );
    downloadRows(machine, result, plan.columns, dtype, out);
  });
}

function orient({ a, b, out, rowBias }: MatmulCall): OrientedCall {
  const [rowStride, columnStride] = out.strides;
  if (rowStride === 1 && columnStride !== 1) {
    return { left: transpose(b), rightTransposed: a, out: transpose(out), bias: rowBias, biasAlongColumns: true };
  }
  return { left: a, rightTransposed: transpose(b), out, bias: rowBias, biasAlongColumns: false };
}

/** Packs the rows of `matrix` [count, depth] into panels of `width` rows. */
function pack(
  machine: Machine,
  allocate: (bytes: number) => number,
  matrix: Tensor<FloatDType>,
  dtype: FloatDType,
  target: number,
  width: number,
  plan: ProductPlan,
  scale: number,
): void {
  const [count = 0, depth = 0] = matrix.shape;
  const { address, rowStride, columnStride, dtype: from }: HeapMatrix = uploadMatrix(machine, allocate, matrix);
  machine.runner.run(
    packTask(from, dtype),
    {
      source: address,
      target,
      width,
      count,
      depth,
      paddedDepth: plan.depth,
      jStride: rowStride,
      kStride: columnStride,
      scale,
    },
    Math.ceil(count / width),
    count * depth,
  );
}

function uploadBias(
  { heap }: Machine,
  address: number,
  length: number,
  dtype: FloatDType,
  bias: Tensor<FloatDType> | undefined,
): void {
  const first = address / bytesOf(dtype);
  const target = viewOf(heap, dtype).subarray(first, first + length);
  target.fill(0);
  if (bias === undefined) return;
  const [count = 0] = bias.shape;
  const [stride = 0] = bias.strides;
  for (let i = 0; i < count; i++) target[i] = bias.data[bias.offset + i * stride]!;
}

/** Writes beta · out + bias, where the sum starts when beta is not zero. */
function uploadScaled(
  { heap }: Machine,
  address: number,
  rowLength: number,
  dtype: FloatDType,
  out: Tensor<FloatDType>,
  beta: number,
  bias: Tensor<FloatDType> | undefined,
  biasAlongColumns: boolean,
): void {
  const [rows = 0, columns = 0] = out.shape;
  const [rowStride = 0, columnStride = 0] = out.strides;
  const target = viewOf(heap, dtype);
  const first = address / bytesOf(dtype);
  const biasAt = (index: number): number =>
    bias === undefined ? 0 : bias.data[bias.offset + index * (bias.strides[0] ?? 0)]!;
  for (let i = 0; i < rows; i++) {
    const from = out.offset + i * rowStride;
    const to = first + i * rowLength;
    for (let j = 0; j < columns; j++) {
      target[to + j] = beta * out.data[from + j * columnStride]! + biasAt(biasAlongColumns ? j : i);
    }
  }
}
