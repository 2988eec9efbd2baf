/**
 * The paper's product of energies as a sum, so that its exact maximum can be found.
 *
 *   max Π_l Σ_{a ≤ d'_l} σ_{l,a}   is   min Σ_l −log( Σ_{a ≤ d'_l} σ_{l,a} / Σ_a σ_{l,a} )
 *
 * (Zhang et al. 2015, §2.4; σ_{l,a} are the eigenvalues of the covariance of layer l's responses.)
 */

/**
 * −log of the energy that the first 1, 2, …, `count` components keep; zeros where there is no energy to keep.
 * @param energies - descending; tiny negative values count as 0
 * @example
 * import { energyLoss } from '@rankwise/approx';
 * [...energyLoss([1, 1, 0])] // => [Math.log(2), 0, 0]
 */
export function energyLoss(energies: ArrayLike<number>): Float64Array {
  const rest = new Float64Array(energies.length + 1);
  for (let i = energies.length - 1; i >= 0; i--) rest[i] = rest[i + 1]! + Math.max(0, energies[i] ?? 0);
  const total = rest[0] ?? 0;
  // −log(kept) = −log(1 − rest), summed from the small end, keeps what is small against 1.
  return Float64Array.from({ length: energies.length }, (_, i) =>
    total > 0 ? Math.max(0, -Math.log1p(-rest[i + 1]! / total)) : 0,
  );
}
