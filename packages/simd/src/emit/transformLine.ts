/**
 * One-dimensional transforms of minimal filtering, y = T x, for four channels at once.
 *
 *   transform(source, sourceStride, target, targetStride): x_j at source + j · sourceStride, y_i at target + i · targetStride
 *
 * T is G, Bᵀ or Aᵀ of F(m, r) (see cookToom in @rankwise/tensor), emitted as straight-line code with its entries as constants. For the
 * points ±p, rows k and k + 1 of G and Bᵀ are mirror images: even = Σ_{j even} T[k][j] x_j and odd = Σ_{j odd} T[k][j] x_j give
 * even + odd and even − odd. In Aᵀ, columns are: x_k + x_{k+1} serves the even rows and x_k − x_{k+1} the odd ones.
 */

import { cookToom } from '@rankwise/tensor';
import { f32x4, i32, v128 } from '../assembler/instructions.ts';
import type { Callee, Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import type { ModuleBuilder } from '../assembler/moduleBuilder.ts';
import { keptVector } from './lanes.ts';

export type TransformKind = 'input' | 'filter' | 'output';

type Vector = Expression<'v128'>;
type Fraction = readonly [number, number];

/** F(outputs, taps); 1 tap means no transform along that axis: one output, one input. */
export interface LineShape {
  readonly outputs: number;
  readonly taps: number;
}

export function emitTransformLine(module: ModuleBuilder, kind: TransformKind, { outputs, taps }: LineShape): Callee {
  const matrices = cookToom(outputs, taps);
  const pairs = pairedPoints(matrices.points);
  const matrix = matrices[kind];
  const types = ['i32', 'i32', 'i32', 'i32'] as const;
  return module.func(`${kind}_${outputs}_${taps}`, types, [], (f, source, sourceStride, target, targetStride) => {
    const inputs = loadLine(f, source, sourceStride, matrix[0]?.length ?? 0);
    const results = kind === 'output' ? foldColumns(f, matrix, inputs, pairs) : foldRows(f, matrix, inputs, pairs);
    storeLine(f, target, targetStride, results);
  });
}

/** Indices k such that points k and k + 1 are p and −p. */
function pairedPoints(points: readonly Fraction[]): readonly number[] {
  return points.flatMap(([numerator], k) => (numerator > 0 ? [k] : []));
}

function loadLine(f: FunctionBuilder, source: Local<'i32'>, stride: Local<'i32'>, count: number): Local<'v128'>[] {
  return Array.from({ length: count }, (_, j) => {
    const value = f.local('v128');
    f.set(value, v128.load(source.get()));
    if (j < count - 1) f.set(source, i32.add(source.get(), stride.get()));
    return value;
  });
}

function storeLine(f: FunctionBuilder, target: Local<'i32'>, stride: Local<'i32'>, values: readonly Vector[]): void {
  values.forEach((value, i) => {
    f.do(v128.store(target.get(), value));
    if (i < values.length - 1) f.set(target, i32.add(target.get(), stride.get()));
  });
}

/** G x and Bᵀ x. */
function foldRows(
  f: FunctionBuilder,
  matrix: readonly (readonly Fraction[])[],
  inputs: readonly Local<'v128'>[],
  pairs: readonly number[],
): Vector[] {
  const results: Vector[] = [];
  matrix.forEach((row, k) => {
    if (pairs.includes(k - 1)) return;
    if (!pairs.includes(k)) {
      results.push(keep(f, combination(row, inputs)));
      return;
    }
    const even = keptVector(
      f,
      combination(row, inputs, (j) => j % 2 === 0),
    );
    const odd = keptVector(
      f,
      combination(row, inputs, (j) => j % 2 === 1),
    );
    results.push(keep(f, f32x4.add(even.get(), odd.get())), keep(f, f32x4.sub(even.get(), odd.get())));
  });
  return results;
}

/** Aᵀ x. */
function foldColumns(
  f: FunctionBuilder,
  matrix: readonly (readonly Fraction[])[],
  inputs: readonly Local<'v128'>[],
  pairs: readonly number[],
): Vector[] {
  const sums = new Map<number, Local<'v128'>>();
  const differences = new Map<number, Local<'v128'>>();
  for (const k of pairs) {
    // A pair is two of the inputs.
    sums.set(k, keptVector(f, f32x4.add(inputs[k]!.get(), inputs[k + 1]!.get())));
    differences.set(k, keptVector(f, f32x4.sub(inputs[k]!.get(), inputs[k + 1]!.get())));
  }
  return matrix.map((row, i) => {
    const folded = inputs.map((input, k) => (i % 2 === 0 ? sums : differences).get(k) ?? input);
    return keep(
      f,
      combination(row, folded, (k) => !pairs.includes(k - 1)),
    );
  });
}

/** Σ_j row[j] · values[j] over the wanted j; zeros cost nothing and ±1 no multiplication. */
function combination(
  row: readonly Fraction[],
  values: readonly Local<'v128'>[],
  wanted: (j: number) => boolean = () => true,
): Vector {
  let sum: Vector | undefined;
  row.forEach(([numerator, denominator], j) => {
    const value = values[j];
    if (numerator === 0 || value === undefined || !wanted(j)) return;
    const factor = numerator / denominator;
    const size = Math.abs(factor);
    const term = size === 1 ? value.get() : f32x4.mul(value.get(), constant(size));
    if (sum === undefined) sum = factor < 0 ? f32x4.mul(value.get(), constant(factor)) : term;
    else sum = factor < 0 ? f32x4.sub(sum, term) : f32x4.add(sum, term);
  });
  return sum ?? constant(0);
}

function constant(value: number): Vector {
  const bytes = new Uint8Array(Float32Array.of(value, value, value, value).buffer);
  return v128.const([...bytes]);
}

/** Evaluates now, reads later: stores come after all loads, so that source and target may be the same line. */
function keep(f: FunctionBuilder, value: Vector): Vector {
  return keptVector(f, value).get();
}
