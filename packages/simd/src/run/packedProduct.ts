/**
 * A product on packed panels: both operands are copied into the linear memory, packed, multiplied, and the result is copied out.
 * What lies in the linear memory already is not copied.
 *
 * The rows of the result in memory run along the contiguous axis of `out`: where that is the first axis (a transposed view), the
 * product computed is outᵀ = bᵀ aᵀ, with the row bias along the vectors.
 */

import { transpose } from '@rankwise/tensor';
import type { FloatDType, MatmulCall, Tensor } from '@rankwise/tensor';
import { packTask } from '../emit/packPanels.ts';
import { productTask } from '../emit/product.ts';
import { tileFlags } from '../emit/tile.ts';
import { planProduct } from '../plan/productPlan.ts';
import type { ProductPlan } from '../plan/productPlan.ts';
import { chooseTile, roundUp } from '../plan/tileShape.ts';
import type { Allocate, Machine } from './machine.ts';
import { withScratch } from './machine.ts';
import { storeSums } from './storeSums.ts';
import { bytesOf, copyRows, negateInPlace, residentMatrix, uploadMatrix, uploadVector, viewOf } from './transfer.ts';
import type { HeapMatrix, Rows } from './transfer.ts';

type Side = 'left' | 'right';

/** The product with the roles of the tile: `left` gives rows (splats), `right` columns (vectors). */
interface OrientedCall {
  readonly left: Tensor<FloatDType>;
  /** [columns, depth]. */
  readonly rightTransposed: Tensor<FloatDType>;
  readonly out: Tensor<FloatDType>;
  readonly bias: Tensor<FloatDType> | undefined;
  readonly turned: boolean;
  /** The operand whose packed form may be kept. */
  readonly constant: Side | undefined;
}

export function multiplyPacked(machine: Machine, call: MatmulCall): void {
  const { alpha = 1, beta = 0, activation = 'none' } = call;
  const oriented = orient(call);
  const { left, rightTransposed, out, bias, turned, constant } = oriented;
  const dtype = [left, rightTransposed, out, bias].some((tensor) => tensor?.dtype === 'f64') ? 'f64' : 'f32';
  const bytes = bytesOf(dtype);
  const [rows = 0, depth = 0] = left.shape;
  const [columns = 0] = rightTransposed.shape;
  const { tile } = chooseTile(rows, columns, 16 / bytes, machine.relaxed);
  const plan = planProduct({ rows, columns, depth }, 16 / bytes, tile, {
    threads: machine.runner.threads,
    walk: 'across',
  });
  // A sign goes into an operand, exactly. Another factor might take it out of range: then all but the sum is left to the end.
  const fused = Math.abs(alpha) === 1;
  const negated = alpha === -1 ? negatedSide(machine, oriented) : undefined;
  const accumulates = fused && beta !== 0;
  const whole = fused && bias === undefined && (beta === 0 || beta === 1) && out.dtype === dtype;
  const resident = whole ? residentOutput(machine, out, plan) : undefined;
  withScratch(machine, (allocate) => {
    const panels = (side: Side, width: number): number =>
      panelsOf(machine, side === 'left' ? left : rightTransposed, {
        dtype,
        plan,
        allocate,
        width,
        kept: constant === side,
        negated: negated === side,
      });
    const biasLength = Math.max(plan.rows, plan.columns);
    const addresses = {
      left: panels('left', tile.rows),
      right: panels('right', tile.vectors * (16 / bytes)),
      bias: allocate(biasLength * bytes),
      out: resident?.address ?? allocate(plan.rows * plan.columns * bytes),
    };
    uploadVector(machine, addresses.bias, biasLength, dtype, fused ? bias : undefined);
    const result = { data: viewOf(machine.heap, dtype), offset: addresses.out / bytes, strides: [plan.columns, 1] };
    if (accumulates && resident === undefined) uploadScaled(result, oriented, beta);
    machine.runner.run(
      productTask(dtype, tile),
      {
        ...plan,
        ...addresses,
        leftBatch: 0,
        rightBatch: 0,
        outBatch: 0,
        rowStride: resident?.rowStride ?? plan.columns * bytes,
        flags: flagsOf(accumulates, fused && activation === 'relu', turned),
      },
      plan.items,
      (plan.rows * plan.columns * plan.depth * bytes) / 16,
    );
    if (resident !== undefined) return;
    if (fused) return copyRows(rows, columns, out, result);
    storeSums(call, { ...result, strides: turned ? [1, plan.columns] : [plan.columns, 1] });
  });
}

function flagsOf(accumulates: boolean, isRelu: boolean, hasColumnBias: boolean): number {
  return (
    (accumulates ? tileFlags.accumulate : 0) |
    (isRelu ? tileFlags.relu : 0) |
    (hasColumnBias ? tileFlags.columnBias : 0)
  );
}

/** Where the tiles can write to `out` itself: it lies in the linear memory and is whole tiles. */
function residentOutput(machine: Machine, out: Tensor<FloatDType>, plan: ProductPlan): HeapMatrix | undefined {
  const [rows = 0, columns = 0] = out.shape;
  if (plan.rows !== rows || plan.columns !== columns || out.strides[1] !== 1) return undefined;
  return residentMatrix(machine, out);
}

/** The operand that gets the sign of the product: one that is not kept and is copied anyway, the smaller one if there is a choice. */
function negatedSide(machine: Machine, { left, rightTransposed, constant }: OrientedCall): Side {
  if (constant !== undefined) return constant === 'left' ? 'right' : 'left';
  const stays = (tensor: Tensor<FloatDType>): boolean => residentMatrix(machine, tensor) !== undefined;
  if (stays(left) !== stays(rightTransposed)) return stays(left) ? 'right' : 'left';
  return (left.shape[0] ?? 0) <= (rightTransposed.shape[0] ?? 0) ? 'left' : 'right';
}

function orient({ a, b, out, rowBias: bias, constant }: MatmulCall): OrientedCall {
  const [rowStride, columnStride] = out.strides;
  const turned = rowStride === 1 && columnStride !== 1;
  const kept = constant === undefined ? undefined : (constant === 'a') === turned ? 'right' : 'left';
  return turned
    ? { left: transpose(b), rightTransposed: a, out: transpose(out), bias, turned, constant: kept }
    : { left: a, rightTransposed: transpose(b), out, bias, turned, constant: kept };
}

interface PanelOptions {
  readonly dtype: FloatDType;
  readonly plan: ProductPlan;
  /** Rows of the matrix in a panel. */
  readonly width: number;
  /** Whether the panels are kept for later calls. */
  readonly kept: boolean;
  /** Not for panels that are kept. */
  readonly negated: boolean;
  readonly allocate: Allocate;
}

/** Address of the panels of a matrix [count, depth]. */
function panelsOf(machine: Machine, matrix: Tensor<FloatDType>, options: PanelOptions): number {
  const { dtype, plan, width, kept, allocate } = options;
  const [count = 0] = matrix.shape;
  const bytes = roundUp(count, width) * plan.depth * bytesOf(dtype);
  if (!kept) {
    const target = allocate(bytes);
    pack(machine, allocate, matrix, target, options);
    return target;
  }
  // What is copied on the way does not outlive the packing.
  const make = (target: number): void =>
    withScratch(machine, (scratch) => pack(machine, scratch, matrix, target, options));
  return machine.weights.packed(matrix, `panels ${dtype} ${width}×${plan.depth}`, bytes, make);
}

function pack(
  machine: Machine,
  allocate: Allocate,
  matrix: Tensor<FloatDType>,
  target: number,
  { dtype, plan, width, negated }: PanelOptions,
): void {
  const [count = 0, depth = 0] = matrix.shape;
  const resident = negated ? undefined : residentMatrix(machine, matrix);
  const source = resident ?? uploadMatrix(machine, allocate, matrix);
  if (negated) negateInPlace(machine, source);
  machine.runner.run(
    packTask(source.dtype, dtype),
    {
      source: source.address,
      target,
      width,
      count,
      depth,
      paddedDepth: plan.depth,
      jStride: source.rowStride,
      kStride: source.columnStride,
    },
    Math.ceil(count / width),
    count * depth,
  );
}

/** Writes beta · out + bias, where the sum starts when beta is not zero. */
function uploadScaled(target: Rows, { out, bias, turned }: OrientedCall, beta: number): void {
  const [rows = 0, columns = 0] = out.shape;
  if (beta === 1 && bias === undefined) return copyRows(rows, columns, target, out);
  const [targetStride = 0] = target.strides;
  const [rowStride = 0, columnStride = 0] = out.strides;
  const biasAt = (index: number): number =>
    bias === undefined ? 0 : bias.data[bias.offset + index * (bias.strides[0] ?? 0)]!;
  for (let i = 0; i < rows; i++) {
    const from = out.offset + i * rowStride;
    const to = target.offset + i * targetStride;
    for (let j = 0; j < columns; j++) {
      target.data[to + j] = beta * out.data[from + j * columnStride]! + biasAt(turned ? j : i);
    }
  }
}
