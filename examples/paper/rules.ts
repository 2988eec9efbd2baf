/**
 * How it is decided whether a claim of the paper holds here.
 *
 * A claim becomes comparisons, each a difference that should not be above zero, with its standard error. A rule says in which share of
 * them the claim must hold, and in how many it must be seen beyond chance (two standard errors):
 *
 *   reproduced       difference ≤ 0 in at least that share, and < −2 standard errors in at least so many
 *   not reproduced   difference > 2 standard errors in more than the rest
 *   undecided        anything else: chance may have decided it
 *
 * A quantity that is computed and not sampled has standard error 0; then nothing is undecided for chance.
 */

export interface Comparison {
  /** What is compared, such as `conv4 at 3×`. */
  readonly label: string;
  readonly difference: number;
  readonly standardError: number;
}

export interface Rule {
  /** Share of the comparisons in which the claim must hold, 0…1. */
  readonly atLeast: number;
  /** How many must hold beyond two standard errors. */
  readonly clearly: number;
}

export type Verdict = 'not reproduced' | 'reproduced' | 'undecided';

export interface Judgement {
  readonly verdict: Verdict;
  readonly comparisons: number;
  /** difference ≤ 0. */
  readonly held: number;
  /** difference < −2 standard errors. */
  readonly clearlyHeld: number;
  /** difference > 2 standard errors. */
  readonly clearlyBroken: number;
  /** The largest of the standard errors. */
  readonly standardError: number;
  /** The comparison furthest from holding. */
  readonly worst: Comparison | null;
}

/** How many standard errors chance is allowed. */
const allowance = 2;

/** Applies a rule. A comparison that is not a number decides nothing, and without comparisons nothing is decided. */
export function judge(comparisons: readonly Comparison[], rule: Rule): Judgement {
  const usable = comparisons.filter(
    ({ difference, standardError }) => !Number.isNaN(difference) && !Number.isNaN(standardError),
  );
  const count = (test: (one: Comparison) => boolean): number => usable.filter(test).length;
  const held = count(({ difference }) => difference <= 0);
  const clearlyHeld = count(({ difference, standardError }) => difference < -allowance * standardError);
  const clearlyBroken = count(({ difference, standardError }) => difference > allowance * standardError);
  const total = comparisons.length;
  return {
    verdict: verdictOf(),
    comparisons: total,
    held,
    clearlyHeld,
    clearlyBroken,
    standardError: usable.reduce((largest, one) => Math.max(largest, one.standardError), 0),
    worst: usable.reduce<Comparison | null>(
      (worst, one) => (worst === null || one.difference > worst.difference ? one : worst),
      null,
    ),
  };

  function verdictOf(): Verdict {
    if (total === 0) return 'undecided';
    if (held / total >= rule.atLeast && clearlyHeld >= rule.clearly) return 'reproduced';
    return (total - clearlyBroken) / total < rule.atLeast ? 'not reproduced' : 'undecided';
  }
}

/** The rule in words. */
export function describeRule({ atLeast, clearly }: Rule): string {
  const share = atLeast === 1 ? 'all' : `at least ${Math.round(atLeast * 100)}%`;
  const beyond = clearly === 0 ? '' : `, in ${clearly} or more beyond two standard errors`;
  const rest = atLeast === 1 ? 'any fails' : `more than ${Math.round((1 - atLeast) * 100)}% fail`;
  return `Reproduced if it holds in ${share} of the comparisons${beyond}; not reproduced if ${rest} by more than two standard errors; otherwise undecided.`;
}
