/** One figure of a report against what was found: exact figures must be equal, measured ones within their bound. */

import { energyOf, relativeError } from './errorSums.ts';
import type { ErrorSums } from './errorSums.ts';
import { rootErrorBound } from './rounding.ts';
import type { Claim, Figure } from './verification.ts';

/** Exact figures that are quotients may be formed in another order: some roundings of f64, relative to the larger. */
const quotientRoundings = 8 * Number.EPSILON;

/** A figure that can be recomputed exactly. */
export function exactClaim(layer: string | null, what: string, claimed: Figure, found: Figure): Claim {
  const verdict = sameFigure(claimed, found) ? 'equal' : 'refuted';
  return { layer, what, claimed, found, verdict, bound: null, why: null };
}

/** A figure that nothing here can tell; `found` stands beside it where something comparable was measured. */
export function uncheckedClaim(
  layer: string | null,
  what: string,
  claimed: Figure,
  why: string,
  found: Figure = null,
): Claim {
  return { layer, what, claimed, found, verdict: 'unchecked', bound: null, why };
}

/** What an error was found to be, and how near a claim must come. */
export interface FoundError {
  readonly value: number;
  /** On the difference of the square roots. */
  readonly rootBound: number;
}

/**
 * A relative error measured again on the same images. Null on both sides is an infinite error.
 * The bound is on the square roots (rounding.ts), and given as one on the error at what was found.
 */
export function errorClaim(layer: string | null, what: string, claimed: number | null, found: FoundError): Claim {
  const { value, rootBound } = found;
  const finite = Number.isFinite(value) ? value : null;
  const bound = finite === null ? null : (Math.sqrt(value) + rootBound) ** 2 - value;
  if (claimed === null || finite === null) return { ...exactClaim(layer, what, claimed, finite), bound };
  const near = Math.abs(Math.sqrt(claimed) - Math.sqrt(finite)) <= rootBound;
  return { layer, what, claimed, found: finite, verdict: near ? 'within' : 'refuted', bound, why: null };
}

/** The error in some sums, and its bound when responses pass sums of `terms` terms. */
export function foundError(sums: ErrorSums, terms: number): FoundError {
  return { value: relativeError(sums), rootBound: rootErrorBound(terms, sums.magnitude, energyOf(sums)) };
}

function sameFigure(claimed: Figure, found: Figure): boolean {
  if (typeof claimed !== 'number' || typeof found !== 'number') return claimed === found;
  return Math.abs(claimed - found) <= quotientRoundings * Math.max(Math.abs(claimed), Math.abs(found));
}
