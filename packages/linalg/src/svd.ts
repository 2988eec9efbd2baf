import type { Tensor } from '@rankwise/tensor';
import { jacobiSvd } from './jacobiSvd.ts';

/** A = U diag(s) Vᵀ, k = min(m, n). */
export interface Svd {
  /** [m, k], orthonormal columns. */
  readonly u: Tensor<'f64'>;
  /** [k], descending, none negative. */
  readonly s: Tensor<'f64'>;
  /** [n, k], orthonormal columns. */
  readonly v: Tensor<'f64'>;
}

export function svd(a: Tensor<'f64'>): Svd {
  return jacobiSvd(a);
}
