/**
 * A layer as a chain of thin linear maps, the form that every decomposition takes on sampled inputs.
 *
 *   x ↦ F_m · … · F_1 · x + offset
 *
 * | decomposition | x                                  | factors                                       |
 * |---------------|------------------------------------|-----------------------------------------------|
 * | channel       | ŷ = W x̂ + b, d                     | Q [d', d], P [d, d']                            |
 * | spatial       | patch as kw strips of c·kh          | V [K, c·kh] on each strip, H [d, kw·K]          |
 * | 3d            | patch as kw strips of c·kh          | V [d'', c·kh] on each strip, H' [d', kw·d''], P [d, d'] |
 *
 * A factor with `strips` s reads its input [s · in] as s pieces and maps each by the same weight to [s · out].
 */

import { DomainError, ShapeError, checkFinite, formatShape, tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';

export interface Factor {
  /** f64 [out, in], contiguous. */
  readonly weight: Tensor<'f64'>;
  readonly strips: number;
}

export interface FactorChain {
  readonly factors: readonly Factor[];
  /** [d]. */
  readonly offset: Float64Array;
}

/**
 * Refuses chains whose factors do not fit each other, an input of `inputs` values and an output of `outputs`.
 * @throws ShapeError for sizes, DomainError for a value that is not finite or a number of strips below 1.
 */
export function checkChain(caller: string, { factors, offset }: FactorChain, inputs: number, outputs: number): void {
  if (factors.length === 0) throw new ShapeError(`${caller}: start: expected at least one factor, got none`);
  let width = inputs;
  for (const [i, { weight, strips }] of factors.entries()) {
    const [out = 0, into = 0] = weight.shape;
    if (!Number.isInteger(strips) || strips < 1) {
      throw new DomainError(`${caller}: start: factor ${i}: expected strips ≥ 1, got ${strips}`);
    }
    if (weight.shape.length !== 2 || out === 0 || into * strips !== width) {
      const wanted = `[out, ${width / strips}]`;
      throw new ShapeError(`${caller}: start: factor ${i}: expected ${wanted}, got ${formatShape(weight.shape)}`);
    }
    checkFinite(caller, `start: factor ${i}`, weight);
    width = out * strips;
  }
  if (width !== outputs || offset.length !== outputs) {
    throw new ShapeError(
      `${caller}: start: expected ${outputs} outputs and offsets, got ${width} and ${offset.length}`,
    );
  }
  checkFinite(caller, 'start: offset', tensorOf(offset, [offset.length]));
}
