/**
 * What decides the course of the bidiagonal QR iteration: which elements are negligible, and which shift is safe
 * (Demmel & Kahan 1990, §§2.2, 4; LAPACK dbdsqr, dlas2).
 */

/** A block first .. last (inclusive) and the direction its bulge is chased in: 1 from first to last, −1 the other way. */
export interface Chase {
  readonly first: number;
  readonly last: number;
  readonly step: 1 | -1;
}

/**
 * A lower bound, up to √n, of the smallest singular value of the whole matrix: min μ_i with μ_0 = |d_0| and
 * μ_{i+1} = |d_{i+1}| μ_i / (μ_i + |e_i|), over √n.
 */
export function singularLowerBound(main: Float64Array, above: Float64Array): number {
  const n = main.length;
  let mu = n === 0 ? 0 : Math.abs(main[0]!);
  let smallest = mu;
  for (let i = 1; i < n && smallest > 0; i++) {
    mu = Math.abs(main[i]!) * (mu / (mu + Math.abs(above[i - 1]!)));
    smallest = Math.min(smallest, mu);
  }
  return smallest / Math.sqrt(Math.max(n, 1));
}

/**
 * Looks for an element above the diagonal that is negligible by the recurrence above, run in the direction of the chase, sets
 * it to 0 and returns undefined; without one, returns the block's lower bound of the smallest singular value.
 */
export function zeroNegligibleInPlace(
  main: Float64Array,
  above: Float64Array,
  chase: Chase,
  tolerance: number,
): number | undefined {
  const { first, last, step } = chase;
  const head = step === 1 ? first : last;
  const tail = first + last - head;
  const e0 = step === 1 ? first : last - 1;
  const lastE = first + last - 1 - e0;
  if (Math.abs(above[lastE]!) <= tolerance * Math.abs(main[tail]!)) {
    above[lastE] = 0;
    return undefined;
  }
  let mu = Math.abs(main[head]!);
  let smallest = mu;
  for (let i = 0; i < last - first; i++) {
    const e = e0 + step * i;
    const magnitude = Math.abs(above[e]!);
    if (magnitude <= tolerance * mu) {
      above[e] = 0;
      return undefined;
    }
    mu = Math.abs(main[head + step * (i + 1)]!) * (mu / (mu + magnitude));
    smallest = Math.min(smallest, mu);
  }
  return smallest;
}

/**
 * The smaller singular value of the 2 × 2 at the end of the chase, or 0 when a shift would spoil the relative accuracy of
 * the block's smallest singular value. `spread` is n times the tolerance.
 */
export function bidiagonalShift(
  main: Float64Array,
  above: Float64Array,
  chase: Chase,
  smallest: number,
  spread: number,
): number {
  const { first, last, step } = chase;
  let largest = Math.abs(main[last]!);
  for (let i = first; i < last; i++) largest = Math.max(largest, Math.abs(main[i]!), Math.abs(above[i]!));
  const unit = Number.EPSILON / 2;
  if (spread * (smallest / largest) <= unit) return 0;
  const shift =
    step === 1
      ? smallerSingularValue(main[last - 1]!, above[last - 1]!, main[last]!)
      : smallerSingularValue(main[first]!, above[first]!, main[first + 1]!);
  const headRatio = shift / Math.abs(main[step === 1 ? first : last]!);
  return headRatio * headRatio < unit ? 0 : shift;
}

/** The smaller singular value of [[f, g], [0, h]], to a few units of rounding. */
function smallerSingularValue(f: number, g: number, h: number): number {
  const fa = Math.abs(f);
  const ga = Math.abs(g);
  const ha = Math.abs(h);
  const small = Math.min(fa, ha);
  const large = Math.max(fa, ha);
  if (small === 0) return 0;
  const sum = 1 + small / large;
  const difference = (large - small) / large;
  if (ga < large) {
    const ratio = (ga / large) ** 2;
    return small * (2 / (Math.sqrt(sum * sum + ratio) + Math.sqrt(difference * difference + ratio)));
  }
  const ratio = large / ga;
  const c = 1 / (Math.sqrt(1 + (sum * ratio) ** 2) + Math.sqrt(1 + (difference * ratio) ** 2));
  return 2 * (small * c * ratio);
}
