/** max(x, 0) and a + b over contiguous tensors of one shape. */

import type { Tensor } from '../tensor.ts';
import { checkElementwise } from './checkCalls.ts';

/** output ← max(input, 0); NaN stays NaN. See Kernels.relu. */
export function relu(input: Tensor<'f32'>, output: Tensor<'f32'>): void {
  const size = checkElementwise('relu', { input }, output);
  const source = input.data;
  const target = output.data;
  const from = input.offset;
  const to = output.offset;
  for (let i = 0; i < size; i++) {
    const value = source[from + i]!;
    target[to + i] = value <= 0 ? 0 : value;
  }
}

/** output ← a + b. The f64 sum of two f32 numbers, rounded to f32, is the correctly rounded sum. See Kernels.add. */
export function add(a: Tensor<'f32'>, b: Tensor<'f32'>, output: Tensor<'f32'>): void {
  const size = checkElementwise('add', { a, b }, output);
  const left = a.data;
  const right = b.data;
  const target = output.data;
  const fromA = a.offset;
  const fromB = b.offset;
  const to = output.offset;
  for (let i = 0; i < size; i++) target[to + i] = left[fromA + i]! + right[fromB + i]!;
}
