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

/** All eigenvalues of the tridiagonal matrix, descending, by bisection until no double lies between the bounds. */
export function sturmEigenvalues(diagonal: Float64Array, coupling: Float64Array): Float64Array {
  const n = diagonal.length;
  let reach = 0;
  for (let i = 0; i < n; i++) {
    reach = Math.max(reach, Math.abs(diagonal[i]!) + Math.abs(coupling[i - 1] ?? 0) + Math.abs(coupling[i] ?? 0));
  }
  return Float64Array.from({ length: n }, (_, j) => {
    // The (j + 1)-th largest: n − 1 − j are below it.
    let [low, high] = [-reach, reach];
    for (let step = 0; step < 1100; step++) {
      const middle = low + (high - low) / 2;
      if (middle === low || middle === high) break;
      if (sturmCount(diagonal, coupling, middle) > n - 1 - j) high = middle;
      else low = middle;
    }
    return high;
  });
}
