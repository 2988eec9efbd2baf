/**
 * The nonlinearity r behind a layer: what it is, its values and derivative, and step (ii) of the alternation for it.
 *
 * | kind      | r(x)                                        | z = argmin (r(y) − r(z))² + λ (z − y')²                    |
 * |-----------|---------------------------------------------|------------------------------------------------------------|
 * | identity  | x                                           | (y + λ y') / (1 + λ); such layers are solved linearly      |
 * | relu      | max(x, 0)                                   | closed form, rectifier.ts with slope 0                     |
 * | leakyRelu | x for x ≥ 0, slope · x below                | closed form, rectifier.ts                                  |
 * | prelu     | the same with a slope for each channel      | closed form, rectifier.ts                                  |
 * | clip      | min(max(x, low), high); ReLU6 is 0…6        | closed form, clip.ts                                       |
 * | others    | see activations.ts of nn                    | smoothAuxiliary.ts: a search of the line by intervals      |
 *
 * A nonlinearity is plain data. Work goes through columnResponses: one small object of functions for each channel, which is the same
 * object for all where r is.
 */

import { DomainError, ShapeError, formatShape, sameShape } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import type { SmoothActivation } from '@rankwise/nn';
import { clipResponse } from './clip.ts';
import { rectifierResponse } from './rectifier.ts';
import { smoothResponse } from './smoothAuxiliary.ts';

export type Nonlinearity =
  | { readonly kind: 'identity' }
  | { readonly kind: 'relu' }
  | { readonly kind: 'leakyRelu'; readonly slope: number }
  /** `slopes`: f32 [d]. */
  | { readonly kind: 'prelu'; readonly slopes: Tensor<'f32'> }
  | { readonly kind: 'clip'; readonly low: number; readonly high: number }
  | { readonly kind: SmoothActivation };

/** r on one channel. */
export interface ScalarResponse {
  /** r(x). */
  readonly value: (x: number) => number;
  /** r'(x); at a kink the derivative from below. */
  readonly derivative: (x: number) => number;
  /**
   * The z that minimises (r(y) − r(z))² + λ (z − y')² over all numbers.
   * @param observed - y
   * @param predicted - y'
   * @param lambda - λ > 0
   */
  readonly auxiliary: (observed: number, predicted: number, lambda: number) => number;
}

/**
 * r for each of `width` channels.
 * @example
 * import { columnResponses } from '@rankwise/approx';
 * const [r] = columnResponses({ kind: 'clip', low: 0, high: 6 }, 1);
 * [r.value(7), r.derivative(7), r.auxiliary(3, 1, 1)] // => [6, 0, 2]
 */
export function columnResponses(nonlinearity: Nonlinearity, width: number): readonly ScalarResponse[] {
  if (nonlinearity.kind === 'prelu') {
    const { data, offset, strides } = nonlinearity.slopes;
    const stride = strides[0] ?? 1;
    return Array.from({ length: width }, (_, j) => rectifierResponse(data[offset + j * stride]!));
  }
  const shared = sharedResponse(nonlinearity);
  return Array.from({ length: width }, () => shared);
}

/**
 * Whether r(x) = x, so that the linear solution is the best one.
 * @example
 * import { isIdentity } from '@rankwise/approx';
 * isIdentity({ kind: 'leakyRelu', slope: 1 }) // => true
 */
export function isIdentity(nonlinearity: Nonlinearity): boolean {
  if (nonlinearity.kind === 'prelu') {
    const { shape } = nonlinearity.slopes;
    return columnResponses(nonlinearity, shape[0] ?? 0).every(({ value }) => value(-1) === -1);
  }
  return nonlinearity.kind === 'identity' || (nonlinearity.kind === 'leakyRelu' && nonlinearity.slope === 1);
}

/**
 * Whether the method may look behind a max pool that follows: r must not fall, and be straight on each side of 0.
 * @example
 * import { isPoolable } from '@rankwise/approx';
 * [isPoolable({ kind: 'relu' }), isPoolable({ kind: 'gelu' })] // => [true, false]
 */
export function isPoolable(nonlinearity: Nonlinearity): boolean {
  const { kind } = nonlinearity;
  if (kind === 'leakyRelu') return nonlinearity.slope >= 0;
  if (kind === 'prelu') return slopesBelow(nonlinearity, nonlinearity.slopes.shape[0] ?? 0).every((a) => a >= 0);
  return kind === 'identity' || kind === 'relu';
}

/** r(x) / x below 0 for each of `width` channels of a poolable r. */
export function slopesBelow(nonlinearity: Nonlinearity, width: number): Float64Array {
  return Float64Array.from(columnResponses(nonlinearity, width), ({ derivative }) => derivative(-1));
}

/**
 * The name for reports.
 * @example
 * import { nonlinearityName } from '@rankwise/approx';
 * nonlinearityName({ kind: 'leakyRelu', slope: 0.1 }) // => 'leakyRelu 0.1'
 * nonlinearityName({ kind: 'clip', low: 0, high: 6 }) // => 'clip 0…6'
 */
export function nonlinearityName(nonlinearity: Nonlinearity): string {
  const { kind } = nonlinearity;
  if (kind === 'leakyRelu') return `${kind} ${nonlinearity.slope}`;
  return kind === 'clip' ? `${kind} ${nonlinearity.low}…${nonlinearity.high}` : kind;
}

/**
 * Refuses slopes and bounds that no layer of `width` filters can have.
 * @throws ShapeError when there is not one slope for each filter.
 * @throws DomainError when a slope or a bound is not finite, or low is above high; or the samples are windows and r is not poolable.
 */
export function checkNonlinearity(caller: string, nonlinearity: Nonlinearity, width: number, window = 1): void {
  const expectFinite = (what: string, value: number): void => {
    if (!Number.isFinite(value)) {
      throw new DomainError(`${caller}: nonlinearity: expected a finite ${what}, got ${value}`);
    }
  };
  if (nonlinearity.kind === 'leakyRelu') expectFinite('slope', nonlinearity.slope);
  if (nonlinearity.kind === 'clip') {
    const { low, high } = nonlinearity;
    expectFinite('low', low);
    expectFinite('high', high);
    if (low > high) throw new DomainError(`${caller}: nonlinearity: expected low ≤ high, got ${low} and ${high}`);
  }
  if (nonlinearity.kind === 'prelu') {
    const { shape } = nonlinearity.slopes;
    if (!sameShape(shape, [width])) {
      throw new ShapeError(`${caller}: nonlinearity: expected slopes of shape [${width}], got ${formatShape(shape)}`);
    }
    // r(−1) = −slope.
    for (const { value } of columnResponses(nonlinearity, width)) expectFinite('slope', -value(-1));
  }
  if (window > 1 && !isPoolable(nonlinearity)) {
    const expected = 'one of slopes 0 or more for samples in windows';
    throw new DomainError(`${caller}: nonlinearity: expected ${expected}, got ${nonlinearityName(nonlinearity)}`);
  }
}

const relu = rectifierResponse(0);
const identity = rectifierResponse(1);
const smooth: Readonly<Record<SmoothActivation, ScalarResponse>> = {
  sigmoid: smoothResponse('sigmoid'),
  tanh: smoothResponse('tanh'),
  gelu: smoothResponse('gelu'),
  silu: smoothResponse('silu'),
  softplus: smoothResponse('softplus'),
};

function sharedResponse(nonlinearity: Exclude<Nonlinearity, { kind: 'prelu' }>): ScalarResponse {
  switch (nonlinearity.kind) {
    case 'identity':
      return identity;
    case 'relu':
      return relu;
    case 'leakyRelu':
      return rectifierResponse(nonlinearity.slope);
    case 'clip':
      return clipResponse(nonlinearity.low, nonlinearity.high);
    default:
      return smooth[nonlinearity.kind];
  }
}
