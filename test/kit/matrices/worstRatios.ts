/** The threshold of ratios, and the worst ratio met for each check and kind of matrix. */

/** LAPACK's: see README.md on why not less. */
export const THRESHOLD = 30;

/** A matrix of the gallery, by its kind, its family of kinds and in full; a string for a case made by hand. */
export type CaseName = string | { readonly kind: string; readonly family?: string; readonly what: string };

/** What a case made by hand counts as. */
export const BY_HAND = 'by hand';

export interface WorstRatio {
  /** As in `symmetricEigen: V'V = I`: the routine, and what was checked. */
  readonly check: string;
  /** The gallery's name of the kind, or `by hand`. */
  readonly kind: string;
  /** The group of kinds it belongs to, or `by hand`. */
  readonly family: string;
  readonly ratio: number;
  /** The case in full. */
  readonly what: string;
}

const worst = new Map<string, WorstRatio>();

/**
 * Keeps the ratio.
 * @param check - `routine: what is checked`
 * @throws Error when the ratio is 30 or more, or NaN
 */
export function expectRatio(check: string, name: CaseName, ratio: number): void {
  const { kind, family = BY_HAND, what } = typeof name === 'string' ? { kind: BY_HAND, what: name } : name;
  keepWorst(worst, { check, kind, family, ratio, what });
  if (!(ratio < THRESHOLD)) throw new Error(`${check}: ratio ${ratio}, threshold ${THRESHOLD}, ${what}`);
}

/** The worst so far of each check and kind, in the order in which they came. */
export function worstRatios(): WorstRatio[] {
  return [...worst.values()];
}

/** Enters a ratio where it is worse than the one kept; NaN is worse than any. */
export function keepWorst(kept: Map<string, WorstRatio>, one: WorstRatio): void {
  const key = `${one.check} | ${one.kind}`;
  const before = kept.get(key);
  if (before === undefined || isWorse(one.ratio, before.ratio)) kept.set(key, one);
}

export function isWorse(ratio: number, than: number): boolean {
  return !(ratio <= than) && !Number.isNaN(than);
}

/** The routine of `routine: check` and of `routine, used so: check`. */
export function routineOf(check: string): string {
  return /^\w+/.exec(check)?.[0] ?? check;
}

/** The rest of it. */
export function checkOf(check: string): string {
  return check.slice(routineOf(check).length).replace(/^[\s:,]+/, '');
}
