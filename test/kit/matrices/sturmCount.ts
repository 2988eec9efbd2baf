/**
 * An oracle for eigenvalues that shares no code with any solver: how many eigenvalues of a symmetric tridiagonal matrix are
 * below x is the number of negative pivots of T − x I (Sylvester's law of inertia; Parlett, §7.2), and a symmetric matrix has
 * the inertia of its L D Lᵀ pivots.
 */

/** Eigenvalues of the tridiagonal matrix (diagonal, coupling) below x. */
export function sturmCount(diagonal: Float64Array, coupling: Float64Array, x: number): number {
  let count = 0;
  let pivot = 1;
  for (let i = 0; i < diagonal.length; i++) {
    const e = i === 0 ? 0 : coupling[i - 1]!;
    pivot = diagonal[i]! - x - (e * e) / pivot;
    // An exact zero stands for either sign: an arbitrarily small change of x decides.
    if (pivot === 0) pivot = Number.MIN_VALUE;
    if (pivot < 0) count++;
  }
  return count;
}
