/**
 * One-dimensional transforms of minimal filtering, y = T x, for four channels at once, as straight-line code.
 *
 * T is G, Bᵀ or Aᵀ of F(m, r) (see cookToom in @rankwise/tensor), its entries constants. For the points ±p, rows k and k + 1 of G and
 * Bᵀ are mirror images: even = Σ_{j even} T[k][j] x_j and odd = Σ_{j odd} T[k][j] x_j give even + odd and even − odd. In Aᵀ,
 * columns are: x_k + x_{k+1} serves the even rows and x_k − x_{k+1} the odd ones. With one tap T is the number 1.
 */

import { cookToom } from '@rankwise/tensor';
import { f32x4, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/functionBuilder.ts';
import { keptVector } from './lanes.ts';

export type TransformKind = 'input' | 'filter' | 'output';

/** F(outputs, taps); 1 tap means no transform along that axis: one output, one input. */
export interface LineShape {
  readonly outputs: number;
  readonly taps: number;
}

type Vector = Expression<'v128'>;
type Fraction = readonly [number, number];

/** The elements that a transform takes: m + r − 1 of them, or r for a filter. */
export function inputsOf(kind: TransformKind, { outputs, taps }: LineShape): number {
  return kind === 'filter' ? taps : outputs + taps - 1;
}

/** Emits the transform of one line; the results are evaluated where it stands. */
export function emitTransform(
  f: FunctionBuilder,
  kind: TransformKind,
  shape: LineShape,
  inputs: readonly Local<'v128'>[],
): readonly Local<'v128'>[] {
  if (shape.taps === 1) return inputs;
  const matrices = cookToom(shape.outputs, shape.taps);
  const pairs = pairedPoints(matrices.points);
  return kind === 'output'
    ? foldColumns(f, matrices.output, inputs, pairs)
    : foldRows(f, matrices[kind], inputs, pairs);
}

/** Indices k such that points k and k + 1 are p and −p. */
function pairedPoints(points: readonly Fraction[]): readonly number[] {
  return points.flatMap(([numerator], k) => (numerator > 0 ? [k] : []));
}

/** G x and Bᵀ x. */
function foldRows(
  f: FunctionBuilder,
  matrix: readonly (readonly Fraction[])[],
  inputs: readonly Local<'v128'>[],
  pairs: readonly number[],
): Local<'v128'>[] {
  const results: Local<'v128'>[] = [];
  matrix.forEach((row, k) => {
    if (pairs.includes(k - 1)) return;
    if (!pairs.includes(k)) {
      results.push(keptVector(f, combination(row, inputs)));
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
    results.push(keptVector(f, f32x4.add(even.get(), odd.get())), keptVector(f, f32x4.sub(even.get(), odd.get())));
  });
  return results;
}

/** Aᵀ x. */
function foldColumns(
  f: FunctionBuilder,
  matrix: readonly (readonly Fraction[])[],
  inputs: readonly Local<'v128'>[],
  pairs: readonly number[],
): Local<'v128'>[] {
  const sums = new Map<number, Local<'v128'>>();
  const differences = new Map<number, Local<'v128'>>();
  for (const k of pairs) {
    // A pair is two of the inputs.
    sums.set(k, keptVector(f, f32x4.add(inputs[k]!.get(), inputs[k + 1]!.get())));
    differences.set(k, keptVector(f, f32x4.sub(inputs[k]!.get(), inputs[k + 1]!.get())));
  }
  return matrix.map((row, i) => {
    const folded = inputs.map((input, k) => (i % 2 === 0 ? sums : differences).get(k) ?? input);
    return keptVector(
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
