/** One nonlinearity of each kind, and several where a number makes a difference, for laws that hold for all. */

import type { Nonlinearity } from '@rankwise/approx';
import { fromNested } from '@rankwise/tensor';

/** Slopes for up to eight channels. */
const slopes = fromNested('f32', [0, 0.25, 1, -0.5, 2, 0.1, -1, 0.01]);

export const smoothKinds = ['sigmoid', 'tanh', 'gelu', 'silu', 'softplus'] as const;

/** A PReLU for layers of `width` ≤ 8 filters. */
export function preluOf(width: number): Nonlinearity {
  return { kind: 'prelu', slopes: { ...slopes, shape: [width] } };
}

/** By name; for layers of `width` ≤ 8 filters. */
export function nonlinearities(width: number): Readonly<Record<string, Nonlinearity>> {
  const smooth = Object.fromEntries(smoothKinds.map((kind) => [kind, { kind }] as const));
  return {
    relu: { kind: 'relu' },
    'leaky ReLU': { kind: 'leakyRelu', slope: 0.1 },
    'a steep slope': { kind: 'leakyRelu', slope: 3 },
    'the absolute value': { kind: 'leakyRelu', slope: -1 },
    prelu: preluOf(width),
    relu6: { kind: 'clip', low: 0, high: 6 },
    'a narrow clip': { kind: 'clip', low: -0.5, high: 0.75 },
    ...smooth,
  };
}
