/**
 * The two half-steps of data reconstruction (symbols as in spatialProblem.ts). Neither raises the objective.
 *
 *   H at fixed V:   H (B G Bᵀ) = S Bᵀ, one Cholesky factorisation of size K k_w; exact
 *   V at fixed H:   Σ_x H_xᵀ H B G_x = Σ_x H_xᵀ S_x, with H_x, G_x, S_x the columns (·, x); conjugate gradients from where V stands,
 *                   preconditioned with the mean of G's diagonal blocks, every step of which lowers the quadratic
 *
 * Before each the other factor is given orthonormal directions (QR), which changes how the scale is shared and nothing else: the systems
 * are then as well conditioned as G + ρ I, also where filters are dependent or zero. (Golub & Van Loan, 4th ed., §11.5.)
 */

import { contiguous, copyOf, reshape, transpose, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { cholesky, choleskySolve, qr } from '@rankwise/linalg';
import { dotOf, everyColumn, everyRow, innerMoment, timesCross, timesMoment } from './spatialProblem.ts';
import type { SpatialMatrices, SpatialProblem } from './spatialProblem.ts';

export interface HalfStep {
  readonly pair: SpatialMatrices;
  readonly objective: number;
}

/** Conjugate gradient steps per half-step: V moves on a surface that the next H changes anyway. */
const mostSteps = 12;

/** A residual this much smaller than at the start, in the preconditioner's norm squared, is as good as none: a digit and a half more. */
const residualPart = 2 ** -10;

/** The best H for a V, and that V with orthonormal rows. */
export function horizontalStep(problem: SpatialProblem, pair: SpatialMatrices): HalfStep {
  const { kernels, total } = problem;
  const vertical = contiguous(transpose(qr(transpose(pair.vertical), { kernels }).q));
  const wanted = timesCross(problem, vertical);
  const factor = cholesky(innerMoment(problem, vertical, timesMoment(problem, vertical)), { kernels });
  const horizontal = contiguous(transpose(choleskySolve(factor, transpose(wanted), { kernels })));
  return { pair: { vertical, horizontal }, objective: total - dotOf(wanted, horizontal) };
}

/** A better V for an H, which is given orthonormal columns (f, x) first. */
export function verticalStep(problem: SpatialProblem, pair: SpatialMatrices): HalfStep {
  const { kernels, total } = problem;
  const { vertical, horizontal } = orthonormalHorizontal(problem, pair);
  const columns = horizontal.shape[1] ?? 0;
  const inner = zeros('f64', [columns, columns]);
  kernels.matmul({ a: transpose(horizontal), b: horizontal, out: inner });
  const wanted = wantedVertical(problem, horizontal);
  const apply = (v: Tensor<'f64'>): Tensor<'f64'> => normalProduct(problem, inner, v);
  const v = copyOf(vertical);
  const residual = copyOf(wanted);
  addInPlace(residual, -1, apply(v));
  let z = preconditioned(problem, residual);
  let direction = copyOf(z);
  let size = dotOf(residual, z);
  const enough = size * residualPart;
  for (let step = 0; step < mostSteps && size > enough; step++) {
    const image = apply(direction);
    const curvature = dotOf(direction, image);
    if (!(curvature > 0)) break;
    addInPlace(v, size / curvature, direction);
    addInPlace(residual, -size / curvature, image);
    z = preconditioned(problem, residual);
    const next = dotOf(residual, z);
    const old = direction;
    direction = z;
    addInPlace(direction, next / size, old);
    size = next;
  }
  // T − 2 ⟨R, V⟩ + ⟨V, A V⟩ with A V = R − residual.
  const objective = total - dotOf(wanted, v) - dotOf(residual, v);
  return { pair: { vertical: v, horizontal }, objective };
}

/** H = Q R over its columns k, each of all (f, x): Q in its place, R V in V's. */
function orthonormalHorizontal({ width, kernels }: SpatialProblem, pair: SpatialMatrices): SpatialMatrices {
  const [rank = 0, height = 0] = pair.vertical.shape;
  const [filters = 0] = pair.horizontal.shape;
  const columns = reshape(transpose(reshape(pair.horizontal, [filters, rank, width]), [0, 2, 1]), [
    filters * width,
    rank,
  ]);
  const { q, r } = qr(columns, { kernels });
  const vertical = zeros('f64', [rank, height]);
  kernels.matmul({ a: r, b: pair.vertical, out: vertical });
  const horizontal = contiguous(transpose(reshape(q, [filters, width, rank]), [0, 2, 1]));
  return { vertical, horizontal: reshape(horizontal, [filters, rank * width]) };
}

/** Σ_x H_xᵀ S_x, [K, m]. */
function wantedVertical({ cross, width, kernels }: SpatialProblem, horizontal: Tensor<'f64'>): Tensor<'f64'> {
  const wanted = zeros('f64', [(horizontal.shape[1] ?? 0) / width, (cross.shape[1] ?? 0) / width]);
  for (let x = 0; x < width; x++) {
    kernels.matmul({
      a: transpose(everyColumn(horizontal, x, width)),
      b: everyColumn(cross, x, width),
      out: wanted,
      beta: 1,
    });
  }
  return wanted;
}

/** Σ_x H_xᵀ H B G_x, [K, m]; `inner` is Hᵀ H. */
function normalProduct(problem: SpatialProblem, inner: Tensor<'f64'>, vertical: Tensor<'f64'>): Tensor<'f64'> {
  const { width, kernels } = problem;
  const product = timesMoment(problem, vertical);
  const result = zeros('f64', vertical.shape);
  for (let x = 0; x < width; x++) {
    kernels.matmul({ a: everyRow(inner, x, width), b: everyColumn(product, x, width), out: result, beta: 1 });
  }
  return result;
}

function preconditioned({ preconditioner, kernels }: SpatialProblem, residual: Tensor<'f64'>): Tensor<'f64'> {
  return contiguous(transpose(choleskySolve(preconditioner, transpose(residual), { kernels })));
}

/** target += factor · source. */
function addInPlace(target: Tensor<'f64'>, factor: number, source: Tensor<'f64'>): void {
  for (let i = 0; i < target.data.length; i++) target.data[i]! += factor * source.data[i]!;
}
