/** What the tests of the verification share: approximations with their originals, and what became of a report's claims. */

import { approximate } from '@rankwise/approx';
import type { ApproximationReport, ApproximationResult, Claim, Verification } from '@rankwise/approx';
import type { Model } from '@rankwise/nn';
import { imagesFor, quick } from './networks.ts';

/** Quick, uniform ranks at 2×, 12 of 40 images held out. */
export const settings = { ...quick, speedup: 2, ranks: 'uniform', heldOut: 0.3, seed: 4 } as const;

export interface Made extends ApproximationResult {
  readonly original: Model;
}

export async function made(original: Model, options: Partial<Parameters<typeof approximate>[2]> = {}): Promise<Made> {
  return { original, ...(await approximate(original, imagesFor(original, 40), { ...settings, ...options })) };
}

export function claimsOf({ claims }: Verification): readonly Claim[] {
  if (claims === null) throw new Error('no claims');
  return claims;
}

/** Layer and figure of every claim that is refuted. */
export const failed = (verification: Verification): string[] =>
  claimsOf(verification)
    .filter(({ verdict }) => verdict === 'refuted')
    .map(({ layer, what }) => (layer === null ? what : `${layer}: ${what}`));

/** The report as it comes out of a file. */
export function stored(report: ApproximationReport): Record<string, unknown> {
  return JSON.parse(JSON.stringify(report));
}
