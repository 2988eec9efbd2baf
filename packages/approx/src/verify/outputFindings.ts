/** How far the answers of two networks are apart, and how sure that is. */

import type { Tensor } from '@rankwise/tensor';
import { compareOutputs } from '../pipeline/compareOutputs.ts';
import type { FoundError } from './claim.ts';
import { rootErrorBound } from './rounding.ts';

export interface OutputFindings {
  readonly images: number;
  readonly error: FoundError;
  readonly agreement: number;
  /** Images whose two best classes are so near each other that rounding may exchange them. */
  readonly closeCalls: number;
}

/**
 * @param original - f32 [images, classes]
 * @param approximated - of the same shape
 * @param terms - terms of all sums that an answer passes
 */
export function outputFindings(original: Tensor<'f32'>, approximated: Tensor<'f32'>, terms: number): OutputFindings {
  const { relativeError, agreement } = compareOutputs(original, approximated);
  const [images = 0] = original.shape;
  const energy = energyOfRows(original);
  let largest = 0;
  for (const { data } of [original, approximated])
    for (const value of data) largest = Math.max(largest, Math.abs(value));
  // An answer's rounding relative to the largest one: the bound where energy and magnitude are the same.
  const nearness = rootErrorBound(terms, 1, 1) * largest;
  const closeCalls = Array.from({ length: images }, (_, image) =>
    [original, approximated].some((outputs) => leadOf(outputs, image) <= 2 * nearness),
  ).filter(Boolean).length;
  return {
    images,
    error: { value: relativeError, rootBound: rootErrorBound(terms, squaresOf(original), energy) },
    agreement,
    closeCalls,
  };
}

/** How much the best class scores above the second. */
function leadOf({ data, offset, shape }: Tensor<'f32'>, image: number): number {
  const classes = shape[1] ?? 0;
  let [best, second] = [-Infinity, -Infinity];
  for (let j = 0; j < classes; j++) {
    const value = data[offset + image * classes + j]!;
    if (value > best) [best, second] = [value, best];
    else if (value > second) second = value;
  }
  return best - second;
}

function squaresOf({ data }: Tensor<'f32'>): number {
  return data.reduce((sum, value) => sum + value * value, 0);
}

/** Σ (o − mean of o)² over classes; of a single image Σ o², as compareOutputs has it. */
function energyOfRows({ data, offset, shape }: Tensor<'f32'>): number {
  const [images = 0, classes = 0] = shape;
  let energy = 0;
  for (let j = 0; j < classes; j++) {
    let mean = 0;
    if (images > 1) for (let i = 0; i < images; i++) mean += data[offset + i * classes + j]! / images;
    for (let i = 0; i < images; i++) energy += (data[offset + i * classes + j]! - mean) ** 2;
  }
  return energy;
}
