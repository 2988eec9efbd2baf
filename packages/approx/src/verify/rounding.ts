/**
 * How far apart two measurements of the same relative error may be.
 *
 * The same images through the same network give responses that differ by rounding: kernels sum in other orders, and a report's errors
 * were measured with the map in f64 before its factors were rounded to f32. With z' = z + δ, since r does not stretch distances,
 *
 *   | √error' − √error | ≤ ‖δ‖ / √E,     E = Σ ‖r(y) − mean of r(y)‖²
 *
 * (the triangle inequality). A response that comes through sums of n terms in all carries ‖δ‖ ≈ √n u ‖r(y)‖, u = 2⁻²⁴, as roundings that
 * are independent with mean zero add up (Higham & Mary, SIAM J. Sci. Comput. 41, 2019). The factor of 30, the usual one of LAPACK's tests,
 * covers cancellation within the sums and the larger constants of fast convolution algorithms.
 */

/** Of f32. */
const unitRoundoff = 2 ** -24;
const factor = 30;

/**
 * The bound on |√error' − √error|.
 * @param terms - n, summed over the layers that a response passes
 * @param magnitude - Σ ‖r(y)‖²
 * @param energy - E
 */
export function rootErrorBound(terms: number, magnitude: number, energy: number): number {
  return factor * Math.sqrt(terms) * unitRoundoff * Math.sqrt(energy > 0 ? magnitude / energy : 0);
}
