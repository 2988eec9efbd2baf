/**
 * The smooth activations as functions of one number, in f64.
 *
 * | name     | r(x)                                   | reference                                                              |
 * |----------|----------------------------------------|------------------------------------------------------------------------|
 * | sigmoid  | 1 / (1 + exp(−x))                      |                                                                        |
 * | tanh     | (exp(x) − exp(−x)) / (exp(x) + exp(−x)) |                                                                       |
 * | gelu     | x Φ(x) = x erfc(−x / √2) / 2           | Hendrycks, Gimpel 2016, arXiv 1606.08415, exact; not its tanh stand-in |
 * | silu     | x / (1 + exp(−x))                      | the same, §2; "swish" with β = 1                                       |
 * | softplus | log(1 + exp(x))                        | Dugas et al. 2001                                                      |
 *
 * Each is finite for every finite x and keeps its relative accuracy in the tails: exponentials are taken of −|x| only, so nothing
 * overflows and nothing is lost against 1. Relative errors are a few units of 2^-53 (gelu: below 16, and erfc's argument adds
 * x² of them in the left tail).
 */

import { erfc } from './errorFunction.ts';

export type SmoothActivation = 'sigmoid' | 'tanh' | 'gelu' | 'silu' | 'softplus';

/**
 * r of each smooth activation.
 * @example
 * import { smoothActivations } from '@rankwise/nn';
 * smoothActivations.sigmoid(0) // => 0.5
 * smoothActivations.softplus(-1000) // => 0
 * smoothActivations.softplus(1000) // => 1000
 */
export const smoothActivations: Readonly<Record<SmoothActivation, (x: number) => number>> = {
  sigmoid,
  tanh: (x) => Math.tanh(x),
  gelu: (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
  silu: (x) => x * sigmoid(x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

function sigmoid(x: number): number {
  const small = Math.exp(-Math.abs(x));
  return (x < 0 ? small : 1) / (1 + small);
}
