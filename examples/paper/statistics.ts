/**
 * What measurements on a sample can say: intervals for shares, differences of two methods on the same photographs, and how two
 * quantities go together.
 *
 * | what                          | standard error                                    | source                                      |
 * |-------------------------------|---------------------------------------------------|---------------------------------------------|
 * | share of hits                 | interval of score tests                           | Wilson 1927                                 |
 * | difference on the same images | √(Σ (δ_i − mean δ)²) / n, δ_i ∈ {−1, 0, 1}        | paired comparison (McNemar's, as a difference) |
 * | rank correlation ρ            | √((1 + ρ² / 2) / (n − 3)) on Fisher's scale       | Bonett, Wright 2000                         |
 * | R² of a straight line         | √(4 R² (1 − R²)² (n − 2)² / ((n² − 1)(n + 3)))    | Olkin, Finn 1995                            |
 */

/** A number and how far chance alone may have moved it (one standard deviation). */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** Quantile of the normal distribution that leaves 2.5% on either side. */
const normalQuantile = 1.959964;

/** The 95% interval of a share of which `hits` of `count` were seen. */
export function wilsonInterval(hits: number, count: number): readonly [low: number, high: number] {
  if (count === 0) return [0, 1];
  const share = hits / count;
  const z2 = normalQuantile ** 2 / count;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (normalQuantile * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count))) / (1 + z2);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** The mean of independent values. */
export function meanOf(values: ArrayLike<number>): Estimate {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] ?? 0;
  const value = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((values[i] ?? 0) - value) ** 2;
  return { value, standardError: count > 1 ? Math.sqrt(squares / (count - 1) / count) : Number.NaN };
}

/** mean(a) − mean(b) of two series on the same items, such as hits (0 or 1) on the same photographs. */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>): Estimate {
  if (a.length !== b.length)
    throw new Error(`pairedDifference: expected equal lengths, got ${a.length} and ${b.length}`);
  return meanOf(Array.from(a, (value, i) => value - (b[i] ?? 0)));
}

/** a − b of two independent estimates. */
export function differenceOf(a: Estimate, b: Estimate): Estimate {
  return { value: a.value - b.value, standardError: Math.hypot(a.standardError, b.standardError) };
}

/** Spearman's rank correlation; ties share the mean of their ranks. NaN where one of the two does not vary. */
export function rankCorrelation(x: readonly number[], y: readonly number[]): Estimate {
  const value = correlation(ranksOf(x), ranksOf(y));
  // From Fisher's scale, artanh ρ, back to that of ρ.
  const standardError = (1 - value ** 2) * Math.sqrt((1 + value ** 2 / 2) / Math.max(1, x.length - 3));
  return { value, standardError };
}

/** Share of the variance of y that the best straight line through (x, y) explains; negative where the line falls. */
export function linearFit(x: readonly number[], y: readonly number[]): Estimate {
  const count = x.length;
  const found = correlation(x, y);
  const share = found ** 2;
  const spread = 4 * share * (1 - share) ** 2 * (count - 2) ** 2;
  return { value: Math.sign(found) * share, standardError: Math.sqrt(spread / ((count ** 2 - 1) * (count + 3))) };
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const meanX = meanOf(x).value;
  const meanY = meanOf(y).value;
  let products = 0;
  let squaresX = 0;
  let squaresY = 0;
  for (const [i, value] of x.entries()) {
    const other = (y[i] ?? 0) - meanY;
    products += (value - meanX) * other;
    squaresX += (value - meanX) ** 2;
    squaresY += other ** 2;
  }
  return products / Math.sqrt(squaresX * squaresY);
}

function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = values.map(() => 0);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++;
    for (let i = from; i < to; i++) ranks[order[i] ?? 0] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}
